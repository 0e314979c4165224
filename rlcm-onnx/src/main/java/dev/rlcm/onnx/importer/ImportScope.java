package dev.rlcm.onnx.importer;

import ai.onnx.proto.OnnxMl.AttributeProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The names visible to the nodes of one graph, branch or function body, the operator sets it is written in, and, in a
 * function, the attributes it was called with.
 */
final class ImportScope {
    /** Stands for results of nodes that could not be imported; what is computed from it cannot either. */
    static final Value UNKNOWN = Value.input("unknown", DataType.FLOAT32, Shape.SCALAR);

    /** Versions of ONNX's own operator set whose semantics the translations know. */
    private static final int OLDEST_OPSET = 7;

    private static final int NEWEST_OPSET = 23;

    private final @Nullable ImportScope parent;
    private final Map<String, Integer> opsets;
    private final Map<String, AttributeProto> arguments;
    private final Map<String, Value> values = new HashMap<>();
    private final Set<String> omitted = new HashSet<>();
    final int depth;
    /** The label of the call whose function this is and a slash; empty outside of functions. */
    final String path;

    private ImportScope(
            @Nullable ImportScope parent,
            int depth,
            String path,
            Map<String, Integer> opsets,
            Map<String, AttributeProto> arguments) {
        this.parent = parent;
        this.depth = depth;
        this.path = path;
        this.opsets = opsets;
        this.arguments = arguments;
    }

    /** @throws GraphException if ONNX's own operators are of a version that is not known */
    static ImportScope root(Map<String, Integer> opsets) {
        if (opsets.containsKey("")) {
            demandKnown(opsets.get(""));
        }
        return new ImportScope(null, 0, "", opsets, Map.of());
    }

    /** The scope of a branch: it sees this scope's names. */
    ImportScope branch() {
        return new ImportScope(this, depth + 1, path, opsets, arguments);
    }

    /** The scope of a called function: it sees its own names only. */
    ImportScope function(
            String caller, Map<String, Integer> functionOpsets, Map<String, AttributeProto> callArguments) {
        return new ImportScope(null, depth + 1, caller + "/", functionOpsets, callArguments);
    }

    private static void demandKnown(int opset) {
        if (opset < OLDEST_OPSET || opset > NEWEST_OPSET) {
            throw new GraphException("written in opset " + opset + ", supported are " + OLDEST_OPSET + " to "
                    + NEWEST_OPSET
                    + "; convert the model with onnx.version_converter, or export it again, with opset 17");
        }
    }

    /**
     * The version of an operator set; 1 where none is given, as in files from before there were versions.
     *
     * @throws GraphException if it is ONNX's own set in a version that is not known
     */
    int opset(String domain) {
        boolean standard = domain.isEmpty() || domain.equals("ai.onnx");
        int opset = opsets.getOrDefault(standard ? "" : domain, 1);
        if (standard) {
            demandKnown(opset);
        }
        return opset;
    }

    Optional<AttributeProto> argument(String name) {
        return Optional.ofNullable(arguments.get(name));
    }

    void define(String name, Value value) {
        if (values.put(name, value) != null) {
            throw new GraphException("the name '" + name + "' is defined twice; the model is not valid ONNX");
        }
    }

    /** Records a function's formal input for which the caller gave nothing. */
    void omit(String name) {
        omitted.add(name);
    }

    boolean omits(String name) {
        return omitted.contains(name);
    }

    Value value(String name) {
        for (ImportScope scope = this; scope != null; scope = scope.parent) {
            Value value = scope.values.get(name);
            if (value != null) {
                return value;
            }
        }
        throw new GraphException("'" + name + "' is used before it is defined; the model is not valid ONNX");
    }

    List<Value> values(List<String> names) {
        return names.stream().map(this::value).toList();
    }
}
