package dev.rlcm.peers;

import dev.rlcm.examples.bench.FreshJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A {@link PeerMain} in a process of its own, as seen from here. It sleeps while it is not asked. */
final class PeerProcess implements AutoCloseable {
    private static final List<String> SETTINGS =
            List.of("-Xmx3g", "-XX:MaxDirectMemorySize=12g", "-Dorg.bytedeco.openblas.load=mkl");

    private final String name;
    private final Process process;
    private final BufferedReader answers;
    private final Writer questions;

    /** @param kind what {@link PeerMain} wants to know of the peer besides the network, rows and threads */
    PeerProcess(String name, Network network, int rows, int threads, String... kind) throws IOException {
        this.name = name;
        List<String> args = new ArrayList<>(List.of(network.name(), String.valueOf(rows), String.valueOf(threads)));
        args.addAll(List.of(kind));
        ProcessBuilder builder = FreshJvm.of(PeerMain.class, args, SETTINGS);
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        this.process = builder.start();
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.questions = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
    }

    /** The process that unpacks libtorch with MKL crashes (JavaCPP 1.5.13), and is none that counts. */
    static void unpack() throws IOException, InterruptedException {
        List<String> settings = new ArrayList<>(SETTINGS);
        settings.add("-XX:ErrorFile=/dev/null");
        FreshJvm.of(PeerMain.class, List.of(PeerMain.UNPACK), settings)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    String name() {
        return name;
    }

    /** Milliseconds of a forward pass. */
    double forwardMillis() {
        return ask("forward") * 1e-6;
    }

    /** Milliseconds of a forward and a backward pass. */
    double updateMillis() {
        return ask("update") * 1e-6;
    }

    /** The peak of its memory so far, in units of 10^9 bytes. */
    double peakGigabytes() {
        return ask("memory") * 1e-9;
    }

    private long ask(String question) {
        try {
            questions.write(question + "\n");
            questions.flush();
            for (String line = answers.readLine(); line != null; line = answers.readLine()) {
                if (line.startsWith(PeerMain.ANSWER)) {
                    return Long.parseLong(line.substring(PeerMain.ANSWER.length()));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(name + " does not answer: " + e.getMessage(), e);
        }
        throw new UncheckedIOException(new IOException(name + " ended early; see its output above"));
    }

    @Override
    public void close() {
        process.destroy();
    }
}
