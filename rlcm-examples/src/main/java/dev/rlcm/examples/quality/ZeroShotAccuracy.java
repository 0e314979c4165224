package dev.rlcm.examples.quality;

import dev.rlcm.onnx.pipeline.encoders.ClipTextEncoder;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How often a CLIP recognises what pictures show, such as which animal and which scene, without training. Thread-safe. */
public final class ZeroShotAccuracy {
    private final List<ZeroShotLabels> labels;

    /**
     * Embeds the captions.
     *
     * @param captions tell which values there are, and how captions say them
     * @param fields of the captions' metadata that pictures are classified by; those with fewer than two values are left out
     */
    public ZeroShotAccuracy(List<Prompt> captions, List<String> fields, ClipTextEncoder texts) {
        this.labels = fields.stream()
                .map(field -> ZeroShotLabels.of(field, captions, texts))
                .flatMap(Optional::stream)
                .toList();
    }

    /** The captions of pictures, with their metadata. */
    public static List<Prompt> captions(List<Sample> samples) {
        return samples.stream()
                .map(sample -> new Prompt(sample.prompt(), sample.metadata()))
                .toList();
    }

    /** The fields that pictures are classified by. */
    public List<String> fields() {
        return labels.stream().map(ZeroShotLabels::field).toList();
    }

    /**
     * The share of the pictures that show what their own metadata says, in [0, 1], by field. Pictures without a field do not count for it;
     * NaN if none has it.
     *
     * @param embeddings of the pictures, of unit length, in their order
     */
    public Map<String, Double> of(List<Sample> samples, List<double[]> embeddings) {
        Map<String, Double> accuracy = new LinkedHashMap<>();
        labels.forEach(each -> accuracy.put(each.field(), each.accuracy(samples, embeddings)));
        return accuracy;
    }
}
