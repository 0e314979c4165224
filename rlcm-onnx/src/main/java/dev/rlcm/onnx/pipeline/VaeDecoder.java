package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.component.ExecutablesBySize;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.reward.Sample;
import dev.rlcm.rewrite.Rewriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The VAE's decoder: latents [B,C,h,w] of the UNet to pictures in [0, 1]. Thread-safe. */
final class VaeDecoder implements ImageDecoder {
    private static final int PIXELS_PER_RUN = 1 << 16; // 16 pictures of 64 x 64; one of Stable Diffusion's size

    private final OnnxComponent model;
    private final String input;
    private final Shape latent;
    private final ChannelScale scale;
    private final int mostPerRun;
    private final Backend backend;
    private final ExecutablesBySize executables = new ExecutablesBySize(this::compile);

    private VaeDecoder(OnnxComponent model, ModelDirectory directory, Shape latent, Backend backend) {
        this.model = model;
        this.input = model.inputs().get(0);
        this.latent = latent;
        this.scale = directory.scaleOf(latent);
        long pixels = (long) latent.dim(1) * latent.dim(2) * directory.latentScale() * directory.latentScale();
        this.mostPerRun = (int) Math.max(1, PIXELS_PER_RUN / pixels);
        this.backend = backend;
    }

    /** Checks the decoder's interface; weights are read at the first use. */
    static VaeDecoder open(ModelDirectory directory, Shape latent, Backend backend) throws IOException {
        OnnxComponent model = OnnxComponent.open(directory.vaeDecoder(), directory.readingWithoutPaths());
        if (model.inputs().size() != 1) {
            throw new IllegalArgumentException(
                    model.path() + " has the inputs " + model.inputs() + ", expected the latents only");
        }
        VaeDecoder decoder = new VaeDecoder(model, directory, latent, backend);
        int batch = model.dim(decoder.input, 0).orElse(1);
        model.bind(decoder.input, batch, latent.dim(0), latent.dim(1), latent.dim(2));
        return decoder;
    }

    @Override
    public List<Sample> decode(List<String> prompts, TensorData latents) {
        ImageDecoder.requireOnePerPrompt(prompts, latents, latent);
        List<Sample> samples = new ArrayList<>();
        for (Rows.Chunk chunk : Rows.chunks(prompts.size(), mostPerRun)) {
            TensorData part = Rows.slice(latents, chunk.from(), chunk.to());
            TensorData pictures = run(part);
            for (int i = 0; i < chunk.size(); i++) {
                samples.add(ImageDecoder.sample(prompts.get(chunk.from() + i), Rows.slice(pictures, i, i + 1)));
            }
        }
        return samples;
    }

    private TensorData run(TensorData latents) {
        TensorData unscaled =
                TensorData.generate(model.type(input), latents.shape(), i -> scale.ofVae(latents.getDouble(i), i));
        Executable executable = executables.of(latents.shape().dim(0));
        return executable.run(Map.of(input, unscaled)).values().iterator().next();
    }

    private Executable compile(int batch) {
        return backend.compile(Lowering.of(backend).inference(Graph.of("picture", decoded(batch))));
    }

    @Override
    public Graph graph(int batch) {
        Value latents = Value.input(ConsistencyModel.LATENTS, DataType.FLOAT32, Rows.prepend(batch, latent));
        Value unscaled = scale.ofVae(latents).cast(model.type(input));
        Value picture = decoded(batch);
        Graph graph = Rewriter.rewrite(
                Graph.of("picture", picture),
                value -> value.is(Op.INPUT) && value.label().equals(input) ? unscaled : value);
        return Graph.of("picture", ImageDecoder.picture(graph.output("picture")));
    }

    /** The decoder's own output for its own input, [B,3,H,W] in [-1, 1], FLOAT32. */
    private Value decoded(int batch) {
        try {
            Shape shape = model.bind(input, Rows.prepend(batch, latent).toArray());
            Graph graph = model.load(Map.of(input, shape));
            Value picture = graph.outputs().values().iterator().next();
            if (graph.outputs().size() != 1 || picture.rank() != 4 || picture.dim(0) != batch || picture.dim(1) != 3) {
                throw new IllegalArgumentException(model.path() + " has the outputs " + graph.outputs()
                        + ", expected one of shape [batch, 3, height, width]");
            }
            return picture.cast(DataType.FLOAT32);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + model.path(), e);
        }
    }
}
