package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.ReadOptions;
import dev.rlcm.onnx.pipeline.ModelDirectory.LatentSize;
import dev.rlcm.onnx.pipeline.component.ConstantPool;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.precision.Precision;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The UNet as graphs for given batches. The inputs are the same for every form of export: all FLOAT32, and one timestep for
 * each row. Thread-safe.
 */
public final class Denoiser {
    public static final String SAMPLE = ConsistencyModel.SAMPLE;
    public static final String TIMESTEP = ConsistencyModel.TIMESTEP;
    public static final String STATES = "encoder_hidden_states";
    public static final String GUIDANCE = "timestep_cond";

    private final OnnxComponent model;
    private final Shape latent;
    private final Shape states;
    private final OptionalInt guidanceDim;
    private final boolean raised;
    /** Null for the precision of the file's weights. */
    private final @Nullable Precision precision;

    private final ConstantPool constants = new ConstantPool();
    private final Map<Integer, Graph> graphs = new HashMap<>();

    private Denoiser(
            OnnxComponent model,
            Shape latent,
            Shape states,
            OptionalInt guidanceDim,
            boolean raised,
            @Nullable Precision precision) {
        this.model = model;
        this.latent = latent;
        this.states = states;
        this.guidanceDim = guidanceDim;
        this.raised = raised;
        this.precision = precision;
    }

    /**
     * Checks the UNet's interface; weights are read when a graph is asked for.
     *
     * @param states [S, D] of the text encoder
     * @param raised whether normalisations, attention and activations become single operators
     */
    public static Denoiser open(ModelDirectory directory, LatentSize size, Shape states, boolean raised)
            throws IOException {
        JsonFile config = JsonFile.read(directory.root().resolve("unet/config.json"));
        return open(OnnxComponent.open(directory.unet(), directory.reading()), config, size, states, raised);
    }

    public static Denoiser open(OnnxComponent model, JsonFile config, LatentSize size, Shape states, boolean raised) {
        model.expectInputs(List.of(SAMPLE, TIMESTEP, STATES), List.of(GUIDANCE));
        int batch = model.dim(SAMPLE, 0).orElse(1);
        int channels = config.count("in_channels").orElse(OnnxComponent.ANY);
        Shape sample = model.bind(SAMPLE, batch, channels, size.height(), size.width());
        model.bind(STATES, batch, states.dim(0), states.dim(1));
        OptionalInt guidanceDim = OptionalInt.empty();
        if (model.inputs().contains(GUIDANCE)) {
            int dim = config.count("time_cond_proj_dim").orElse(OnnxComponent.ANY);
            guidanceDim = OptionalInt.of(model.bind(GUIDANCE, batch, dim).dim(1));
        }
        Shape latent = Shape.of(sample.dim(1), sample.dim(2), sample.dim(3));
        return new Denoiser(model, latent, states, guidanceDim, raised, null);
    }

    /** The same network computed in another precision. */
    Denoiser withPrecision(Precision other) {
        return new Denoiser(model, latent, states, guidanceDim, raised, other);
    }

    /** The same network, whose graphs have the weights as their file does. */
    Denoiser trainable(ReadOptions reading) throws IOException {
        return new Denoiser(
                OnnxComponent.trainable(model.path(), reading), latent, states, guidanceDim, raised, precision);
    }

    /** [C, h, w]. */
    Shape latent() {
        return latent;
    }

    /** Width of the guidance embedding, if the UNet takes one. */
    OptionalInt guidanceDim() {
        return guidanceDim;
    }

    /** The graph for a batch; the same one at every call. */
    public synchronized Graph graph(int batch) {
        if (batch < 1) {
            throw new IllegalArgumentException("batch must be at least 1, got " + batch);
        }
        return graphs.computeIfAbsent(batch, this::build);
    }

    private Graph build(int batch) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        shapes.put(SAMPLE, Rows.prepend(batch, latent));
        shapes.put(STATES, Rows.prepend(batch, states));
        guidanceDim.ifPresent(dim -> shapes.put(GUIDANCE, Shape.of(batch, dim)));
        shapes.forEach((name, shape) -> model.bind(name, shape.toArray()));
        Map<String, Shape> declared = new LinkedHashMap<>(shapes);
        declared.put(TIMESTEP, declaredTimestep(batch));
        Graph loaded;
        try {
            loaded = model.load(declared);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + model.path(), e);
        }
        Graph uniform = uniform(loaded, shapes, batch);
        Graph graph = raised ? RaisePatterns.raise(uniform) : uniform;
        return constants.share((precision != null ? precision : Precision.ofWeights(graph)).of(graph));
    }

    private Shape declaredTimestep(int batch) {
        if (model.rank(TIMESTEP) == 0) {
            return Shape.SCALAR;
        }
        return model.bind(TIMESTEP, model.dim(TIMESTEP, 0).orElse(batch));
    }

    private Graph uniform(Graph loaded, Map<String, Shape> shapes, int batch) {
        Map<Value, Value> replaced = new HashMap<>();
        List<Value> inputs = new ArrayList<>();
        Value timestep = Value.input(TIMESTEP, DataType.FLOAT32, Shape.of(batch));
        shapes.forEach((name, shape) -> {
            Value input = Value.input(name, DataType.FLOAT32, shape);
            inputs.add(input);
            replaced.put(loaded.input(name), input.cast(loaded.input(name).type()));
        });
        inputs.add(1, timestep);
        if (loaded.outputs().size() != 1) {
            throw new GraphException(model.path() + " has the outputs "
                    + loaded.outputs().keySet() + ", expected one; export the UNet alone");
        }
        String name = loaded.outputs().keySet().iterator().next();
        Value old = loaded.input(TIMESTEP);
        Value output = PerRowTimestep.rebuild(loaded.output(name), old, timestep.cast(old.type()), replaced)
                .cast(DataType.FLOAT32);
        if (!output.shape().equals(shapes.get(SAMPLE))) {
            throw new GraphException(model.path() + ": output " + name + " is " + output.shape() + ", expected "
                    + shapes.get(SAMPLE) + "; UNets that also predict a variance are not supported");
        }
        return new Graph(inputs, Map.of(name, output));
    }
}
