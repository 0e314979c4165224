package dev.rlcm.examples.models;

import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The small models that ship with the examples; see the MODEL_CARD.md of emoji-lcm. */
public final class EmbeddedModel {
    private static final String LCM = "/models/emoji-lcm/";
    private static final List<String> LCM_FILES = List.of(
            "model_index.json",
            "scheduler/scheduler_config.json",
            "text_encoder/config.json",
            "text_encoder/model.onnx",
            "tokenizer/special_tokens_map.json",
            "tokenizer/tokenizer.json",
            "tokenizer/tokenizer_config.json",
            "unet/config.json",
            "unet/model.onnx",
            "vae_decoder/config.json",
            "vae_decoder/model.onnx",
            "vae_encoder/config.json",
            "vae_encoder/model.onnx");

    private static final String LDM = "/models/emoji-ldm/";
    private static final List<String> LDM_FILES =
            List.of("model_index.json", "scheduler/scheduler_config.json", "unet/config.json", "unet/model.onnx");

    private static final String CLIP = "/models/emoji-clip/";
    private static final List<String> CLIP_FILES = List.of(
            "config.json",
            "preprocessor_config.json",
            "special_tokens_map.json",
            "text_model.onnx",
            "tokenizer.json",
            "tokenizer_config.json",
            "vision_model.onnx");

    private static final String AESTHETIC = "/models/emoji-aesthetic/";

    /** The file of {@link #emojiAesthetic} that holds the head. */
    public static final String AESTHETIC_HEAD = "head.safetensors";

    private static final List<String> AESTHETIC_FILES =
            List.of("preprocessor_config.json", AESTHETIC_HEAD, "vision_model.onnx");

    private EmbeddedModel() {}

    /**
     * The latent consistency model's directory: where the build put it, or, when running from a jar, a copy in a temporary
     * directory.
     *
     * @throws UncheckedIOException if it cannot be copied
     */
    public static Path emojiLcm() {
        return directory(LCM, LCM_FILES);
    }

    /** The directory, likewise, of the diffusion model it was distilled from: UNet and scheduler, the rest is shared. */
    public static Path emojiLdm() {
        return directory(LDM, LDM_FILES);
    }

    /** The directory, likewise, of a CLIP for the latent consistency model's pictures. */
    public static Path emojiClip() {
        return directory(CLIP, CLIP_FILES);
    }

    /** The directory, likewise, of an aesthetic score for the latent consistency model's pictures: a vision tower and a head. */
    public static Path emojiAesthetic() {
        return directory(AESTHETIC, AESTHETIC_FILES);
    }

    private static Path directory(String root, List<String> files) {
        URL index = EmbeddedModel.class.getResource(root + files.get(0));
        if (index == null) {
            throw new IllegalStateException("the embedded model is not on the class path: no " + root + files.get(0));
        }
        try {
            return index.getProtocol().equals("file") ? Path.of(index.toURI()).getParent() : unpack(root, files);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot unpack the embedded model", e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException("cannot locate the embedded model at " + index, e);
        }
    }

    /** What it was trained on: 45 animals in seven scenes. */
    public static Prompts prompts() throws IOException {
        return PromptSet.EMOJI.prompts();
    }

    /** Copies the files; the JVM deletes them at its end in the reverse order, so directories are registered before their content. */
    private static Path unpack(String root, List<String> files) throws IOException {
        Path directory = Files.createTempDirectory("emoji");
        directory.toFile().deleteOnExit();
        for (String file : files) {
            Path target = directory.resolve(file);
            Path folder = target.getParent();
            if (!Files.exists(folder)) {
                Files.createDirectory(folder).toFile().deleteOnExit();
            }
            target.toFile().deleteOnExit();
            try (InputStream in = EmbeddedModel.class.getResourceAsStream(root + file)) {
                Files.copy(in, target);
            }
        }
        return directory;
    }
}
