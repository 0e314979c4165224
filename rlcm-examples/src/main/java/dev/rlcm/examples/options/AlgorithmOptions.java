package dev.rlcm.examples.options;

import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.DenseAdvantages;
import dev.rlcm.ppo.KlCoefficient;
import dev.rlcm.ppo.KlRegularizedAdvantages;
import dev.rlcm.ppo.Objective;
import dev.rlcm.ppo.PathDivergence;
import dev.rlcm.ppo.PolicyLosses;
import dev.rlcm.ppo.RowSource;
import dev.rlcm.ppo.StepPredictions;
import dev.rlcm.reward.RewardFunction;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which algorithm learns, and how rewards become advantages. */
public final class AlgorithmOptions {
    @Option(
            names = "--algorithm",
            paramLabel = "NAME",
            description = "How to learn: ${COMPLETION-CANDIDATES}; see docs/algorithms.md. Default: ${DEFAULT-VALUE}.")
    Algorithm algorithm = Algorithm.PPO;

    @Option(
            names = "--advantage",
            paramLabel = "NAME",
            description = "How rewards become advantages: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Advantage advantage = Advantage.AUTO;

    @Option(
            names = "--stat-buffer",
            paramLabel = "N",
            description = "How many of a prompt's latest rewards advantages per prompt look back on. Default:"
                    + " ${DEFAULT-VALUE}.")
    int statBuffer = 16;

    @Option(
            names = "--stat-min-count",
            paramLabel = "N",
            description =
                    "How many of them there must be; with fewer, rewards are compared with the whole epoch's. Default:"
                            + " ${DEFAULT-VALUE}.")
    int statMinCount = 16;

    @Option(
            names = "--kl-reward",
            paramLabel = "WEIGHT",
            description =
                    "What a trajectory's KL divergence from the base model costs in reward. Default: ${DEFAULT-VALUE}.")
    private double klReward = 0;

    @Option(
            names = "--kl-target",
            paramLabel = "KL",
            description = "Divergence of a trajectory that --kl-reward is adapted to. Default: not adapted.")
    private @Nullable Double klTarget;

    @Option(names = "--eta", description = "Of rebel: the smaller, the larger its steps. Default: ${DEFAULT-VALUE}.")
    double eta = 1;

    @Option(
            names = "--beta",
            description =
                    "Of dpo and diffusion-dpo: the larger, the nearer to the base model. Default: ${DEFAULT-VALUE}.")
    double beta = 100;

    @Option(
            names = "--nft-beta",
            paramLabel = "X",
            description =
                    "Of nft: how far its policies lie from the old one, 1 being the new one. Default: ${DEFAULT-VALUE}.")
    double nftBeta = 1;

    @Option(
            names = "--certainty",
            paramLabel = "A",
            description = "Of nft: the advantage of a picture that is certainly good. Default: ${DEFAULT-VALUE}.")
    double certainty = 3;

    @Option(
            names = "--draws",
            paramLabel = "N",
            description =
                    "Of diffusion-dpo, matching and nft: how often a picture is noised. Default: ${DEFAULT-VALUE}.")
    private int draws = 3;

    @Option(
            names = "--actions",
            paramLabel = "N",
            description = "Learn from N of each trajectory's actions, drawn anew for every update. Default: from all.")
    private @Nullable Integer actions;

    @Option(
            names = "--consistency",
            paramLabel = "WEIGHT",
            description =
                    "Weight in the loss of the distance between what every step predicts and where its trajectory ended;"
                            + " for algorithms that learn from actions. Default: ${DEFAULT-VALUE}.")
    private double consistency = 0;

    @Option(
            names = "--dense",
            fallbackValue = "true",
            description =
                    "Reward every action by how much the predicted picture gains; for algorithms that learn from actions.")
    private boolean dense;

    @Option(
            names = "--last-steps",
            paramLabel = "K",
            description = "Of direct: how many steps the reward's gradient goes through. Default: ${DEFAULT-VALUE}.")
    int lastSteps = 1;

    Objective objective(LearningSetting setting) throws IOException {
        Objective objective = algorithm.factory.create(this, setting);
        boolean ofActions = algorithm.rows == Algorithm.Rows.ACTIONS;
        if (!ofActions && (actions != null || consistency != 0)) {
            throw new IllegalArgumentException("--actions and --consistency are for algorithms that learn from actions,"
                    + " which " + algorithm + " does not");
        }
        if (actions != null) {
            objective = objective.on(RowSource.someTransitions(actions));
        }
        if (consistency != 0) {
            objective = objective.plus(consistency, PolicyLosses.consistency().named("consistency"));
        }
        return algorithm.rows == Algorithm.Rows.NOISED
                ? objective.on(RowSource.noised(setting.forwardSteps(), draws))
                : objective;
    }

    /**
     * @param otherwise where no estimator is chosen
     * @param rows in a run of the graphs that measure divergences and predict pictures
     */
    AdvantageEstimator credit(AdvantageEstimator otherwise, ConsistencyPolicy policy, RewardFunction reward, int rows) {
        AdvantageEstimator chosen =
                advantage.estimator(otherwise, AdvantageEstimator.perPrompt(statBuffer, statMinCount));
        AdvantageEstimator estimator =
                dense ? new DenseAdvantages(StepPredictions.of(policy, rows), reward, chosen) : chosen;
        if (klReward == 0) {
            return estimator;
        }
        KlCoefficient coefficient =
                klTarget == null ? KlCoefficient.fixed(klReward) : KlCoefficient.adaptive(klReward, klTarget);
        return new KlRegularizedAdvantages(PathDivergence.fromBase(policy, rows), coefficient, estimator);
    }

    void summarise(Map<String, Object> entries) {
        entries.put("algorithm", algorithm.toString());
        entries.put("advantage", advantage.toString());
        entries.put("stat-buffer", statBuffer);
        entries.put("stat-min-count", statMinCount);
        entries.put("kl-reward", klReward);
        if (klTarget != null) {
            entries.put("kl-target", klTarget);
        }
        entries.put("actions", actions != null ? actions : new Unset("all"));
        entries.put("consistency", consistency);
        entries.put("dense", dense);
        switch (algorithm) {
            case REBEL -> entries.put("eta", eta);
            case DPO, DIFFUSION_DPO -> entries.put("beta", beta);
            case NFT -> {
                entries.put("nft-beta", nftBeta);
                entries.put("certainty", certainty);
            }
            case DIRECT -> entries.put("last-steps", lastSteps);
            default -> {}
        }
        if (algorithm.rows == Algorithm.Rows.NOISED) {
            entries.put("draws", draws);
        }
    }
}
