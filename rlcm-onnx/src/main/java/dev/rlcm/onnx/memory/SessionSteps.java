package dev.rlcm.onnx.memory;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.memory.SessionStep.Form;
import dev.rlcm.onnx.memory.SessionStep.Slot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * The kernel calls of a graph in the order in which ONNX Runtime's sequential executor makes them: its default
 * topological order, which walks from the nodes without users backwards, the last ones first, and depth first.
 * Convolutions with constant weights run in blocked layout (NCHWc), with a reordering before and after.
 */
final class SessionSteps {
    private static final int BLOCK = 16; // channels of a block with AVX-512, ORT's MlasNchwcGetBlockSize

    private final Graph graph;
    private final Weights weights;
    private final IdentityHashMap<Value, Slot> slots = new IdentityHashMap<>();
    private final Set<Value> outputs = Collections.newSetFromMap(new IdentityHashMap<>());
    private final List<SessionStep> steps = new ArrayList<>();

    private SessionSteps(Graph graph, Weights weights) {
        this.graph = graph;
        this.weights = weights;
        outputs.addAll(graph.outputs().values());
    }

    /** @param graph as it is exported: without operators that ONNX lacks */
    static List<SessionStep> of(Graph graph, Weights weights) {
        SessionSteps building = new SessionSteps(graph, weights);
        building.order().forEach(building::add);
        return building.steps;
    }

    private record Visit(Value value, boolean leave) {}

    private List<Value> order() {
        List<Value> nodes = graph.topologicalOrder();
        IdentityHashMap<Value, Integer> index = new IdentityHashMap<>();
        IdentityHashMap<Value, Boolean> used = new IdentityHashMap<>();
        for (Value node : nodes) {
            index.put(node, index.size());
            node.inputs().forEach(in -> used.put(in, true));
        }
        Deque<Visit> stack = new ArrayDeque<>();
        nodes.stream().filter(v -> isNode(v) && !used.containsKey(v)).forEach(v -> stack.push(new Visit(v, false)));
        IdentityHashMap<Value, Boolean> visited = new IdentityHashMap<>();
        List<Value> order = new ArrayList<>();
        while (!stack.isEmpty()) {
            Visit visit = stack.pop();
            if (visit.leave()) {
                order.add(visit.value());
            } else if (visited.put(visit.value(), true) == null) {
                stack.push(new Visit(visit.value(), true));
                visit.value().inputs().stream()
                        .filter(in -> isNode(in) && !visited.containsKey(in))
                        .sorted((a, b) -> index.get(a) - index.get(b))
                        .forEach(in -> stack.push(new Visit(in, false)));
            }
        }
        return order;
    }

    private boolean isNode(Value value) {
        return !value.is(Op.INPUT) && !weights.contains(value);
    }

    private void add(Value value) {
        List<Slot> operands = value.inputs().stream().map(this::slot).toList();
        if (weights.runsBlocked(value)) {
            Slot blocked = blocked(value.in(0));
            Slot result = blocked(value);
            if (value.in(0).dim(1) >= BLOCK) {
                steps.add(new SessionStep(operands.subList(0, 1), blocked, Form.OWN, 0));
                operands = List.of(blocked);
            }
            steps.add(new SessionStep(operands, result, Form.OWN, 0));
            operands = List.of(result);
        }
        steps.add(new SessionStep(operands, slot(value), form(value), scratch(value)));
    }

    private Slot slot(Value value) {
        return slots.computeIfAbsent(value, v -> new Slot(v.type(), v.shape(), !isNode(v) || outputs.contains(v)));
    }

    private static Slot blocked(Value value) {
        int channels = (value.dim(1) + BLOCK - 1) / BLOCK * BLOCK;
        return new Slot(value.type(), value.shape().with(1, channels), false);
    }

    private static Form form(Value value) {
        return switch (value.op()) {
            case RESHAPE, AFTER -> Form.ALIAS;
            case RELU, LEAKY_RELU, ELU, SIGMOID, TANH, SOFTPLUS, CLIP, CAST, SWISH, SOFTMAX, LOG_SOFTMAX -> Form
                    .IN_PLACE;
            default -> Form.OWN;
        };
    }

    /**
     * The columns of a transposed convolution, and of a convolution with more filters than pixels that does not run in
     * blocked layout; with more pixels ONNX Runtime makes the columns piece by piece.
     */
    private long scratch(Value value) {
        if (value.is(Op.CONV_TRANSPOSE)) {
            return columns(value.in(1), value.in(0).shape());
        }
        boolean whole = value.is(Op.CONV)
                && !weights.runsBlocked(value)
                && value.shape().size() / value.dim(0) / value.dim(1) < value.dim(1);
        return whole ? columns(value.in(1), value.shape()) : 0;
    }

    private static long columns(Value kernel, Shape pixels) {
        long column = kernel.shape().size() / kernel.dim(0);
        return column
                * (pixels.size() / pixels.dim(0) / pixels.dim(1))
                * kernel.type().bytes();
    }
}
