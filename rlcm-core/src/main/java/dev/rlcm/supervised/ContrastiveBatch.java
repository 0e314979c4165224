package dev.rlcm.supervised;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;

/**
 * How two kinds of embeddings of a batch fit each other, such as pictures and captions, and the loss by which both are learned. With the logits
 * l_ij = exp(s) cos(u_i, v_j) and the columns P_i that match row i, the loss of the rows is the mean over i of
 *
 * <pre>{@code -1/|P_i| sum_{p in P_i} log(exp(l_ip) / sum_j exp(l_ij))}</pre>
 *
 * and the loss of the batch is the mean of that of the rows and that of the columns. Where each row matches the column of its own number, this
 * is CLIP's loss (Radford et al., 2021, arXiv:2103.00020, figure 3). Several matches are averaged outside of the logarithm, as in supervised
 * contrastive learning (Khosla et al., 2020, arXiv:2004.11362, eq. 2).
 *
 * <p>An expression: nothing is computed here. Immutable and thread-safe.
 *
 * @param logits [A,B], real
 * @param matches [A,B], of the same type: 1 where row and column fit, 0 where they do not, -1 where nobody knows, so that the pair is left
 *     out. A row or column without a match counts as no loss
 */
public record ContrastiveBatch(Value logits, Value matches) {
    /** What is added to the logit of a pair that is left out. Its exponential is 0, and 16-bit reals can hold it. */
    private static final double LEFT_OUT = 1e4;

    public ContrastiveBatch {
        if (logits.rank() != 2 || !logits.shape().equals(matches.shape())) {
            throw new GraphException("logits and matches must both be [A,B], got " + logits.type() + logits.shape()
                    + " and " + matches.type() + matches.shape());
        }
    }

    /**
     * The batch of embeddings, which need not be of unit length.
     *
     * @param rows [A,D], real
     * @param columns [B,D]
     * @param logScale s, [], the logarithm of what cosines are multiplied with
     * @param matches [A,B], see {@link ContrastiveBatch}
     * @throws GraphException if the shapes or types do not fit
     */
    public static ContrastiveBatch of(Value rows, Value columns, Value logScale, Value matches) {
        Value cosines = rows.unit(1).matmul(columns.unit(1), false, true);
        return new ContrastiveBatch(cosines.mul(logScale.exp()), matches);
    }

    /** Columns as rows and rows as columns. */
    public ContrastiveBatch swapped() {
        return new ContrastiveBatch(logits.transposed(), matches.transposed());
    }

    /** The loss, []. */
    public Value loss() {
        return lossOfRows().add(swapped().lossOfRows()).mul(0.5);
    }

    private Value lossOfRows() {
        Value positives = positives();
        Value logProbabilities = Value.of(Op.LOG_SOFTMAX, Attributes.of("axis", 1), candidates());
        Value counts = positives.sum(false, 1).max(positives.like(1));
        return logProbabilities.mul(positives).sum(false, 1).div(counts).mean().neg();
    }

    /** The share of the rows whose largest logit is that of a match, []; it has no gradient. */
    public Value retrieved() {
        Attributes first = Attributes.of("axis", 1, "keepdims", true).with("last", false);
        Value largest = Value.of(Op.ARG_MAX, first, candidates());
        return Value.of(Op.GATHER_ELEMENTS, Attributes.of("axis", 1), positives(), largest)
                .mean();
    }

    private Value positives() {
        return matches.clip(0, 1);
    }

    private Value candidates() {
        return logits.add(matches.clip(-1, 0).mul(LEFT_OUT));
    }
}
