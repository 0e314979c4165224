package dev.rlcm.examples.options;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.onnx.pipeline.encoders.ClipTextEncoder;
import dev.rlcm.reward.GroupRewards;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.rewards.AestheticScore;
import dev.rlcm.rewards.BertScore;
import dev.rlcm.rewards.CaptionAlignment;
import dev.rlcm.rewards.ClipCaptioner;
import dev.rlcm.rewards.ClipScore;
import dev.rlcm.rewards.JpegCompressibility;
import dev.rlcm.rewards.JpegIncompressibility;
import dev.rlcm.rewards.PixelStatistics;
import dev.rlcm.rewards.ocr.PpOcr;
import dev.rlcm.rewards.ocr.TextAccuracy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What {@code Train} can train for, alone or in a {@link RewardExpression}, with settings found by trying on the embedded
 * model.
 */
public enum Task {
    COMPRESSIBILITY(
            (backend, options) -> new JpegCompressibility(),
            new Measure("reward (-kB)", "JPEG size", -1, "kB"),
            "minus kB of the JPEG, at most 0",
            Settings.of(2e-3, 100).withDrift(0.012).comparing(4, 0.08)),
    INCOMPRESSIBILITY(
            (backend, options) -> new JpegIncompressibility(),
            new Measure("reward (kB)", "JPEG size", 1, "kB"),
            "kB of the JPEG",
            Settings.of(1e-3, 50).withDrift(0.004).comparing(4, 0)),
    CLIPSCORE(
            Task::clipScore,
            new Measure("CLIPScore", "CLIPScore", 1, ""),
            "0 to 2.5",
            Settings.of(1e-3, 50).comparing(4, 0)),
    AESTHETIC(
            Task::aesthetic,
            new Measure("aesthetic score", "aesthetic score", 1, ""),
            "0 to 10; about 1 to 10 with --clip",
            Settings.of(1e-3, 50).withDrift(0.012).comparing(4, 0)),
    ALIGNMENT(
            Task::alignment,
            new Measure("prompt-image alignment", "BERTScore recall of captions", 1, ""),
            "at most 1",
            Settings.of(1e-3, 50).comparing(4, 0)),
    OCR(
            (backend, options) -> textAccuracy(backend),
            new Measure("text accuracy", "accuracy of the text in quotes", 1, ""),
            "0 to 1",
            Settings.of(1e-3, 50).comparing(4, 0)),
    COLOURFULNESS((backend, options) -> PixelStatistics.colourfulness(), "0 for grey, 109 for garish"),
    SHARPNESS((backend, options) -> PixelStatistics.sharpness(), "variance of the Laplacian, from 0"),
    BRIGHTNESS((backend, options) -> PixelStatistics.brightness(), "0 to 1"),
    CONTRAST((backend, options) -> PixelStatistics.contrast(), "0 to 0.5"),
    SATURATION((backend, options) -> PixelStatistics.saturation(), "0 to 1"),
    ENTROPY((backend, options) -> PixelStatistics.entropy(), "0 to 8 bits"),
    SYMMETRY((backend, options) -> PixelStatistics.symmetry(), "0 to 1"),
    DIVERSITY(
            (backend, options) -> GroupRewards.diversity(GroupRewards::pixelDistance),
            "mean difference from the prompt's other pictures, 0 to 1"),
    JUDGE((backend, options) -> options.servers().judge(), "how far a model at --judge says yes, or its grade, 0 to 1"),
    REMOTE((backend, options) -> options.servers().remote(), "as the server at --remote has it");

    /** Makes the reward. */
    @FunctionalInterface
    interface Factory {
        /**
         * The reward with its models loaded.
         *
         * @param options where models are
         */
        RewardFunction create(Backend backend, RewardOptions options) throws IOException;
    }

    /**
     * What is reported.
     *
     * @param reward label of the learning curve
     * @param quantity of pictures
     * @param sign what the reward is multiplied with to give the quantity
     * @param unit of the quantity, empty if it has none
     */
    public record Measure(String reward, String quantity, int sign, String unit) {
        /** What stands behind a number. */
        public String suffix() {
            return unit.isEmpty() ? "" : " " + unit;
        }
    }

    /**
     * Of training.
     *
     * @param advantageScale what counts as an advantage of 1, about the standard deviation within a prompt; 0 for that of
     *     each epoch
     */
    public record Settings(
            double learningRate, int epochs, double driftWeight, int samplesPerPrompt, double advantageScale) {
        static Settings of(double learningRate, int epochs) {
            return new Settings(learningRate, epochs, 0, 1, 0);
        }

        Settings withDrift(double weight) {
            return new Settings(learningRate, epochs, weight, samplesPerPrompt, advantageScale);
        }

        /** What suits several rewards at once: small steps, and the spread in each epoch for a scale. */
        Settings and(Settings other) {
            return new Settings(
                    Math.min(learningRate, other.learningRate),
                    Math.max(epochs, other.epochs),
                    Math.max(driftWeight, other.driftWeight),
                    Math.max(samplesPerPrompt, other.samplesPerPrompt),
                    0);
        }

        Settings comparing(int samples, double scale) {
            return new Settings(learningRate, epochs, driftWeight, samples, scale);
        }
    }

    final Factory factory;
    public final Measure measure;

    /** What its numbers mean, for the help. */
    final String scale;

    final Settings settings;

    Task(Factory factory, Measure measure, String scale, Settings settings) {
        this.factory = factory;
        this.measure = measure;
        this.scale = scale;
        this.settings = settings;
    }

    /** A statistic that is reported by its name. */
    Task(Factory factory, String scale) {
        this.factory = factory;
        this.measure = new Measure(toString(), toString(), 1, "");
        this.scale = scale;
        this.settings = Settings.of(1e-3, 50).comparing(4, 0);
    }

    /** Whether it does not ask what pictures should show, so that those that show nothing or something else may satisfy it best. */
    boolean ignoresPrompts() {
        return this == COMPRESSIBILITY || this == INCOMPRESSIBILITY || this == AESTHETIC;
    }

    /** Whether a network judges that has seen nothing but pictures like the embedded model's. */
    boolean knowsEmbeddedOnly(RewardOptions options) {
        return options.clip().isEmpty()
                && (this == CLIPSCORE
                        || this == AESTHETIC
                        || (this == ALIGNMENT && options.captioner().isEmpty()));
    }

    /** The name as options and reports have it, in lower case. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    private static RewardFunction clipScore(Backend backend, RewardOptions options) throws IOException {
        return ClipScore.load(clip(options), backend);
    }

    private static RewardFunction aesthetic(Backend backend, RewardOptions options) throws IOException {
        if (options.clip().isPresent()) {
            return AestheticScore.laion(ClipImageEncoder.load(options.clip().get(), backend));
        }
        Path embedded = EmbeddedModel.emojiAesthetic();
        return AestheticScore.load(
                ClipImageEncoder.load(embedded, backend), embedded.resolve(EmbeddedModel.AESTHETIC_HEAD));
    }

    private static RewardFunction textAccuracy(Backend backend) throws IOException {
        if (backend.replicas().get(0) instanceof OrtBackend runtime) {
            return new TextAccuracy(PpOcr.load(runtime));
        }
        throw new IllegalArgumentException("the reward ocr needs ONNX Runtime, got " + backend);
    }

    private static RewardFunction alignment(Backend backend, RewardOptions options) throws IOException {
        BertScore bertScore = options.bert().isPresent()
                ? BertScore.load(options.bert().get(), backend, options.bertLayer())
                : BertScore.miniLm(backend);
        return options.captioner().isPresent()
                ? new CaptionAlignment(options.captioner().get(), bertScore)
                : new CaptionAlignment(clipCaptioner(backend, options), bertScore).withReference(prompt -> prompt);
    }

    private static ClipCaptioner clipCaptioner(Backend backend, RewardOptions options) throws IOException {
        Path clip = clip(options);
        return ClipCaptioner.of(
                ClipImageEncoder.load(clip, backend), ClipTextEncoder.load(clip, backend), options.captions());
    }

    private static Path clip(RewardOptions options) {
        return options.clip().isPresent() ? options.clip().get() : EmbeddedModel.emojiClip();
    }
}
