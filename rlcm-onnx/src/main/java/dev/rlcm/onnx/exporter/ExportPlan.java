package dev.rlcm.onnx.exporter;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * How the values of a graph are written: from which others and by which nodes. What no {@link Form} has planned is written from
 * its operands, as {@link ExportTable} says. Values that nothing is written from are left out.
 */
public final class ExportPlan {
    private record Writing(List<Value> sources, Consumer<Emitter> nodes) {}

    private final Graph graph;
    private final Map<Value, Writing> writings = new IdentityHashMap<>();
    private final Map<Value, List<Value>> users = new IdentityHashMap<>();

    private ExportPlan(Graph graph) {
        this.graph = graph;
        for (Value user : graph.topologicalOrder()) {
            user.inputs().forEach(operand -> users.computeIfAbsent(operand, unused -> new ArrayList<>())
                    .add(user));
        }
    }

    static ExportPlan of(Graph graph, List<Form> forms) {
        ExportPlan plan = new ExportPlan(graph);
        forms.forEach(form -> form.plan(graph, plan));
        return plan;
    }

    /** Plans a value for which there is no plan yet. The nodes must not read values that are no sources. */
    void write(Value value, List<Value> sources, Consumer<Emitter> nodes) {
        if (writings.putIfAbsent(value, new Writing(sources, nodes)) != null) {
            throw new IllegalStateException("two plans for " + value);
        }
    }

    /** Plans a value that the nodes of another one define in passing. */
    void writtenWith(Value value, Value other) {
        write(value, List.of(other), emitter -> {});
    }

    boolean isPlanned(Value value) {
        return writings.containsKey(value);
    }

    /** Who reads a value, once for each time. */
    List<Value> users(Value value) {
        return users.getOrDefault(value, List.of());
    }

    /** Whether the value is one operand of one node and no output. */
    boolean isUsedOnce(Value value) {
        return users(value).size() == 1 && !graph.outputs().containsValue(value);
    }

    /** All that has to be written, constants included, sources first; in the graph's order as far as that allows it. */
    List<Value> order() {
        Set<Value> needed = needed();
        Set<Value> placed = Collections.newSetFromMap(new IdentityHashMap<>());
        List<Value> order = new ArrayList<>();
        for (Value value : graph.topologicalOrder()) {
            if (needed.contains(value)) {
                place(value, placed, order);
            }
        }
        return order;
    }

    private void place(Value value, Set<Value> placed, List<Value> order) {
        if (placed.add(value)) {
            sources(value).forEach(source -> place(source, placed, order));
            order.add(value);
        }
    }

    private Set<Value> needed() {
        Set<Value> needed = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Value> open = new ArrayDeque<>(graph.outputs().values());
        while (!open.isEmpty()) {
            Value value = open.pop();
            if (!value.is(Op.INPUT) && needed.add(value)) {
                open.addAll(sources(value));
            }
        }
        return needed;
    }

    private List<Value> sources(Value value) {
        Writing writing = writings.get(value);
        return (writing == null ? value.inputs() : writing.sources)
                .stream().filter(source -> !source.is(Op.INPUT)).toList();
    }

    void emit(Emitter emitter) {
        Writing writing = writings.get(emitter.value());
        if (writing == null) {
            ExportTable.emit(emitter);
        } else {
            writing.nodes.accept(emitter);
        }
    }
}
