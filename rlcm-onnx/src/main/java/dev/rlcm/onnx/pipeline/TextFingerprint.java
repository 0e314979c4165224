package dev.rlcm.onnx.pipeline;

import dev.rlcm.io.FileHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Tells a model's text encoders, or an adapter, from others by the content of their files. */
final class TextFingerprint {
    private TextFingerprint() {}

    /** The SHA-256 of all files of a model's text encoders and tokenizers, with their names, in hexadecimal. */
    static String of(ModelDirectory directory) throws IOException {
        FileHash hash = new FileHash();
        for (TextSource text : directory.texts()) {
            for (String component : List.of(text.encoder(), text.tokenizer())) {
                add(hash, directory.folder(component), component);
            }
        }
        return hash.hex();
    }

    /** The SHA-256 of a file, in hexadecimal. */
    static String of(Path file) throws IOException {
        return new FileHash().add(file).hex();
    }

    private static void add(FileHash hash, Path folder, String component) throws IOException {
        if (!Files.isDirectory(folder)) {
            return; // whoever loads the component says that it is missing
        }
        for (Path file : FileHash.files(folder)) {
            hash.add(component + "/" + folder.relativize(file) + " " + Files.size(file) + "\n");
            hash.add(file);
        }
    }
}
