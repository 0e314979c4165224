package dev.rlcm.train;

import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.RolloutRequest;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.ppo.UpdateReport;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.PendingScores;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.RewardPool;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The ready-made training loop, Algorithm 1 of Oertell et al., 2024: sample, reward, estimate advantages, update.
 *
 * <p>Rewards are computed on threads of their own while the next batch is sampled. A run that is stopped, saved and
 * resumed continues bit for bit. Not thread-safe, except for {@link #stop}. Owns nothing native: policy, optimiser, reward and
 * their backend stay the caller's to close.
 */
public final class Trainer {
    private final ConsistencyPolicy policy;
    private final PpoOptimizer ppo;
    private final AdvantageEstimator credit;
    private final RewardFunction reward;
    private final PromptSource prompts;
    private final TrainerConfig config;
    private final RandomStreams random;
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
    public Trainer(
            ConsistencyPolicy policy,
            PpoOptimizer ppo,
            RewardFunction reward,
            PromptSource prompts,
            TrainerConfig config) {
        this(policy, ppo, reward, prompts, config, config.advantages());
    }

    /**
     * With advantages of one's own.
     *
     * @param credit used by this trainer alone; the configuration's settings of statistics are not used
     */
    public Trainer(
            ConsistencyPolicy policy,
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
    }

    /**
     * Trains, on this thread, until all epochs are done or {@link #stop} is called. After an exception a further call begins
     * with the first epoch that was not done.
     *
     * @param listener told of every epoch when it counts as done; what it throws is passed on
     * @return the number of epochs done so far, those before a resume included
     * @throws dev.rlcm.reward.RewardException if the reward fails; the adapter is as after the last complete update
     * @throws InterruptedException if the thread is interrupted while it waits for rewards
     */
    public int run(TrainingListener listener) throws InterruptedException {
        try (RewardPool pool = RewardPool.of(reward, config.rewardThreads())) {
            while (epoch < config.epochs() && !stopping) {
                EpochReport report = epoch(pool);
                epoch++;
                listener.onEpoch(report);
            }
        }
        return epoch;
    }

    /** The number of epochs done so far, those before a resume included. */
    public int epochsDone() {
        return epoch;
    }

    /**
     * Ends {@link #run} after the epoch in progress, and later calls of it at once: to go on, resume in a new trainer. Any
     * thread may call it.
     */
    public void stop() {
        stopping = true;
    }

    private EpochReport epoch(RewardPool pool) throws InterruptedException {
        long start = System.nanoTime();
        RandomStreams streams = random.at("epoch").at(epoch);
        List<PendingScores> pending = new ArrayList<>();
        Rollout rollout = policy.rollout(RolloutRequest.of(prompts(streams), streams.at("noise"))
                .withOnBatch(samples -> pending.add(pool.submit(samples))));
        long sampled = System.nanoTime();
        double[] rewards = new double[rollout.size()];
        int filled = 0;
        for (PendingScores scores : pending) {
            double[] part = scores.await();
            System.arraycopy(part, 0, rewards, filled, part.length);
            filled += part.length;
        }
        long rewarded = System.nanoTime();
        double[] advantages = credit.estimate(rollout.prompts(), rewards);
        UpdateReport update = ppo.update(rollout, advantages);
        return new EpochReport(
                epoch,
                rollout,
                rewards,
                advantages,
                credit.zeroSpreadShare(),
                update,
                Duration.ofNanos(sampled - start),
                Duration.ofNanos(rewarded - sampled),
                Duration.ofNanos(System.nanoTime() - start));
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
        Checkpoint.write(checkpoint, epoch, config.seed(), policy.adapter(), ppo, credit);
    }

    /**
     * Continues where a checkpoint of the same configuration was written; {@link #run} does the epochs that are left.
     *
     * @throws IOException if the file is unreadable, damaged, or of another adapter, alpha or seed
     */
    public void resume(Path checkpoint) throws IOException {
        epoch = Checkpoint.read(checkpoint, config.seed(), policy.adapter(), ppo, credit);
    }
}
