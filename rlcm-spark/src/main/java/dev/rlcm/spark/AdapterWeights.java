package dev.rlcm.spark;

import dev.rlcm.graph.TensorData;
import dev.rlcm.io.FileHash;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Map;

/**
 * The weights of an adapter on their way to the executors.
 *
 * @param bytes of all tensors, one after the other in their order
 * @param hash their SHA-256, in hexadecimal
 */
record AdapterWeights(byte[] bytes, String hash) implements Serializable {
    /** A copy of the present weights. */
    static AdapterWeights of(Map<String, TensorData> parameters) {
        int size = parameters.values().stream()
                .mapToInt(tensor -> tensor.bytes().remaining())
                .sum();
        ByteBuffer all = ByteBuffer.allocate(size);
        parameters.values().forEach(tensor -> all.put(tensor.bytes()));
        return new AdapterWeights(all.array(), hash(all.array()));
    }

    /**
     * Overwrites the weights of an adapter of the same shape.
     *
     * @throws IllegalStateException if the bytes are not those that were sent, or the adapter is another one
     */
    void into(Map<String, TensorData> parameters) {
        if (!hash.equals(hash(bytes))) {
            throw new IllegalStateException("the adapter arrived damaged: its SHA-256 is not " + hash);
        }
        ByteBuffer all = ByteBuffer.wrap(bytes);
        for (TensorData tensor : parameters.values()) {
            ByteBuffer target = tensor.bytes();
            if (all.remaining() < target.remaining()) {
                throw tooUnlike(parameters);
            }
            ByteBuffer part = all.slice(all.position(), target.remaining());
            all.position(all.position() + target.remaining());
            target.put(part);
        }
        if (all.hasRemaining()) {
            throw tooUnlike(parameters);
        }
    }

    private IllegalStateException tooUnlike(Map<String, TensorData> parameters) {
        return new IllegalStateException(
                "an adapter of " + bytes.length + " bytes does not fit the " + parameters.size()
                        + " parameters of this process; open the same model with the same LoRA settings everywhere");
    }

    private static String hash(byte[] bytes) {
        return new FileHash().add(bytes).hex();
    }
}
