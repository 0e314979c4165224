package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Operators for which ONNX Runtime's CPU kernels are slow, or which were meant to be part of a faster one. */
final class SlowOperators {
    private static final int SHOWN = 3;
    private static final long LARGE = 1 << 14; // elements; below it nothing is slow

    private SlowOperators() {}

    static void check(String component, Graph graph, Findings findings) {
        Map<String, List<Value>> found = new LinkedHashMap<>();
        for (Value value : graph.topologicalOrder()) {
            String reason = reason(value);
            if (!reason.isEmpty()) {
                found.computeIfAbsent(reason, r -> new ArrayList<>()).add(value);
            }
        }
        found.forEach((reason, values) ->
                findings.warn(component, values.size() + " x " + reason + ": " + names(values), ""));
    }

    /** Empty for what is not slow. */
    private static String reason(Value value) {
        boolean large = value.shape().size() >= LARGE
                || value.inputs().stream()
                        .anyMatch(in -> !in.is(Op.CONSTANT) && in.shape().size() >= LARGE);
        if (!large) {
            return "";
        }
        return switch (value.op()) {
            case POW -> exponent(value);
            case SOFTMAX -> "Softmax outside of a recognised attention, whose scores are kept for the backward pass";
            case CONV_TRANSPOSE -> "ConvTranspose, which builds its columns in memory before and after a product";
            case CONV -> convolution(value);
            case SCATTER_ELEMENTS, SCATTER_ND -> "scatter, which copies its whole operand";
            default -> value.type() == DataType.FLOAT64 ? "operators in float64, at half the rate of float32" : "";
        };
    }

    /** ONNX Runtime multiplies for 2 and 3, and calls the C library for every element otherwise. */
    private static String exponent(Value value) {
        boolean product = value.in(1).isConstant(2) || value.in(1).isConstant(3);
        return product ? "" : "Pow with an exponent other than 2 or 3, a library call for every element";
    }

    private static String convolution(Value value) {
        if (value.rank() != 4) {
            return "convolution over other than two axes, which does not run in blocked layout";
        }
        return value.in(1).is(Op.CONSTANT) ? "" : "convolution with computed weights, which cannot be packed";
    }

    private static String names(List<Value> values) {
        List<String> names = values.stream()
                .limit(SHOWN)
                .map(value -> value.label().isEmpty() ? value.op().toString() : value.label())
                .toList();
        return String.join(", ", names) + (values.size() > SHOWN ? ", ..." : "");
    }
}
