package dev.rlcm.reward;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The result of scoring one picture: a number, or the reason why there is none. Immutable. */
public sealed interface Score {
    /**
     * The picture's reward.
     *
     * @param value finite
     */
    record Value(double value) implements Score {
        public Value {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException("a score must be finite, got " + value
                        + "; return Score.Missing for a picture that cannot be scored");
            }
        }
    }

    /**
     * No reward.
     *
     * @param reason what went wrong
     * @param policy what becomes of the picture, {@link RewardFailure#DROP} or {@link RewardFailure#NEUTRAL}
     */
    record Missing(RewardException reason, RewardFailure policy) implements Score {
        public Missing {
            if (policy == RewardFailure.FAIL) {
                throw new IllegalArgumentException(
                        "a missing score must have the policy DROP or NEUTRAL; under FAIL throw its reason");
            }
        }

        /** One failure of a picture that two rewards could not score: the first, under the stricter policy. */
        Missing and(Missing other) {
            return new Missing(reason, RewardFailure.stricter(policy, other.policy));
        }

        @Override
        public Missing at(int[] positions) {
            return new Missing(reason.at(positions), policy);
        }
    }

    /** The same seen from a list in which the scored samples have these positions. */
    default Score at(int[] positions) {
        return this;
    }

    /** One value each. */
    static List<Score> values(double... values) {
        return Arrays.stream(values).<Score>mapToObj(Value::new).collect(Collectors.toUnmodifiableList());
    }

    /**
     * The numbers of scores that are all there.
     *
     * @throws RewardException the reason of the first one that is missing
     */
    static double[] numbers(List<Score> scores) {
        double[] numbers = new double[scores.size()];
        for (int i = 0; i < numbers.length; i++) {
            Score score = scores.get(i);
            if (score instanceof Missing missing) {
                throw missing.reason();
            }
            numbers[i] = ((Value) score).value();
        }
        return numbers;
    }
}
