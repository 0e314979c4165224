package dev.rlcm.examples.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedModelTest {
    @TempDir
    Path directory;

    /** What the JVM of the test below runs. */
    static final class Unpack {
        private Unpack() {}

        public static void main(String[] arguments) {
            Path model = EmbeddedModel.emojiLcm();
            if (!model.startsWith(arguments[0]) || !Files.isRegularFile(model.resolve("unet/model.onnx"))) {
                throw new IllegalStateException("no unpacked model: " + model);
            }
        }
    }

    @Test
    void fromAJarTheModelIsUnpackedAndLeavesNothingBehind() throws Exception {
        Path classes = classPath(EmbeddedModel.class);
        Path jar = directory.resolve("examples.jar");
        pack(classes, List.of("models/emoji-lcm", EmbeddedModel.class.getName().replace('.', '/') + ".class"), jar);
        Path temporary = Files.createDirectory(directory.resolve("temporary"));
        Process jvm = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djava.io.tmpdir=" + temporary,
                        "-cp",
                        jar + System.getProperty("path.separator") + classPath(Unpack.class),
                        Unpack.class.getName(),
                        temporary.toString())
                .inheritIO()
                .start();
        assertThat(jvm.waitFor()).isZero();
        try (Stream<Path> left = Files.list(temporary)) {
            assertThat(left.filter(path -> path.getFileName().toString().startsWith("emoji")))
                    .isEmpty();
        }
    }

    private static Path classPath(Class<?> type) throws URISyntaxException {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    private static void pack(Path root, List<String> contents, Path jar) throws IOException {
        try (OutputStream file = Files.newOutputStream(jar);
                ZipOutputStream zip = new ZipOutputStream(file)) {
            zip.setLevel(0);
            for (String content : contents) {
                List<Path> files;
                try (Stream<Path> all = Files.walk(root.resolve(content))) {
                    files = all.filter(Files::isRegularFile).toList();
                }
                for (Path entry : files) {
                    zip.putNextEntry(
                            new ZipEntry(root.relativize(entry).toString().replace('\\', '/')));
                    Files.copy(entry, zip);
                }
            }
        }
    }
}
