package dev.rlcm.graph;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A program: named inputs and named outputs over a DAG of {@link Value}s. Immutable and thread-safe.
 *
 * @param inputs the INPUT values, in the order they are declared; names are unique
 * @param outputs what is computed, by name, in order
 */
public record Graph(List<Value> inputs, Map<String, Value> outputs) {
    /**
     * Checks and copies.
     *
     * @throws GraphException if an output depends on an input that is not declared, if two inputs share a name, or if
     *     there is no output
     */
    public Graph {
        inputs = List.copyOf(inputs);
        outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
        if (outputs.isEmpty()) {
            throw new GraphException("a graph needs at least one output");
        }
        Map<String, Value> byName = new LinkedHashMap<>();
        for (Value input : inputs) {
            if (!input.is(Op.INPUT)) {
                throw new GraphException("not an input: " + input);
            }
            if (byName.put(input.label(), input) != null) {
                throw new GraphException("two inputs are named " + input.label());
            }
        }
        for (Value value : topologicalOrder(outputs.values())) {
            if (value.is(Op.INPUT) && byName.get(value.label()) != value) {
                throw new GraphException("an output depends on the undeclared input " + value.label());
            }
        }
    }

    /** A graph whose inputs are those that its outputs depend on, in the order of their first use. */
    public static Graph of(Map<String, Value> outputs) {
        List<Value> inputs = topologicalOrder(outputs.values()).stream()
                .filter(v -> v.is(Op.INPUT))
                .toList();
        return new Graph(inputs, outputs);
    }

    public static Graph of(String outputName, Value output) {
        return of(Map.of(outputName, output));
    }

    /**
     * The input of that name.
     *
     * @throws GraphException if there is none; the message lists those there are
     */
    public Value input(String name) {
        return inputs.stream()
                .filter(v -> v.label().equals(name))
                .findFirst()
                .orElseThrow(() -> new GraphException("no input named " + name + "; there are "
                        + inputs.stream().map(Value::label).toList()));
    }

    /**
     * The output of that name.
     *
     * @throws GraphException if there is none; the message lists those there are
     */
    public Value output(String name) {
        Value value = outputs.get(name);
        if (value == null) {
            throw new GraphException("no output named " + name + "; there are " + outputs.keySet());
        }
        return value;
    }

    /** Everything the outputs depend on, operands before their users. */
    public List<Value> topologicalOrder() {
        return topologicalOrder(outputs.values());
    }

    /** Everything the roots depend on, roots included, operands before their users. */
    public static List<Value> topologicalOrder(Collection<Value> roots) {
        List<Value> order = new ArrayList<>();
        Set<Value> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Value> stack = new ArrayDeque<>();
        for (Value root : roots) {
            stack.push(root);
            while (!stack.isEmpty()) {
                Value value = stack.peek();
                if (seen.contains(value)) {
                    stack.pop();
                    continue;
                }
                int before = stack.size();
                for (int i = value.inputs().size() - 1; i >= 0; i--) {
                    if (!seen.contains(value.in(i))) {
                        stack.push(value.in(i));
                    }
                }
                if (stack.size() == before) {
                    stack.pop();
                    seen.add(value);
                    order.add(value);
                }
            }
        }
        return order;
    }

    /** One line a value: {@code %7 = MATMUL(%3, %w) {transA=false, transB=true} : FLOAT32[2,8]  /attn1/to_q}. */
    @Override
    public String toString() {
        Map<Value, String> names = new IdentityHashMap<>();
        StringBuilder text = new StringBuilder("graph(")
                .append(inputs.stream()
                        .map(v -> v.label() + ": " + v.type() + v.shape())
                        .collect(Collectors.joining(", ")))
                .append(")\n");
        for (Value value : topologicalOrder()) {
            names.put(value, value.is(Op.INPUT) ? value.label() : "%" + names.size());
            if (value.is(Op.INPUT)) {
                continue;
            }
            text.append("  ").append(names.get(value)).append(" = ").append(value.op());
            text.append(value.inputs().stream().map(names::get).collect(Collectors.joining(", ", "(", ")")));
            if (!value.attributes().equals(Attributes.NONE)) {
                text.append(' ').append(value.attributes());
            }
            text.append(" : ").append(value.type()).append(value.shape());
            text.append(value.label().isEmpty() ? "" : "  " + value.label()).append('\n');
        }
        outputs.forEach((name, value) -> text.append("  return ")
                .append(name)
                .append(" = ")
                .append(names.get(value))
                .append('\n'));
        return text.toString();
    }
}
