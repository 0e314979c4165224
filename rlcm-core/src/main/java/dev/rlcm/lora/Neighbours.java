package dev.rlcm.lora;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What comes before and after a value of a graph, not counting operators that only rearrange it in memory. */
final class Neighbours {
    private static final Set<Op> ARRANGEMENTS = EnumSet.of(Op.RESHAPE, Op.TRANSPOSE, Op.CAST);

    private static final String WEIGHT = ".weight";
    private static final String BIAS = ".bias";

    private final IdentityHashMap<Value, List<Value>> users = new IdentityHashMap<>();

    Neighbours(Graph graph) {
        for (Value user : graph.topologicalOrder()) {
            user.inputs().forEach(operand -> users.computeIfAbsent(operand, unused -> new ArrayList<>())
                    .add(user));
        }
    }

    /** The constant vector that is added to a result before anything else happens to it. */
    Optional<Value> addedTo(Value value) {
        return onlyUser(arranged(value)).filter(user -> user.is(Op.ADD)).flatMap(Neighbours::constantOperand);
    }

    /** The layer that a value is the result of, with or without a bias or a scale. */
    Optional<Value> layerBefore(Value value) {
        Value before = source(value);
        while ((before.is(Op.ADD) || before.is(Op.MUL))
                && constantOperand(before).isPresent()) {
            before = source(isConstant(before.in(0)) ? before.in(1) : before.in(0));
        }
        return isLayer(before) ? Optional.of(before) : Optional.empty();
    }

    /** The layer that reads a value, if nothing else does. */
    Optional<Value> layerAfter(Value value) {
        return onlyUser(arranged(value)).filter(Neighbours::isLayer);
    }

    /** The module path of the norm whose result a layer reads. */
    Optional<String> normBefore(Value layer) {
        Value before = source(isConstant(layer.in(0)) ? layer.in(1) : layer.in(0));
        if (!before.is(Op.LAYER_NORM) && !before.is(Op.GROUP_NORM)) {
            return Optional.empty();
        }
        return before.inputs().stream()
                .skip(1)
                .map(parameter -> LoraLayer.source(parameter).label())
                .map(Neighbours::module)
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<String> module(String parameter) {
        for (String ending : List.of(WEIGHT, BIAS)) {
            if (parameter.endsWith(ending)) {
                return Optional.of(parameter.substring(0, parameter.length() - ending.length()));
            }
        }
        return Optional.empty();
    }

    private static boolean isLayer(Value value) {
        return (value.is(Op.MATMUL) && LinearLayer.weightOperand(value).isPresent())
                || (value.is(Op.CONV) && isConstant(value.in(1)));
    }

    private static Optional<Value> constantOperand(Value node) {
        return node.inputs().stream()
                .map(LoraLayer::source)
                .filter(in -> in.is(Op.CONSTANT))
                .findFirst();
    }

    private static boolean isConstant(Value value) {
        return LoraLayer.source(value).is(Op.CONSTANT);
    }

    private static Value source(Value value) {
        Value source = value;
        while (ARRANGEMENTS.contains(source.op())) {
            source = source.in(0);
        }
        return source;
    }

    /** The value after all that only arranges it. */
    private Value arranged(Value value) {
        Value arranged = value;
        for (Optional<Value> user = onlyUser(arranged);
                user.filter(u -> ARRANGEMENTS.contains(u.op())).isPresent();
                user = onlyUser(arranged)) {
            arranged = user.get();
        }
        return arranged;
    }

    private Optional<Value> onlyUser(Value value) {
        List<Value> all = users.getOrDefault(value, List.of());
        return all.size() == 1 ? Optional.of(all.get(0)) : Optional.empty();
    }
}
