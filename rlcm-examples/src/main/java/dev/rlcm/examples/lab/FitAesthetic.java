package dev.rlcm.examples.lab;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.run.Runs;
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
import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import me.tongfei.progressbar.ProgressBar;
import org.apache.commons.math3.stat.StatUtils;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The stage that makes an aesthetic score for pictures like the embedded model's: a linear head on embeddings of unit length, as LAION's
 * predictor is one, and a vision tower that starts as emoji-clip's, both fitted to {@link StatedPreferences}, and fitted again when an {@link
 * Adversary} has found what raises the score. Animals that it was not fitted to tell how far it can be trusted.
 */
@Command(
        name = "fit-aesthetic",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Fits a vision tower and an aesthetic head to stated preferences between pictures, and says how well"
                        + " they agree with those of animals that were left out.")
public final class FitAesthetic implements Callable<Integer> {
    private static final String OVERRATED = "drawn for the score";

    private static final String TOWER = "vision_model.onnx";
    private static final String PROCESSOR = "preprocessor_config.json";

    @Option(names = "--scenes", paramLabel = "N", description = "To compare in. Default: ${DEFAULT-VALUE}.")
    private int scenes = 720;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Of the optimiser, before the first round and after each. Default: ${DEFAULT-VALUE}.")
    private int steps = 1200;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description =
                    "How often the main job is trained for the score so far, and what it then draws is added to the worse"
                            + " pictures. Default: ${DEFAULT-VALUE}.")
    private int rounds = 2;

    @Option(
            names = "--round-epochs",
            paramLabel = "N",
            description = "Of the main job in a round. Default: ${DEFAULT-VALUE}.")
    private int roundEpochs = 24;

    @Option(names = "--pairs", paramLabel = "N", description = "Preferences of a step. Default: ${DEFAULT-VALUE}.")
    private int pairs = 16;

    @Option(names = "--learning-rate", description = "Of AdamW. Default: ${DEFAULT-VALUE}.")
    private double learningRate = 2e-3;

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
    public Integer call() throws IOException, InterruptedException {
        Path directory = out != null ? out : cache.folder("emoji-aesthetic");
        RandomStreams random = RandomStreams.seeded(seed).at("aesthetic");
        PictureMaker maker = PictureMaker.load(cache.artwork(), false, seed);
        try (Backend backend = OrtBackend.cpu()) {
            LatentConsistencyModel model = LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend);
            StatedPreferences preferences = draw(new PreferenceMaker(maker, model, random));
            PreferenceTask task =
                    PreferenceTask.from(EmbeddedModel.emojiClip(), preferences.fitted(), pairs, random.at(0));
            AestheticScore score = fit(task, directory, backend);
            for (int round = 1; round <= rounds; round++) {
                Adversary adversary =
                        new Adversary(model, new Prompts(preferences.prompts()), roundEpochs, seed + round);
                preferences = preferences.and(OVERRATED, adversary.picturesFor(score, backend));
                score = fit(task.on(preferences.fitted(), random.at(round)), directory, backend);
            }
            report(score, preferences);
        }
        spec.commandLine().getOut().println(directory);
        return 0;
    }

    private StatedPreferences draw(PreferenceMaker maker) throws IOException {
        List<Preference> all = new ArrayList<>();
        try (ProgressBar bar = Runs.bar("scenes", scenes)) {
            for (int i = 0; i < scenes; i++) {
                all.addAll(maker.compare(i));
                bar.step();
            }
        }
        return new StatedPreferences(all);
    }

    private AestheticScore fit(PreferenceTask task, Path directory, Backend backend) throws IOException {
        AdamWConfig adam = AdamWConfig.defaults().withLearningRate(learningRate).withWeightDecay(1e-2);
        SupervisedConfig config = SupervisedConfig.steps(steps).withOptimizer(ParameterGroups.decayingMatrices(adam));
        try (SupervisedTrainer trainer = new SupervisedTrainer(task, config, backend);
                ProgressBar bar = Runs.bar("steps", steps)) {
            trainer.run(report -> {
                bar.setExtraMessage(String.format(" loss %.3f", report.loss()));
                bar.step();
            });
        }
        return write(task, directory, backend);
    }

    private static AestheticScore write(PreferenceTask task, Path directory, Backend backend) throws IOException {
        Path clip = EmbeddedModel.emojiClip();
        Files.createDirectories(directory);
        OnnxModels.saveWeights(clip.resolve(TOWER), task.towerWeights(), directory.resolve(TOWER));
        AtomicFiles.write(directory.resolve(PROCESSOR), stream -> Files.copy(clip.resolve(PROCESSOR), stream));
        Path head = directory.resolve(EmbeddedModel.AESTHETIC_HEAD);
        Map<String, TensorData> layer = new LinkedHashMap<>();
        layer.put("layers.0.weight", task.headWeights());
        layer.put("layers.0.bias", TensorData.floats(Shape.of(1), (float) PreferenceTask.HALF));
        Safetensors.of(layer).write(head);
        return AestheticScore.load(ClipImageEncoder.load(directory, backend), head);
    }

    private void report(AestheticScore score, StatedPreferences preferences) {
        PrintWriter table = spec.commandLine().getOut();
        table.println("| preference | fitted, % | other animals, % | mean of the better | of the worse |");
        table.println("| --- | --- | --- | --- | --- |");
        for (String kind : preferences.kinds()) {
            Verdict fitted = Verdict.of(score, preferences.of(kind, false), seed);
            Verdict others = Verdict.of(score, preferences.of(kind, true), seed);
            table.printf(
                    "| %s | %.1f | %.1f | %.2f | %.2f |%n",
                    kind, fitted.agreement, others.agreement, others.better, others.worse);
        }
        table.flush();
    }

    /**
     * What a score says of pairs.
     *
     * @param agreement in how many of them the better picture has the higher score, per cent; NaN of no pairs, as the others
     * @param better the mean score of the better pictures
     * @param worse and of the others
     */
    private record Verdict(double agreement, double better, double worse) {
        /** Pairs are judged. */
        private static final int MOST = 300;

        static Verdict of(AestheticScore score, List<Preference> all, long seed) {
            List<Preference> pairs = all.subList(0, Math.min(MOST, all.size()));
            RandomGenerator random = RandomStreams.seeded(seed).at("verdict").generator();
            double[] better = score.score(pairs.stream().map(Preference::better).toList());
            double[] worse = score.score(
                    pairs.stream().map(pair -> pair.worse().picture(random)).toList());
            long agreed = IntStream.range(0, better.length)
                    .filter(i -> better[i] > worse[i])
                    .count();
            return new Verdict(100.0 * agreed / better.length, StatUtils.mean(better), StatUtils.mean(worse));
        }
    }
}
