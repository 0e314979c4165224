package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.exporter.OnnxWriter;
import dev.rlcm.onnx.exporter.WeightStore;
import dev.rlcm.onnx.format.ModelFile;
import dev.rlcm.onnx.format.OnnxTensors;
import dev.rlcm.onnx.format.OnnxTypes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** The real weights of a model file, and the same model with others: nodes, names and symbolic dimensions stay. */
final class ModelWeights {
    private ModelWeights() {}

    static Set<String> names(Path file) throws IOException {
        Set<String> names = new LinkedHashSet<>();
        for (TensorProto tensor : ModelFile.read(file).getGraph().getInitializerList()) {
            if (isReal(tensor) && size(tensor) > 1) {
                names.add(tensor.getName());
            }
        }
        return names;
    }

    static void save(ModelProto model, OnnxTensors tensors, Map<String, TensorData> weights, Path target)
            throws IOException {
        Map<String, TensorData> all = new LinkedHashMap<>();
        for (TensorProto tensor : model.getGraph().getInitializerList()) {
            TensorData other = weights.get(tensor.getName());
            if (other != null && (!isReal(tensor) || other.size() != size(tensor))) {
                throw new GraphException("the weight " + tensor.getName() + " has " + size(tensor)
                        + " real numbers in the model, given is " + other);
            }
            if (isReal(tensor)) {
                all.put(tensor.getName(), other == null ? tensors.read(tensor) : like(tensor, other));
            }
        }
        if (!all.keySet().containsAll(weights.keySet())) {
            Set<String> unknown = new LinkedHashSet<>(weights.keySet());
            unknown.removeAll(all.keySet());
            throw new GraphException("the model has no weights named " + unknown);
        }
        long bytes = all.values().stream()
                .mapToLong(data -> data.bytes().remaining())
                .sum();
        OnnxWriter.write(target, bytes, store -> with(model, all, store), OnnxWriter.MAX_INLINE_BYTES);
    }

    private static TensorData like(TensorProto tensor, TensorData data) {
        long[] dims = tensor.getDimsList().stream().mapToLong(d -> d).toArray();
        return data.cast(OnnxTypes.fromOnnx(tensor.getDataType())).reshape(Shape.of(dims));
    }

    private static ModelProto with(ModelProto model, Map<String, TensorData> weights, WeightStore store) {
        GraphProto.Builder graph = model.getGraph().toBuilder().clearInitializer();
        for (TensorProto tensor : model.getGraph().getInitializerList()) {
            TensorData data = weights.get(tensor.getName());
            if (data == null) {
                graph.addInitializer(tensor);
            } else {
                store.store(graph, tensor.getName(), data);
            }
        }
        return model.toBuilder().setGraph(graph).build();
    }

    private static boolean isReal(TensorProto tensor) {
        return switch (TensorProto.DataType.forNumber(tensor.getDataType())) {
            case FLOAT, FLOAT16, BFLOAT16, DOUBLE -> true;
            default -> false;
        };
    }

    private static long size(TensorProto tensor) {
        return tensor.getDimsList().stream().reduce(1L, Math::multiplyExact);
    }
}
