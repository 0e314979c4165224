package dev.rlcm.onnx.importer;

import static dev.rlcm.onnx.importer.AttentionTranslations.mergeHeads;
import static dev.rlcm.onnx.importer.AttentionTranslations.splitHeads;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxDomains;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Attention as ONNX Runtime's optimiser for transformers fuses them. Queries, keys and values are
 * [B, H, L, D] inside.
 */
final class ContribAttention {
    /** What masked positions get added, unless an attribute says otherwise. */
    private static final double FILTER = -10_000;

    private ContribAttention() {}

    static void register(OperatorTable table) {
        table.rows(OnnxDomains.MICROSOFT, "Attention", ContribAttention::packed)
                .rows(OnnxDomains.MICROSOFT, "MultiHeadAttention", ContribAttention::multiHead)
                .contrib("RotaryEmbedding", ContribAttention::rotary);
    }

    /** (x, W, bias*, mask*, past*, scores*): one product yields queries, keys and values side by side. */
    private static List<Value> packed(OnnxNode node) {
        if (node.flag("do_rotary", false) || node.flag("past_present_share_buffer", false)) {
            throw new GraphException("do_rotary and past_present_share_buffer are not supported");
        }
        Value x = node.in(0);
        Value product = MatrixTranslations.matmul(node, x, node.in(1), false, false);
        Value all = node.has(2) ? product.add(node.in(2)) : product;
        int third = all.dim(2) / 3;
        int[] sizes = node.ints("qkv_hidden_sizes", third, third, third);
        int heads = node.integer("num_heads", 1);
        Value q = splitHeads(all.slice(2, 0, sizes[0]), heads);
        Value k = splitHeads(all.slice(2, sizes[0], sizes[0] + sizes[1]), heads);
        Value v = splitHeads(all.slice(2, sizes[0] + sizes[1], all.dim(2)), heads);
        if (node.has(4)) {
            Value past = node.in(4);
            k = Value.concat(2, List.of(pastOf(past, 0), k));
            v = Value.concat(2, List.of(pastOf(past, 1), v));
        }
        List<Value> results = new ArrayList<>(List.of(attend(node, q, k, v, 3, 5)));
        if (node.wants(1)) {
            results.add(Value.concat(0, List.of(asOne(k), asOne(v))));
        }
        return results;
    }

    private static Value pastOf(Value past, int index) {
        return past.slice(0, index, index + 1).reshape(past.dim(1), past.dim(2), past.dim(3), past.dim(4));
    }

    private static Value asOne(Value x) {
        return x.reshape(1, x.dim(0), x.dim(1), x.dim(2), x.dim(3));
    }

    /** (Q, K*, V*, bias*, mask*, scores*, past K*, past V*), in the layouts that the documentation lists. */
    private static List<Value> multiHead(OnnxNode node) {
        int heads = node.integer("num_heads", 1);
        List<Value> qkv = new ArrayList<>();
        if (node.in(0).rank() == 5) {
            qkv.addAll(unpacked(node.in(0), 3));
        } else if (node.in(1).rank() == 5) {
            qkv.add(biased(node, node.in(0), 0));
            qkv.addAll(unpacked(node.in(1), 2));
        } else {
            qkv.add(biased(node, node.in(0), 0));
            int before = node.in(0).dim(2);
            for (int i = 1; i <= 2; i++) {
                Value x = node.in(i);
                qkv.add(x.rank() == 4 ? x : biased(node, x, before));
                before += x.rank() == 4 ? 0 : x.dim(2);
            }
        }
        qkv.replaceAll(x -> x.rank() == 4 ? x : splitHeads(x, heads));
        Value k = node.has(6) ? Value.concat(2, List.of(node.in(6), qkv.get(1))) : qkv.get(1);
        Value v = node.has(7) ? Value.concat(2, List.of(node.in(7), qkv.get(2))) : qkv.get(2);
        return List.of(attend(node, qkv.get(0), k, v, 4, 5), k, v);
    }

    /** [B, L, H, n, D] to n times [B, H, L, D]. */
    private static List<Value> unpacked(Value x, int count) {
        List<Value> parts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            parts.add(x.slice(3, i, i + 1)
                    .reshape(x.dim(0), x.dim(1), x.dim(2), x.dim(4))
                    .transpose(0, 2, 1, 3));
        }
        return parts;
    }

    private static Value biased(OnnxNode node, Value x, int from) {
        return node.has(3) ? x.add(node.in(3).slice(0, from, from + x.dim(2))) : x;
    }

    /** [B, L, H D]. */
    private static Value attend(OnnxNode node, Value q, Value k, Value v, int mask, int bias) {
        List<Value> added = new ArrayList<>();
        if (node.has(mask)) {
            added.add(excluded(node, node.in(mask), q, k));
        }
        if (node.has(bias)) {
            added.add(node.in(bias));
        }
        if (node.flag("unidirectional", false)) {
            added.add(AttentionTranslations.causal(q, k.dim(2), k.dim(2) - q.dim(2)));
        }
        List<Value> operands = new ArrayList<>(List.of(q, k, v));
        Optional<Value> sum = added.stream().reduce(Value::add);
        sum.ifPresent(operands::add);
        double given = node.real("scale", 0);
        Attributes scale = Attributes.of("scale", given == 0 ? 1 / Math.sqrt(q.dim(3)) : given);
        return mergeHeads(node.apply(Op.ATTENTION, scale, operands.toArray(Value[]::new)));
    }

    /** What a mask of ones and zeros, or of lengths, adds to the scores: [B, 1, 1 or L, S]. */
    private static Value excluded(OnnxNode node, Value mask, Value q, Value k) {
        int batch = q.dim(0);
        int keys = k.dim(2);
        Value visible;
        if (mask.rank() == 1 && mask.dim(0) == batch) {
            visible = positions(keys).less(mask.cast(DataType.INT64).reshape(batch, 1, 1, 1));
        } else if (mask.rank() == 1 && mask.dim(0) == 2 * batch) {
            Value ends = mask.cast(DataType.INT64).slice(0, 0, batch).reshape(batch, 1, 1, 1);
            Value starts = mask.cast(DataType.INT64).slice(0, batch, 2 * batch).reshape(batch, 1, 1, 1);
            visible = positions(keys).less(ends).and(starts.lessOrEqual(positions(keys)));
        } else if (mask.rank() == 2 && mask.dim(1) == keys) {
            visible = positive(mask).reshape(mask.dim(0), 1, 1, keys);
        } else if (mask.rank() == 3 && mask.dim(2) == keys) {
            visible = positive(mask).reshape(mask.dim(0), 1, mask.dim(1), keys);
        } else {
            throw new GraphException("a mask of shape " + mask.shape() + " is not supported for " + keys + " keys");
        }
        return visible.where(q.like(0), q.like(node.real("mask_filter_value", FILTER)));
    }

    private static Value positions(int count) {
        return ConstantTranslations.iota(count).reshape(1, 1, 1, count);
    }

    private static Value positive(Value mask) {
        return mask.type() == DataType.BOOL ? mask : mask.greater(mask.like(0));
    }

    /** (x, positions, cos, sin): one position for each token, or that of the first. */
    private static Value rotary(OnnxNode node) {
        if (node.real("scale", 1) != 1 || node.flag("is_packed_batching", false)) {
            throw new GraphException("scale and is_packed_batching are not supported");
        }
        Value x = node.in(0);
        int tokens = x.rank() == 3 ? x.dim(1) : x.dim(2);
        Value positions = node.in(1);
        if (positions.rank() == 1) {
            positions = ConstantTranslations.iota(tokens)
                    .add(positions.cast(DataType.INT64))
                    .reshape(1, tokens)
                    .expand(Shape.of(x.dim(0), tokens));
        }
        return AttentionTranslations.rotary(node, x, node.in(2), node.in(3), positions);
    }
}
