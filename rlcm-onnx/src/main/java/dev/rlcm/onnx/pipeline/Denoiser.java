package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.ReadOptions;
import dev.rlcm.onnx.pipeline.ModelDirectory.LatentSize;
import dev.rlcm.onnx.pipeline.component.ConstantPool;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.precision.Precision;
import dev.rlcm.rewrite.folding.ConstantFolding;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A family's network as graphs for given batches. The inputs are the same for every form of export: all FLOAT32, latents [B,C,h,w], and
 * one timestep for each row in the unit of the schedule. Thread-safe.
 */
public final class Denoiser {
    public static final String SAMPLE = ConsistencyModel.SAMPLE;
    public static final String TIMESTEP = ConsistencyModel.TIMESTEP;

    /** The input of a text's hidden states. */
    public static final String STATES = ConditioningInput.STATES;

    /** The input that a network takes an embedding of the guidance scale by. */
    static final String GUIDANCE = ConditioningInput.GUIDANCE_EMBEDDING;

    private final OnnxComponent model;
    private final Family family;
    private final LatentLayout layout;
    private final List<ConditioningInput> conditioning;
    private final double timestepScale;
    private final boolean raised;
    /** Null for the precision of the file's weights. */
    private final @Nullable Precision precision;

    private final ConstantPool constants = new ConstantPool();
    private final Map<Integer, Graph> graphs = new HashMap<>();

    private Denoiser(
            OnnxComponent model,
            Family family,
            LatentLayout layout,
            List<ConditioningInput> conditioning,
            double timestepScale,
            boolean raised,
            @Nullable Precision precision) {
        this.model = model;
        this.family = family;
        this.layout = layout;
        this.conditioning = conditioning;
        this.timestepScale = timestepScale;
        this.raised = raised;
        this.precision = precision;
    }

    /**
     * Checks the network's interface; weights are read when a graph is asked for.
     *
     * @param text the sizes of what a prompt becomes
     * @param raised whether normalisations, attention and activations become single operators
     */
    static Denoiser open(ModelDirectory directory, LatentSize size, TextShape text, boolean raised) throws IOException {
        OnnxComponent model = OnnxComponent.open(directory.denoiser(), directory.reading());
        return open(
                model,
                directory.family(),
                directory.denoiserConfiguration(),
                size,
                directory.latentScale(),
                text,
                directory.classes(),
                raised);
    }

    /**
     * As the other, of parts that need not come from a complete directory.
     *
     * @param scale pixels per latent, along each side
     * @param classes what prompts mean to a model of classes
     */
    public static Denoiser open(
            OnnxComponent model,
            Family family,
            JsonFile config,
            LatentSize size,
            int scale,
            TextShape text,
            ClassLabels classes,
            boolean raised) {
        LatentLayout layout = LatentLayout.of(model, family.form(), config, size);
        List<String> others = new ArrayList<>(List.of(layout.input(), TIMESTEP));
        others.addAll(LatentLayout.POSITIONS);
        List<String> required = required(layout.input(), family);
        if (!model.inputs().containsAll(required)) {
            throw new IllegalArgumentException(model.path() + " has the inputs " + model.inputs() + "; needed are "
                    + required + ", as in exports by Optimum");
        }
        if (family.form().isOfPixels() && !model.type(TIMESTEP).isFloating()) {
            throw new IllegalArgumentException(model.path() + " takes timesteps of type " + model.type(TIMESTEP)
                    + ", but those of its schedule are not whole numbers; export it with a FLOAT32 timestep");
        }
        int width = model.inputs().contains(STATES) ? model.dim(STATES, 2).orElse(text.width()) : text.width();
        if (width != text.width()) {
            throw new IllegalArgumentException(model.path() + " takes " + STATES + " of width " + width
                    + ", prompts have them of width " + text.width()
                    + "; use the text encoders, or their embeddings, that belong to it");
        }
        List<ConditioningInput> conditioning = ConditioningInput.of(
                new ConditioningInput.Setting(
                        model, config, text, classes, size.height() * scale, size.width() * scale),
                others);
        double timestepScale =
                family.form().timestepScale() * config.real("timestep_scale").orElse(1); // SANA's
        Denoiser denoiser = new Denoiser(model, family, layout, conditioning, timestepScale, raised, null);
        denoiser.shapes(model.dim(layout.input(), 0).orElse(1));
        return denoiser;
    }

    /**
     * The inputs that every network of a family has.
     *
     * @param latents what the network calls them
     */
    public static List<String> required(String latents, Family family) {
        return family.texts().isEmpty() ? List.of(latents, TIMESTEP) : List.of(latents, TIMESTEP, STATES);
    }

    /** The inputs, besides latents and timestep, of which it is known what to feed to them. */
    public static Set<String> knownInputs() {
        Set<String> known = new HashSet<>(ConditioningInput.known());
        known.addAll(LatentLayout.POSITIONS);
        return known;
    }

    /** The same network computed in another precision. */
    Denoiser withPrecision(Precision other) {
        return new Denoiser(model, family, layout, conditioning, timestepScale, raised, other);
    }

    /** The same network, whose graphs have the weights as their file does. */
    Denoiser trainable(ReadOptions reading) throws IOException {
        return new Denoiser(
                OnnxComponent.trainable(model.path(), reading),
                family,
                layout,
                conditioning,
                timestepScale,
                raised,
                precision);
    }

    /** [C, h, w]. */
    Shape latent() {
        return layout.latent();
    }

    List<ConditioningInput> conditioning() {
        return conditioning;
    }

    /** Whether guidance is an input of the network, so that one evaluation is enough for it. */
    boolean takes(String input) {
        return conditioning.stream().anyMatch(each -> each.name().equals(input));
    }

    /** The graph for a batch; the same one at every call. */
    public synchronized Graph graph(int batch) {
        if (batch < 1) {
            throw new IllegalArgumentException("batch must be at least 1, got " + batch);
        }
        return graphs.computeIfAbsent(batch, this::build);
    }

    /** The shapes of all inputs as the file has them, checked; all but the timestep's are bound to the batch. */
    private Map<String, Shape> shapes(int batch) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        shapes.put(layout.input(), model.bind(layout.input(), layout.fed(batch).toArray()));
        shapes.put(TIMESTEP, declaredTimestep(batch));
        for (ConditioningInput input : conditioning) {
            Shape shape = Rows.prepend(batch, input.row());
            shapes.put(input.name(), model.bind(input.name(), shape.toArray()));
        }
        layout.positions(model, shapes).forEach((name, data) -> {
            boolean batched = model.rank(name) == data.shape().rank() + 1;
            Shape shape = batched ? Rows.prepend(batch, data.shape()) : data.shape();
            shapes.put(name, model.bind(name, shape.toArray()));
        });
        return shapes;
    }

    private Shape declaredTimestep(int batch) {
        if (model.rank(TIMESTEP) == 0) {
            return Shape.SCALAR;
        }
        return model.bind(TIMESTEP, model.dim(TIMESTEP, 0).orElse(batch));
    }

    private Graph build(int batch) {
        Map<String, Shape> shapes = shapes(batch);
        Graph loaded;
        try {
            loaded = model.load(shapes);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + model.path(), e);
        }
        Graph uniform = uniform(loaded, shapes, batch);
        Graph graph = raised ? RaisePatterns.raise(uniform) : uniform;
        return constants.share((precision != null ? precision : Precision.ofWeights(graph)).of(graph));
    }

    private Graph uniform(Graph loaded, Map<String, Shape> shapes, int batch) {
        if (loaded.outputs().size() != 1) {
            throw new GraphException(model.path() + " has the outputs "
                    + loaded.outputs().keySet() + ", expected one; export the " + family.denoiser() + " alone");
        }
        String name = loaded.outputs().keySet().iterator().next();
        Map<Value, Value> replaced = new HashMap<>();
        Value sample = Value.input(SAMPLE, DataType.FLOAT32, Rows.prepend(batch, latent()));
        Value timestep = Value.input(TIMESTEP, DataType.FLOAT32, Shape.of(batch));
        List<Value> inputs = new ArrayList<>(List.of(sample, timestep));
        replace(replaced, loaded, layout.input(), layout.pack(sample));
        for (ConditioningInput conditioned : conditioning) {
            Value input = Value.input(conditioned.name(), DataType.FLOAT32, shapes.get(conditioned.name()));
            inputs.add(input);
            replace(replaced, loaded, conditioned.name(), input);
        }
        Map<String, TensorData> positions = layout.positions(model, shapes);
        positions.forEach((input, data) ->
                replace(replaced, loaded, input, Value.constant(data).expand(shapes.get(input))));
        Value old = loaded.input(TIMESTEP);
        // A division gives diffusers' numbers to the bit: sinusoids of 1000 times the timestep tell the difference.
        Value told = timestepScale == 1
                ? timestep
                : timestepScale < 1 ? timestep.div(1 / timestepScale) : timestep.mul(timestepScale);
        Value output = PerRowTimestep.rebuild(loaded.output(name), old, told.cast(old.type()), replaced)
                .cast(DataType.FLOAT32);
        Graph uniform = new Graph(inputs, Map.of(name, unpacked(name, output, sample.shape())));
        return positions.isEmpty() ? uniform : ConstantFolding.apply(uniform);
    }

    private static void replace(Map<Value, Value> replaced, Graph loaded, String input, Value value) {
        Value old = loaded.input(input);
        replaced.put(old, value.cast(old.type()));
    }

    private Value unpacked(String name, Value output, Shape expected) {
        Shape fed = layout.fed(expected.dim(0));
        if (family.form().hasVariance() && output.shape().equals(fed.with(1, 2 * fed.dim(1)))) {
            return output.slice(1, 0, fed.dim(1));
        }
        if (!output.shape().equals(fed)) {
            throw new GraphException(model.path() + ": output " + name + " is " + output.shape() + ", expected " + fed
                    + "; networks that also predict a variance are not supported");
        }
        return layout.unpack(output);
    }
}
