package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.onnx.exporter.OnnxExporter;
import dev.rlcm.onnx.exporter.WeightStore;
import dev.rlcm.onnx.format.OnnxTypes;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/** The kernels of ONNX Runtime's CUDA provider, from {@code cuda-kernels.txt}, and what an export needs beyond them. */
public final class CudaKernelTable {
    private static final Set<DataType> REAL = EnumSet.of(DataType.FLOAT32, DataType.FLOAT64, DataType.FLOAT16);
    private static final Set<DataType> ALL =
            EnumSet.complementOf(EnumSet.of(DataType.INT16, DataType.INT8, DataType.UINT8));
    private static final Set<String> COMPARISONS =
            Set.of("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "IsNaN");

    private final Map<String, Set<DataType>> kernels = new HashMap<>();

    public CudaKernelTable() {
        try (InputStream in = Objects.requireNonNull(CudaKernelTable.class.getResourceAsStream("cuda-kernels.txt"));
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            lines.lines().filter(line -> !line.startsWith("#")).forEach(line -> {
                String[] words = line.split(" ", -1);
                Set<DataType> types = EnumSet.noneOf(DataType.class);
                for (int i = 1; i < words.length; i++) {
                    switch (words[i]) {
                        case "REAL" -> types.addAll(REAL);
                        case "ALL" -> types.addAll(ALL);
                        default -> types.add(DataType.valueOf(words[i]));
                    }
                }
                kernels.put(words[0], types);
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The operators, with their types, of a graph as it is handed to the provider, in all its forms, that have no kernel. */
    public Set<String> missing(Graph graph) {
        return missing(graph, EnumSet.allOf(CudaOptions.Form.class));
    }

    Set<String> missing(Graph graph, Set<CudaOptions.Form> forms) {
        ModelProto model =
                export(graph, forms, (target, name, data) -> target.addInitializer(WeightStore.describe(name, data)));
        Map<String, DataType> types = new HashMap<>();
        for (ValueInfoProto input : model.getGraph().getInputList()) {
            types.put(
                    input.getName(),
                    OnnxTypes.fromOnnx(input.getType().getTensorType().getElemType()));
        }
        for (TensorProto weight : model.getGraph().getInitializerList()) {
            types.put(weight.getName(), OnnxTypes.fromOnnx(weight.getDataType()));
        }
        Set<String> missing = new TreeSet<>();
        for (NodeProto node : model.getGraph().getNodeList()) {
            DataType data = Objects.requireNonNull(
                    types.get(node.getInput(node.getOpType().equals("Where") ? 1 : 0)));
            if (!kernels.getOrDefault(node.getOpType(), Set.of()).contains(data)) {
                missing.add(node.getOpType() + " " + data);
            }
            node.getOutputList().forEach(output -> types.put(output, result(node, data)));
        }
        return missing;
    }

    /** What a CUDA device would be given. */
    public static ModelProto export(Graph graph, Set<CudaOptions.Form> forms, WeightStore weights) {
        Graph prepared = new HalfSupport(HalfSupport.Provider.CUDA).prepare(graph);
        return OnnxExporter.export(
                prepared, weights, CudaOptions.defaults().withForms(forms).dialect());
    }

    private static DataType result(NodeProto node, DataType data) {
        if (node.getOpType().equals("Cast")) {
            return OnnxTypes.fromOnnx((int) node.getAttribute(0).getI());
        }
        if (node.getOpType().equals("ArgMax")) {
            return DataType.INT64;
        }
        return COMPARISONS.contains(node.getOpType()) ? DataType.BOOL : data;
    }
}
