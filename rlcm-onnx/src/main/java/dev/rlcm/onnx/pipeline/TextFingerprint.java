package dev.rlcm.onnx.pipeline;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** Tells a model's text encoders, or an adapter, from others by the content of their files. */
final class TextFingerprint {
    private TextFingerprint() {}

    /** The SHA-256 of all files of a model's text encoders and tokenizers, with their names, in hexadecimal. */
    static String of(ModelDirectory directory) throws IOException {
        MessageDigest hash = sha256();
        for (TextSource text : directory.texts()) {
            for (String component : List.of(text.encoder(), text.tokenizer())) {
                add(hash, directory.folder(component), component);
            }
        }
        return HexFormat.of().formatHex(hash.digest());
    }

    /** The SHA-256 of a file, in hexadecimal. */
    static String of(Path file) throws IOException {
        MessageDigest hash = sha256();
        addContent(hash, file);
        return HexFormat.of().formatHex(hash.digest());
    }

    private static void add(MessageDigest hash, Path folder, String component) throws IOException {
        if (!Files.isDirectory(folder)) {
            return; // whoever loads the component says that it is missing
        }
        List<Path> files;
        try (Stream<Path> tree = Files.walk(folder)) {
            files = tree.filter(Files::isRegularFile).sorted().toList();
        }
        for (Path file : files) {
            String name = component + "/" + folder.relativize(file) + " " + Files.size(file) + "\n";
            hash.update(name.getBytes(StandardCharsets.UTF_8));
            addContent(hash, file);
        }
    }

    private static void addContent(MessageDigest hash, Path file) throws IOException {
        byte[] chunk = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                hash.update(chunk, 0, read);
            }
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
