package dev.rlcm.peers;

import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.onnx.OrtOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * One peer in a process of its own: answers each line of standard input with a number, forward and update with nanoseconds, memory
 * with the peak of its resident memory in bytes. Ends with its input.
 */
public final class PeerMain {
    /** What answers begin with, since libraries print too. */
    static final String ANSWER = "answer ";

    /** In place of a network: only unpack libtorch. */
    static final String UNPACK = "unpack";

    private PeerMain() {}

    /** @param args the network, rows, threads, and a TorchScript file or a memory policy and forms of convolutions */
    public static void main(String[] args) throws IOException {
        if (args[0].equals(UNPACK)) {
            LibtorchPeer.unpack();
            return;
        }
        Network network = Network.valueOf(args[0]);
        int rows = Integer.parseInt(args[1]);
        int threads = Integer.parseInt(args[2]);
        try (Peer peer = args[3].endsWith(".ts")
                ? new LibtorchPeer(Path.of(args[3]), network, rows, threads)
                : new RlcmPeer(network, rows, options(threads, args[3], args[4]))) {
            answer(peer, System.out);
        }
    }

    private static OrtOptions options(int threads, String memory, String convolutions) {
        return OrtOptions.defaults()
                .withThreads(threads)
                .withMemory(MemoryPolicy.valueOf(memory))
                .withConvolutions(ConvolutionForms.valueOf(convolutions));
    }

    private static void answer(Peer peer, PrintStream out) throws IOException {
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            long answer =
                    switch (line) {
                        case "forward" -> peer.forward();
                        case "update" -> peer.update();
                        case "memory" -> peakBytes();
                        default -> throw new IllegalArgumentException("unknown question " + line);
                    };
            out.println(ANSWER + answer);
            out.flush();
        }
    }

    private static long peakBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .findFirst()
                .orElseThrow(() -> new IOException("/proc/self/status has no VmHWM; this needs Linux"));
    }
}
