package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.onnx.pipeline.Family;
import dev.rlcm.onnx.pipeline.TextSource;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model directory.
 *
 * @param root the directory
 * @param family what the model is of
 * @param texts the text encoders that it has
 * @param components the ONNX files that could be opened, by their folders
 * @param configurations those that are there and are JSON, by their paths in the directory
 */
record Layout(
        Path root,
        Family family,
        List<TextSource> texts,
        Map<String, OnnxComponent> components,
        Map<String, JsonFile> configurations) {
    /** The file that names the pipeline and its parts. */
    static final String INDEX = "model_index.json";

    /** The VAE's configuration as Optimum puts it. */
    static final String VAE = "vae_decoder/config.json";

    /** The same as diffusers does. */
    static final String VAE_OF_DIFFUSERS = "vae/config.json";

    /** The folder of the network that is adapted. */
    String denoiser() {
        return family.denoiser();
    }

    /** The network's configuration; an empty one if there is none. */
    JsonFile denoiserConfiguration() {
        return configurationOrEmpty(denoiser() + "/config.json");
    }

    /** The VAE's configuration; likewise. */
    JsonFile vaeConfiguration() {
        return configuration(VAE_OF_DIFFUSERS).orElseGet(() -> configurationOrEmpty(VAE));
    }

    Optional<OnnxComponent> model(String name) {
        return Optional.ofNullable(components.get(name));
    }

    Optional<JsonFile> configuration(String name) {
        return Optional.ofNullable(configurations.get(name));
    }

    /** An empty one if there is none. */
    JsonFile configurationOrEmpty(String name) {
        return configuration(name).orElseGet(() -> JsonFile.empty(root.resolve(name)));
    }
}
