package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.ModelDirectory.LatentSize;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.component.Rows;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How a network wants its latents: as they are, [B,C,h,w], or with the p x p latents of a patch as one token, [B, h w / p^2, p^2 C], and
 * then with the places of text and picture tokens.
 *
 * @param input what the network calls them
 * @param latent [C, h, w]
 * @param packing p
 */
record LatentLayout(String input, Shape latent, int packing) {
    private static final String PICTURE_PLACES = "img_ids";
    private static final String TEXT_PLACES = "txt_ids";

    /** The inputs that say where tokens are. */
    static final List<String> POSITIONS = List.of(PICTURE_PLACES, TEXT_PLACES);

    static LatentLayout of(OnnxComponent model, Family.Form form, JsonFile config, LatentSize size) {
        String input = model.inputs().contains("hidden_states") ? "hidden_states" : Denoiser.SAMPLE;
        if (!model.inputs().contains(input)) {
            throw new IllegalArgumentException(model.path() + " has the inputs " + model.inputs() + "; needed is "
                    + Denoiser.SAMPLE + " or hidden_states, as in exports by Optimum");
        }
        int packing = form.packing();
        boolean isPacked = packing > 1;
        int configured = config.count("in_channels").orElse(OnnxComponent.ANY);
        int batch = model.dim(input, 0).orElse(1);
        int tokens = size.height() / packing * (size.width() / packing);
        Shape fed = isPacked
                ? model.bind(input, batch, tokens, configured)
                : model.bind(input, batch, configured, size.height(), size.width());
        int channels = isPacked ? fed.dim(2) / (packing * packing) : fed.dim(1);
        if (size.height() % packing != 0 || size.width() % packing != 0) {
            throw new IllegalArgumentException(
                    "the latents of " + model.path() + " must have sides that are multiples of " + packing + ", got "
                            + size.height() + " x " + size.width());
        }
        return new LatentLayout(input, Shape.of(channels, size.height(), size.width()), packing);
    }

    private boolean isPacked() {
        return packing > 1;
    }

    /** The shape of the network's own input. */
    Shape fed(int batch) {
        return isPacked()
                ? Shape.of(batch, rows() * columns(), latent.dim(0) * packing * packing)
                : Rows.prepend(batch, latent);
    }

    private int rows() {
        return latent.dim(1) / packing;
    }

    private int columns() {
        return latent.dim(2) / packing;
    }

    Value pack(Value sample) {
        if (!isPacked()) {
            return sample;
        }
        int batch = sample.dim(0);
        return sample.reshape(batch, latent.dim(0), rows(), packing, columns(), packing)
                .transpose(0, 2, 4, 1, 3, 5)
                .reshape(fed(batch));
    }

    Value unpack(Value output) {
        if (!isPacked()) {
            return output;
        }
        int batch = output.dim(0);
        return output.reshape(batch, rows(), columns(), latent.dim(0), packing, packing)
                .transpose(0, 3, 1, 4, 2, 5)
                .reshape(Rows.prepend(batch, latent));
    }

    /**
     * What is fed to the inputs of {@link #POSITIONS} that the network has, without a batch: [tokens, 3] of 0, row and column of the picture,
     * or [tokens, 4] with the index of the text's token as well.
     */
    Map<String, TensorData> positions(OnnxComponent model, Map<String, Shape> shapes) {
        Map<String, TensorData> positions = new LinkedHashMap<>();
        if (model.inputs().contains(PICTURE_PLACES)) {
            positions.put(
                    PICTURE_PLACES,
                    TensorData.generate(
                            DataType.FLOAT32,
                            Shape.of(rows() * columns(), axes(model, PICTURE_PLACES)),
                            i -> place(i, axes(model, PICTURE_PLACES))));
        }
        if (model.inputs().contains(TEXT_PLACES)) {
            int tokens = shapes.get(ConditioningInput.STATES).dim(1);
            int axes = axes(model, TEXT_PLACES);
            positions.put(
                    TEXT_PLACES,
                    TensorData.generate(
                            DataType.FLOAT32, Shape.of(tokens, axes), i -> i % axes == 3 ? (double) (i / axes) : 0));
        }
        return positions;
    }

    private static int axes(OnnxComponent model, String input) {
        return model.dim(input, model.rank(input) - 1).orElse(3);
    }

    /** Element i of the picture's places: the row of a token on axis 1, its column on axis 2, else 0. */
    private double place(long i, int axes) {
        int token = (int) (i / axes);
        int axis = (int) (i % axes);
        return axis == 1 ? token / columns() : axis == 2 ? token % columns() : 0;
    }
}
