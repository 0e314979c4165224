package dev.rlcm.precision;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * The values of a graph under reconstruction, each in the type it was computed in and, on demand, in others. What was
 * rounded only to be stored is read back unrounded, so casts there and back cancel.
 */
final class HalfViews {
    private final IdentityHashMap<Value, Value> rebuilt = new IdentityHashMap<>();
    private final IdentityHashMap<Value, Value> singles = new IdentityHashMap<>();
    private final IdentityHashMap<Value, Map<DataType, Value>> halves = new IdentityHashMap<>();
    private final BiFunction<TensorData, DataType, TensorData> conversion;

    /** @param conversion of constants' data to another type */
    HalfViews(BiFunction<TensorData, DataType, TensorData> conversion) {
        this.conversion = conversion;
    }

    /** Rebuilds every node that has operands by the rule; outputs keep their types, inputs stay as they are. */
    Graph rebuild(Graph graph, Function<Value, Value> rule) {
        for (Value value : graph.topologicalOrder()) {
            rebuilt.put(value, value.inputs().isEmpty() ? value : rule.apply(value));
        }
        Map<String, Value> outputs = new LinkedHashMap<>();
        graph.outputs().forEach((name, value) -> outputs.put(name, in(value.type(), value)));
        return new Graph(graph.inputs(), outputs);
    }

    /** A value of the original graph as it was rebuilt. */
    Value natural(Value original) {
        Value value = rebuilt.get(original);
        if (value == null) {
            throw new IllegalStateException("not rebuilt yet: " + original);
        }
        return value;
    }

    /** A value of the original graph in the given type; values that are not real keep their type. */
    Value in(DataType type, Value original) {
        Value value = natural(original);
        if (value.type() == type || !value.type().isFloating() || !type.isFloating()) {
            return value;
        }
        return type == DataType.FLOAT32 ? single(value) : converted(value, type);
    }

    /** The node on operands in the given type. */
    Value apply(DataType type, Value original) {
        return original.withInputs(
                original.inputs().stream().map(v -> in(type, v)).toList());
    }

    /** The node on operands in their original types. */
    Value asBefore(Value original) {
        return original.withInputs(
                original.inputs().stream().map(v -> in(v.type(), v)).toList());
    }

    /** A FLOAT32 result, rounded for the nodes that read it in 16 bits. Other nodes read the unrounded one. */
    Value rounded(Value single, DataType half) {
        Value stored = converted(single, half);
        singles.put(stored, single);
        return stored;
    }

    private Value single(Value value) {
        return singles.computeIfAbsent(value, v -> convert(v, DataType.FLOAT32));
    }

    private Value converted(Value value, DataType type) {
        return halves.computeIfAbsent(value, v -> new LinkedHashMap<>()).computeIfAbsent(type, t -> convert(value, t));
    }

    private Value convert(Value value, DataType type) {
        if (value.is(Op.CONSTANT)) {
            return Value.constant(conversion.apply(value.data(), type), value.label());
        }
        boolean exact =
                value.is(Op.CAST) && value.in(0).type() == type && type.isHalf() && value.type() == DataType.FLOAT32;
        return exact ? value.in(0) : value.cast(type);
    }
}
