package dev.rlcm.lora;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The path of the module that a node was exported from. The label of the node tells it if it is a scope with an
 * operator's name at the end ({@code /time_embedding/linear_1/Gemm}), as PyTorch's TorchScript exporter writes; else the
 * name of the weight does, {@code time_embedding.linear_1.weight}. The node comes first, since exporters let layers of
 * equal weights share one initializer.
 */
final class ModulePath {
    private static final String WEIGHT = ".weight";

    /** All before the last part that is no number. */
    private static final Pattern PARENTS = Pattern.compile(".*\\.(?=[^.]*[^.0-9][^.]*(\\.\\d+)*$)");

    /** Names of operators that are layers; a Resize or a Slice by constant matrices is none. */
    private static final Pattern LAYER = Pattern.compile("(?i)matmul|gemm|conv|einsum|linear|mm");

    private ModulePath() {}

    static Optional<String> of(Value node, Value weight) {
        String label = node.label();
        int end = label.lastIndexOf('/');
        if (isPlaced(node)) {
            boolean layer = LAYER.matcher(label.substring(end + 1)).find();
            String scope = label.substring(label.startsWith("/") ? 1 : 0, end);
            return layer ? Optional.of(scope.replace('/', '.')) : Optional.empty();
        }
        String name = weight.label();
        boolean named = name.endsWith(WEIGHT) && name.length() > WEIGHT.length();
        return named ? Optional.of(name.substring(0, name.length() - WEIGHT.length())) : Optional.empty();
    }

    /** Whether the node's label tells a module, be it none of a layer. */
    static boolean isPlaced(Value node) {
        return node.label().lastIndexOf('/') > 0;
    }

    /** The label of a node of that operator in the module. */
    static String label(String path, Op op) {
        return "/" + path + "/" + (op == Op.CONV ? "Conv" : "MatMul");
    }

    /** The kind of layer: the last named part of the path and the numbers behind it, {@code to_q} or {@code to_out.0}. */
    static String kind(String path) {
        return PARENTS.matcher(path).replaceFirst("");
    }
}
