package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The nodes that outputs depend on; the rest of a model is not looked at. */
final class LiveNodes {
    private LiveNodes() {}

    /** The needed nodes in their order, which in ONNX is a topological one. */
    static List<NodeProto> of(List<NodeProto> nodes, List<String> outputs) {
        Set<String> needed = new HashSet<>(outputs);
        List<NodeProto> live = new ArrayList<>();
        for (int i = nodes.size() - 1; i >= 0; i--) {
            NodeProto node = nodes.get(i);
            if (node.getOutputList().stream().anyMatch(needed::contains)) {
                live.add(node);
                needed.addAll(reads(node));
            }
        }
        Collections.reverse(live);
        return live;
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
