package dev.rlcm.distill;

import dev.rlcm.check.Check;
import dev.rlcm.graph.Value;
import java.util.function.UnaryOperator;

/** A distance of the student's estimates from their targets, as an expression. Stateless and thread-safe. */
@FunctionalInterface
public interface ConsistencyLoss {
    /**
     * The loss, FLOAT32 [].
     *
     * @param student f(x_t, t), [B,C,h,w]
     * @param target what it shall be, [B,C,h,w]
     */
    Value of(Value student, Value target);

    /**
     * The mean of sqrt(d^2 + c^2) - c over all elements d of the difference: squares for small ones, absolute values for large
     * ones (Song and Dhariwal, arXiv:2310.14189, eq. 7, there over the norm of a sample).
     *
     * @param c where the one turns into the other, positive
     */
    static ConsistencyLoss pseudoHuber(double c) {
        Check.positive("c", c);
        return new NamedLoss(
                "pseudo-Huber " + c, d -> d.square().add(c * c).sqrt().sub(c));
    }

    /** The mean of squares. */
    static ConsistencyLoss squared() {
        return new NamedLoss("squared", Value::square);
    }

    /** A mean over elements that tells its name, so that checkpoints know it again. */
    record NamedLoss(String name, UnaryOperator<Value> perElement) implements ConsistencyLoss {
        @Override
        public Value of(Value student, Value target) {
            return perElement.apply(student.sub(target)).mean();
        }

        @Override
        public String toString() {
            return name;
        }
    }
}
