package dev.rlcm.train;

import dev.rlcm.graph.TensorData;
import dev.rlcm.optim.MovingAverage;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.RolloutRequest;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.ppo.UpdateObserver;
import dev.rlcm.ppo.UpdateReport;
import dev.rlcm.random.Noise;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.RewardPool;
import dev.rlcm.reward.RewardScores;
import dev.rlcm.reward.RolloutScores;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ready-made training loop, Algorithm 1 of Oertell et al., 2024: sample, reward, estimate advantages, update.
 *
 * <p>Rewards are computed on threads of their own while the next batch is sampled. A run that is stopped, saved and
 * resumed continues bit for bit. Not thread-safe, except for {@link #stop}. Owns nothing native: policy, optimiser, reward and
 * their backend stay the caller's to close.
 */
public final class Trainer {
    private static final Logger log = LoggerFactory.getLogger(Trainer.class);
    private static final Duration STOP_POLL = Duration.ofMillis(200);

    private final Policy policy;
    private final PpoOptimizer ppo;
    private final AdvantageEstimator credit;
    private final RewardFunction reward;
    private final PromptSource prompts;
    private final TrainerConfig config;
    private final RandomStreams random;
    private final Optional<MovingAverage> average;
    private int epoch;
    private volatile boolean stopping;

    /**
     * With the advantages that the configuration asks for.
     *
     * @param ppo an optimiser of that policy
     * @param reward called on other threads, see {@link TrainerConfig#rewardThreads}; its contract is enforced, see {@link
     *     RewardFunction#checked}
     * @param prompts what to draw in every epoch, as a rule {@link Prompts}
     */
    public Trainer(Policy policy, PpoOptimizer ppo, RewardFunction reward, PromptSource prompts, TrainerConfig config) {
        this(policy, ppo, reward, prompts, config, config.advantages());
    }

    /**
     * With advantages of one's own.
     *
     * @param credit used by this trainer alone; the configuration's settings of statistics are not used
     */
    public Trainer(
            Policy policy,
            PpoOptimizer ppo,
            RewardFunction reward,
            PromptSource prompts,
            TrainerConfig config,
            AdvantageEstimator credit) {
        this.policy = policy;
        this.ppo = ppo;
        this.credit = credit;
        this.reward = reward.checked();
        this.prompts = prompts;
        this.config = config;
        this.random = RandomStreams.seeded(config.seed());
        this.average = config.averageDecay().stream()
                .mapToObj(decay -> new MovingAverage(
                        policy.parameters().values().stream()
                                .map(TensorData::floats)
                                .toList(),
                        decay))
                .findFirst();
    }

    /**
     * Trains, on this thread, until all epochs are done or {@link #stop} is called. An epoch counts as a whole or not at all:
     * after an exception weights, optimiser and statistics are as after the last complete epoch, and a further call begins
     * with the first one that was not done.
     *
     * @param listener told of every epoch when it counts as done; what it throws is passed on
     * @return the number of epochs done so far, those before a resume included
     * @throws dev.rlcm.reward.RewardException if the reward fails
     * @throws InterruptedException if the thread is interrupted while it waits for rewards
     */
    public int run(TrainingListener listener) throws InterruptedException {
        try (RewardPool pool = RewardPool.of(reward, config.rewardThreads())) {
            while (epoch < config.epochs() && !stopping) {
                Optional<EpochReport> report = epoch(pool);
                if (report.isEmpty()) {
                    break;
                }
                epoch++;
                listener.onEpoch(report.get());
            }
        }
        return epoch;
    }

    /** The number of epochs done so far, those before a resume included. */
    public int epochsDone() {
        return epoch;
    }

    /**
     * Ends {@link #run} after the epoch in progress, and later calls of it at once: to go on, resume in a new trainer. An epoch
     * whose reward waits for something that is away ({@link RewardFunction#isPaused}) is given up and does not count. Any thread
     * may call it.
     */
    public void stop() {
        stopping = true;
    }

    /** Whether {@link #stop} was called. Any thread may ask. */
    public boolean isStopping() {
        return stopping;
    }

    /**
     * Puts the moving average of the parameters in their place, to evaluate or to save it. Changes nothing if {@link
     * TrainerConfig#averageDecay} is not given. Not to be called while {@link #run} is at work, except by its listener.
     *
     * @return puts the parameters back when it is closed
     */
    public MovingAverage.Applied applyAverage() {
        return average.map(MovingAverage::apply).orElse(() -> {});
    }

    /** Nothing if the epoch was given up. */
    private Optional<EpochReport> epoch(RewardPool pool) throws InterruptedException {
        long start = System.nanoTime();
        RandomStreams streams = random.at("epoch").at(epoch);
        List<Prompt> drawn = prompts(streams);
        RolloutScores pending = pool.rollout(drawn.stream().map(Prompt::text).toList());
        Rollout rollout =
                policy.rollout(RolloutRequest.of(drawn, noise(streams)).withOnBatch(pending::add));
        long sampled = System.nanoTime();
        Optional<RewardScores> scores = scores(pending);
        if (scores.isEmpty()) {
            log.info("Stopped while the reward \"{}\" waits; epoch {} is given up", reward.name(), epoch);
            return Optional.empty();
        }
        long rewarded = System.nanoTime();
        ScoredRollout scored = ScoredRollout.of(rollout, scores.get().totals());
        warnOfUnscored(scored.unscored(), rollout.size());
        AdvantageEstimator.State before = credit.state();
        Optional<Map<String, TensorData>> averageBefore = average.map(MovingAverage::state);
        try {
            double[] advantages = scored.advantages(credit);
            UpdateReport update = ppo.update(scored.rollout(), advantages, averaging());
            return Optional.of(new EpochReport(
                    epoch,
                    scored.rollout(),
                    scored.rewards(),
                    scores.get().statistics(),
                    advantages,
                    scored.unscored(),
                    credit.zeroStdShare(),
                    update,
                    Duration.ofNanos(sampled - start),
                    Duration.ofNanos(rewarded - sampled),
                    Duration.ofNanos(System.nanoTime() - start)));
        } catch (Throwable e) {
            credit.restore(before); // the optimiser has taken its part back
            average.ifPresent(each -> each.restore(averageBefore.orElseThrow()));
            throw e;
        }
    }

    /** Takes every optimiser step into the average. */
    private UpdateObserver averaging() {
        return average.<UpdateObserver>map(each -> new UpdateObserver() {
                    @Override
                    public void onStep(Step step) {
                        if (step.applied()) {
                            each.update();
                        }
                    }
                })
                .orElse(UpdateObserver.NONE);
    }

    /** Nothing if training is to stop while the reward waits. */
    private Optional<RewardScores> scores(RolloutScores pending) throws InterruptedException {
        while (!pending.await(STOP_POLL)) {
            if (stopping && reward.isPaused()) {
                return Optional.empty();
            }
        }
        return Optional.of(pending.await());
    }

    private void warnOfUnscored(List<Unscored> unscored, int sampled) {
        if (!unscored.isEmpty()) {
            long dropped = unscored.stream().filter(Unscored::isDropped).count();
            log.warn(
                    "Epoch {}: {} of {} pictures have no reward; {} were dropped, {} count as neutral. The first: {}",
                    epoch,
                    unscored.size(),
                    sampled,
                    dropped,
                    unscored.size() - dropped,
                    unscored.get(0).missing().reason().getMessage());
        }
    }

    private Noise noise(RandomStreams streams) {
        RandomStreams own = streams.at("noise");
        return config.commonBeginnings() ? own.withCommonBeginnings(config.samplesPerPrompt()) : own;
    }

    /** The epoch's prompts, each as often as it is to be sampled. */
    private List<Prompt> prompts(RandomStreams streams) {
        int copies = config.samplesPerPrompt();
        int count = config.trajectories() / copies;
        List<Prompt> drawn = prompts.draw(epoch, count, streams);
        if (drawn.size() != count) {
            throw new IllegalArgumentException("the source of prompts must give the " + count + " prompts of epoch "
                    + epoch + " that it is asked for, got " + drawn.size());
        }
        return drawn.stream()
                .flatMap(prompt -> Collections.nCopies(copies, prompt).stream())
                .toList();
    }

    /**
     * Writes, atomically, all that {@link #resume} needs. A listener may call it after any epoch, another thread not while
     * {@link #run} is at work.
     *
     * @throws IOException if the file cannot be written
     */
    public void save(Path checkpoint) throws IOException {
        Checkpoint.of(epoch, settings(), policy, ppo, credit)
                .withAverage(average.map(MovingAverage::state).orElse(Map.of()))
                .write(checkpoint);
    }

    /**
     * Continues where a checkpoint of the same run was written; {@link #run} does the epochs that are left. Of the settings,
     * the seed, the advantages and what {@link Policy#description} names have to be the same; others that differ are logged
     * as a warning, by name. If anything does not fit, nothing is changed.
     *
     * @throws IOException if the file is unreadable or damaged, or is of another run; the message names what differs
     */
    public void resume(Path checkpoint) throws IOException {
        Checkpoint saved = Checkpoint.read(checkpoint);
        Optional<Map<String, TensorData>> averageBefore = average.map(MovingAverage::state);
        boolean hasAverage = !saved.average().isEmpty();
        try {
            average.filter(each -> hasAverage).ifPresent(each -> each.restore(saved.average()));
            epoch = saved.restore(settings(), policy, ppo, credit);
            average.filter(each -> !hasAverage).ifPresent(MovingAverage::reset); // it begins where the saved run ended
        } catch (IllegalArgumentException e) {
            average.ifPresent(each -> each.restore(averageBefore.orElseThrow()));
            throw new IOException(checkpoint + " is not a checkpoint of this run: " + e.getMessage(), e);
        }
    }

    private RunSettings settings() {
        return RunSettings.of(policy, ppo.config(), credit)
                .withEssential("seed", config.seed())
                .withTunable("reward", reward.name())
                .withTunable("prompts", prompts.name())
                .withTunable("trajectories", config.trajectories())
                .withTunable("samplesPerPrompt", config.samplesPerPrompt())
                .withTunable("averageDecay", config.averageDecay())
                .withTunable("commonBeginnings", config.commonBeginnings());
    }
}
