package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.component.ExecutablesBySize;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The VAE's encoder: pictures to latents [B,C,h,w] of the UNet. Thread-safe. */
final class VaeEncoder implements ImageEncoder {
    private static final int PIXELS_PER_RUN = 1 << 16; // 16 pictures of 64 x 64; one of Stable Diffusion's size is more

    private final OnnxComponent model;
    private final String input;
    private final Shape latent;
    private final int scale;
    private final ChannelScale scaling;
    private final Backend backend;
    private final ExecutablesBySize executables = new ExecutablesBySize(this::compile);

    private VaeEncoder(OnnxComponent model, ModelDirectory directory, Shape latent, Backend backend) {
        this.model = model;
        this.input = model.inputs().get(0);
        this.latent = latent;
        this.scale = directory.latentScale();
        this.scaling = directory.scaleOf(latent);
        this.backend = backend;
    }

    /**
     * Checks the encoder's interface; weights are read at the first use.
     *
     * @throws IllegalArgumentException if the model has no encoder, or one of another interface
     */
    static VaeEncoder open(ModelDirectory directory, Shape latent, Backend backend) throws IOException {
        Path file = directory
                .vaeEncoder()
                .orElseThrow(
                        () -> new IllegalArgumentException(
                                directory.root()
                                        + " has no vae_encoder/model.onnx; export it too, as optimum-cli does for text-to-image models"));
        OnnxComponent model = OnnxComponent.open(file, directory.readingWithoutPaths());
        if (model.inputs().size() != 1) {
            throw new IllegalArgumentException(
                    model.path() + " has the inputs " + model.inputs() + ", expected the pictures only");
        }
        return new VaeEncoder(model, directory, latent, backend);
    }

    @Override
    public TensorData encode(List<Sample> samples) {
        int height = latent.dim(1) * scale;
        int width = latent.dim(2) * scale;
        ImageEncoder.requireSize(samples, height, width);
        int most = Math.max(1, PIXELS_PER_RUN / (height * width));
        List<TensorData> latents = new ArrayList<>();
        for (Rows.Chunk chunk : Rows.chunks(samples.size(), most)) {
            TensorData means = run(samples.subList(chunk.from(), chunk.to()));
            for (int row = 0; row < chunk.size(); row++) {
                latents.add(scaled(Rows.slice(means, row, row + 1)));
            }
        }
        return Rows.stack(latents);
    }

    private TensorData scaled(TensorData mean) {
        return TensorData.generate(DataType.FLOAT32, latent, i -> scaling.ofNetwork(mean.getDouble(i), i));
    }

    private TensorData run(List<Sample> samples) {
        return executables
                .of(samples.size())
                .run(Map.of(input, ImageEncoder.pictures(samples, model.type(input))))
                .values()
                .iterator()
                .next();
    }

    private Executable compile(int batch) {
        return backend.compile(Graph.of("mean", mean(batch)));
    }

    /** The mean of the latents' distribution, [B,C,h,w]: the first half of an output of mean and logarithm of the variance. */
    private Value mean(int batch) {
        try {
            Shape shape = model.bind(input, batch, 3, latent.dim(1) * scale, latent.dim(2) * scale);
            Graph graph = model.load(Map.of(input, shape));
            Value parameters = graph.outputs().values().iterator().next();
            int channels = latent.dim(0);
            boolean isMean = parameters.shape().equals(Rows.prepend(batch, latent));
            boolean isBoth = parameters.shape().equals(Rows.prepend(batch, latent.with(0, 2 * channels)));
            if (!isMean && !isBoth) {
                throw new IllegalArgumentException(model.path() + " has the outputs " + graph.outputs()
                        + ", expected one of shape [batch, " + channels + " or " + 2 * channels + ", "
                        + latent.dim(1) + ", " + latent.dim(2) + "]");
            }
            return parameters.slice(1, 0, channels).cast(DataType.FLOAT32);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + model.path(), e);
        }
    }
}
