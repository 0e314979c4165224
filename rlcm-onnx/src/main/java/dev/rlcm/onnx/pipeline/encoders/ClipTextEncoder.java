package dev.rlcm.onnx.pipeline.encoders;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.pipeline.component.RecentlyUsed;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.onnx.pipeline.text.PromptTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * CLIP's text tower: texts to embeddings of unit length (arXiv:2103.00020). The embeddings of the texts used last are
 * kept. Thread-safe. The backend owns its memory, except for the tokenizer, which is freed when it is unreachable.
 */
public final class ClipTextEncoder {
    private static final int MAX_CACHED = 4096;

    private final ClipComponent tower;
    private final PromptTokenizer tokenizer;
    private final ForwardNetwork network;
    private final Map<String, double[]> cache = new RecentlyUsed<>(MAX_CACHED);

    private ClipTextEncoder(ClipComponent tower, PromptTokenizer tokenizer, ForwardNetwork network) {
        this.tower = tower;
        this.tokenizer = tokenizer;
        this.network = network;
    }

    /**
     * Reads {@code text_model.onnx}, or {@code model.onnx}, and the tokenizer's files, which lie beside it or in the folder
     * {@code tokenizer}.
     *
     * @param directory of an export of {@code CLIPModel} or {@code CLIPTextModelWithProjection}; the model may lie in its
     *     folder {@code onnx}
     * @throws IllegalArgumentException if a file is missing or not CLIP's, with the remedy
     */
    public static ClipTextEncoder load(Path directory, Backend backend) throws IOException {
        ClipComponent tower = ClipComponent.text(directory);
        PromptTokenizer tokenizer = tower.tokenizer(directory);
        int[] picture = tower.model().inputs().contains(ClipComponent.PIXEL_VALUES)
                ? ClipComponent.processor(directory).shape().toArray()
                : new int[3];
        Shape ids = Shape.of(1, tokenizer.maxLength());
        ForwardNetwork network =
                tower.forward(backend, one -> backend.compile(tower.graph(Rows.prepend(1, Shape.of(picture)), ids)));
        network.prepare(1);
        return new ClipTextEncoder(tower, tokenizer, network);
    }

    /** The text's embedding of unit length, [D], FLOAT32 widened; shared, not to be changed. */
    public synchronized double[] embed(String text) {
        return cache.computeIfAbsent(text, this::compute);
    }

    /** The mask may be all ones, since a causal tower's embedding does not depend on what follows the end of the text. */
    private double[] compute(String text) {
        long[] ids = tokenizer.encode(text);
        Map<String, TensorData> fed = new LinkedHashMap<>();
        for (String input : tower.inputs()) {
            boolean isMask = input.equals(ClipComponent.ATTENTION_MASK);
            fed.put(
                    input,
                    TensorData.generate(tower.model().type(input), Shape.of(1, ids.length), i -> isMask ? 1 : ids[i]));
        }
        return UnitVectors.rows(network.run(1, fed), tower.model().path()).get(0);
    }
}
