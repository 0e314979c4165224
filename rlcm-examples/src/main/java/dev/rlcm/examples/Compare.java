package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.compare.CompareOptions;
import dev.rlcm.examples.compare.ComparisonFiles;
import dev.rlcm.examples.compare.Contender;
import dev.rlcm.examples.compare.ContenderRun;
import dev.rlcm.examples.compare.Method;
import dev.rlcm.examples.compare.Outcome;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.report.MetricsCsv;
import dev.rlcm.examples.run.Evaluator;
import dev.rlcm.examples.run.StopSignal;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.train.PromptSource;
import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * The comparisons of the paper (Oertell et al., 2024, section 5): RLCM against DDPO, by pictures and by time, and RLCM with
 * several horizons. All runs have the same reward, prompts, noises, optimiser and number of pictures; they differ in
 * model, schedule and learning rate. Ctrl-C ends after the epoch in progress and keeps what is there.
 */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Trains a consistency model by RLCM, with several horizons, and the diffusion model it was distilled"
                        + " from by DDPO, and compares them. The defaults take 3 to 6 minutes on two cores.")
public final class Compare implements Callable<Integer> {
    @Mixin
    private final CompareOptions options = new CompareOptions();

    private final Map<Method, LatentModel> models = new EnumMap<>(Method.class);
    private volatile boolean stopping;
    private volatile @Nullable Trainer running;

    public static void main(String[] args) {
        Cli.run(new Compare(), args);
    }

    @Override
    public Integer call() throws Exception {
        List<Contender> contenders = options.contenders();
        Path directory = options.directory();
        Path table = directory.resolve("compare.csv");
        if (Files.exists(table)) {
            throw new IllegalArgumentException(directory + " already holds a comparison; give another --output");
        }
        PromptSource prompts = options.trainingPrompts();
        try (Backend backend = options.openBackend()) {
            RewardFunction reward = options.reward(backend);
            for (Contender contender : contenders) {
                load(contender.method(), backend);
            }
            for (Contender contender : contenders) {
                check(contender);
            }
            try (MetricsCsv csv = MetricsCsv.open(table);
                    StopSignal signal = StopSignal.install(this::stop)) {
                compare(contenders, new ComparisonFiles(directory, options), reward, prompts, csv);
            }
        }
        return 0;
    }

    private void compare(
            List<Contender> contenders,
            ComparisonFiles files,
            RewardFunction reward,
            PromptSource prompts,
            MetricsCsv csv)
            throws IOException, InterruptedException {
        List<Outcome> outcomes = new ArrayList<>();
        try {
            for (Contender contender : contenders) {
                Outcome outcome = run(contender, files, reward, prompts, csv);
                if (outcome.effort().pictures() > 0) {
                    outcomes.add(outcome);
                    files.write(outcomes);
                }
                if (stopping) {
                    break;
                }
            }
        } finally {
            files.print(outcomes);
        }
    }

    private void stop() {
        stopping = true;
        Trainer trainer = running;
        if (trainer != null) {
            trainer.stop();
        }
    }

    private Outcome run(
            Contender contender, ComparisonFiles files, RewardFunction reward, PromptSource prompts, MetricsCsv csv)
            throws IOException, InterruptedException {
        LatentModel model = Objects.requireNonNull(models.get(contender.method()));
        RandomStreams random = RandomStreams.seeded(options.seed());
        try (ConsistencyPolicy policy = model.policy(options.lora(), options.plan(contender), random);
                PpoOptimizer ppo = PpoOptimizer.of(
                        policy, options.ppo(contender, policy.schedule().actions()))) {
            Trainer trainer = new Trainer(policy, ppo, reward, prompts, options.trainer());
            running = trainer;
            if (stopping) {
                trainer.stop();
            }
            Evaluator evaluator =
                    new Evaluator(policy, reward, Map.of(), options.goal().measure(), prompts, options.seed());
            try {
                return new ContenderRun(contender, options, evaluator, csv).execute(trainer);
            } finally {
                files.save(contender, policy.adapter());
            }
        }
    }

    /** What would fail only when it is the contender's turn. */
    private void check(Contender contender) {
        LatentModel model = Objects.requireNonNull(models.get(contender.method()));
        model.schedule(options.plan(contender));
        LoraInjection.sites(model.denoiser(1), options.lora());
    }

    /** Once for all horizons, before anything is trained. */
    private void load(Method method, Backend backend) throws IOException {
        if (!models.containsKey(method)) {
            models.put(method, method.load(options.consistencyModel(), options.diffusionModel(), backend));
        }
    }
}
