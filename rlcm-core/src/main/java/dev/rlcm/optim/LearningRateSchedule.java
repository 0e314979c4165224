package dev.rlcm.optim;

import dev.rlcm.check.Check;

/** The factor on the learning rate as a function of progress. Stateless, so a resumed run needs only its step count. */
@FunctionalInterface
public interface LearningRateSchedule {
    /** The factor, not negative, for step (or epoch) 0, 1, 2 ... */
    double factor(long step);

    /** Always 1. */
    static LearningRateSchedule constant() {
        return new NamedSchedule("constant", step -> 1);
    }

    /** From start to end in equal steps, reached at step total and kept. */
    static LearningRateSchedule linear(double start, double end, long total) {
        Check.notNegative("start", start);
        Check.notNegative("end", end);
        Check.atLeast(1, "total", total);
        return new NamedSchedule(
                "linear(" + start + ", " + end + ", " + total + ")",
                step -> start + (end - start) * Math.min(step, total) / total);
    }

    /** From 1 to 0 along half a cosine, reached at step total and kept (arXiv:1608.03983, eq. 5 without restarts). */
    static LearningRateSchedule cosine(long total) {
        Check.atLeast(1, "total", total);
        return new NamedSchedule(
                "cosine(" + total + ")", step -> 0.5 * (1 + Math.cos(Math.PI * Math.min(step, total) / total)));
    }

    /** Rises linearly to 1, first at 1 / steps so that no step is lost; then the other schedule from its beginning. */
    static LearningRateSchedule warmup(long steps, LearningRateSchedule then) {
        Check.atLeast(1, "steps", steps);
        return new NamedSchedule(
                "warmup(" + steps + ", " + then + ")",
                step -> step < steps ? (step + 1.0) / steps : then.factor(step - steps));
    }

    /**
     * That of RLCM's reference code, by epoch: 1 - (epoch + 1) / (3 epochs). It is stepped before training and spread over
     * three times the epochs; reproduced for comparison, not recommended.
     */
    static LearningRateSchedule reference(long epochs) {
        Check.atLeast(1, "epochs", epochs);
        LearningRateSchedule linear = linear(1, 0, Math.multiplyExact(3, epochs));
        return new NamedSchedule("reference(" + epochs + ")", epoch -> linear.factor(epoch + 1));
    }
}
