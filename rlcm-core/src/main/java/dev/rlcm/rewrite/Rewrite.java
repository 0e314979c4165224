package dev.rlcm.rewrite;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * One rewriting rule, readable as a sentence: {@code Rewrite.on(Op.MATMUL).where(this::targeted).to(this::adapted)}.
 * Immutable and thread-safe as far as its functions are.
 */
public final class Rewrite implements UnaryOperator<Value> {
    private final Predicate<Value> guard;
    private final UnaryOperator<Value> replacement;

    private Rewrite(Predicate<Value> guard, UnaryOperator<Value> replacement) {
        this.guard = guard;
        this.replacement = replacement;
    }

    /** Values of that operator; without {@link #to} they stay as they are. */
    public static Rewrite on(Op op) {
        return new Rewrite(value -> value.is(op), UnaryOperator.identity());
    }

    /** Only those that also satisfy the condition. */
    public Rewrite where(Predicate<Value> condition) {
        return new Rewrite(guard.and(condition), replacement);
    }

    /** They are replaced by the function's result. */
    public Rewrite to(UnaryOperator<Value> function) {
        return new Rewrite(guard, function);
    }

    /** The replacement if the value matches; otherwise the value. */
    @Override
    public Value apply(Value value) {
        return guard.test(value) ? replacement.apply(value) : value;
    }
}
