package dev.rlcm.spark;

import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.Score;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * A score on its way to the driver.
 *
 * @param value not used if there is a failure
 * @param failure why there is no score, without its cause, which may not be serialisable
 */
record ScoreData(double value, @Nullable Failure failure) implements Serializable {
    /** The reason of a missing score. */
    record Failure(RewardException.Kind kind, String reward, String problem, RewardFailure policy)
            implements Serializable {}

    static ScoreData of(Score score) {
        if (score instanceof Score.Missing missing) {
            RewardException reason = missing.reason();
            return new ScoreData(
                    Double.NaN,
                    new Failure(reason.kind(), reason.reward(), String.valueOf(reason.getMessage()), missing.policy()));
        }
        return new ScoreData(((Score.Value) score).value(), null);
    }

    Score toScore() {
        Failure known = failure;
        return known == null
                ? new Score.Value(value)
                : new Score.Missing(RewardException.of(known.kind(), known.reward(), known.problem()), known.policy());
    }
}
