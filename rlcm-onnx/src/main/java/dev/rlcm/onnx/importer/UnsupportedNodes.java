package dev.rlcm.onnx.importer;

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

    private record Problem(String type, String reason) implements Comparable<Problem> {
        @Override
        public int compareTo(Problem other) {
            int byType = type.compareTo(other.type);
            return byType != 0 ? byType : reason.compareTo(other.reason);
        }
    }

    private final Map<Problem, List<String>> names = new TreeMap<>();
    private final Map<Problem, String> examples = new TreeMap<>();
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
            add(node, path, REMEDIES.getOrDefault(node.getOpType(), "unknown operator"), "");
        }
    }

    /** Records a node that cannot be translated, why, and what it looks like. */
    void add(NodeProto node, String path, String reason, String example) {
        String type = node.getDomain().isEmpty() ? node.getOpType() : node.getDomain() + "." + node.getOpType();
        add(type, path + (node.getName().isEmpty() ? "-> " + node.getOutput(0) : node.getName()), reason, example);
    }

    /** Records a tensor that cannot be read, and why. */
    void addTensor(String name, String reason) {
        add("initializer", name, reason, "");
    }

    private void add(String type, String name, String reason, String example) {
        Problem problem = new Problem(type, reason);
        names.computeIfAbsent(problem, p -> new ArrayList<>()).add(name);
        examples.putIfAbsent(problem, example);
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
        throw new GraphException(names.keySet().stream()
                .map(this::line)
                .collect(Collectors.joining(
                        "\n  ",
                        "what cannot be imported (" + count
                                + "); export the model without it, in floating point and with" + " fixed shapes:\n  ",
                        "")));
    }

    private String line(Problem problem) {
        List<String> all = names.get(problem);
        String example = examples.getOrDefault(problem, "");
        return problem.type + " x" + all.size() + " " + shown(all) + ": " + problem.reason
                + (example.isEmpty() ? "" : "; the first is " + example);
    }

    private static String shown(List<String> all) {
        return all.stream().limit(NAMES_SHOWN).collect(Collectors.joining(", ", "(", ""))
                + (all.size() > NAMES_SHOWN ? " and " + (all.size() - NAMES_SHOWN) + " more)" : ")");
    }
}
