package dev.rlcm.examples.pretraining;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.ReadOptions;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A variational autoencoder in the folders of a model directory, for batches of one size. Not thread-safe. */
final class Vae {
    static final List<String> COMPONENTS = List.of("vae_encoder", "vae_decoder");

    /** As diffusers bounds the logarithm of the variance. */
    private static final double LEAST_LOG = -30;

    private static final double LARGEST_LOG = 20;

    private final Path directory;
    private final Part encoder;
    private final Part decoder;

    /** A network of one input and one output. */
    private record Part(TrainableNetwork network, String input, Shape output) {
        static Part load(Path directory, String component, Shape shape) throws IOException {
            Path file = directory.resolve(component).resolve("model.onnx");
            OnnxComponent model = OnnxComponent.trainable(file, ReadOptions.defaults());
            String input = model.inputs().get(0);
            Graph graph = RaisePatterns.raise(model.load(Map.of(input, model.bind(input, shape.toArray()))));
            if (model.inputs().size() != 1 || graph.outputs().size() != 1) {
                throw new IllegalArgumentException(file + " has the inputs " + model.inputs() + " and the outputs "
                        + graph.outputs().keySet() + ", expected one of each");
            }
            Value output = graph.outputs().values().iterator().next();
            return new Part(
                    TrainableNetwork.of(component, file, output, OnnxModels.weightNames(file)), input, output.shape());
        }

        Value on(Value value) {
            return network.on(Map.of(input, value));
        }
    }

    /**
     * What the encoder says about a picture's latents, which are normal and independent.
     *
     * @param mean [B,C,h,w]
     * @param logVariance [B,C,h,w], bounded as diffusers does
     */
    record Distribution(Value mean, Value logVariance) {
        /** mean + deviation x noise. */
        Value draw(Value noise) {
            return mean.add(logVariance.mul(0.5).exp().mul(noise));
        }
    }

    private Vae(Path directory, Part encoder, Part decoder) {
        this.directory = directory;
        this.encoder = encoder;
        this.decoder = decoder;
    }

    /**
     * Reads encoder and decoder.
     *
     * @param pictures [B,3,H,W]
     * @throws IllegalArgumentException if the decoder does not make such pictures of half of what the encoder gives
     */
    static Vae load(Path directory, Shape pictures) throws IOException {
        Part encoder = Part.load(directory, COMPONENTS.get(0), pictures);
        Shape distribution = encoder.output;
        Part decoder = Part.load(directory, COMPONENTS.get(1), distribution.with(1, distribution.dim(1) / 2));
        if (!decoder.output.equals(pictures)) {
            throw new IllegalArgumentException(directory + " has a VAE whose decoder makes " + decoder.output + " of "
                    + pictures + "; expected an encoder that gives means and logarithms of variances, and its decoder");
        }
        return new Vae(directory, encoder, decoder);
    }

    TrainableNetwork encoder() {
        return encoder.network;
    }

    TrainableNetwork decoder() {
        return decoder.network;
    }

    /** Of pictures in [-1, 1]. */
    Distribution encode(Value pictures) {
        Value distribution = encoder.on(pictures);
        int channels = distribution.dim(1) / 2;
        return new Distribution(
                distribution.slice(1, 0, channels),
                distribution.slice(1, channels, 2 * channels).clip(LEAST_LOG, LARGEST_LOG));
    }

    /** Pictures [B,3,H,W], about in [-1, 1]. */
    Value decode(Value latents) {
        return decoder.on(latents);
    }

    /** Writes what latents are multiplied with for the UNet into both configurations, each atomically. */
    void saveScale(double factor) throws IOException {
        for (String component : COMPONENTS) {
            Path file = directory.resolve(component).resolve("config.json");
            Configuration.put(JsonFile.read(file), "scaling_factor", factor, file);
        }
    }
}
