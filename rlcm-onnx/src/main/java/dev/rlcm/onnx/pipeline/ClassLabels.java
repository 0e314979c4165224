package dev.rlcm.onnx.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The classes of a model that draws pictures of classes in place of texts. A prompt is the number of a class, or one of its names, if the
 * model has any: in the map {@code id2label} of {@code model_index.json} or of the network's configuration, in a file
 * {@code id2label.json} beside it, or one line for each class in {@code labels.txt}. Several names of a class are separated by commas.
 *
 * <p>Immutable, thread-safe.
 */
public final class ClassLabels {
    private static final int UNKNOWN = Integer.MAX_VALUE;
    private static final String MAP = "id2label";
    static final String MAP_FILE = MAP + ".json";
    static final String LINES = "labels.txt";

    private final int count;
    private final Map<String, SortedSet<Integer>> byName;

    private ClassLabels(int count, Map<String, SortedSet<Integer>> byName) {
        this.count = count;
        this.byName = byName;
    }

    /**
     * The classes of a model.
     *
     * @param index its {@code model_index.json}, beside which files with names may be
     * @param network the configuration of the network
     * @throws IllegalArgumentException if names cannot be read
     */
    public static ClassLabels read(JsonFile index, JsonFile network) throws IOException {
        Path folder = index.path().toAbsolutePath().getParent();
        int count = network.count("num_class_embeds").orElse(UNKNOWN);
        Map<String, SortedSet<Integer>> byName = new LinkedHashMap<>();
        for (JsonFile file : List.of(index, network)) {
            if (file.has(MAP)) {
                putAll(byName, file, file.root().get(MAP), count);
            }
        }
        JsonFile map = JsonFile.readIfPresent(folder.resolve(MAP_FILE));
        putAll(byName, map, map.root(), count);
        Path lines = folder.resolve(LINES);
        if (Files.isRegularFile(lines)) {
            List<String> names = Files.readAllLines(lines, StandardCharsets.UTF_8);
            if (names.size() > count) {
                throw new IllegalArgumentException(
                        lines + " has " + names.size() + " lines, the model " + count + " classes");
            }
            for (int i = 0; i < names.size(); i++) {
                put(byName, names.get(i), i);
            }
        }
        return new ClassLabels(count, byName);
    }

    private static void putAll(Map<String, SortedSet<Integer>> byName, JsonFile file, JsonNode names, int count) {
        for (Map.Entry<String, JsonNode> entry : names.properties()) {
            int id = number(entry.getKey()).orElse(-1);
            if (!entry.getValue().isTextual() || id < 0 || id >= count) {
                throw new IllegalArgumentException(file.path() + ": expected names by the numbers of the "
                        + (count == UNKNOWN ? "" : count + " ") + "classes, got \"" + entry.getKey()
                        + "\": " + entry.getValue());
            }
            put(byName, entry.getValue().textValue(), id);
        }
    }

    private static void put(Map<String, SortedSet<Integer>> byName, String names, int id) {
        for (String name : names.split(",")) {
            if (!name.isBlank()) {
                byName.computeIfAbsent(folded(name), n -> new TreeSet<>()).add(id);
            }
        }
    }

    /** Names are told apart by their letters only, not by capitals. */
    private static String folded(String name) {
        return name.strip().toLowerCase(Locale.ROOT);
    }

    /** Not negative. */
    private static Optional<Integer> number(String text) {
        return text.matches("\\d{1,9}") ? Optional.of(Integer.parseInt(text)) : Optional.empty();
    }

    /**
     * The class that a prompt means.
     *
     * @return its number, from 0
     * @throws IllegalArgumentException if there is no such class, or several have that name
     */
    public int of(String prompt) {
        Optional<Integer> number = number(prompt.strip());
        if (number.isPresent()) {
            int id = number.get();
            if (id >= count) {
                throw new IllegalArgumentException(
                        "the model has the classes 0 to " + (count - 1) + ", got " + prompt.strip());
            }
            return id;
        }
        SortedSet<Integer> named = byName.getOrDefault(folded(prompt), new TreeSet<>());
        if (named.size() > 1) {
            throw new IllegalArgumentException(
                    "several classes are called \"" + prompt.strip() + "\", give the number of one: " + named);
        }
        if (named.isEmpty()) {
            throw new IllegalArgumentException(
                    "no class is called \"" + prompt.strip() + "\"; prompts of this model are "
                            + (byName.isEmpty()
                                    ? "numbers of classes; names would be read from " + MAP + " in model_index.json, "
                                            + MAP_FILE + " or " + LINES
                                    : "numbers or names of classes, such as " + similar(folded(prompt))));
        }
        return named.first();
    }

    /** Names that share a word with the prompt; any if none does. */
    private List<String> similar(String prompt) {
        List<String> words = List.of(prompt.split("\\W+"));
        List<String> found = new ArrayList<>(byName.keySet().stream()
                .filter(name -> List.of(name.split("\\W+")).stream().anyMatch(words::contains))
                .limit(5)
                .toList());
        return found.isEmpty() ? byName.keySet().stream().limit(5).toList() : found;
    }

    @Override
    public String toString() {
        return (count == UNKNOWN ? "classes" : count + " classes") + ", " + byName.size() + " names";
    }
}
