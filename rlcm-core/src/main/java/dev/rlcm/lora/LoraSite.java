package dev.rlcm.lora;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Optional;

/**
 * A linear layer that an adapter changes.
 *
 * @param path the module's path, for example {@code down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q}
 * @param in width of the layer's input
 * @param out width of its output
 */
public record LoraSite(String path, int in, int out) {
    /** The site at a product with a constant matrix whose node name tells a module path, if this is one. */
    static Optional<LoraSite> at(Value value) {
        boolean linear = value.is(Op.MATMUL)
                && value.in(1).is(Op.CONSTANT)
                && value.in(1).rank() == 2
                && !value.attributes().flag("transA");
        int end = value.label().lastIndexOf('/');
        if (!linear || end <= 0) {
            return Optional.empty();
        }
        String path = value.label()
                .substring(value.label().startsWith("/") ? 1 : 0, end)
                .replace('/', '.');
        return Optional.of(new LoraSite(path, value.in(0).dim(-1), value.dim(-1)));
    }

    /** The key of the down projection A, [rank, in]. */
    public String keyA() {
        return path + ".lora_A.weight";
    }

    /** The key of the up projection B, [out, rank]. */
    public String keyB() {
        return path + ".lora_B.weight";
    }

    Shape shapeA(int rank) {
        return Shape.of(rank, in);
    }

    Shape shapeB(int rank) {
        return Shape.of(out, rank);
    }

    Value inputA(String prefix, int rank, DataType type) {
        return Value.input(prefix + keyA(), type, shapeA(rank));
    }

    Value inputB(String prefix, int rank, DataType type) {
        return Value.input(prefix + keyB(), type, shapeB(rank));
    }
}
