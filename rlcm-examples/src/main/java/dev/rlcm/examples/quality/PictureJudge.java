package dev.rlcm.examples.quality;

import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.onnx.pipeline.encoders.ClipTextEncoder;
import dev.rlcm.reward.Sample;
import dev.rlcm.rewards.JpegIncompressibility;
import dev.rlcm.rewards.distribution.FrechetDistance;
import dev.rlcm.rewards.distribution.PrecisionRecall;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.util.MathArrays;

/** Measures sets of pictures against a reference, on the embeddings of a CLIP. Thread-safe. */
public final class PictureJudge {
    private final ClipImageEncoder images;
    private final ClipTextEncoder texts;
    private final List<double[]> reference;
    private final ZeroShotAccuracy recognition;

    /**
     * Embeds the reference.
     *
     * @param reference real pictures with their captions, more than three
     * @param fields of the captions' metadata that pictures are classified by; those with fewer than two values are left out
     */
    public PictureJudge(List<Sample> reference, List<String> fields, ClipImageEncoder images, ClipTextEncoder texts) {
        this.images = images;
        this.texts = texts;
        this.reference = images.embed(reference);
        this.recognition = new ZeroShotAccuracy(ZeroShotAccuracy.captions(reference), fields, texts);
    }

    /** The fields that pictures are classified by. */
    public List<String> fields() {
        return recognition.fields();
    }

    /** Measures a set of pictures, whose prompts are what was asked for. */
    public Measurements measure(List<Sample> samples) {
        List<double[]> embeddings = images.embed(samples);
        return new Measurements(
                samples.size(),
                FrechetDistance.between(reference, embeddings),
                PrecisionRecall.of(reference, embeddings),
                recognition.of(samples, embeddings),
                similarity(samples, embeddings),
                StatUtils.mean(new JpegIncompressibility().score(samples)));
    }

    private OptionalDouble similarity(List<Sample> samples, List<double[]> embeddings) {
        return IntStream.range(0, samples.size())
                .filter(i -> !samples.get(i).prompt().isEmpty())
                .mapToDouble(i -> MathArrays.linearCombination(
                        embeddings.get(i), texts.embed(samples.get(i).prompt())))
                .average();
    }
}
