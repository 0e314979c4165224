package dev.rlcm.examples.quality;

import dev.rlcm.onnx.pipeline.encoders.ClipTextEncoder;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.RealVector;

/**
 * Which value of a metadata field a picture shows, by CLIP without training: a value is the mean embedding of the captions that have it
 * (Radford et al., 2021, arXiv:2103.00020, section 3.1.4), and a picture shows the value whose direction is nearest.
 *
 * @param field of the metadata, such as {@code animal}
 * @param classes embeddings of unit length by value
 */
record ZeroShotLabels(String field, Map<Object, RealVector> classes) {
    /**
     * Reads the values from captions.
     *
     * @return nothing if fewer than two values occur, among which there is nothing to choose
     */
    static Optional<ZeroShotLabels> of(String field, List<Prompt> captions, ClipTextEncoder texts) {
        Map<Object, Set<String>> captionsOf = new LinkedHashMap<>();
        for (Prompt caption : captions) {
            Object value = caption.metadata().get(field);
            if (value != null) {
                captionsOf.computeIfAbsent(value, key -> new LinkedHashSet<>()).add(caption.text());
            }
        }
        Map<Object, RealVector> classes = new LinkedHashMap<>();
        captionsOf.forEach((value, ensemble) -> classes.put(value, mean(ensemble, texts)));
        return classes.size() < 2 ? Optional.empty() : Optional.of(new ZeroShotLabels(field, classes));
    }

    private static RealVector mean(Set<String> captions, ClipTextEncoder texts) {
        return captions.stream()
                .<RealVector>map(caption -> new ArrayRealVector(texts.embed(caption)))
                .reduce(RealVector::add)
                .orElseThrow()
                .unitVector();
    }

    /** The share of the pictures that show what their own metadata says, in [0, 1]; pictures without the field do not count. */
    double accuracy(List<Sample> samples, List<double[]> embeddings) {
        return IntStream.range(0, samples.size())
                .filter(i -> samples.get(i).metadata().containsKey(field))
                .mapToDouble(i -> nearest(embeddings.get(i))
                                .equals(samples.get(i).metadata().get(field))
                        ? 1
                        : 0)
                .average()
                .orElse(Double.NaN);
    }

    private Object nearest(double[] embedding) {
        RealVector picture = new ArrayRealVector(embedding, false);
        return classes.entrySet().stream()
                .max(Comparator.comparingDouble(each -> each.getValue().dotProduct(picture)))
                .orElseThrow()
                .getKey();
    }
}
