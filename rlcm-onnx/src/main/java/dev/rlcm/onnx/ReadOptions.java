package dev.rlcm.onnx;

import java.util.Map;

/**
 * How the files of a foreign model are read, whatever shapes its graph is built for. Immutable.
 *
 * @param linksTrusted whether symbolic links beside the model are followed to external data wherever they lead. Without it
 *     they may lead to files of the model's directory, and in the cache of {@code huggingface_hub} to the {@code blobs} of
 *     the same repository. What the model itself names must lie in its directory in any case
 * @param paths module paths of layers for which the file's names tell none, or a wrong one, by the name of the layer's node or
 *     of its weight; see {@link dev.rlcm.lora.LoraInjection#withPaths}
 */
public record ReadOptions(boolean linksTrusted, Map<String, String> paths) {
    /** Copies the paths. */
    public ReadOptions {
        paths = Map.copyOf(paths);
    }

    /** No trust in links, no paths beside those that the file tells. */
    public static ReadOptions defaults() {
        return new ReadOptions(false, Map.of());
    }

    /** Trust links that the host made itself, or that someone made whom it trusts. */
    public ReadOptions withLinksTrusted(boolean trusted) {
        return new ReadOptions(trusted, paths);
    }

    public ReadOptions withPaths(Map<String, String> newPaths) {
        return new ReadOptions(linksTrusted, newPaths);
    }
}
