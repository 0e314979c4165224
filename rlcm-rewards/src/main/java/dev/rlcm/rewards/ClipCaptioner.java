package dev.rlcm.rewards;

import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.onnx.pipeline.encoders.ClipTextEncoder;
import dev.rlcm.reward.Sample;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Captions without a language model: each picture gets the text of a list that CLIP finds most similar to it, as in zero-shot
 * classification (Radford et al., arXiv:2103.00020, section 3.1). It says only what is in the list, so give it what pictures may
 * show, also what they should not.
 *
 * <p>Thread-safe; the encoders' memory is the backend's.
 */
public final class ClipCaptioner implements Captioner {
    /** Every caption's embedding is kept; that of CLIP ViT-L/14 takes 6 kB. */
    private static final int MAX_CAPTIONS = 20_000;

    private final ClipImageEncoder images;
    private final List<String> captions;
    private final List<double[]> embeddings;

    private ClipCaptioner(ClipImageEncoder images, List<String> captions, List<double[]> embeddings) {
        this.images = images;
        this.captions = captions;
        this.embeddings = embeddings;
    }

    /**
     * With given captions, whose embeddings are computed here.
     *
     * @param texts of the same model as the encoder of pictures
     * @param captions from 1 to 20,000; of equal ones the first counts
     * @throws IllegalArgumentException if there are fewer or more
     */
    public static ClipCaptioner of(ClipImageEncoder images, ClipTextEncoder texts, List<String> captions) {
        List<String> distinct = List.copyOf(new LinkedHashSet<>(captions));
        if (distinct.isEmpty() || distinct.size() > MAX_CAPTIONS) {
            throw new IllegalArgumentException("the number of captions must be from 1 to " + MAX_CAPTIONS + ", got "
                    + distinct.size() + "; every picture is compared with all of them");
        }
        return new ClipCaptioner(
                images, distinct, distinct.stream().map(texts::embed).toList());
    }

    /**
     * All captions that consist of one text of each list, in the order of the lists and separated by spaces, such as an
     * animal, a scene and a style: {@code composed(List.of("a cat", "a dog"), List.of("on grass", "in the sea"))}. An empty text
     * leaves its part out.
     *
     * @throws IllegalArgumentException if there is no list, one is empty, or there are more than 20,000 captions
     */
    @SafeVarargs
    public static List<String> composed(List<String>... parts) {
        long count = parts.length == 0 ? 0 : 1;
        for (List<String> part : parts) {
            count = Math.min(count * part.size(), Integer.MAX_VALUE);
        }
        if (count < 1 || count > MAX_CAPTIONS) {
            throw new IllegalArgumentException(
                    "the parts make " + count + " captions, expected from 1 to " + MAX_CAPTIONS);
        }
        List<String> captions = List.of("");
        for (List<String> part : parts) {
            List<String> longer = new ArrayList<>();
            for (String caption : captions) {
                for (String text : part) {
                    longer.add((caption + " " + text).strip());
                }
            }
            captions = longer;
        }
        return List.copyOf(captions);
    }

    /** The texts to choose from, in order. */
    public List<String> captions() {
        return captions;
    }

    @Override
    public List<String> caption(List<Sample> samples) {
        return images.embed(samples).stream().map(this::nearest).toList();
    }

    /** The first caption of those with the largest cosine. */
    private String nearest(double[] picture) {
        int best = 0;
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < embeddings.size(); i++) {
            double cosine = Cosines.dot(picture, embeddings.get(i));
            if (cosine > largest) {
                largest = cosine;
                best = i;
            }
        }
        return captions.get(best);
    }
}
