package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxDomains;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Operators of ONNX Runtime's own domain that its optimisers leave in saved models, as compositions; see also
 * {@link ContribAttention} and {@link ChannelsLast}. Semantics are those of ONNX Runtime's operator documentation.
 */
final class ContribTranslations {
    private ContribTranslations() {}

    static void register(OperatorTable table) {
        table.contrib("Gelu", node -> ActivationTranslations.gelu(node, node.in(0), "none"))
                .contrib("FastGelu", node -> ActivationTranslations.gelu(node, biased(node), "tanh"))
                .contrib("BiasGelu", node -> ActivationTranslations.gelu(node, biased(node), "none"))
                .contrib("QuickGelu", node -> ActivationTranslations.swish(node, node.real("alpha", 1.702)))
                .contrib("BiasSplitGelu", ContribTranslations::biasSplitGelu)
                .contrib("BiasAdd", node -> biased(node).add(node.in(2)))
                .contrib("BiasSoftmax", ContribTranslations::biasSoftmax)
                .rows(OnnxDomains.MICROSOFT, "BiasDropout", ContribTranslations::biasDropout)
                .contrib("GemmFastGelu", ContribTranslations::gemmFastGelu)
                .contrib("FusedGemm", node -> activated(node, MatrixTranslations.gemm(node)))
                .contrib("FusedMatMul", ContribTranslations::fusedMatMul)
                .contrib("TransposeMatMul", ContribTranslations::fusedMatMul)
                .contrib("FusedMatMulActivation", node -> activated(node, fusedMatMul(node)))
                .contrib("FusedConv", ContribTranslations::fusedConv)
                .rows(OnnxDomains.MICROSOFT, "EmbedLayerNormalization", ContribTranslations::embedLayerNorm)
                .rows(OnnxDomains.MICROSOFT, "SkipLayerNormalization", ContribTranslations::skipLayerNorm)
                .rows(OnnxDomains.MICROSOFT, "SkipSimplifiedLayerNormalization", ContribTranslations::skipRmsNorm);
    }

    private static Value biased(OnnxNode node) {
        return node.has(1) ? node.in(0).add(node.in(1)) : node.in(0);
    }

    /** The first half of the features times the GELU of the second. */
    private static Value biasSplitGelu(OnnxNode node) {
        Value x = biased(node);
        int last = x.rank() - 1;
        int half = x.dim(last) / 2;
        return x.slice(last, 0, half).mul(ActivationTranslations.gelu(node, x.slice(last, half, 2 * half), "none"));
    }

    private static Value biasSoftmax(OnnxNode node) {
        Value x = biased(node);
        int axis = OnnxNode.axis(node.integer("axis", 1), x.rank());
        if (axis != x.rank() - 1) {
            Value flat = ShapeTranslations.flatten(x, axis);
            return flat.softmax(1).reshape(x.shape());
        }
        return x.softmax(axis);
    }

    private static List<Value> biasDropout(OnnxNode node) {
        if (node.has(4) && node.scalar(4) != 0) {
            throw new GraphException("is in training mode; export the model for inference");
        }
        Value sum = node.has(2) ? biased(node).add(node.in(2)) : biased(node);
        return List.of(sum, Value.scalar(DataType.BOOL, 1).expand(node.in(0).shape()));
    }

    private static Value gemmFastGelu(OnnxNode node) {
        Value product = MatrixTranslations.matmul(node, node.in(0), node.in(1), false, false);
        return ActivationTranslations.gelu(node, node.has(2) ? product.add(node.in(2)) : product, "tanh");
    }

    private static Value fusedMatMul(OnnxNode node) {
        Value a = node.flag("transBatchA", false) ? firstAxisMoved(node.in(0)) : node.in(0);
        Value b = node.flag("transBatchB", false) ? firstAxisMoved(node.in(1)) : node.in(1);
        Value product = MatrixTranslations.product(node, a, b, node.flag("transA", false), node.flag("transB", false));
        return MatrixTranslations.scaled(product, node.real("alpha", 1));
    }

    /** [d0, d1, ..., m, n] to [d1, ..., m, d0, n]. */
    private static Value firstAxisMoved(Value x) {
        int rank = x.rank();
        return x.transpose(IntStream.range(0, rank)
                .map(i -> i == rank - 1 ? i : (i + 1) % (rank - 1))
                .toArray());
    }

    /** A convolution, plus Z if given, then an activation. */
    private static Value fusedConv(OnnxNode node) {
        Value sum = WindowTranslations.conv(node, node.in(0), node.in(1));
        return activated(node, node.has(3) ? sum.add(node.in(3)) : sum);
    }

    /** The activation that a fused node ends with, and its numbers: {@code activation_params}, or one by one. */
    static Value activated(OnnxNode node, Value x) {
        double[] listed = node.reals("activation_params");
        double first = listed.length > 0 ? listed[0] : node.real("activation_alpha", 0.01);
        double second = listed.length > 1 ? listed[1] : node.real("activation_beta", 0);
        String activation = node.text("activation", "");
        return switch (activation) {
            case "" -> x;
            case "Relu" -> x.unary(Op.RELU);
            case "Sigmoid" -> x.sigmoid();
            case "Tanh" -> x.tanh();
            case "Softplus" -> x.unary(Op.SOFTPLUS);
            case "LeakyRelu" -> Value.of(Op.LEAKY_RELU, Attributes.of("alpha", first), x);
            case "Clip" -> x.clip(first, second);
            case "HardSigmoid" -> ActivationTranslations.hardSigmoid(x, first, second);
            default -> throw new GraphException("activation " + activation + " is not supported");
        };
    }

    /** Layer norm of (input, skip, gamma, beta*, bias*) over the last axis; the fourth result is the sum itself. */
    private static List<Value> skipLayerNorm(OnnxNode node) {
        Value x = skipped(node, 4);
        List<Value> parameters = node.has(3) ? List.of(node.in(2), node.in(3)) : List.of(node.in(2));
        return withSum(NormTranslations.layerNorm(node, x, x.rank() - 1, parameters), x);
    }

    /** As {@link #skipLayerNorm} of (input, skip, gamma, bias*), but x / rms(x). */
    private static List<Value> skipRmsNorm(OnnxNode node) {
        Value x = skipped(node, 3);
        return withSum(List.of(NormTranslations.rmsNorm(node, x, x.rank() - 1, node.in(2))), x);
    }

    private static Value skipped(OnnxNode node, int bias) {
        Value sum = node.in(0).add(node.in(1));
        return node.has(bias) ? sum.add(node.in(bias)) : sum;
    }

    /** The sum as the fourth result; those before it that nobody wants are filled up with it. */
    private static List<Value> withSum(List<Value> norm, Value sum) {
        List<Value> results = new ArrayList<>(norm);
        while (results.size() < 4) {
            results.add(sum);
        }
        return results;
    }

    /** (ids, segments*, words, positions, segment table*, gamma, beta, mask*, position ids*): the input layer of BERT. */
    private static List<Value> embedLayerNorm(OnnxNode node) {
        Value ids = node.in(0);
        Value words = node.in(2).gather(0, ids);
        Value places =
                node.has(8) ? node.in(8) : ConstantTranslations.iota(ids.dim(1)).reshape(1, ids.dim(1));
        Value sum = words.add(node.in(3).gather(0, places));
        Value x = node.has(1) ? sum.add(node.in(4).gather(0, node.in(1))) : sum;
        List<Value> parameters = List.of(node.in(5), node.in(6));
        Value normalised = NormTranslations.layerNorm(node, x, 2, parameters).get(0);
        Value lengths = node.has(7)
                ? node.in(7).sum(false, 1)
                : Value.scalar(DataType.INT32, 0).expand(Shape.of(ids.dim(0)));
        return List.of(normalised, lengths, x);
    }
}
