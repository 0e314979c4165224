package dev.rlcm.examples.pretraining;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.quality.ZeroShotAccuracy;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.onnx.pipeline.encoders.ClipTextEncoder;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What a CLIP recognises without training, in the sense of {@code Quality}, as its files are now. They are loaded as hosts load them, so that this
 * also tells whether they can.
 *
 * @param directory of the CLIP
 * @param fields of the captions' metadata that pictures are classified by
 * @param backends opens a backend for one measurement
 */
record Recognition(Path directory, List<String> fields, Supplier<Backend> backends) {
    /** The share of the pictures that show what their metadata says, by field; without fields that have fewer than two values. */
    Map<String, Double> of(List<Sample> samples) throws IOException {
        try (Backend backend = backends.get()) {
            ClipImageEncoder images = ClipImageEncoder.load(directory, backend);
            ClipTextEncoder texts = ClipTextEncoder.load(directory, backend);
            return new ZeroShotAccuracy(ZeroShotAccuracy.captions(samples), fields, texts)
                    .of(samples, images.embed(samples));
        }
    }
}
