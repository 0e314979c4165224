package dev.rlcm.onnx.pipeline.check;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.ModelDirectory.LatentSize;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** The VAE's decoder, and whether pictures, latents and the denoiser agree about sizes and channels. */
final class LatentCheck {
    private static final String VAE = "vae_decoder";
    private static final int USUAL_SCALE = 8;
    private static final int USUAL_CHANNELS = 4;
    private static final int MOST_LEVELS = 8;

    private final Layout layout;
    private final CheckSettings settings;
    private final Findings findings;

    private LatentCheck(Layout layout, CheckSettings settings, Findings findings) {
        this.layout = layout;
        this.settings = settings;
        this.findings = findings;
    }

    /**
     * What the model works on.
     *
     * @param size height and width to use the denoiser with, if they are known
     * @param scale pixels per latent, along each side
     * @param decoder the graph for one picture, if it can be imported
     */
    record Latents(Optional<LatentSize> size, int scale, Optional<Graph> decoder) {}

    static Latents run(Layout layout, CheckSettings settings, Findings findings) {
        return new LatentCheck(layout, settings, findings).run();
    }

    private Latents run() {
        return layout.family().form().isOfPixels() ? ofPixels() : ofVae();
    }

    private Latents ofPixels() {
        JsonFile unet = layout.denoiserConfiguration();
        Optional<LatentSize> size = size(unet, 1);
        findings.run(layout.denoiser(), () -> {
            int in = unet.count("in_channels").orElse(3);
            int out = unet.count("out_channels").orElse(in);
            if (in != 3 || out != 3) {
                findings.error(
                        layout.denoiser(),
                        "takes " + in + " and gives " + out + " channels; pictures have 3",
                        "use a model of pictures with red, green and blue");
            }
        });
        return new Latents(size, 1, Optional.empty());
    }

    private Optional<LatentSize> size(JsonFile unet, int scale) {
        Optional<LatentSize> size = findings.attempt(layout.denoiser(), () -> latentSize(unet, scale))
                .flatMap(found -> found);
        size.ifPresent(latents -> findings.run(layout.denoiser(), () -> checkHalvings(unet, latents, scale)));
        return size;
    }

    private Latents ofVae() {
        JsonFile vae = layout.vaeConfiguration();
        JsonFile unet = layout.denoiserConfiguration();
        findings.run(VAE, () -> checkFactors(vae));
        int scale = findings.attempt(VAE, () -> scale(vae)).orElse(USUAL_SCALE);
        findings.run(VAE, () -> checkChannels(vae, unet));
        Optional<LatentSize> size = size(unet, scale);
        Optional<Graph> decoder = size.flatMap(latents ->
                layout.model(VAE).flatMap(model -> findings.attempt(VAE, () -> load(model, latents, vae, scale))));
        return new Latents(size, scale, decoder);
    }

    private void checkFactors(JsonFile vae) {
        if (!vae.has("scaling_factor") && !vae.has("latents_std")) {
            findings.warn(
                    VAE,
                    "the configuration has no scaling_factor; 0.18215 is taken, that of Stable Diffusion 1.5",
                    "if the VAE is another one, pictures come out grey or burnt; add its scaling_factor to "
                            + vae.path());
        }
        if (vae.real("scaling_factor").orElse(1) <= 0) {
            findings.error(VAE, "scaling_factor is not positive", "copy the one of the model that was exported");
        }
        if (vae.has("latents_std") != vae.has("latents_mean")) {
            findings.error(
                    VAE,
                    "has one of latents_mean and latents_std, not both",
                    "copy the one of the model that was exported");
        }
    }

    /** Pixels per latent, along each side. */
    private int scale(JsonFile vae) {
        JsonNode channels = vae.root()
                .path(vae.has("encoder_block_out_channels") ? "encoder_block_out_channels" : "block_out_channels");
        if (channels.isArray() && !channels.isEmpty() && channels.size() <= MOST_LEVELS) {
            return 1 << (channels.size() - 1);
        }
        findings.error(
                VAE,
                "block_out_channels does not tell how many pixels a latent stands for; assuming " + USUAL_SCALE,
                "copy the configuration of the VAE that was exported");
        return USUAL_SCALE;
    }

    private Optional<LatentSize> latentSize(JsonFile unet, int scale) {
        if (settings.height().isPresent() && settings.width().isPresent()) {
            int height = settings.height().getAsInt();
            int width = settings.width().getAsInt();
            if (height % scale != 0 || width % scale != 0) {
                findings.error(
                        "model",
                        "pictures of " + height + " x " + width + " are no whole number of latents of " + scale
                                + " pixels",
                        "choose multiples of " + scale);
                return Optional.empty();
            }
            return Optional.of(new LatentSize(height / scale, width / scale));
        }
        JsonNode side = unet.root().path("sample_size");
        int height = (side.isArray() ? side.path(0) : side).asInt();
        int width = (side.isArray() ? side.path(1) : side).asInt();
        int usual = layout.family().form().size();
        if (usual > 0 && unet.root().path("sample_size").isMissingNode()) {
            return Optional.of(new LatentSize(usual, usual));
        }
        if (height < 1 || width < 1) {
            findings.error(
                    layout.denoiser(),
                    "the configuration has no sample_size, the size of the latents that it was trained on",
                    "add it to " + unet.path() + ", or give a height and width");
            return Optional.empty();
        }
        return Optional.of(new LatentSize(height, width));
    }

    private void checkChannels(JsonFile vae, JsonFile unet) {
        OptionalInt latent = vae.count("latent_channels");
        int patch = layout.family().form().packing() * layout.family().form().packing();
        int in = unet.count("in_channels").orElse(USUAL_CHANNELS * patch) / patch;
        if (latent.isPresent() && latent.getAsInt() != in) {
            findings.error(
                    layout.denoiser(),
                    "takes " + in + " channels, the VAE has " + latent.getAsInt(),
                    in > latent.getAsInt()
                            ? "inpainting and editing UNets, which take more channels, are not supported"
                            : "use the VAE of the model that was exported");
        }
        int out = unet.count("out_channels").orElse(in * patch) / patch;
        if (out != in && !(layout.family().form().hasVariance() && out == 2 * in)) {
            findings.error(
                    layout.denoiser(),
                    "gives " + out + " channels for " + in,
                    "UNets that also predict a variance are not supported; use one that predicts the noise alone");
        }
    }

    /** A UNet halves its latents between blocks; what is left over does not fit the skip connections on the way up. */
    private void checkHalvings(JsonFile unet, LatentSize size, int scale) {
        int halvings = Math.max(0, unet.root().path("block_out_channels").size() - 1);
        int multiple = 1 << halvings;
        if (halvings <= MOST_LEVELS && (size.height() % multiple != 0 || size.width() % multiple != 0)) {
            findings.warn(
                    layout.denoiser(),
                    "halves the latents " + halvings + " times; " + size.height() + " x " + size.width()
                            + " cannot be halved that often without a rest",
                    "choose picture sizes that are multiples of " + multiple * scale);
        }
    }

    private Graph load(OnnxComponent model, LatentSize latents, JsonFile vae, int scale) throws IOException {
        if (model.inputs().size() != 1) {
            throw new IllegalArgumentException(
                    "has the inputs " + model.inputs() + ", expected the latents only; export the decoder alone");
        }
        String input = model.inputs().get(0);
        int channels = vae.count("latent_channels").orElse(OnnxComponent.ANY);
        Shape shape = model.bind(input, model.dim(input, 0).orElse(1), channels, latents.height(), latents.width());
        if (model.dim(input, 0).orElse(1) > 1) {
            findings.error(
                    VAE,
                    "is exported for batches of " + shape.dim(0) + "; pictures are decoded in batches of other sizes",
                    "export it with dynamic axes");
        }
        Graph decoder = model.load(Map.of(input, shape));
        Value picture = decoder.outputs().values().iterator().next();
        boolean fits = picture.rank() == 4
                && picture.dim(1) == 3
                && picture.dim(2) == latents.height() * scale
                && picture.dim(3) == latents.width() * scale;
        if (decoder.outputs().size() != 1 || !fits) {
            findings.error(
                    VAE,
                    "gives " + decoder.outputs() + " for latents " + shape + ", expected [batch, 3, "
                            + latents.height() * scale + ", " + latents.width() * scale + "]",
                    "export the decoder of the VAE whose configuration is beside it");
        }
        boolean half = decoder.topologicalOrder().stream().anyMatch(v -> v.type() == DataType.FLOAT16);
        if (half && vae.root().path("force_upcast").asBoolean(false)) {
            findings.warn(
                    VAE,
                    "computes in float16 although its configuration says force_upcast: its activations overflow",
                    "export the VAE in float32");
        }
        return decoder;
    }
}
