package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
    @TempDir
    Path folder;

    @BeforeEach
    void drawTwoPictures() throws IOException {
        ImageFiles.writePng(Sample.of("", 1, 1, new float[] {1, 0, 0}), folder.resolve("b.png"));
        ImageFiles.writePng(Sample.of("", 1, 1, new float[] {0, 0, 1}), folder.resolve("a.PNG"));
        Files.writeString(folder.resolve("LICENCE"), "not a picture");
    }

    @Test
    void writtenMetadataIsReadAgain() throws IOException {
        ImageFolder written = new ImageFolder(
                folder,
                List.of(
                        new ImageFolder.Entry("b.png", Prompt.of("a \"fox\"").with("animal", "fox")),
                        new ImageFolder.Entry("a.PNG", new Prompt("", Map.of("size", 3)))));
        written.writeMetadata();
        ImageFolder read = ImageFolder.open(folder);
        assertThat(read).isEqualTo(written);
        Sample first = read.read(0);
        assertThat(first.prompt()).isEqualTo("a \"fox\"");
        assertThat(first.metadata()).isEqualTo(Map.of("animal", "fox"));
        assertThat(first.pixels()).containsExactly(1, 0, 0);
        assertThat(read.readAll()).hasSize(2);
    }

    @Test
    void aFolderWithoutCaptionsIsItsPicturesByName() throws IOException {
        ImageFolder read = ImageFolder.open(folder);
        assertThat(read.entries()).extracting(ImageFolder.Entry::fileName).containsExactly("a.PNG", "b.png");
        assertThat(read.captions()).containsOnly(Prompt.of(""));
        assertThat(read.read(0).pixels()).containsExactly(0, 0, 1);
    }

    @Test
    void linesThatAreNoDescriptionAreNamed() throws IOException {
        assertRefused(
                "{\"file_name\": \"b.png\", \"text\": \"x\"}\n\n{\"text\": \"y\"}\n", "picture 2 needs", "file_name");
        assertRefused("{\"file_name\": \"b.png\", \"text\": 3}\n", "picture 1 needs", "\"text\"");
        assertRefused("{\"file_name\"\n", "picture 1 is not a JSON object");
        assertRefused("{\"file_name\": \"b.png\", \"text\": \"x\", \"kind\": null}\n", "picture 1", "kind");
        assertRefused("\n", "has no pictures");
    }

    private void assertRefused(String metadata, String... parts) throws IOException {
        Files.writeString(folder.resolve("metadata.jsonl"), metadata);
        assertThatThrownBy(() -> ImageFolder.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(parts);
    }

    @Test
    void whatIsNoFolderOfPicturesIsRefused() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThatThrownBy(() -> ImageFolder.open(empty))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("empty has no pictures");
        assertThatThrownBy(() -> ImageFolder.open(folder.resolve("b.png")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("b.png is not a folder");
    }
}
