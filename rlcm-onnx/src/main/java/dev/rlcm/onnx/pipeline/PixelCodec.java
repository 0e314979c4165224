package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.stream.IntStream;

/** Of models that work on pixels: latents are pictures in [-1, 1], and no network stands between. Stateless and thread-safe. */
record PixelCodec(Shape latent) implements ImageDecoder, ImageEncoder {
    PixelCodec {
        if (latent.dim(0) != 3) {
            throw new IllegalArgumentException(
                    "a model of pixels must have 3 channels, red, green and blue, got " + latent.dim(0));
        }
    }

    @Override
    public List<Sample> decode(List<String> prompts, TensorData latents) {
        ImageDecoder.requireOnePerPrompt(prompts, latents, latent);
        return IntStream.range(0, prompts.size())
                .mapToObj(i -> ImageDecoder.sample(prompts.get(i), Rows.slice(latents, i, i + 1)))
                .toList();
    }

    @Override
    public Graph graph(int batch) {
        Value latents = Value.input(ConsistencyModel.LATENTS, DataType.FLOAT32, Rows.prepend(batch, latent));
        return Graph.of("picture", ImageDecoder.picture(latents));
    }

    @Override
    public TensorData encode(List<Sample> samples) {
        ImageEncoder.requireSize(samples, latent.dim(1), latent.dim(2));
        return ImageEncoder.pictures(samples, DataType.FLOAT32);
    }
}
