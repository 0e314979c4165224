package dev.rlcm.onnx.format;

import ai.onnx.proto.OnnxMl.ModelProto;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Parses model files; tensor bytes stay in the memory-mapped file until they are read. */
public final class ModelFile {
    /** Nested messages: a real model has about ten levels, each control-flow branch adds three. */
    private static final int MAX_DEPTH = 60;

    private ModelFile() {}

    /**
     * Reads a model.
     *
     * @throws IOException if the file is missing, unreadable, not ONNX or truncated
     */
    public static ModelProto read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException("no ONNX model at " + file + "; expected a file such as unet/model.onnx");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() == 0 || channel.size() > Integer.MAX_VALUE) {
                throw new IOException(file + " has " + channel.size() + " bytes; an ONNX file holds between 1 byte and"
                        + " 2 GiB, larger models keep their weights in external data files");
            }
            ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
            CodedInputStream stream = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
            stream.enableAliasing(true);
            stream.setRecursionLimit(MAX_DEPTH);
            ModelProto model = ModelProto.parseFrom(stream);
            if (model.getGraph().getOutputCount() == 0) {
                throw new IOException(file + " holds no graph with outputs; it is not an ONNX model");
            }
            return model;
        } catch (IOException e) {
            if (e.getMessage() != null && e.getMessage().startsWith(file.toString())) {
                throw e;
            }
            throw new IOException(
                    file + " is not a readable ONNX model, it may be truncated; fetch or export it again ("
                            + e.getMessage() + ")",
                    e);
        }
    }
}
