package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.rlcm.graph.GraphException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Finds every operator of a model that has no translation, so that one message names them all. */
final class UnsupportedNodes {
    private static final int NAMES_SHOWN = 3;

    private UnsupportedNodes() {}

    static void check(List<NodeProto> nodes, Map<String, FunctionProto> functions) {
        List<NodeProto> unknown = new ArrayList<>();
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
                } else if (!node.getOpType().equals("If")
                        && OperatorTable.find(node.getDomain(), node.getOpType())
                                .isEmpty()) {
                    unknown.add(node);
                }
            }
        }
        if (!unknown.isEmpty()) {
            throw of(unknown);
        }
    }

    static GraphException of(List<NodeProto> nodes) {
        Map<String, List<String>> byType = new TreeMap<>();
        for (NodeProto node : nodes) {
            String type = node.getDomain().isEmpty() ? node.getOpType() : node.getDomain() + "." + node.getOpType();
            byType.computeIfAbsent(type, t -> new ArrayList<>()).add(node.getName());
        }
        String list = byType.entrySet().stream()
                .map(e -> e.getKey() + " x" + e.getValue().size() + " ("
                        + e.getValue().stream().limit(NAMES_SHOWN).collect(Collectors.joining(", "))
                        + (e.getValue().size() > NAMES_SHOWN ? ", ..." : "") + ")")
                .collect(Collectors.joining("; "));
        return new GraphException(
                "operators that cannot be imported: " + list + "; export the model without them, in floating point");
    }
}
