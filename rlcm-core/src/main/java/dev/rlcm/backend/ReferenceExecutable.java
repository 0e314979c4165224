package dev.rlcm.backend;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Runs the nodes one after the other and drops each result after its last use. */
final class ReferenceExecutable implements Executable {
    private final Map<String, Value> inputs = new LinkedHashMap<>();
    private final Map<String, Value> outputs;
    private final List<Value> order = new ArrayList<>();
    /** By position in the order: the values that no later node needs. */
    private final List<List<Value>> expiring = new ArrayList<>();

    private final IdentityHashMap<Value, Tensor> constants = new IdentityHashMap<>();
    private final BooleanSupplier backendClosed;
    private volatile boolean closed;

    ReferenceExecutable(Graph graph, BooleanSupplier backendClosed) {
        this.backendClosed = backendClosed;
        graph.inputs().forEach(input -> inputs.put(input.label(), input));
        outputs = graph.outputs();
        IdentityHashMap<Value, Integer> lastUse = new IdentityHashMap<>();
        for (Value value : graph.topologicalOrder()) {
            if (value.is(Op.CONSTANT)) {
                constants.put(value, Kernels.TABLE.get(Op.CONSTANT).apply(value, List.of()));
            } else if (!value.is(Op.INPUT)) {
                for (Value operand : value.inputs()) {
                    lastUse.put(operand, order.size());
                }
                order.add(value);
                expiring.add(new ArrayList<>());
            }
        }
        outputs.values().forEach(lastUse::remove);
        lastUse.forEach((value, position) -> expiring.get(position).add(value));
    }

    @Override
    public Map<String, TensorData> run(Map<String, TensorData> fed) {
        Map<String, TensorData> results = new LinkedHashMap<>();
        outputs.forEach((name, value) -> results.put(name, TensorData.zeros(resultType(value.type()), value.shape())));
        run(fed, results);
        return results;
    }

    @Override
    public void run(Map<String, TensorData> fed, Map<String, TensorData> results) {
        if (closed || backendClosed.getAsBoolean()) {
            throw new IllegalStateException("this executable is closed; compile the graph again");
        }
        check("input", inputs, fed);
        check("output", outputs, results);
        IdentityHashMap<Value, Tensor> computed = new IdentityHashMap<>(constants);
        inputs.forEach((name, value) -> computed.put(value, Tensor.of(fed.get(name))));
        for (int i = 0; i < order.size(); i++) {
            Value node = order.get(i);
            computed.put(node, compute(node, computed));
            expiring.get(i).forEach(computed::remove);
        }
        outputs.forEach((name, value) -> computed.get(value).writeTo(results.get(name)));
    }

    @Override
    public void close() {
        closed = true;
    }

    private static Tensor compute(Value node, IdentityHashMap<Value, Tensor> computed) {
        List<Tensor> operands = node.inputs().stream().map(computed::get).toList();
        try {
            Tensor result = Kernels.TABLE.get(node.op()).apply(node, operands);
            return node.type().isInteger() ? result.wrappedTo(node.type()) : result;
        } catch (ArithmeticException | IndexOutOfBoundsException e) {
            throw new BackendException("cannot compute " + node + ", check its operands: " + e.getMessage(), e);
        }
    }

    private static void check(String role, Map<String, Value> declared, Map<String, TensorData> given) {
        declared.forEach((name, value) -> {
            TensorData data = given.get(name);
            if (data == null) {
                throw new IllegalArgumentException(role + " " + name + " is missing, got " + given.keySet());
            }
            boolean sameKind = resultType(data.type()) == resultType(value.type());
            if (!sameKind || !data.shape().equals(value.shape())) {
                throw new IllegalArgumentException(
                        role + " " + name + " must be " + value.type() + value.shape() + ", got " + data);
            }
        });
        for (String name : given.keySet()) {
            if (!declared.containsKey(name)) {
                throw new IllegalArgumentException("unknown " + role + " " + name + "; there are " + declared.keySet());
            }
        }
    }

    private static DataType resultType(DataType type) {
        return type.isFloating() ? DataType.FLOAT64 : type.isInteger() ? DataType.INT64 : DataType.BOOL;
    }
}
