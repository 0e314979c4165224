package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.rlcm.graph.GraphException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Collects every node of a model that has no meaning here, operators without translation as well as forms of known ones,
 * so that one message names them all.
 */
final class UnsupportedNodes {
    private static final int NAMES_SHOWN = 8;

    private static final String RANDOM = "draws random numbers; export the model with its noise as an input";

    /** What to do about operators that exporters are known to emit. */
    private static final Map<String, String> REMEDIES = Map.ofEntries(
            Map.entry("RandomNormal", RANDOM),
            Map.entry("RandomNormalLike", RANDOM),
            Map.entry("RandomUniform", RANDOM),
            Map.entry("RandomUniformLike", RANDOM),
            Map.entry("Bernoulli", RANDOM),
            Map.entry("Multinomial", RANDOM),
            Map.entry("SequenceMap", "maps over sequences are not supported; export the model with fixed shapes"),
            Map.entry("Optional", "optionals are not supported; export the model with all of its inputs"),
            Map.entry("NonMaxSuppression", "the number of its results depends on the data; cut the model before it"),
            Map.entry("Unique", "the number of its results depends on the data; cut the model before it"));

    private record Problem(String type, String reason) {}

    private final Map<Problem, List<String>> names =
            new TreeMap<>((a, b) -> (a.type + '\n' + a.reason).compareTo(b.type + '\n' + b.reason));
    private final Set<NodeProto> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Records the nodes whose operators have no translation, also those in the bodies of functions and loops. */
    void scan(List<NodeProto> nodes, Map<String, FunctionProto> functions) {
        Set<String> called = new HashSet<>();
        Deque<List<NodeProto>> bodies = new ArrayDeque<>(List.of(nodes));
        while (!bodies.isEmpty()) {
            for (NodeProto node : bodies.pop()) {
                String key = node.getDomain() + "::" + node.getOpType();
                FunctionProto function = functions.get(key);
                if (function != null) {
                    if (called.add(key)) {
                        bodies.push(LiveNodes.of(function.getNodeList(), function.getOutputList()));
                    }
                } else if (ControlFlow.isLoop(node)) {
                    bodies.push(LiveNodes.of(ControlFlow.body(node)));
                } else if (!ControlFlow.isBranch(node)
                        && !Sequences.handles(node)
                        && OperatorTable.find(node.getDomain(), node.getOpType())
                                .isEmpty()) {
                    addUnknown(node, "");
                }
            }
        }
    }

    /** Records a node whose operator has no translation, once. */
    void addUnknown(NodeProto node, String path) {
        if (seen.add(node)) {
            add(node, path, REMEDIES.getOrDefault(node.getOpType(), "unknown operator"));
        }
    }

    /** Records a node that cannot be translated, and why. */
    void add(NodeProto node, String path, String reason) {
        String type = node.getDomain().isEmpty() ? node.getOpType() : node.getDomain() + "." + node.getOpType();
        add(type, path + (node.getName().isEmpty() ? "-> " + node.getOutput(0) : node.getName()), reason);
    }

    /** Records a tensor that cannot be read, and why. */
    void addTensor(String name, String reason) {
        add("initializer", name, reason);
    }

    private void add(String type, String name, String reason) {
        names.computeIfAbsent(new Problem(type, reason), p -> new ArrayList<>()).add(name);
    }

    /**
     * Does nothing if there is nothing to report.
     *
     * @throws GraphException with a line per operator and reason: how many nodes, and their names
     */
    void report() {
        if (names.isEmpty()) {
            return;
        }
        int count = names.values().stream().mapToInt(List::size).sum();
        throw new GraphException(names.entrySet().stream()
                .map(e -> e.getKey().type + " x" + e.getValue().size() + " " + shown(e.getValue()) + ": "
                        + e.getKey().reason)
                .collect(Collectors.joining(
                        "\n  ",
                        count
                                + " nodes or tensors cannot be imported; export the model without them, in floating point and with"
                                + " fixed shapes:\n  ",
                        "")));
    }

    private static String shown(List<String> all) {
        return all.stream().limit(NAMES_SHOWN).collect(Collectors.joining(", ", "(", ""))
                + (all.size() > NAMES_SHOWN ? " and " + (all.size() - NAMES_SHOWN) + " more)" : ")");
    }
}
