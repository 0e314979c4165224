package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.onnx.pipeline.TextSource.Use;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What prompts become by a model's text encoders, in a safetensors file: computed once, where the encoders fit, and read where they are too
 * large ({@link PipelineOptions#withEmbeddings}). The numbers are the encoders' own, so that a model gives the same bits either way.
 *
 * <p>The file's metadata has the text of prompt i as {@code prompt.i}. Its tensors are called by the results of diffusers' {@code
 * encode_prompt}: {@code prompt_embeds.i} [S, D], the hidden states; {@code pooled_prompt_embeds.i} [P], for families with pooled
 * text; and {@code prompt_attention_mask.i} [S], 1 for tokens of the text and 0 for padding, for families that mask padding. Shapes
 * are the same for all prompts. This class writes FLOAT32; in files of other tools a first axis of 1 and other types are allowed. The
 * family's name and a hash of the text encoders, {@code family} and {@code text_encoders}, are optional.
 *
 * <p>Immutable and thread-safe. The file stays mapped into memory as long as the object is used.
 */
public final class PromptEmbeddings {
    private static final String PROMPT = "prompt.";
    private static final String STATES = "prompt_embeds.";
    private static final String POOLED = "pooled_prompt_embeds.";
    private static final String MASK = "prompt_attention_mask.";
    private static final String FAMILY = "family";
    private static final String ENCODERS = "text_encoders";
    private static final String ADAPTER = "text_adapter";

    private final Path file;
    private final Safetensors content;
    /** The prompts, with what follows the point in the names of their tensors. */
    private final Map<String, String> numbers;

    private final TextShape shape;

    private PromptEmbeddings(Path file, Safetensors content, Map<String, String> numbers) throws IOException {
        this.file = file;
        this.content = content;
        this.numbers = numbers;
        if (numbers.isEmpty()) {
            throw new IOException(file + " has no prompts: its metadata has no " + PROMPT + "0; write it with "
                    + command("MODEL", "a prompt"));
        }
        this.shape = shape(numbers.values().iterator().next());
        for (String number : numbers.values()) {
            if (!shape(number).equals(shape)) {
                throw new IOException(file + " has prompts of different shapes: " + shape(number) + " for " + PROMPT
                        + number + ", " + shape + " before it; write it again");
            }
        }
    }

    /**
     * Maps a file.
     *
     * @throws IOException if it cannot be read, or is no file of this kind; the message names what is wrong
     */
    public static PromptEmbeddings read(Path file) throws IOException {
        Safetensors content = Safetensors.read(file);
        Map<String, String> numbers = new LinkedHashMap<>();
        for (Map.Entry<String, String> entry : content.metadata().entrySet()) {
            if (entry.getKey().startsWith(PROMPT)) {
                String other = numbers.put(entry.getValue(), entry.getKey().substring(PROMPT.length()));
                if (other != null) {
                    throw new IOException(
                            file + " has the prompt \"" + entry.getValue() + "\" twice; write it again with each once");
                }
            }
        }
        return new PromptEmbeddings(file, content, numbers);
    }

    /**
     * Puts prompts, and the empty one that guidance needs, into a file, which is written anew and atomically. What it has already is kept,
     * so that only new prompts are computed; without any, nothing is loaded. One encoder after the other is in memory, and all new
     * rows: 0.2 MB for a prompt of Stable Diffusion 1.5, 5 MB for one of Stable Diffusion 3, 8 MB for one of FLUX.1. More of them
     * than fit can be added in several calls.
     *
     * @param file made if it does not exist
     * @throws IllegalArgumentException if the file was made by other text encoders, or with an adapter
     */
    public static PromptEmbeddings add(ModelDirectory directory, Collection<String> prompts, Path file, Backend backend)
            throws IOException {
        return add(directory, PipelineOptions.defaults(), prompts, file, backend);
    }

    /**
     * As {@link #add(ModelDirectory, Collection, Path, Backend)}, by text encoders with an adapter.
     *
     * @param options only {@link PipelineOptions#withTextAdapter} is read
     */
    public static PromptEmbeddings add(
            ModelDirectory directory, PipelineOptions options, Collection<String> prompts, Path file, Backend backend)
            throws IOException {
        TextAdapters adapters = TextAdapters.of(options, directory);
        Map<String, String> made = new LinkedHashMap<>(Map.of(ENCODERS, TextFingerprint.of(directory)));
        if (!adapters.isEmpty()) {
            made.put(ADAPTER, TextFingerprint.of(adapters.file().orElseThrow()));
        }
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>(
                Map.of("format", "pt", FAMILY, directory.family().name()));
        metadata.putAll(made);
        Set<String> missing = new LinkedHashSet<>(prompts);
        missing.add("");
        if (Files.exists(file)) {
            PromptEmbeddings old = read(file);
            Map<String, String> madeBefore = new LinkedHashMap<>(old.content.metadata());
            madeBefore.keySet().retainAll(List.of(ENCODERS, ADAPTER));
            if (!made.equals(madeBefore)) {
                throw new IllegalArgumentException(file + " is not known to be made by the text encoders of "
                        + directory.root() + " with this adapter, or none; give another file, or delete it");
            }
            missing.removeAll(old.numbers.keySet());
            if (missing.isEmpty()) {
                return old;
            }
            tensors.putAll(old.content.tensors());
            metadata.putAll(old.content.metadata());
        }
        int number = 0;
        for (Map.Entry<String, TextRows> entry : TextEncoders.encodeInTurn(
                        directory, adapters, backend, new ArrayList<>(missing))
                .entrySet()) {
            while (metadata.containsKey(PROMPT + number)) {
                number++;
            }
            int i = number;
            metadata.put(PROMPT + i, entry.getKey());
            entry.getValue().states().ifPresent(states -> tensors.put(STATES + i, states));
            entry.getValue().pooled().ifPresent(pooled -> tensors.put(POOLED + i, pooled));
            if (isMasked(directory.family())) {
                tensors.put(MASK + i, entry.getValue().mask());
            }
        }
        new Safetensors(tensors, metadata).write(file);
        return read(file);
    }

    /** The prompts that the file has, in its order. */
    public Set<String> prompts() {
        return Collections.unmodifiableSet(numbers.keySet());
    }

    /**
     * Checks that the file has all of these.
     *
     * @throws IllegalArgumentException if it lacks some; the message names one, and the command that would add it
     */
    public void require(Collection<String> prompts) {
        List<String> missing = prompts.stream()
                .filter(prompt -> !numbers.containsKey(prompt))
                .distinct()
                .toList();
        if (!missing.isEmpty()) {
            String more = missing.size() == 1 ? "" : " and " + (missing.size() - 1) + " more";
            throw new IllegalArgumentException(file + " lacks the embeddings of the prompt \"" + missing.get(0) + "\""
                    + more + "; add them with PromptEmbeddings.add, or on the command line with "
                    + command("MODEL", missing.get(0)));
        }
    }

    private String command(String model, String prompt) {
        return "EmbedPrompts --model " + model + " --embeddings " + file + " \"" + prompt + "\"";
    }

    TextShape shape() {
        return shape;
    }

    /**
     * Checks that the embeddings may be those of a model.
     *
     * @param model where it is
     * @throws IllegalArgumentException if they are of another family, or lack what the family needs
     */
    void requireFit(Family family, Path model) {
        String own = content.metadata().getOrDefault(FAMILY, family.name());
        if (!own.equals(family.name())) {
            throw new IllegalArgumentException(file + " has embeddings for " + own + ", " + model + " is of "
                    + family.name() + "; write them with that model's text encoders");
        }
        boolean isPooled = family.texts().stream().anyMatch(text -> text.is(Use.POOLED));
        if (isPooled && shape.pooled() == 0) {
            throw new IllegalArgumentException(
                    file + " lacks " + POOLED + "0 and so on, the pooled text that " + family.name() + " needs");
        }
        if (isMasked(family) && numbers.values().stream().anyMatch(i -> !has(MASK + i))) {
            throw new IllegalArgumentException(
                    file + " lacks " + MASK + "0 and so on, the masks of padding that " + family.name() + " needs");
        }
    }

    private static boolean isMasked(Family family) {
        return family.texts().stream().anyMatch(text -> text.is(Use.MASKED));
    }

    /**
     * Checks that the embeddings were made with an adapter, if there is one.
     *
     * @throws IllegalArgumentException if not
     */
    void requireAdapter(TextAdapters adapters) throws IOException {
        if (!adapters.isEmpty()) {
            Path lora = adapters.file().orElseThrow();
            if (!TextFingerprint.of(lora).equals(content.metadata().get(ADAPTER))) {
                throw new IllegalArgumentException(file + " was not made with what " + lora
                        + " has for text encoders; make another file with EmbedPrompts --adapter " + lora);
            }
        }
    }

    /** What a prompt becomes. */
    TextRows encode(String prompt) {
        require(List.of(prompt));
        String number = numbers.getOrDefault(prompt, "");
        TensorData mask = has(MASK + number)
                ? floats(MASK + number, 1)
                : TensorData.generate(DataType.FLOAT32, Shape.of(shape.tokens()), i -> 1);
        TensorData pooled = has(POOLED + number) ? floats(POOLED + number, 1) : null;
        return new TextRows(floats(STATES + number, 2), pooled, mask);
    }

    private boolean has(String name) {
        return content.tensors().containsKey(name);
    }

    private TensorData floats(String name, int rank) {
        TensorData stored = content.tensor(name);
        Shape row = row(stored.shape(), rank);
        TensorData data = stored.reshape(row).cast(DataType.FLOAT32);
        FloatBuffer values = data.floats();
        while (values.hasRemaining()) {
            if (!Float.isFinite(values.get())) {
                throw new IllegalArgumentException(file + ": " + name + " has numbers that are not finite; compute it"
                        + " again, in float32 or bfloat16 if the text encoder was run in float16");
            }
        }
        return data;
    }

    private TextShape shape(String number) throws IOException {
        Shape states = row(STATES + number, 2);
        int pooled = has(POOLED + number) ? row(POOLED + number, 1).dim(0) : 0;
        if (has(MASK + number) && row(MASK + number, 1).dim(0) != states.dim(0)) {
            throw new IOException(file + ": " + MASK + number + " has the shape " + row(MASK + number, 1) + ", but "
                    + STATES + number + " " + states + "; they must have as many tokens");
        }
        return new TextShape(states.dim(0), states.dim(1), pooled);
    }

    private Shape row(String name, int rank) throws IOException {
        if (!has(name)) {
            throw new IOException(file + " has no tensor " + name + "; it has "
                    + content.tensors().size() + " tensors, and is no complete file of prompts' embeddings");
        }
        Shape row = row(content.tensor(name).shape(), rank);
        if (row.rank() != rank || row.size() == 0) {
            throw new IOException(file + ": " + name + " must have " + rank + " axes, got "
                    + content.tensor(name).shape());
        }
        return row;
    }

    /** Without a first axis of one prompt, which other tools may leave. */
    private static Shape row(Shape stored, int rank) {
        return stored.rank() == rank + 1 && stored.dim(0) == 1
                ? Shape.of(Arrays.copyOfRange(stored.toArray(), 1, rank + 1))
                : stored;
    }
}
