package dev.rlcm.examples.lab;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.AtomicFiles;
import dev.rlcm.io.Safetensors;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.ParameterGroups;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.rewards.AestheticScore;
import dev.rlcm.supervised.SupervisedConfig;
import dev.rlcm.supervised.SupervisedTrainer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.apache.commons.math3.stat.StatUtils;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The stage that makes an aesthetic score for pictures like the embedded model's: a linear head on embeddings of unit length, as LAION's predictor is one, and a vision
 * tower that starts as emoji-clip's, both fitted to {@link StatedPreferences}. Animals that it was not fitted to tell how far it can be
 * trusted.
 */
@Command(
        name = "fit-aesthetic",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Fits a vision tower and an aesthetic head to stated preferences between pictures, and says how well"
                        + " they agree with those of animals that were left out.")
public final class FitAesthetic implements Callable<Integer> {
    /** What the mean of the real pictures is set to, the middle of LAION's scale. */
    private static final double MIDDLE = 5;

    private static final String TOWER = "vision_model.onnx";
    private static final String PROCESSOR = "preprocessor_config.json";

    @Option(names = "--scenes", paramLabel = "N", description = "To compare in. Default: ${DEFAULT-VALUE}.")
    private int scenes = 270;

    @Option(names = "--steps", paramLabel = "N", description = "Of the optimiser. Default: ${DEFAULT-VALUE}.")
    private int steps = 300;

    @Option(names = "--pairs", paramLabel = "N", description = "Preferences of a step. Default: ${DEFAULT-VALUE}.")
    private int pairs = 32;

    @Option(names = "--learning-rate", description = "Of AdamW. Default: ${DEFAULT-VALUE}.")
    private double learningRate = 1e-3;

    @Option(names = "--seed", description = "Of everything that is random. Default: ${DEFAULT-VALUE}.")
    private long seed = 3;

    @Option(names = "--out", paramLabel = "DIR", description = "Default: emoji-aesthetic in the cache.")
    private @Nullable Path out;

    @Mixin
    private CacheOption cache = new CacheOption();

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new FitAesthetic(), args);
    }

    @Override
    public Integer call() throws IOException {
        Path directory = out != null ? out : cache.folder("emoji-aesthetic");
        RandomStreams random = RandomStreams.seeded(seed).at("aesthetic");
        PictureMaker maker = PictureMaker.load(cache.artwork(), false, seed);
        try (Backend backend = OrtBackend.cpu()) {
            LatentConsistencyModel model = LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend);
            StatedPreferences preferences = StatedPreferences.draw(scenes, maker, model, random);
            List<List<Preference>> kinds = preferences.kinds().stream()
                    .map(kind -> preferences.of(kind, false))
                    .toList();
            PreferenceTask task = new PreferenceTask(EmbeddedModel.emojiClip(), kinds, pairs, random);
            train(task, backend);
            AestheticScore score = write(task, preferences, directory, backend);
            report(score, preferences);
        }
        spec.commandLine().getOut().println(directory);
        return 0;
    }

    private void train(PreferenceTask task, Backend backend) {
        AdamWConfig adam = AdamWConfig.defaults().withLearningRate(learningRate).withWeightDecay(1e-2);
        SupervisedConfig config = SupervisedConfig.steps(steps).withOptimizer(ParameterGroups.decayingMatrices(adam));
        try (SupervisedTrainer trainer = new SupervisedTrainer(task, config, backend);
                ProgressBar bar = new ProgressBarBuilder()
                        .setTaskName("steps")
                        .setInitialMax(steps)
                        .build()) {
            trainer.run(report -> {
                bar.setExtraMessage(String.format(" loss %.3f", report.loss()));
                bar.step();
            });
        }
    }

    /** What is written is what is loaded: the bias comes from the scores of the files. */
    private static AestheticScore write(
            PreferenceTask task, StatedPreferences preferences, Path directory, Backend backend) throws IOException {
        Path clip = EmbeddedModel.emojiClip();
        Files.createDirectories(directory);
        OnnxModels.saveWeights(clip.resolve(TOWER), task.towerWeights(), directory.resolve(TOWER));
        AtomicFiles.write(directory.resolve(PROCESSOR), stream -> Files.copy(clip.resolve(PROCESSOR), stream));
        Path head = directory.resolve("head.safetensors");
        writeHead(task.parameters().get(PreferenceTask.HEAD), 0, head);
        ClipImageEncoder encoder = ClipImageEncoder.load(directory, backend);
        double mean = StatUtils.mean(AestheticScore.load(encoder, head).score(preferences.real(false)));
        writeHead(task.parameters().get(PreferenceTask.HEAD), MIDDLE - mean, head);
        return AestheticScore.load(encoder, head);
    }

    private static void writeHead(TensorData weight, double bias, Path file) throws IOException {
        Map<String, TensorData> layer = new LinkedHashMap<>();
        layer.put("layers.0.weight", weight.reshape(Shape.of(1, weight.size())));
        layer.put("layers.0.bias", TensorData.floats(Shape.of(1), (float) bias));
        Safetensors.of(layer).write(file);
    }

    private void report(AestheticScore score, StatedPreferences preferences) {
        PrintWriter table = spec.commandLine().getOut();
        table.println("| preference | agreement, fitted animals, % | agreement, other animals, % | margin |");
        table.println("| --- | --- | --- | --- |");
        for (String kind : preferences.kinds()) {
            double[] others = margins(score, preferences.of(kind, true));
            table.printf(
                    "| %s | %.1f | %.1f | %.2f |%n",
                    kind,
                    100 * agreement(margins(score, preferences.of(kind, false))),
                    100 * agreement(others),
                    StatUtils.mean(others));
        }
        table.flush();
    }

    private static double[] margins(AestheticScore score, List<Preference> preferences) {
        double[] better =
                score.score(preferences.stream().map(Preference::better).toList());
        double[] worse = score.score(preferences.stream().map(Preference::worse).toList());
        double[] margins = new double[better.length];
        for (int i = 0; i < margins.length; i++) {
            margins[i] = better[i] - worse[i];
        }
        return margins;
    }

    private static double agreement(double... margins) {
        int agreed = 0;
        for (double margin : margins) {
            agreed += margin > 0 ? 1 : 0;
        }
        return (double) agreed / margins.length;
    }
}
