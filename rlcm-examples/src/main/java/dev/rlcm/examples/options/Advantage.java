package dev.rlcm.examples.options;

import dev.rlcm.ppo.AdvantageEstimator;
import java.util.Locale;

/** How rewards become advantages. */
public enum Advantage {
    /** What suits the reward: within a prompt on a fixed scale, or by the statistics of each prompt. */
    AUTO,
    PER_PROMPT,
    WITHIN_PROMPT,
    LEAVE_ONE_OUT,
    WIN_RATE,
    GLOBAL;

    /**
     * @param otherwise what {@link #AUTO} is
     * @param perPrompt what {@link #PER_PROMPT} is
     */
    AdvantageEstimator estimator(AdvantageEstimator otherwise, AdvantageEstimator perPrompt) {
        return switch (this) {
            case AUTO -> otherwise;
            case PER_PROMPT -> perPrompt;
            case WITHIN_PROMPT -> AdvantageEstimator.withinPrompt();
            case LEAVE_ONE_OUT -> AdvantageEstimator.leaveOneOut();
            case WIN_RATE -> AdvantageEstimator.winRate();
            case GLOBAL -> AdvantageEstimator.wholeBatch();
        };
    }

    /** As the command line has it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
