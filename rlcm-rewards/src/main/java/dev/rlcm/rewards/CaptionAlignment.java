package dev.rlcm.rewards;

import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.reward.Score;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.PrimitiveIterator;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import javax.imageio.ImageWriter;
import org.jspecify.annotations.Nullable;

/**
 * Prompt-image alignment, the reward of DDPO (arXiv:2305.13301, section 5.3) and RLCM: a model that does not know the prompt
 * says what is on a picture, and {@link BertScore} compares that with the prompt. Both papers' code asks LLaVA {@link
 * #QUESTION} about the picture as {@link #jpeg}, takes the answer for the candidate and "The image contains " + prompt for the
 * reference, and rewards the plain recall by layer 40 of deberta-xlarge-mnli (ddpo-pytorch, {@code llava_bertscore}; rlcm,
 * {@code prompt_image_alignment}; LLaVA-server, {@code load_bertscore}). Those are the defaults here.
 *
 * <p>Scores are at most 1; a picture without caption gets 0. As thread-safe as the captioner; owns neither that nor the
 * BertScore.
 *
 * @param captioner writes the candidates
 * @param bertScore compares
 * @param reference makes a prompt what captions are compared with
 * @param measure which of the numbers to reward
 */
public record CaptionAlignment(
        Captioner captioner,
        BertScore bertScore,
        UnaryOperator<String> reference,
        ToDoubleFunction<BertScore.Score> measure)
        implements RewardFunction {
    /** What the papers' code asks about a picture. */
    public static final String QUESTION = "Answer concisely: what is going on in this image?";

    private static final int JPEG_QUALITY = 80;

    public CaptionAlignment {
        Objects.requireNonNull(captioner, "captioner");
        Objects.requireNonNull(bertScore, "bertScore");
        Objects.requireNonNull(reference, "reference");
        Objects.requireNonNull(measure, "measure");
    }

    /** The recall of "The image contains " + prompt, as both papers have it. */
    public CaptionAlignment(Captioner captioner, BertScore bertScore) {
        this(captioner, bertScore, "The image contains "::concat, BertScore.Score::recall);
    }

    public CaptionAlignment withReference(UnaryOperator<String> newReference) {
        return new CaptionAlignment(captioner, bertScore, newReference, measure);
    }

    /** For example {@code withMeasure(BertScore.Score::f1)}. */
    public CaptionAlignment withMeasure(ToDoubleFunction<BertScore.Score> newMeasure) {
        return new CaptionAlignment(captioner, bertScore, reference, newMeasure);
    }

    /** The picture as the papers' code sends it: a JPEG file of quality 80. */
    public static byte[] jpeg(Sample sample) {
        ImageWriter writer = JpegSize.jdkWriter();
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            JpegSize.write(writer, sample.toBufferedImage(), JPEG_QUALITY, out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException("the JPEG encoder failed", e);
        } finally {
            writer.dispose();
        }
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException if the captioner does not return one caption per picture
     */
    @Override
    public double[] score(List<Sample> samples) {
        if (samples.isEmpty()) {
            return new double[0];
        }
        return compared(samples, captions(samples));
    }

    /** A picture without caption does not keep the others from being scored. */
    @Override
    public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        if (policy == RewardFailure.FAIL || samples.isEmpty()) {
            return Score.values(score(samples));
        }
        List<Caption> captions = captioner.attempt(samples);
        requireOnePerPicture(captions, samples);
        List<Sample> described = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            if (captions.get(i) instanceof Caption.Text caption) {
                described.add(samples.get(i));
                texts.add(caption.text());
            }
        }
        PrimitiveIterator.OfDouble scores =
                DoubleStream.of(compared(described, texts)).iterator();
        List<Score> all = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            all.add(
                    captions.get(i) instanceof Caption.Missing missing
                            ? new Score.Missing(missing.reason().atSample(i, samples.get(i)), policy)
                            : new Score.Value(scores.nextDouble()));
        }
        return List.copyOf(all);
    }

    private double[] compared(List<Sample> samples, List<String> captions) {
        if (samples.isEmpty()) {
            return new double[0];
        }
        List<String> references =
                samples.stream().map(Sample::prompt).map(reference).toList();
        return bertScore.scores(captions, references).stream()
                .mapToDouble(measure)
                .toArray();
    }

    @Override
    public boolean isPaused() {
        return captioner.isPaused();
    }

    private List<String> captions(List<Sample> samples) {
        @Nullable List<String> captions = captioner.caption(samples);
        requireOnePerPicture(captions, samples);
        for (int i = 0; i < samples.size(); i++) {
            if (captions.get(i) == null) {
                throw new IllegalStateException("the captioner returned null for picture " + i + " (\""
                        + samples.get(i).prompt() + "\"); return an empty text where there is nothing to say");
            }
        }
        return captions;
    }

    private static void requireOnePerPicture(@Nullable List<?> captions, List<Sample> samples) {
        if (captions == null || captions.size() != samples.size()) {
            throw new IllegalStateException("the captioner returned "
                    + (captions == null ? "null" : captions.size() + " captions") + " for " + samples.size()
                    + " pictures; it must return exactly one per picture, in their order");
        }
    }
}
