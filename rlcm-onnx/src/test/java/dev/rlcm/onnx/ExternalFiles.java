package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.rlcm.onnx.format.ModelFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Models with external data. */
public final class ExternalFiles {
    private static final String ONE = "model.onnx_data";

    private ExternalFiles() {}

    /** Moves the weights of a component to {@code model.onnx_data}, as {@code onnx.save} does. */
    public static void externalise(Path component) throws IOException {
        move(component, List.of(ONE), false);
    }

    /** Moves its tensors to several files by turns, those of its nodes too, as {@code onnx.save} does with convert_attribute. */
    public static void shard(Path component, int files) throws IOException {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < files; i++) {
            names.add(i == 0 ? ONE : ONE + "_" + i);
        }
        move(component, names, true);
    }

    private static void move(Path component, List<String> names, boolean ofNodesToo) throws IOException {
        Path file = component.resolve("model.onnx");
        var model = ModelFile.read(file).toBuilder();
        List<TensorProto.Builder> tensors =
                new ArrayList<>(model.getGraphBuilder().getInitializerBuilderList());
        if (ofNodesToo) {
            for (NodeProto.Builder node : model.getGraphBuilder().getNodeBuilderList()) {
                node.getAttributeBuilderList().stream()
                        .filter(AttributeProto.Builder::hasT)
                        .forEach(attribute -> tensors.add(attribute.getTBuilder()));
            }
        }
        long[] offsets = new long[names.size()];
        for (int i = 0; i < tensors.size(); i++) {
            TensorProto.Builder tensor = tensors.get(i);
            byte[] raw = tensor.getRawData().toByteArray();
            if (raw.length == 0) {
                continue;
            }
            int to = i % names.size();
            Files.write(component.resolve(names.get(to)), raw, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            tensor.clearRawData()
                    .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                    .addExternalData(entry("location", names.get(to)))
                    .addExternalData(entry("offset", String.valueOf(offsets[to])))
                    .addExternalData(entry("length", String.valueOf(raw.length)));
            offsets[to] += raw.length;
        }
        byte[] bytes = model.build().toByteArray();
        Files.delete(file);
        Files.write(file, bytes);
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }
}
