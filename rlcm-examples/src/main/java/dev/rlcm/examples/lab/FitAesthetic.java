package dev.rlcm.examples.lab;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.lab.PictureMaker.Styles;
import dev.rlcm.examples.lab.Preferences.Preference;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.RealVector;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The stage that makes the embedded aesthetic score: a linear head on emoji-clip's embeddings of unit length, as LAION's predictor is one on
 * those of CLIP ViT-L/14, fitted to stated preferences. The shaded 3D style is better than the three flat ones, and every picture is better
 * than itself with a {@link Flaw}. Animals that the head was not fitted to tell how far it can be trusted.
 */
@Command(
        name = "fit-aesthetic",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Fits the aesthetic head of emoji-clip to stated preferences between pictures.")
public final class FitAesthetic implements Callable<Integer> {
    private static final String STYLE = "3D above flat";

    /** Every fifth animal is left out of the fit. */
    private static final int HELD_OUT = 5;

    /** What the mean of the real pictures is set to, the middle of LAION's scale. */
    private static final double MIDDLE = 5;

    @Option(names = "--count", paramLabel = "N", description = "Scenes to compare in. Default: ${DEFAULT-VALUE}.")
    private int count = 1800;

    @Option(names = "--ridge", paramLabel = "X", description = "Weight of the penalty. Default: ${DEFAULT-VALUE}.")
    private double ridge = 1;

    @Option(names = "--seed", description = "Of everything that is random. Default: ${DEFAULT-VALUE}.")
    private long seed = 3;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "Default: emoji-aesthetic/model.safetensors in the cache.")
    private @Nullable Path out;

    @Mixin
    private CacheOption cache = new CacheOption();

    @Spec
    private CommandSpec spec;

    private final Map<String, List<Preference>> fitted = new LinkedHashMap<>();
    private final Map<String, List<Preference>> heldOut = new LinkedHashMap<>();
    private final List<RealVector> real = new ArrayList<>();

    public static void main(String[] args) {
        Cli.run(new FitAesthetic(), args);
    }

    @Override
    public Integer call() throws IOException {
        PictureMaker maker = PictureMaker.load(cache.artwork(), false, seed);
        try (Backend backend = OrtBackend.cpu()) {
            LatentConsistencyModel model = LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend);
            ClipImageEncoder encoder = ClipImageEncoder.load(EmbeddedModel.emojiClip(), backend);
            for (int i = 0; i < count; i++) {
                compare(i, maker, model, encoder);
            }
        }
        RealVector weights = Preferences.fit(fitted.values().stream().flatMap(List::stream).toList(), ridge);
        double mean = real.stream().mapToDouble(weights::dotProduct).average().orElseThrow();
        report(weights);
        Path file = out != null ? out : cache.folder("emoji-aesthetic").resolve("model.safetensors");
        Map<String, TensorData> layer = new LinkedHashMap<>();
        layer.put("layers.0.weight", TensorData.floats(Shape.of(1, weights.getDimension()), floats(weights)));
        layer.put("layers.0.bias", TensorData.floats(Shape.of(1), (float) (MIDDLE - mean)));
        Safetensors.of(layer).write(file);
        spec.commandLine().getOut().println(file);
        return 0;
    }

    private void compare(int index, PictureMaker maker, LatentConsistencyModel model, ClipImageEncoder encoder)
            throws IOException {
        Map<String, List<Preference>> set = index % maker.animals() % HELD_OUT == 0 ? heldOut : fitted;
        Styles styles = maker.inAllStyles(index);
        Map<EmojiStyle, RealVector> embeddings = new LinkedHashMap<>();
        styles.pictures().forEach((style, picture) -> embeddings.put(style, embed(picture, encoder)));
        RealVector best = embeddings.get(EmojiStyle.FLUENT_3D);
        for (Map.Entry<EmojiStyle, Sample> picture : styles.pictures().entrySet()) {
            RealVector embedding = embeddings.get(picture.getKey());
            real.add(embedding);
            if (best != null && picture.getKey() != EmojiStyle.FLUENT_3D) {
                prefer(set, STYLE, best, embedding);
            }
            for (Flaw flaw : Flaw.values()) {
                RandomStreams random = RandomStreams.seeded(seed).at(flaw.toString()).at(index);
                Sample worse = flaw.spoil(
                        picture.getValue(), styles.scene(), model, random.at(picture.getKey().toString()).generator());
                prefer(set, flaw.toString(), embedding, embed(worse, encoder));
            }
        }
    }

    private static RealVector embed(Sample sample, ClipImageEncoder encoder) {
        return new ArrayRealVector(encoder.embed(List.of(sample)).get(0), false);
    }

    private static void prefer(Map<String, List<Preference>> set, String kind, RealVector better, RealVector worse) {
        set.computeIfAbsent(kind, key -> new ArrayList<>()).add(new Preference(better.subtract(worse), 1));
    }

    private void report(RealVector weights) {
        PrintWriter out = spec.commandLine().getOut();
        out.println("| preference | agreement, fitted animals, % | agreement, other animals, % |");
        out.println("| --- | --- | --- |");
        for (String kind : fitted.keySet()) {
            out.printf(
                    "| %s | %.1f | %.1f |%n",
                    kind,
                    100 * Preferences.accuracy(fitted.get(kind), weights),
                    100 * Preferences.accuracy(heldOut.get(kind), weights));
        }
        out.flush();
    }

    private static float[] floats(RealVector vector) {
        float[] values = new float[vector.getDimension()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) vector.getEntry(i);
        }
        return values;
    }
}
