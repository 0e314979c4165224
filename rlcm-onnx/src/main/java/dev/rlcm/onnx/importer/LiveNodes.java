package dev.rlcm.onnx.importer;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.rlcm.graph.GraphException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** The nodes that outputs depend on; the rest of a model is not looked at. */
final class LiveNodes {
    private LiveNodes() {}

    /**
     * The needed nodes in an order in which each comes after those that it reads from: the file's, as ONNX demands, or
     * another where a tool broke that, as the usual converters to FLOAT16 do, which ONNX Runtime does not mind.
     */
    static List<NodeProto> of(List<NodeProto> nodes, List<String> outputs) {
        Map<String, Integer> producers = new HashMap<>();
        for (int i = 0; i < nodes.size(); i++) {
            for (String output : nodes.get(i).getOutputList()) {
                if (!output.isEmpty() && producers.put(output, i) != null) {
                    throw new GraphException("the name '" + output + "' is defined twice; the model is not valid ONNX");
                }
            }
        }
        List<Integer> order = new ArrayList<>();
        boolean sorted = visit(nodes, outputs, producers, order);
        if (sorted) {
            Collections.sort(order);
        }
        return order.stream().map(nodes::get).toList();
    }

    /** Adds what the outputs need, each node after those it reads from; tells whether the file's order is such a one. */
    private static boolean visit(
            List<NodeProto> nodes, List<String> outputs, Map<String, Integer> producers, List<Integer> order) {
        boolean sorted = true;
        Set<Integer> seen = new HashSet<>();
        Set<Integer> done = new HashSet<>();
        Deque<Integer> open = new ArrayDeque<>();
        needed(outputs, producers).forEach(open::push);
        while (!open.isEmpty()) {
            int node = open.peek();
            if (!seen.add(node)) {
                open.pop();
                if (done.add(node)) {
                    order.add(node);
                }
                continue;
            }
            for (int read : needed(reads(nodes.get(node)), producers)) {
                sorted &= read <= node;
                if (!seen.contains(read)) {
                    open.push(read);
                }
            }
        }
        return sorted;
    }

    private static List<Integer> needed(Collection<String> names, Map<String, Integer> producers) {
        return names.stream()
                .map(producers::get)
                .filter(Objects::nonNull)
                .distinct()
                .toList();
    }

    /** The needed nodes of a branch or a loop's body. */
    static List<NodeProto> of(GraphProto body) {
        return of(
                body.getNodeList(),
                body.getOutputList().stream().map(ValueInfoProto::getName).toList());
    }

    /** The names a node reads, also from inside its branches. */
    static Set<String> reads(NodeProto node) {
        Set<String> names = new HashSet<>(node.getInputList());
        for (AttributeProto attribute : node.getAttributeList()) {
            if (attribute.hasG()) {
                GraphProto branch = attribute.getG();
                branch.getNodeList().forEach(inner -> names.addAll(reads(inner)));
                branch.getOutputList().forEach(output -> names.add(output.getName()));
            }
        }
        return names;
    }
}
