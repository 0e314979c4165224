package dev.rlcm.examples.options;

import dev.rlcm.optim.LearningRateSchedule;
import java.util.Locale;

/** How the learning rate changes in the course of the epochs. */
public enum RateSchedule {
    CONSTANT {
        @Override
        LearningRateSchedule over(long epochs) {
            return LearningRateSchedule.constant();
        }
    },
    /** Falls to a fifth. */
    LINEAR {
        @Override
        LearningRateSchedule over(long epochs) {
            return LearningRateSchedule.linear(1, 0.2, epochs);
        }
    },
    /** Falls to nothing along half a cosine. */
    COSINE {
        @Override
        LearningRateSchedule over(long epochs) {
            return LearningRateSchedule.cosine(epochs);
        }
    },
    /** As the reference code of the paper has it: falls to two thirds. */
    REFERENCE {
        @Override
        LearningRateSchedule over(long epochs) {
            return LearningRateSchedule.reference(epochs);
        }
    };

    /** @param epochs at least 1 */
    abstract LearningRateSchedule over(long epochs);

    /** @param warmup epochs at the beginning in which the rate rises; fewer than there are */
    LearningRateSchedule over(int epochs, int warmup) {
        if (warmup < 0 || warmup >= epochs) {
            throw new IllegalArgumentException(
                    "warmup must be at least 0 and less than the " + epochs + " epochs, got " + warmup);
        }
        return warmup == 0 ? over(epochs) : LearningRateSchedule.warmup(warmup, over(epochs - warmup));
    }

    /** As the command line has it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
