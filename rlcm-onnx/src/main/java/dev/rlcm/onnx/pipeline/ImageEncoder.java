package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.util.List;

/** Pictures to latents [B,C,h,w] of the denoiser. Implementations are thread-safe. */
interface ImageEncoder {
    /**
     * Checks the encoder's interface; weights are read at the first use.
     *
     * @throws IllegalArgumentException if the model has no encoder, or one of another interface
     */
    static ImageEncoder open(ModelDirectory directory, Shape latent, Backend backend) throws IOException {
        return directory.isOfPixels() ? new PixelCodec(latent) : VaeEncoder.open(directory, latent, backend);
    }

    TensorData encode(List<Sample> samples);

    /**
     * Checks the size of pictures.
     *
     * @throws IllegalArgumentException if a picture has another size
     */
    static void requireSize(List<Sample> samples, int height, int width) {
        for (Sample sample : samples) {
            if (sample.height() != height || sample.width() != width) {
                throw new IllegalArgumentException("expected pictures of " + height + " x " + width
                        + " pixels (height x width), got " + sample + "; crop and resize them");
            }
        }
    }

    /** The pixels of pictures of one size, [B,3,H,W], in [-1, 1]. */
    static TensorData pictures(List<Sample> samples, DataType type) {
        return Rows.stack(samples.stream()
                .map(sample -> TensorData.generate(
                        type,
                        Shape.of(3, sample.height(), sample.width()),
                        i -> Math.max(0, Math.min(1, sample.pixels()[i])) * 2.0 - 1))
                .toList());
    }
}
