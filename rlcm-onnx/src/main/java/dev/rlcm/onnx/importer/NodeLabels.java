package dev.rlcm.onnx.importer;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What imported nodes are called: {@code /<module path>/<operator>}, as in {@code /attn1/to_q/MatMul}, wherever the file
 * tells the module. PyTorch's TorchScript exporter names nodes that way itself. Its dynamo exporter numbers them
 * ({@code node_MatMul_12}) and writes the module to the node's metadata; where tools dropped that, the name of the weight,
 * {@code attn1.to_q.weight}, is left. Nodes of inlined functions stand below the node that called the function.
 */
final class NodeLabels {
    /** The modules a node stems from, as a Python list, outermost first; the last entry is the node itself. */
    private static final String SCOPES = "pkg.torch.onnx.name_scopes";

    private static final Pattern PYTHON_STRING = Pattern.compile("'([^'\\\\]*)'|\"([^\"\\\\]*)\"");
    private static final Set<String> LAYERS =
            Set.of("MatMul", "Gemm", "Conv", "ConvTranspose", "FusedMatMul", "MatMulInteger");

    /** Operators that a weight goes through before it is used, and whose folded result is still that weight. */
    private static final Set<String> REARRANGEMENTS = Set.of("Transpose", "Cast", "Identity", "Reshape", "Squeeze");

    /** What ONNX Runtime's optimiser puts around the names of nodes that it changes. */
    private static final Pattern RUNTIME_NAMES = Pattern.compile("^fused |^NhwcConv_\\d+-|/\\w+Fusion/?");

    private static final Pattern REPETITION = Pattern.compile("(?<![^/])([^/]+)/(?=\\1\\.)");

    private static final String WEIGHT = ".weight";

    private NodeLabels() {}

    /**
     * @param path the label of the call that is being inlined and a slash, or an empty string
     * @param scopes where the modules are that the nodes' names speak of
     */
    static String of(NodeProto node, List<@Nullable Value> operands, String path, ModuleScopes scopes) {
        if (REARRANGEMENTS.contains(node.getOpType()) && weightName(operands, 0).isPresent()) {
            return weightName(operands, 0).orElseThrow();
        }
        String name = cleaned(node.getName());
        if (name.indexOf('/') < 0) {
            Optional<String> weight = moduleOfWeight(node, operands);
            Optional<String> module =
                    weight.filter(w -> isFusedNorm(node)).or(() -> module(node)).or(() -> weight);
            if (module.isPresent()) {
                return "/" + module.get() + "/" + node.getOpType();
            }
        }
        if (path.isEmpty()) {
            return scopes.place(name);
        }
        return path + (name.startsWith("/") ? name.substring(1) : name);
    }

    /** A node's name without what optimisers and exporters add. */
    static String cleaned(String name) {
        return withoutRepetition(RUNTIME_NAMES.matcher(name).replaceAll(""));
    }

    static boolean isLayer(NodeProto node) {
        return LAYERS.contains(node.getOpType());
    }

    /** Whether PyTorch's optimiser fused a batch norm into this layer, which then has the norm's metadata. */
    private static boolean isFusedNorm(NodeProto node) {
        return node.getMetadataPropsList().stream()
                .anyMatch(p -> p.getKey().equals(SCOPES) && p.getValue().contains("batch_norm"));
    }

    /** The TorchScript exporter writes children of a Sequential as {@code /net/net.0}; they are at net.0. */
    private static String withoutRepetition(String name) {
        String shorter = name;
        for (Matcher m = REPETITION.matcher(name); m.find(); m = REPETITION.matcher(shorter)) {
            shorter = m.replaceFirst("");
        }
        return shorter;
    }

    private static Optional<String> module(NodeProto node) {
        for (StringStringEntryProto entry : node.getMetadataPropsList()) {
            if (entry.getKey().equals(SCOPES)) {
                List<String> scopes = new ArrayList<>();
                Matcher matcher = PYTHON_STRING.matcher(entry.getValue());
                while (matcher.find()) {
                    scopes.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
                }
                return scopes.stream()
                        .limit(Math.max(0, scopes.size() - 1))
                        .filter(scope -> !scope.isEmpty())
                        .reduce((outer, inner) -> inner);
            }
        }
        return Optional.empty();
    }

    private static Optional<String> moduleOfWeight(NodeProto node, List<@Nullable Value> operands) {
        return isLayer(node)
                ? weightName(operands, 1).map(name -> name.substring(0, name.length() - WEIGHT.length()))
                : Optional.empty();
    }

    private static Optional<String> weightName(List<@Nullable Value> operands, int index) {
        Value weight = index < operands.size() ? operands.get(index) : null;
        return weight != null
                        && weight.is(Op.CONSTANT)
                        && weight.label().endsWith(WEIGHT)
                        && weight.label().length() > WEIGHT.length()
                ? Optional.of(weight.label())
                : Optional.empty();
    }
}
