package dev.rlcm.examples.pretraining;

import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is done to pictures that a judge learns from, so that it judges drawn pictures by what they show and not by traces of how they were made:
 * half of them pass through the VAE of the model that draws, with noise on their latents, and half get noise on their pixels.
 *
 * @param model whose VAE is used; none leaves that out
 * @param latentNoise its standard deviation, where latents have about 1
 * @param pixelNoise its standard deviation, of levels in [0, 1]; 0 is none
 */
record Disturbance(@Nullable LatentModel model, double latentNoise, double pixelNoise) {
    /** The pictures in their order; those that were changed have no captions. */
    List<Sample> of(List<Sample> samples, RandomStreams draws) throws IOException {
        List<Sample> disturbed = new ArrayList<>(samples);
        if (model != null) {
            passThroughVae(model, disturbed, draws.at("latents"));
        }
        if (pixelNoise > 0) {
            for (int row : half(samples.size(), draws.at("noisy"))) {
                disturbed.set(row, noisy(disturbed.get(row), draws.at("pixels").at(row)));
            }
        }
        return disturbed;
    }

    private static int[] half(int rows, RandomStreams draws) {
        return Arrays.copyOf(draws.permutation(rows), rows / 2);
    }

    private void passThroughVae(LatentModel drawing, List<Sample> samples, RandomStreams draws) throws IOException {
        int[] rows = half(samples.size(), draws.at("rows"));
        TensorData latents =
                drawing.encode(Arrays.stream(rows).mapToObj(samples::get).toList());
        float[] noise = draws.at("noise").gaussians(latents.size());
        for (int i = 0; i < noise.length; i++) {
            latents.setDouble(i, latents.getDouble(i) + latentNoise * noise[i]);
        }
        List<Sample> copies = drawing.decode(Collections.nCopies(rows.length, ""), latents);
        for (int i = 0; i < rows.length; i++) {
            samples.set(rows[i], copies.get(i));
        }
    }

    private Sample noisy(Sample sample, RandomStreams draws) {
        float[] pixels = draws.gaussians(sample.pixels().length);
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) (sample.pixels()[i] + pixelNoise * pixels[i]);
        }
        return Sample.of("", sample.height(), sample.width(), pixels);
    }

    /** For checkpoints. */
    @Override
    public String toString() {
        return (model == null ? "" : "half through a VAE with noise of " + latentNoise + ", ") + "half with noise of "
                + pixelNoise;
    }
}
