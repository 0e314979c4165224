package dev.rlcm.onnx;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The attention of ONNX Runtime's own domain, as its transformer optimiser writes it. */
final class ContribAttention {
    private static final double MASKED = -10_000;

    private ContribAttention() {}

    static void register(OperatorTable table) {
        table.rows(OperatorTable.MICROSOFT, "MultiHeadAttention", ContribAttention::multiHead)
                .rows(OperatorTable.MICROSOFT, "Attention", ContribAttention::packed)
                .contrib(
                        "RotaryEmbedding",
                        node -> AttentionTranslations.rotary(
                                node, node.in(0), node.in(2), node.in(3), positions(node)));
    }

    /** Positions of rank 1 are one offset for all rows. */
    private static Value positions(OnnxNode node) {
        Value x = node.in(0);
        Value given = node.in(1);
        if (given.rank() == 2) {
            return given;
        }
        int length = x.dim(x.rank() == 3 ? 1 : 2);
        Value ramp = ConstantTranslations.iota(length).reshape(1, length).cast(given.type());
        return given.reshape(1, 1).add(ramp);
    }

    /** (query, key*, value*, bias*, key padding mask*, attention bias*, past key*, past value*). */
    private static List<Value> multiHead(OnnxNode node) {
        int heads = node.integer("num_heads", 1);
        Value[] qkv = unpacked(node);
        for (int i = 0, start = 0; i < 3; i++) {
            if (qkv[i].rank() == 3) {
                int width = qkv[i].dim(2);
                Value part = node.has(3) ? qkv[i].add(node.in(3).slice(0, start, start + width)) : qkv[i];
                qkv[i] = AttentionTranslations.splitHeads(part, heads);
            } else if (node.has(3)) {
                throw new GraphException("a bias needs inputs of rank 3");
            }
            start += qkv[i].dim(1) * qkv[i].dim(3);
        }
        Value keys = node.has(6) ? Value.concat(2, List.of(node.in(6), qkv[1])) : qkv[1];
        Value values = node.has(7) ? Value.concat(2, List.of(node.in(7), qkv[2])) : qkv[2];
        Value bias = node.has(5) ? node.in(5) : null;
        Value mask = mask(node, node.has(4) ? node.in(4) : null, bias, qkv[0], keys);
        return List.of(attend(node, qkv[0], keys, values, mask), keys, values);
    }

    /** Separate operands, or [B, S, H, 2, D] of keys and values, or [B, L, H, 3, D] of all three. */
    private static Value[] unpacked(OnnxNode node) {
        if (node.has(2)) {
            return new Value[] {node.in(0), node.in(1), node.in(2)};
        }
        Value packed = node.has(1) ? node.in(1) : node.in(0);
        if (packed.rank() != 5) {
            throw new GraphException("needs keys and values");
        }
        int parts = packed.dim(3);
        Value[] split = IntStream.range(0, parts)
                .mapToObj(i -> packed.slice(3, i, i + 1)
                        .reshape(packed.dim(0), packed.dim(1), packed.dim(2), packed.dim(4))
                        .transpose(0, 2, 1, 3))
                .toArray(Value[]::new);
        return parts == 3 ? split : new Value[] {node.in(0), split[0], split[1]};
    }

    /** (input [B, L, C], weights [C, 3 H D], bias* [3 H D], mask*, past*, attention bias*). */
    private static List<Value> packed(OnnxNode node) {
        if (node.has(4) || node.hasAttribute("do_rotary") || node.wants(1)) {
            throw new GraphException("past keys and rotary embeddings are not supported in this form");
        }
        int heads = node.integer("num_heads", 1);
        Value product = node.in(0).matmul(node.in(1));
        Value all = node.has(2) ? product.add(node.in(2)) : product;
        int third = all.dim(2) / 3;
        int[] widths = node.ints("qkv_hidden_sizes", third, third, third);
        List<Value> parts = new ArrayList<>();
        int start = 0;
        for (int width : widths) {
            parts.add(AttentionTranslations.splitHeads(all.slice(2, start, start + width), heads));
            start += width;
        }
        Value bias = node.has(5) ? node.in(5) : null;
        Value mask = mask(node, node.has(3) ? node.in(3) : null, bias, parts.get(0), parts.get(1));
        return List.of(attend(node, parts.get(0), parts.get(1), parts.get(2), mask));
    }

    private static Value attend(OnnxNode node, Value q, Value k, Value v, @Nullable Value mask) {
        double scale = node.real("scale", 0);
        List<Value> operands = new ArrayList<>(List.of(q, k, v));
        if (mask != null) {
            operands.add(mask);
        }
        Attributes attributes = Attributes.of("scale", scale == 0 ? 1 / Math.sqrt(q.dim(3)) : scale);
        return AttentionTranslations.mergeHeads(node.apply(Op.ATTENTION, attributes, operands.toArray(Value[]::new)));
    }

    /** The sum of what hides padding, the given bias, and what hides later keys; 1 in a padding mask keeps a key. */
    private static @Nullable Value mask(
            OnnxNode node, @Nullable Value padding, @Nullable Value bias, Value q, Value keys) {
        Value mask = bias;
        if (padding != null) {
            if (padding.rank() != 2 || padding.dim(1) != keys.dim(2)) {
                throw new GraphException(
                        "only padding masks of shape [batch, keys] are supported, this is " + padding.shape());
            }
            Value kept = padding.cast(q.type()).reshape(padding.dim(0), 1, 1, padding.dim(1));
            Value hidden = kept.neg().add(1).mul(node.real("mask_filter_value", MASKED));
            mask = mask == null ? hidden : mask.add(hidden);
        }
        if (node.flag("unidirectional", false)) {
            Value causal = AttentionTranslations.causal(q, keys.dim(2), keys.dim(2) - q.dim(2));
            mask = mask == null ? causal : mask.add(causal);
        }
        return mask;
    }
}
