package dev.rlcm.onnx.importer;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * If, Loop and Scan. Conditions and trip counts must be known at import: the live branch is inlined, and loops are unrolled.
 */
final class ControlFlow {
    /** Unrolled steps of a loop, beyond any real export. */
    private static final int MAX_STEPS = 10_000;

    /** Inlines a graph into the importing one: what its outputs are, given its inputs. */
    interface Inliner {
        List<Value> inline(GraphProto body, List<Value> inputs);
    }

    private ControlFlow() {}

    static boolean isBranch(NodeProto node) {
        return OnnxNode.isStandard(node) && node.getOpType().equals("If");
    }

    static boolean isLoop(NodeProto node) {
        return OnnxNode.isStandard(node)
                && (node.getOpType().equals("Loop") || node.getOpType().equals("Scan"));
    }

    static GraphProto body(NodeProto loop) {
        return loop.getAttributeList().stream()
                .filter(a -> a.getName().equals("body"))
                .findFirst()
                .map(AttributeProto::getG)
                .orElseThrow(() -> new GraphException(loop.getOpType() + " '" + loop.getName() + "' has no body"));
    }

    static List<Value> inline(OnnxNode node, Inliner inliner) {
        return switch (node.op()) {
            case "If" -> inliner.inline(node.branch(node.scalar(0) != 0 ? "then_branch" : "else_branch"), List.of());
            case "Loop" -> loop(node, inliner);
            default -> scan(node, inliner);
        };
    }

    /** Inputs (trip count*, condition*, carried...); the body maps (step, condition, carried...) to (condition, ...). */
    private static List<Value> loop(OnnxNode node, Inliner inliner) {
        GraphProto body = node.branch("body");
        int carried = node.inputCount() - 2;
        demandOutputs(body, carried + 1);
        long trips = node.has(0) ? node.longScalar(0) : Long.MAX_VALUE;
        boolean goesOn = !node.has(1) || node.scalar(1) != 0;
        List<Value> state = new ArrayList<>();
        for (int i = 0; i < carried; i++) {
            state.add(node.in(i + 2));
        }
        List<List<Value>> stacks = lists(body.getOutputCount() - 1 - carried);
        for (int step = 0; goesOn && step < trips; step++) {
            demandSteps(step);
            List<Value> inputs = new ArrayList<>();
            inputs.add(Value.constant(TensorData.longs(Shape.SCALAR, step)));
            inputs.add(Value.scalar(DataType.BOOL, 1));
            inputs.addAll(state);
            List<Value> results = inliner.inline(body, inputs);
            if (results.contains(ImportScope.UNKNOWN)) {
                return unknown(node);
            }
            goesOn = goesOn(results.get(0), node);
            state = results.subList(1, 1 + carried);
            collect(results.subList(1 + carried, results.size()), stacks);
        }
        List<Value> outputs = new ArrayList<>(state);
        for (List<Value> stack : stacks) {
            outputs.add(stacked(stack, 0));
        }
        return outputs;
    }

    /** If there is no initial condition, the condition of the body is ignored (ONNX's for-loop). */
    private static boolean goesOn(Value condition, OnnxNode node) {
        if (condition.is(Op.CONSTANT)) {
            return condition.data().getLong(0) != 0;
        }
        if (!node.has(1) && node.has(0)) {
            return true;
        }
        throw new GraphException(
                "its condition depends on the data; only loops of a fixed number of steps are unrolled");
    }

    /** Inputs (state..., sequences...); the body maps (state..., elements...) to (state..., elements...). */
    private static List<Value> scan(OnnxNode node, Inliner inliner) {
        if (node.opset() < 9) {
            throw new GraphException("scans batches, as only opset 8 has it; export the model with a newer opset");
        }
        GraphProto body = node.branch("body");
        int sequences = node.integer("num_scan_inputs", 0);
        int carried = node.inputCount() - sequences;
        if (sequences < 1 || carried < 0) {
            throw new GraphException("scans " + sequences + " of " + node.inputCount() + " inputs");
        }
        demandOutputs(body, carried);
        int outputs = body.getOutputCount() - carried;
        int[] inputAxes = node.ints("scan_input_axes", new int[sequences]);
        int[] outputAxes = node.ints("scan_output_axes", new int[outputs]);
        int[] inputBackwards = node.ints("scan_input_directions", new int[sequences]);
        int[] outputBackwards = node.ints("scan_output_directions", new int[outputs]);
        OnnxNode.demandCount("axes or directions of inputs", 2 * sequences, inputAxes.length + inputBackwards.length);
        OnnxNode.demandCount("axes or directions of outputs", 2 * outputs, outputAxes.length + outputBackwards.length);
        List<Value> state = new ArrayList<>(node.allInputs().subList(0, carried));
        List<List<Value>> stacks = lists(outputs);
        int steps = node.in(carried).dim(inputAxes[0]);
        for (int step = 0; step < steps; step++) {
            demandSteps(step);
            List<Value> inputs = new ArrayList<>(state);
            for (int i = 0; i < sequences; i++) {
                Value all = node.in(carried + i);
                int axis = OnnxNode.axis(inputAxes[i], all.rank());
                int at = inputBackwards[i] == 0 ? step : steps - 1 - step;
                inputs.add(element(all, axis, at));
            }
            List<Value> results = inliner.inline(body, inputs);
            if (results.contains(ImportScope.UNKNOWN)) {
                return unknown(node);
            }
            state = results.subList(0, carried);
            collect(results.subList(carried, results.size()), stacks);
        }
        List<Value> results = new ArrayList<>(state);
        for (int i = 0; i < outputs; i++) {
            List<Value> stack = new ArrayList<>(stacks.get(i));
            if (outputBackwards[i] != 0) {
                Collections.reverse(stack);
            }
            results.add(stacked(stack, outputAxes[i]));
        }
        return results;
    }

    private static void demandOutputs(GraphProto body, int least) {
        if (least < 0 || body.getOutputCount() < least) {
            throw new GraphException("its body has " + body.getOutputCount() + " outputs, needs at least " + least);
        }
    }

    private static List<Value> unknown(OnnxNode node) {
        return Collections.nCopies(node.outputCount(), ImportScope.UNKNOWN);
    }

    private static void demandSteps(int step) {
        if (step >= MAX_STEPS) {
            throw new GraphException("has more than " + MAX_STEPS + " steps, too many to unroll");
        }
    }

    private static List<List<Value>> lists(int count) {
        List<List<Value>> lists = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            lists.add(new ArrayList<>());
        }
        return lists;
    }

    private static void collect(List<Value> elements, List<List<Value>> stacks) {
        for (int i = 0; i < elements.size(); i++) {
            stacks.get(i).add(elements.get(i));
        }
    }

    private static Value element(Value sequence, int axis, int at) {
        int[] dims = sequence.shape().toArray();
        int[] rest = new int[dims.length - 1];
        System.arraycopy(dims, 0, rest, 0, axis);
        System.arraycopy(dims, axis + 1, rest, axis, rest.length - axis);
        return sequence.slice(axis, at, at + 1).reshape(rest);
    }

    private static Value stacked(List<Value> elements, int axis) {
        if (elements.isEmpty()) {
            throw new GraphException("takes no step, so that the shape of what it collects is unknown");
        }
        return ShapeTranslations.stack(elements, axis);
    }
}
