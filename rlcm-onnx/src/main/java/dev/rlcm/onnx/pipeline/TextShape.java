package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.Shape;
import dev.rlcm.onnx.pipeline.TextSource.Use;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The sizes of what a text becomes.
 *
 * @param tokens S, 0 if no hidden states are taken
 * @param width D of the hidden states, likewise
 * @param pooled the length of the vector of the whole text, 0 if none is taken
 */
public record TextShape(int tokens, int width, int pooled) {
    /** Of the hidden states, [S, D]. */
    public Shape states() {
        return Shape.of(tokens, width);
    }

    /**
     * That of the zeros that stand for an encoder which a model does without.
     *
     * @param network the configuration of the network
     */
    public static TextShape ofAbsent(TextSource source, JsonFile network) {
        return new TextShape(
                source.tokens(), network.count("joint_attention_dim").orElse(0), 0);
    }

    /**
     * That of embeddings in a file.
     *
     * @param model where the model is that they are for
     * @throws IllegalArgumentException if they cannot be those of the family
     */
    public static TextShape ofStored(PromptEmbeddings embeddings, Family family, Path model) {
        embeddings.requireFit(family, model);
        return embeddings.shape();
    }

    /**
     * That of several encoders' results together.
     *
     * @param parts as many as sources
     */
    public static TextShape joined(List<TextSource> sources, List<TextShape> parts) {
        int tokens = 0;
        int width = 0;
        int pooled = 0;
        for (List<Integer> block : blocks(sources)) {
            tokens += block.stream().mapToInt(i -> parts.get(i).tokens).max().orElse(0);
            width = Math.max(
                    width, block.stream().mapToInt(i -> parts.get(i).width).sum());
        }
        for (TextShape part : parts) {
            pooled += part.pooled;
        }
        return new TextShape(tokens, width, pooled);
    }

    /** The indices of the sources whose states stand beside each other. */
    static List<List<Integer>> blocks(List<TextSource> sources) {
        List<List<Integer>> blocks = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            if (blocks.isEmpty() || sources.get(i).is(Use.NEW_TOKENS)) {
                blocks.add(new ArrayList<>());
            }
            blocks.get(blocks.size() - 1).add(i);
        }
        return blocks;
    }
}
