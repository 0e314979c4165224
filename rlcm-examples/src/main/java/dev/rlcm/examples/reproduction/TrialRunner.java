package dev.rlcm.examples.reproduction;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.examples.reproduction.TrialEvaluator.Evaluated;
import dev.rlcm.examples.reproduction.TrialRecord.Budget;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.train.Checkpoint;
import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes trials, each in a directory of its own, and finds those that are there already. */
final class TrialRunner {
    /** Pictures that are sampled at once when it is measured how long one takes. */
    private static final int BATCH = 16;

    private final Path directory;
    private final Backend backend;
    private final int evaluated;
    private final List<String> common;
    private final Map<Method, LatentModel> models = new EnumMap<>(Method.class);
    private final Map<Task, RewardFunction> rewards = new EnumMap<>(Task.class);
    private final Map<String, Evaluated> bases = new HashMap<>();
    private volatile boolean stopping;
    private volatile @Nullable Trainer running;

    /**
     * @param evaluated prompts of each kind in an evaluation
     * @param common options of the training command for all trials
     */
    TrialRunner(Path directory, Backend backend, int evaluated, List<String> common) {
        this.directory = directory;
        this.backend = backend;
        this.evaluated = evaluated;
        this.common = List.copyOf(common);
    }

    /** Ends the trial in progress after its epoch, and all later ones at once. Any thread may call it. */
    void stop() {
        stopping = true;
        Trainer trainer = running;
        if (trainer != null) {
            trainer.stop();
        }
    }

    boolean isStopping() {
        return stopping;
    }

    /**
     * The reward of a task, made once.
     *
     * @throws IllegalArgumentException if it needs something that the options do not give
     */
    RewardFunction reward(Task task) throws IOException {
        RewardFunction known = rewards.get(task);
        if (known == null) {
            List<String> options = Stream.concat(Stream.of("--reward=" + task), common.stream())
                    .toList();
            known = TrainOptions.of(options).reward(backend);
            rewards.put(task, known);
        }
        return known;
    }

    /** The folder of a trial. */
    Path folder(Trial trial) {
        return directory.resolve(trial.path());
    }

    /**
     * Makes a trial, goes on with it, or finds it done. One that was made with other options is made again.
     *
     * @return empty if {@link #stop} was called before it was done
     */
    Optional<TrialRecord> run(Trial trial) throws IOException, InterruptedException {
        Path folder = folder(trial);
        TrialRecord known = known(folder, TrialRecord.begun(arguments(trial), evaluated));
        if (known.isDone()) {
            return Optional.of(known);
        }
        return stopping ? Optional.empty() : run(trial, folder, known);
    }

    /** Whether a trial need not be made any more. */
    boolean knows(Trial trial) throws IOException {
        return known(folder(trial), TrialRecord.begun(arguments(trial), evaluated))
                .isDone();
    }

    private List<String> arguments(Trial trial) {
        return Stream.concat(trial.options().stream(), common.stream()).toList();
    }

    /** What can be gone on with, or the beginning. */
    private static TrialRecord known(Path folder, TrialRecord begun) throws IOException {
        Path file = TrialRun.recordIn(folder);
        TrialRecord known = Files.exists(file) ? TrialRecord.read(file) : begun;
        if (!known.isOf(begun) || known.isDone()) {
            return known.isOf(begun) ? known : begun;
        }
        Path checkpoint = TrialRun.checkpointIn(folder);
        long epoch = Files.exists(checkpoint) ? Checkpoint.read(checkpoint).epoch() : 0;
        TrialRecord evaluated = known.until(epoch);
        boolean isWhole =
                epoch > 0 && !evaluated.points().isEmpty() && evaluated.last().epochs() == epoch;
        return isWhole ? evaluated : begun;
    }

    private Optional<TrialRecord> run(Trial trial, Path folder, TrialRecord known)
            throws IOException, InterruptedException {
        if (known.points().isEmpty()) {
            Files.deleteIfExists(TrialRun.checkpointIn(folder)); // of other options
        }
        TrainOptions options = TrainOptions.of(known.options());
        Method method = trial.contender().method();
        LatentModel model = model(method);
        try (ConsistencyPolicy policy =
                        model.policy(options.lora(), options.plan(), RandomStreams.seeded(options.seed()));
                PpoOptimizer ppo = PpoOptimizer.of(
                        policy,
                        fullMinibatches(options.ppo(), policy.schedule().actions()),
                        method.objective(options, model, policy, backend))) {
            Trainer trainer = new Trainer(
                    policy,
                    ppo,
                    reward(trial.task()),
                    StudyPrompts.seen(),
                    options.trainer(),
                    options.advantages(policy, reward(trial.task())));
            running = trainer;
            if (stopping) {
                trainer.stop();
            }
            TrialEvaluator evaluator = evaluator(trial, policy);
            if (!known.points().isEmpty()) {
                trainer.resume(TrialRun.checkpointIn(folder));
            }
            TrialRecord trained =
                    new TrialRun(trial, folder, evaluator, () -> base(trial, evaluator), known).execute(trainer);
            if (trained.hasFailed()) {
                return Optional.of(trained);
            }
            if (stopping) {
                return Optional
                        .empty(); // No session must be opened any more when the JVM goes down, whose hooks close the
                // runtime.
            }
            policy.adapter().save(folder.resolve("adapter.safetensors"));
            TrialRecord done = trained.withBudgets(
                    budgets(trial, model, policy, options.plan(), trained.last().seen()));
            done.write(TrialRun.recordIn(folder));
            return Optional.of(done);
        }
    }

    /** Of the untrained policy, which is the same for all seeds and settings. */
    private Evaluated base(Trial trial, TrialEvaluator evaluator) {
        String key = trial.task() + ", " + trial.contender().method() + ", "
                + trial.contender().steps();
        return bases.computeIfAbsent(key, unknown -> evaluator.evaluate());
    }

    /** Samples the trained policy as it was trained, and with other numbers of steps. */
    private List<Budget> budgets(
            Trial trial, LatentModel model, ConsistencyPolicy trained, SamplingPlan plan, double reward)
            throws IOException {
        List<Budget> budgets = new ArrayList<>();
        budgets.add(new Budget(plan.steps(), millisPerPicture(trained), reward));
        for (int steps : trial.contender().budgets()) {
            SamplingPlan other = new SamplingPlan(steps, plan.lastStep(), plan.timestepRule(), plan.rollout());
            try (ConsistencyPolicy policy = model.policy(trained.adapter(), other)) {
                double evaluated = evaluator(trial, policy).seen().reward(); // compiles the network, too
                budgets.add(new Budget(steps, millisPerPicture(policy), evaluated));
            }
        }
        budgets.sort(Comparator.comparingInt(Budget::steps));
        return budgets;
    }

    private TrialEvaluator evaluator(Trial trial, ConsistencyPolicy policy) throws IOException {
        return new TrialEvaluator(policy, trial.task(), reward(trial.task()), reward(Task.CLIPSCORE), evaluated);
    }

    /** Of a batch, with a policy that has sampled before. */
    private static double millisPerPicture(ConsistencyPolicy policy) throws IOException {
        List<String> prompts = StudyPrompts.seen().all().subList(0, BATCH);
        long start = System.nanoTime();
        policy.rollout(prompts, RandomStreams.seeded(0));
        return (System.nanoTime() - start) * 1e-6 / BATCH;
    }

    /** As many and as large ones as the transitions of a step fill without rest: one that is half empty takes as long as a full one. */
    private static PpoConfig fullMinibatches(PpoConfig config, int actions) {
        int rows = config.trajectoriesPerStep() * actions;
        int minibatches = (rows + config.minibatch() - 1) / config.minibatch();
        return config.withMinibatch((rows + minibatches - 1) / minibatches);
    }

    private LatentModel model(Method method) throws IOException {
        LatentModel known = models.get(method);
        if (known == null) {
            known = method.load(backend);
            models.put(method, known);
        }
        return known;
    }
}
