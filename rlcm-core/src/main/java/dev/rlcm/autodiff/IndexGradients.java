package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.GradientRules.list;
import static dev.rlcm.autodiff.ShapeGradients.zeros;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Gradients of gathers and scatters, which are each other's adjoints. */
final class IndexGradients {
    private IndexGradients() {}

    /** Adds each slice of g back where it was read. */
    static List<Value> gather(Value y, Value g) {
        Value data = y.in(0);
        Value indices = y.in(1);
        int axis = y.attributes().integer("axis");
        int count = (int) indices.shape().size();
        Value rows = g.reshape(data.shape().with(axis, count));
        int[] positions = positions(indices, data.dim(axis));
        if (isProgression(positions)) {
            int[] starts = new int[data.rank()];
            int[] steps = new int[data.rank()];
            Arrays.fill(steps, 1);
            starts[axis] = positions[0];
            steps[axis] = count == 1 ? 1 : positions[1] - positions[0];
            return list(ShapeGradients.place(rows, data.shape(), starts, steps));
        }
        int[] along = new int[data.rank()];
        Arrays.fill(along, 1);
        along[axis] = count;
        Value targets = indices.reshape(along).expand(rows.shape());
        return list(addElements(data, axis, targets, rows));
    }

    static List<Value> gatherElements(Value y, Value g) {
        return list(addElements(y.in(0), y.attributes().integer("axis"), y.in(1), g));
    }

    /** SCATTER_ND has no batch axes, so the batch's own positions are put in front of the indices. */
    static List<Value> gatherNd(Value y, Value g) {
        Value indices = y.in(1);
        int batch = y.attributes().integer("batch_dims");
        List<Value> parts = new ArrayList<>();
        for (int axis = 0; axis < batch; axis++) {
            parts.add(counting(indices, axis).expand(indices.shape().with(-1, 1)));
        }
        parts.add(indices);
        Value full = Value.concat(indices.rank() - 1, parts);
        Attributes add = Attributes.of("reduction", "add");
        return list(Value.of(Op.SCATTER_ND, add, zeros(g, y.in(0).shape()), full, g));
    }

    /** Overwritten data gets nothing; each update gets the gradient of the place it went to. */
    static List<Value> scatterElements(Value y, Value g) {
        Value indices = y.in(1);
        Attributes axis = Attributes.of("axis", y.attributes().integer("axis"));
        return list(kept(y, g), Value.of(Op.GATHER_ELEMENTS, axis, g, indices));
    }

    /** As {@link #scatterElements}. */
    static List<Value> scatterNd(Value y, Value g) {
        return list(kept(y, g), Value.of(Op.GATHER_ND, Attributes.of("batch_dims", 0), g, y.in(1)));
    }

    /** A product with what is there: its gradient would need all the other factors of each place. */
    static Optional<String> obstacle(Value y) {
        String reduction = y.attributes().text("reduction");
        return List.of("none", "add").contains(reduction)
                ? Optional.empty()
                : Optional.of("reduction " + reduction + ", only none and add have a gradient");
    }

    private static Value kept(Value y, Value g) {
        boolean adds = y.attributes().text("reduction").equals("add");
        return adds
                ? g
                : Value.of(y.op(), y.attributes(), g, y.in(1), zeros(g, y.in(2).shape()));
    }

    private static Value addElements(Value data, int axis, Value indices, Value updates) {
        Attributes add = Attributes.of("axis", axis, "reduction", "add");
        return Value.of(Op.SCATTER_ELEMENTS, add, zeros(updates, data.shape()), indices, updates);
    }

    /** The values of constant indices, counted from the start; none if they are not constant. */
    private static int[] positions(Value indices, int extent) {
        if (!indices.is(Op.CONSTANT)) {
            return new int[0];
        }
        return Arrays.stream(indices.data().toLongs())
                .mapToInt(i -> Math.toIntExact(i < 0 ? i + extent : i))
                .toArray();
    }

    private static boolean isProgression(int[] positions) {
        if (positions.length < 2) {
            return positions.length == 1;
        }
        int step = positions[1] - positions[0];
        boolean even = true;
        for (int i = 1; i < positions.length; i++) {
            even &= positions[i] - positions[i - 1] == step;
        }
        return even && step != 0;
    }

    /** 0, 1, 2, ... along an axis. */
    private static Value counting(Value like, int axis) {
        int[] dims = new int[like.rank()];
        Arrays.fill(dims, 1);
        dims[axis] = like.dim(axis);
        return Value.constant(TensorData.generate(like.type(), Shape.of(dims), i -> i));
    }
}
