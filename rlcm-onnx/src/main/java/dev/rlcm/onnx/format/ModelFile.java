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
            return parse(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()), file.toString());
        }
    }

    /**
     * Reads a model from memory.
     *
     * @param bytes of the file; not changed afterwards, since tensors are read from them later
     * @param name of the model, for messages
     * @throws IOException if the bytes are not ONNX or truncated
     */
    public static ModelProto parse(ByteBuffer bytes, String name) throws IOException {
        ModelProto model;
        try {
            CodedInputStream stream = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
            stream.enableAliasing(true);
            stream.setRecursionLimit(MAX_DEPTH);
            model = ModelProto.parseFrom(stream);
        } catch (IOException e) {
            throw new IOException(
                    name + " is not a readable ONNX model, it may be truncated; fetch or export it again ("
                            + e.getMessage() + ")",
                    e);
        }
        if (model.getGraph().getOutputCount() == 0) {
            throw new IOException(name + " holds no graph with outputs; it is not an ONNX model");
        }
        return model;
    }
}
