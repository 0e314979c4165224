package dev.rlcm.examples.options;

import dev.rlcm.ppo.Objective;
import dev.rlcm.ppo.PairLoss;
import dev.rlcm.ppo.Pairing;
import dev.rlcm.ppo.PolicyLosses;
import java.io.IOException;
import java.util.Locale;

/** The algorithms of {@code Train}, each made of the library's parts; see {@code docs/algorithms.md}. */
public enum Algorithm {
    /** The clipped surrogate. */
    PPO(Rows.ACTIONS, (options, setting) -> Objective.of(PolicyLosses.clipped())),
    /** With a second bound for bad actions. */
    DUAL_CLIP(Rows.ACTIONS, (options, setting) -> Objective.of(PolicyLosses.dualClipped(3))),
    /** With a ratio that all timesteps share alike. */
    GUARD(Rows.ACTIONS, (options, setting) -> Objective.of(PolicyLosses.guarded())),
    /** DDPO's importance sampling, not clipped. */
    IMPORTANCE(Rows.ACTIONS, (options, setting) -> Objective.of(PolicyLosses.importanceWeighted())),
    /** DDPO's score-function estimator. */
    SCORE(Rows.ACTIONS, (options, setting) -> Objective.of(PolicyLosses.scoreFunction())),
    /** Regression of reward differences. */
    REBEL(Rows.ACTIONS, (options, setting) -> Objective.pairs(PairLoss.rebel(options.eta), Pairing.neighbours())),
    /** Preferences, on the actions. */
    DPO(Rows.ACTIONS, (options, setting) -> Objective.pairs(PairLoss.dpo(options.beta), Pairing.bestWithWorst())),
    /** Preferences, on noised pictures. */
    DIFFUSION_DPO(Rows.NOISED, DPO.factory),
    /** Advantage-weighted matching. */
    MATCHING(Rows.NOISED, (options, setting) -> Objective.of(PolicyLosses.advantageWeightedMatching())),
    /** DiffusionNFT. */
    NFT(Rows.NOISED, (options, setting) -> Objective.of(PolicyLosses.diffusionNft(options.nftBeta, options.certainty))),
    /** The reward's own gradient, through the last steps. */
    DIRECT(
            Rows.PICTURES,
            (options, setting) -> Objective.directReward(
                    setting.differentiableReward(), setting.policy().schedule(), options.lastSteps));

    /** What rows are. */
    enum Rows {
        ACTIONS,
        NOISED,
        PICTURES
    }

    /** Makes the objective. */
    @FunctionalInterface
    interface Factory {
        Objective create(AlgorithmOptions options, LearningSetting setting) throws IOException;
    }

    final Rows rows;
    final Factory factory;

    Algorithm(Rows rows, Factory factory) {
        this.rows = rows;
        this.factory = factory;
    }

    /** As the command line has it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
