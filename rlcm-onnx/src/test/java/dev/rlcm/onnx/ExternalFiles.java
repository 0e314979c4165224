package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.rlcm.onnx.format.ModelFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Models with external data. */
public final class ExternalFiles {
    private ExternalFiles() {}

    /** Moves the weights of a component to {@code model.onnx_data}, as {@code onnx.save} does. */
    public static void externalise(Path component) throws IOException {
        Path file = component.resolve("model.onnx");
        var model = ModelFile.read(file).toBuilder();
        try (OutputStream data = Files.newOutputStream(component.resolve("model.onnx_data"))) {
            long offset = 0;
            for (var tensor : model.getGraphBuilder().getInitializerBuilderList()) {
                byte[] raw = tensor.getRawData().toByteArray();
                if (raw.length == 0) {
                    continue;
                }
                data.write(raw);
                tensor.clearRawData()
                        .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                        .addExternalData(entry("location", "model.onnx_data"))
                        .addExternalData(entry("offset", String.valueOf(offset)))
                        .addExternalData(entry("length", String.valueOf(raw.length)));
                offset += raw.length;
            }
        }
        byte[] bytes = model.build().toByteArray();
        Files.delete(file);
        Files.write(file, bytes);
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }
}
