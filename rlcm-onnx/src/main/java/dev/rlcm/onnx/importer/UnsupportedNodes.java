package dev.rlcm.onnx.importer;

import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.rlcm.graph.GraphException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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

    /** What differs between reasons of one kind: names, paths, shapes and other numbers. */
    private static final Pattern PARTICULARS = Pattern.compile("'[^']*'|\\S*/\\S*|\\[[^\\]]*\\]|-?\\d+");

    /** What has one message: the operator and the kind of reason. */
    private record Kind(String type, String reason) implements Comparable<Kind> {
        static Kind of(String type, String reason) {
            return new Kind(type, PARTICULARS.matcher(reason).replaceAll("_"));
        }

        @Override
        public int compareTo(Kind other) {
            return Comparator.comparing(Kind::type).thenComparing(Kind::reason).compare(this, other);
        }
    }

    /** The nodes with one kind of problem, and the first node's problem in full. */
    private static final class Group {
        private final String reason;
        private final String example;
        private final List<String> names = new ArrayList<>();
        private boolean alike = true;

        Group(String reason, String example) {
            this.reason = reason;
            this.example = example;
        }

        String line(String type) {
            String shown = names.stream().limit(NAMES_SHOWN).collect(Collectors.joining(", ", "(", ""))
                    + (names.size() > NAMES_SHOWN ? " and " + (names.size() - NAMES_SHOWN) + " more)" : ")");
            return type + " x" + names.size() + " " + shown + ": " + (alike ? "" : "the first ") + reason
                    + (example.isEmpty() ? "" : "; the first is " + example);
        }
    }

    private final Map<Kind, Group> nodes = new TreeMap<>();
    private final Map<Kind, Group> tensors = new TreeMap<>();
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
        add(nodes, type, path + (node.getName().isEmpty() ? "-> " + result(node) : node.getName()), reason, example);
    }

    private static String result(NodeProto node) {
        return node.getOutputCount() == 0 ? "nothing" : node.getOutput(0);
    }

    /** Records a tensor that cannot be read, and why. */
    void addTensor(String name, String reason) {
        add(tensors, "initializer", name, reason, "");
    }

    private static void add(Map<Kind, Group> groups, String type, String name, String reason, String example) {
        Group group = groups.computeIfAbsent(Kind.of(type, reason), kind -> new Group(reason, example));
        group.alike &= group.reason.equals(reason);
        group.names.add(name);
    }

    /**
     * Does nothing if there is nothing to report.
     *
     * @throws GraphException with a line per operator and kind of reason: how many nodes, and their names; tensors that
     *     cannot be read come first, since no other export helps there
     */
    void report() {
        if (nodes.isEmpty() && tensors.isEmpty()) {
            return;
        }
        throw new GraphException(Stream.of(
                        lines("what cannot be read", "", tensors),
                        lines(
                                "what cannot be imported",
                                "; export the model without it, in floating point and with fixed shapes",
                                nodes))
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining("\n")));
    }

    private static String lines(String title, String advice, Map<Kind, Group> groups) {
        int count =
                groups.values().stream().mapToInt(group -> group.names.size()).sum();
        return groups.entrySet().stream()
                .map(entry -> "\n  " + entry.getValue().line(entry.getKey().type()))
                .reduce((all, line) -> all + line)
                .map(all -> title + " (" + count + ")" + advice + ":" + all)
                .orElse("");
    }
}
