package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.GradientRules.list;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.List;

/**
 * The gradients of an attention whose scores do not fit: some planes of the leading axes, or some rows of one plane, at a
 * time. A slice begins when the one before is done ({@link #after}), so that no more than a slice of scores exists.
 *
 * <p>Matrix kernels are slow at products with P^T and dS^T, so these are computed the other way round. One product also
 * subtracts d: g v^T - d = [g, -d] [v, 1]^T.
 */
final class AttentionSlices {
    /** Each of two cores then has a plane of its own, which stays in its cache from product to product. */
    private static final int LEAST_PLANES = 2;

    private static final int[] ONE = {1, 1, 1};

    private final Value y;
    private final int planes;
    private final int queries;
    private final int keys;
    /** As [planes, rows, columns]. */
    private final Value k;

    private final Value qT;
    private final Value gT;
    private final Value gAndD;
    private final Value vAndOne;
    private final long maxScores;

    AttentionSlices(Value y, Value g, Value q, Value d, long maxScores) {
        this.y = y;
        this.maxScores = maxScores;
        this.queries = q.dim(-2);
        this.keys = y.in(1).dim(-2);
        this.planes = Math.toIntExact(d.shape().size() / queries);
        this.k = inPlanes(y.in(1));
        this.qT = inPlanes(q).transposed();
        this.gT = inPlanes(g).transposed();
        this.gAndD = Value.concat(2, List.of(inPlanes(g), inPlanes(d.neg())));
        Value v = inPlanes(y.in(2));
        this.vAndOne = Value.concat(2, List.of(v, v.like(1).expand(Shape.of(planes, keys, 1))));
    }

    private Value inPlanes(Value matrices) {
        return matrices.reshape(planes, matrices.dim(-2), matrices.dim(-1));
    }

    /**
     * The gradients of some rows of n planes.
     *
     * @param dq [n, rows, D]
     * @param dkT [n, D, S], of these rows
     * @param dvT [n, E, S], likewise
     */
    private record Slice(Value dq, Value dkT, Value dvT) {
        /** Adds to the gradients of keys and values those of the rows before. */
        Slice plus(Slice before) {
            return new Slice(dq, dkT.add(before.dkT), dvT.add(before.dvT));
        }

        List<Value> results() {
            return List.of(dq, dkT, dvT);
        }
    }

    /** (dq, dk, dv, dMask) */
    List<Value> gradients(Value dMask) {
        int together = maskedByPlane() ? 1 : clamp(maxScores / ((long) queries * keys), LEAST_PLANES, planes);
        int rows = clamp(maxScores / ((long) together * keys), 1, queries);
        List<Value> dq = new ArrayList<>();
        List<Value> dkT = new ArrayList<>();
        List<Value> dvT = new ArrayList<>();
        List<Value> before = List.of();
        for (int plane = 0; plane < planes; plane += together) {
            int planeEnd = Math.min(plane + together, planes);
            Slice sum = slice(plane, planeEnd, 0, rows, before);
            List<Value> dqRows = new ArrayList<>(List.of(sum.dq()));
            for (int row = rows; row < queries; row += rows) {
                sum = slice(plane, planeEnd, row, Math.min(row + rows, queries), sum.results())
                        .plus(sum);
                dqRows.add(sum.dq());
            }
            before = sum.results();
            dq.add(Value.concat(1, dqRows));
            dkT.add(sum.dkT());
            dvT.add(sum.dvT());
        }
        return list(
                Value.concat(0, dq).reshape(y.in(0).shape()),
                Value.concat(0, dkT).transposed().reshape(y.in(1).shape()),
                Value.concat(0, dvT).transposed().reshape(y.in(2).shape()),
                dMask);
    }

    private static int clamp(long value, int least, int most) {
        return (int) Math.min(most, Math.max(least, value));
    }

    private Slice slice(int plane, int planeEnd, int row, int rowEnd, List<Value> before) {
        Value keysHere = k.slice(0, plane, planeEnd);
        Value queriesHere = after(before, block(qT, plane, planeEnd, 2, row, rowEnd));
        Value scores = queriesHere.matmul(keysHere, true, true);
        Value p = (y.inputs().size() > 3 ? scores.add(mask(plane, row, rowEnd)) : scores).softmax(-1);
        Value dP = block(gAndD, plane, planeEnd, 1, row, rowEnd).matmul(vAndOne.slice(0, plane, planeEnd), false, true);
        Value dS = p.mul(dP);
        return new Slice(
                dS.matmul(keysHere.mul(AttentionGradients.scale(y))),
                block(qT, plane, planeEnd, 2, row, rowEnd).matmul(dS),
                block(gT, plane, planeEnd, 2, row, rowEnd).matmul(p));
    }

    private static Value block(Value matrices, int plane, int planeEnd, int axis, int start, int end) {
        return matrices.slice(0, plane, planeEnd).slice(axis, start, end);
    }

    /**
     * Returns x so that a backend which runs nodes as they are needed computes the others first: appends their first elements
     * to x and cuts them off again. {@link Op#AFTER} would do the same, but reads numbers on the host.
     */
    private static Value after(List<Value> others, Value x) {
        int size = Math.toIntExact(x.shape().size());
        List<Value> parts = new ArrayList<>(List.of(x.reshape(1, 1, size)));
        for (Value other : others) {
            parts.add(other.slice(new int[] {0, 0, 0}, ONE, ONE));
        }
        return Value.concat(2, parts).slice(2, 0, size).reshape(x.shape());
    }

    /** Whether the mask differs along the leading axes. */
    private boolean maskedByPlane() {
        return y.inputs().size() > 3 && leadingSize(y.in(3)) > 1;
    }

    private static long leadingSize(Value mask) {
        long size = 1;
        for (int axis = 0; axis < mask.rank() - 2; axis++) {
            size *= mask.dim(axis);
        }
        return size;
    }

    /** The mask of some rows of one plane, or of all planes if it is the same for all, as [1, rows or 1, S or 1]. */
    private Value mask(int plane, int row, int rowEnd) {
        Value mask = y.in(3);
        int rest = plane;
        for (int axis = y.rank() - 3; axis >= 0; axis--) {
            int own = axis - (y.rank() - mask.rank());
            int index = rest % y.dim(axis);
            rest /= y.dim(axis);
            if (own >= 0 && mask.dim(own) > 1) {
                mask = mask.slice(own, index, index + 1);
            }
        }
        int height = mask.rank() > 1 ? mask.dim(-2) : 1;
        int width = mask.rank() > 0 ? mask.dim(-1) : 1;
        Value matrix = mask.reshape(1, height, width);
        return height > 1 ? matrix.slice(1, row, rowEnd) : matrix;
    }
}
