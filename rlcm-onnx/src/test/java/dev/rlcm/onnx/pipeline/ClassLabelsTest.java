package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.onnx.pipeline.component.JsonFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassLabelsTest {
    @TempDir
    Path temp;

    private ClassLabels labels(String index, String network) throws IOException {
        Files.writeString(temp.resolve("model_index.json"), index);
        Files.writeString(temp.resolve("config.json"), network);
        return ClassLabels.read(
                JsonFile.read(temp.resolve("model_index.json")), JsonFile.read(temp.resolve("config.json")));
    }

    @Test
    void aClassHasANumberAndAnyOfItsNames() throws IOException {
        ClassLabels labels = labels("{\"id2label\": {\"0\": \"tench, Tinca tinca\", \"12\": \"house finch\"}}", "{}");
        assertThat(labels.of("0")).isZero();
        assertThat(labels.of(" Tench ")).isZero();
        assertThat(labels.of("tinca tinca")).isZero();
        assertThat(labels.of("house finch")).isEqualTo(12);
        assertThat(labels.of("999")).isEqualTo(999);
        assertThatThrownBy(() -> labels.of("a finch"))
                .hasMessage("no class is called \"a finch\"; prompts of this model are numbers or names of classes,"
                        + " such as [house finch]");
        assertThatThrownBy(() -> labels.of("-1")).hasMessageContaining("no class is called \"-1\"");
    }

    @Test
    void namesComeFromFilesToo() throws IOException {
        Files.writeString(temp.resolve("labels.txt"), "cat\ndog, hound\n");
        Files.writeString(temp.resolve("id2label.json"), "{\"2\": \"crane\", \"3\": \"crane\"}");
        ClassLabels labels = labels("{}", "{\"num_class_embeds\": 4, \"id2label\": {\"1\": \"puppy\"}}");
        assertThat(labels.of("hound")).isEqualTo(1);
        assertThat(labels.of("puppy")).isEqualTo(1);
        assertThat(labels).hasToString("4 classes, 5 names");
        assertThatThrownBy(() -> labels.of("crane"))
                .hasMessage("several classes are called \"crane\", give the number of one: [2, 3]");
        assertThatThrownBy(() -> labels.of("4")).hasMessage("the model has the classes 0 to 3, got 4");
    }

    @Test
    void moreNamesThanClassesAreRefused() throws IOException {
        Files.writeString(temp.resolve("labels.txt"), "cat\ndog\n");
        assertThatThrownBy(() -> labels("{}", "{\"num_class_embeds\": 1}"))
                .hasMessageContaining("labels.txt has 2 lines, the model 1 classes");
        Files.delete(temp.resolve("labels.txt"));
        assertThatThrownBy(() -> labels("{\"id2label\": {\"1\": \"cat\"}}", "{\"num_class_embeds\": 1}"))
                .hasMessageContaining("model_index.json: expected names by the numbers of the 1 classes, got \"1\"");
        assertThatThrownBy(() -> labels("{\"id2label\": {\"one\": \"cat\"}}", "{}"))
                .hasMessageContaining("expected names by the numbers of the classes, got \"one\": \"cat\"");
    }

    @Test
    void withoutNamesANameIsToldWhereTheyWouldBe() throws IOException {
        ClassLabels labels = labels("{}", "{}");
        assertThatThrownBy(() -> labels.of("cat"))
                .hasMessage("no class is called \"cat\"; prompts of this model are numbers of classes; names would be"
                        + " read from id2label in model_index.json, id2label.json or labels.txt");
    }

    @Property(tries = 50)
    void everyNumberOfTheModelMeansItself(@ForAll @IntRange(min = 0, max = 999) int id) throws IOException {
        JsonFile network = JsonFile.read(
                new ByteArrayInputStream("{\"num_class_embeds\": 1000}".getBytes(StandardCharsets.UTF_8)),
                Path.of("config.json"));
        ClassLabels labels = ClassLabels.read(JsonFile.empty(Path.of("absent/model_index.json")), network);
        assertThat(labels.of(Integer.toString(id))).isEqualTo(id);
    }
}
