package dev.rlcm.ppo;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.policy.Transition;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a policy loss is made of, as FLOAT32 values of the graph over a minibatch of B transitions, and what it reports of its
 * parts. Gradients go through what depends on the trained parameters: {@link #logProb} and the policy's mean. Belongs to one
 * graph that is being built.
 */
public final class PolicyTerms {
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_.-]*");

    private final PolicyGraph policy;
    private final Value logProb;
    private final Value oldLogProb;
    private final Value advantage;
    private final ClipRange clipRange;
    private final Map<String, Value> reported = new LinkedHashMap<>();
    private @Nullable Value oldMean;
    private final Map<String, DoubleSupplier> settings = new LinkedHashMap<>();
    private final Map<Value, Function<Transition, float[]>> perRow = new LinkedHashMap<>();

    /** See the accessors. */
    public PolicyTerms(PolicyGraph policy, Value logProb, Value oldLogProb, Value advantage, ClipRange clipRange) {
        this.policy = policy;
        this.logProb = logProb;
        this.oldLogProb = oldLogProb;
        this.advantage = advantage;
        this.clipRange = clipRange;
    }

    /** The policy being optimised: its mean, sigma and log-probabilities, and the base model's. */
    public PolicyGraph policy() {
        return policy;
    }

    /** log pi_theta(a|s), [B]; depends on what is trained. */
    public Value logProb() {
        return logProb;
    }

    /** log pi_old(a|s) as recorded by the rollout, or computed again where the settings say so, [B]. */
    public Value oldLogProb() {
        return oldLogProb;
    }

    /**
     * The mean of the next state under the policy as it was when the update began, [B,C,h,w]; a constant of the gradient. Takes a
     * forward pass over all rows before the update, and a latent's memory for every row.
     */
    public Value oldMean() {
        Value mean = oldMean;
        if (mean == null) {
            mean = Value.input(
                    PolicyGraph.RESERVED + "old_mean",
                    DataType.FLOAT32,
                    policy.state().shape());
            oldMean = mean;
        }
        return mean;
    }

    /** Whether {@link #oldMean} was asked for. */
    boolean usesOldMean() {
        return oldMean != null;
    }

    /** The advantage of the transition's trajectory, clamped, [B]. */
    public Value advantage() {
        return advantage;
    }

    /** The settings' clip range, by which reports count; a loss that clips should use no other. */
    public ClipRange clipRange() {
        return clipRange;
    }

    /** r = pi_theta / pi_old = exp(logProb - oldLogProb), [B]. */
    public Value ratio() {
        return logProb.sub(oldLogProb).exp();
    }

    /**
     * Reports a part of the loss, or any other number of a transition: {@link UpdateReport.Losses#parts} and metrics.csv hold
     * its mean over the transitions of the applied optimiser steps. Does not change the loss. {@link PolicyLoss#named} reports
     * a whole loss.
     *
     * @param name letters, digits and {@code _ . -}, a letter first; each name once
     * @param perRow one number per transition, [B]
     * @return the value, so that it can be reported where it is used
     * @throws IllegalArgumentException if the name is taken or cannot be a column, or the shape is not [B]
     */
    public Value report(String name, Value perRow) {
        Shape expected = advantage.shape();
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("the name of a reported part must be letters, digits and _ . -, a letter"
                    + " first, got \"" + name + "\"");
        }
        if (!perRow.shape().equals(expected)) {
            throw new IllegalArgumentException("the reported part " + name + " must be one number per transition, "
                    + expected + ", got " + perRow.shape());
        }
        if (reported.putIfAbsent(name, perRow) != null) {
            throw new IllegalArgumentException("a loss reports " + name + " twice; give the parts different names");
        }
        return perRow;
    }

    /**
     * A number that the optimiser asks for before every run of the graph, as a coefficient that is adapted while training goes
     * on; numbers that never change are simply multiplied with.
     *
     * @param source asked on the updating thread; its numbers must be finite
     * @return FLOAT32 []
     */
    public Value setting(DoubleSupplier source) {
        Value input = Value.input(PolicyGraph.RESERVED + "setting_" + settings.size(), DataType.FLOAT32, Shape.SCALAR);
        settings.put(input.label(), source);
        return input;
    }

    /**
     * Whatever else a loss needs to know of a transition: a number or a tensor of its own, noise, what a prompt is conditioned on.
     *
     * @param shape without the batch axis; a scalar's for one number
     * @param source gives the values of a row, as many as the shape has; asked on the updating thread before every run
     * @return FLOAT32 [B,...]
     */
    public Value perRow(Shape shape, Function<Transition, float[]> source) {
        int[] dims = new int[shape.rank() + 1];
        dims[0] = policy.rows();
        System.arraycopy(shape.toArray(), 0, dims, 1, shape.rank());
        Value input = Value.input(PolicyGraph.RESERVED + "row_" + perRow.size(), DataType.FLOAT32, Shape.of(dims));
        perRow.put(input, source);
        return input;
    }

    /** The sources of the inputs that {@link #perRow} has added. */
    Map<Value, Function<Transition, float[]>> perRow() {
        return Collections.unmodifiableMap(perRow);
    }

    /** The sources of the inputs that {@link #setting} has added, by their names. */
    Map<String, DoubleSupplier> settings() {
        return Collections.unmodifiableMap(settings);
    }

    /** What was reported so far, by name. */
    Map<String, Value> reported() {
        return Collections.unmodifiableMap(reported);
    }
}
