package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Attention and rotary embeddings, standard from opset 23 on; the letters are those of the ONNX operator reference. */
final class AttentionTranslations {
    private AttentionTranslations() {}

    static void register(OperatorTable table) {
        table.rows("", "Attention", AttentionTranslations::attention).row("RotaryEmbedding", node -> {
            Value positions = node.has(3) ? node.in(3) : null;
            return rotary(node, node.in(0), node.in(1), node.in(2), positions);
        });
    }

    /** Inputs (Q, K, V, mask*, past key*, past value*); results Y, the keys and values used, and the scores. */
    private static List<Value> attention(OnnxNode node) {
        boolean packed = node.in(0).rank() == 3;
        Value q = packed ? splitHeads(node.in(0), node.integer("q_num_heads", 1)) : node.in(0);
        Value k = packed ? splitHeads(node.in(1), node.integer("kv_num_heads", 1)) : node.in(1);
        Value v = packed ? splitHeads(node.in(2), node.integer("kv_num_heads", 1)) : node.in(2);
        int past = node.has(4) ? node.in(4).dim(2) : 0;
        Value keys = node.has(4) ? Value.concat(2, List.of(node.in(4), k)) : k;
        Value values = node.has(5) ? Value.concat(2, List.of(node.in(5), v)) : v;
        double scale = node.real("scale", 1 / Math.sqrt(q.dim(3)));
        double softcap = node.real("softcap", 0);
        Value mask = mask(node, q, keys, past);
        Value wideKeys = repeatHeads(keys, q.dim(1));
        Value wideValues = repeatHeads(values, q.dim(1));
        List<Value> results = new ArrayList<>();
        if (softcap == 0 && !node.wants(3)) {
            List<Value> operands = new ArrayList<>(List.of(q, wideKeys, wideValues));
            if (mask != null) {
                operands.add(mask);
            }
            results.add(node.apply(Op.ATTENTION, Attributes.of("scale", scale), operands.toArray(Value[]::new)));
        } else {
            Value scores = q.matmul(wideKeys, false, true).mul(scale);
            Value capped = softcap == 0 ? scores : scores.div(softcap).tanh().mul(softcap);
            Value masked = mask == null ? capped : capped.add(mask);
            Value weights = masked.softmax(3);
            results.add(weights.matmul(wideValues));
            results.addAll(List.of(keys, values));
            results.add(shownScores(node, softcap != 0, List.of(scores, capped, masked, weights)));
        }
        if (results.size() == 1) {
            results.addAll(List.of(keys, values));
        }
        if (packed) {
            results.set(0, mergeHeads(results.get(0)));
        }
        return results;
    }

    /** Which of (scores, softcapped, masked, softmaxed) the fourth result is. */
    private static Value shownScores(OnnxNode node, boolean capped, List<Value> stages) {
        int mode = node.integer("qk_matmul_output_mode", 0);
        if (capped && (mode == 1 || mode == 2) && node.has(3)) {
            throw new GraphException("qk_matmul_output_mode " + mode
                    + " with a softcap and a mask is not supported: the" + " versions of ONNX disagree on its meaning");
        }
        return switch (mode) {
            case 0 -> stages.get(0);
            case 1, 2 -> stages.get(2);
            case 3 -> stages.get(3);
            default -> throw new GraphException("qk_matmul_output_mode " + mode + " is not supported");
        };
    }

    /** What is added to the scores: the mask, and -infinity above the diagonal if causal. */
    private static @Nullable Value mask(OnnxNode node, Value q, Value keys, int past) {
        int total = keys.dim(2);
        Value mask = node.has(3) ? additive(node.in(3), q) : null;
        if (mask != null && mask.dim(-1) < total) {
            int[] pads = new int[2 * mask.rank()];
            pads[2 * mask.rank() - 1] = total - mask.dim(-1);
            mask = Value.of(
                    Op.PAD,
                    Attributes.of("pads", pads, "mode", "constant").with("value", Double.NEGATIVE_INFINITY),
                    mask);
        }
        if (!node.flag("is_causal", false)) {
            return mask;
        }
        Value causal = causal(q, total, past);
        return mask == null ? causal : mask.add(causal);
    }

    /** Booleans say what may be seen. */
    static Value additive(Value mask, Value like) {
        return mask.type() == DataType.BOOL
                ? mask.where(like.like(0), like.like(Double.NEGATIVE_INFINITY))
                : mask.cast(like.type());
    }

    /** [L, S]: query i sees the keys up to i + past. */
    static Value causal(Value q, int total, int past) {
        return Value.constant(TensorData.generate(
                q.type(),
                Shape.of(q.dim(2), total),
                i -> i % total <= i / total + past ? 0 : Double.NEGATIVE_INFINITY));
    }

    /** [B, L, H D] to [B, H, L, D]. */
    static Value splitHeads(Value x, int heads) {
        return x.reshape(x.dim(0), x.dim(1), heads, x.dim(2) / heads).transpose(0, 2, 1, 3);
    }

    /** [B, H, L, D] to [B, L, H D]. */
    static Value mergeHeads(Value x) {
        return x.transpose(0, 2, 1, 3).reshape(x.dim(0), x.dim(2), x.dim(1) * x.dim(3));
    }

    /** [B, G, S, D] to [B, H, S, D], each head as often as there are queries for it. */
    private static Value repeatHeads(Value x, int heads) {
        int groups = x.dim(1);
        if (groups == heads) {
            return x;
        }
        if (groups == 0 || heads % groups != 0) {
            throw new GraphException(heads + " heads of queries do not share " + groups + " of keys");
        }
        return x.reshape(x.dim(0), groups, 1, x.dim(2), x.dim(3))
                .expand(Shape.of(x.dim(0), groups, heads / groups, x.dim(2), x.dim(3)))
                .reshape(x.dim(0), heads, x.dim(2), x.dim(3));
    }

    /** Rotates pairs of x, [B, H, L, D] or [B, L, H D], by angles whose cosines and sines are [B, L, D/2] or by position. */
    static Value rotary(OnnxNode node, Value x, Value cosines, Value sines, @Nullable Value positions) {
        boolean packed = x.rank() == 3;
        int heads = packed ? node.integer("num_heads", 0) : x.dim(1);
        int declared = node.integer("rotary_embedding_dim", 0);
        if (heads == 0) {
            throw new GraphException("num_heads is needed for an input of rank 3");
        }
        Value wide = packed ? splitHeads(x, heads) : x;
        int rotated = declared == 0 ? wide.dim(3) : declared;
        Value head = wide.slice(3, 0, rotated);
        Value cos = angles(cosines, positions);
        Value sin = angles(sines, positions);
        boolean interleaved = node.flag("interleaved", false);
        int half = rotated / 2;
        if (cos.dim(3) != half || sin.dim(3) != half) {
            throw new GraphException("rotates " + rotated + " elements, the angles are for " + 2 * cos.dim(3));
        }
        Value a = interleaved ? strided(head, 0) : head.slice(3, 0, half);
        Value b = interleaved ? strided(head, 1) : head.slice(3, half, rotated);
        Value real = cos.mul(a).sub(sin.mul(b));
        Value imaginary = sin.mul(a).add(cos.mul(b));
        Value turned = interleaved ? interleave(real, imaginary) : Value.concat(3, List.of(real, imaginary));
        Value result =
                rotated == wide.dim(3) ? turned : Value.concat(3, List.of(turned, wide.slice(3, rotated, wide.dim(3))));
        return packed ? mergeHeads(result) : result;
    }

    /** [B, 1, L, D/2]. */
    private static Value angles(Value cache, @Nullable Value positions) {
        Value chosen = positions == null ? cache : cache.gather(0, positions);
        return chosen.reshape(chosen.dim(0), 1, chosen.dim(1), chosen.dim(2));
    }

    private static Value strided(Value x, int start) {
        int[] starts = {0, 0, 0, start};
        int[] sizes = x.shape().toArray();
        sizes[3] /= 2;
        return x.slice(starts, sizes, new int[] {1, 1, 1, 2});
    }

    private static Value interleave(Value even, Value odd) {
        int[] dims = even.shape().toArray();
        int[] apart = Arrays.copyOf(dims, 5);
        apart[4] = 1;
        dims[3] *= 2;
        return Value.concat(4, List.of(even.reshape(apart), odd.reshape(apart))).reshape(dims);
    }
}
