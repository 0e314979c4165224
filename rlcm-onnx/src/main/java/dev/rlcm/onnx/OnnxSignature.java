package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.onnx.format.OnnxTypes;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a model declares: its inputs (weights not counted) and outputs in order. Immutable.
 *
 * @param opset the version of the default operator set it is written in
 * @param weights the shapes of the stored tensors by name
 */
public record OnnxSignature(List<Port> inputs, List<Port> outputs, int opset, Map<String, Shape> weights) {
    /** Copies the collections. */
    public OnnxSignature {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        weights = Map.copyOf(weights);
    }

    /** One input or output. A port of unknown rank has no dims, just as a scalar has none. */
    public record Port(String name, DataType type, List<Dim> dims) {
        /** Copies the list. */
        public Port {
            dims = List.copyOf(dims);
        }

        static Port of(ValueInfoProto port) {
            return new Port(
                    port.getName(),
                    OnnxTypes.fromOnnx(OnnxTypes.tensorType(port).getElemType()),
                    OnnxTypes.tensorType(port).getShape().getDimList().stream()
                            .map(Dim::of)
                            .toList());
        }
    }

    /**
     * An axis. Its extent is fixed, or symbolic with a name to bind; the name is empty where the model gives none. A negative
     * extent counts as unknown.
     */
    public record Dim(OptionalInt extent, String symbol) {
        private static Dim of(TensorShapeProto.Dimension dim) {
            return OnnxTypes.isFixed(dim)
                    ? new Dim(OptionalInt.of(Math.toIntExact(dim.getDimValue())), "")
                    : new Dim(OptionalInt.empty(), dim.getDimParam());
        }

        /** The extent, the symbol or a question mark. */
        @Override
        public String toString() {
            return extent.isPresent() ? String.valueOf(extent.getAsInt()) : symbol.isEmpty() ? "?" : symbol;
        }
    }

    static OnnxSignature of(ModelProto model) {
        GraphProto graph = model.getGraph();
        Map<String, Shape> weights = graph.getInitializerList().stream()
                .collect(Collectors.toMap(TensorProto::getName, OnnxSignature::shape, (first, again) -> again));
        return new OnnxSignature(
                graph.getInputList().stream()
                        .filter(i -> !weights.containsKey(i.getName()))
                        .map(Port::of)
                        .toList(),
                graph.getOutputList().stream().map(Port::of).toList(),
                model.getOpsetImportList().stream()
                        .filter(o -> o.getDomain().isEmpty() || o.getDomain().equals("ai.onnx"))
                        .mapToInt(o -> (int) o.getVersion())
                        .findFirst()
                        .orElse(1),
                weights);
    }

    private static Shape shape(TensorProto tensor) {
        return Shape.of(tensor.getDimsList().stream().mapToLong(dim -> dim).toArray());
    }

    /**
     * The input of that name.
     *
     * @throws GraphException if there is none; the message lists those there are
     */
    public Port input(String name) {
        return find(inputs, name, "input");
    }

    /**
     * The output of that name.
     *
     * @throws GraphException if there is none; the message lists those there are
     */
    public Port output(String name) {
        return find(outputs, name, "output");
    }

    /** The names of the inputs' symbolic dimensions, in order. */
    public Set<String> symbols() {
        return inputs.stream()
                .flatMap(input -> input.dims().stream())
                .map(Dim::symbol)
                .filter(symbol -> !symbol.isEmpty())
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static Port find(List<Port> ports, String name, String kind) {
        return ports.stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new GraphException("no " + kind + " named " + name + "; there are "
                        + ports.stream().map(Port::name).toList()));
    }
}
