package dev.rlcm.onnx;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.List;

/** Operators of ONNX Runtime's own domain that its optimiser leaves in saved models. */
final class ContribTranslations {
    private ContribTranslations() {}

    static void register(OperatorTable table) {
        table.contrib("Gelu", node -> ActivationTranslations.gelu(node, node.in(0), "none"))
                .contrib("FastGelu", node -> ActivationTranslations.gelu(node, biased(node), "tanh"))
                .contrib("BiasGelu", node -> ActivationTranslations.gelu(node, biased(node), "none"))
                .contrib("QuickGelu", node -> ActivationTranslations.swish(node, node.real("alpha", 1.702)))
                .contrib("BiasSplitGelu", ContribTranslations::biasSplitGelu)
                .contrib("BiasAdd", node -> node.in(0).add(node.in(1)).add(node.in(2)))
                .contrib("FusedConv", ContribTranslations::fusedConv)
                .rows(OperatorTable.MICROSOFT, "EmbedLayerNormalization", ContribTranslations::embedLayerNorm)
                .rows(OperatorTable.MICROSOFT, "SkipSimplifiedLayerNormalization", ContribTranslations::skipRmsNorm)
                .rows(OperatorTable.MICROSOFT, "SkipLayerNormalization", ContribTranslations::skipLayerNorm);
    }

    private static Value biased(OnnxNode node) {
        return node.has(1) ? node.in(0).add(node.in(1)) : node.in(0);
    }

    /** Layer norm of (input, skip, gamma, beta*, bias*) over the last axis; the fourth result is the sum itself. */
    private static List<Value> skipLayerNorm(OnnxNode node) {
        Value sum = node.in(0).add(node.in(1));
        Value x = node.has(4) ? sum.add(node.in(4)) : sum;
        List<Value> parameters = node.has(3) ? List.of(node.in(2), node.in(3)) : List.of(node.in(2));
        List<Value> results = new ArrayList<>(NormTranslations.layerNorm(node, x, x.rank() - 1, parameters));
        while (results.size() < 3) {
            results.add(x);
        }
        results.add(x);
        return results;
    }

    /** Root-mean-square norm of (input, skip, gamma, bias*); the fourth result is the sum itself. */
    private static List<Value> skipRmsNorm(OnnxNode node) {
        Value sum = node.in(0).add(node.in(1));
        Value x = node.has(3) ? sum.add(node.in(3)) : sum;
        Value normalised = NormTranslations.rmsNorm(node, x, x.rank() - 1, node.in(2));
        return List.of(normalised, x, x, x);
    }

    /** The first half of (x + bias) times the Gaussian error unit of the second: GEGLU, arXiv:2002.05202. */
    private static Value biasSplitGelu(OnnxNode node) {
        Value x = node.in(0).add(node.in(1));
        int last = x.rank() - 1;
        int half = x.dim(last) / 2;
        return x.slice(last, 0, half).mul(ActivationTranslations.gelu(node, x.slice(last, half, 2 * half), "none"));
    }

    /** A convolution, plus a fourth input if there is one, and an activation. */
    private static Value fusedConv(OnnxNode node) {
        Value sum = WindowTranslations.conv(node);
        Value y = node.has(3) ? sum.add(node.in(3)) : sum;
        double[] parameters = node.reals("activation_params");
        return switch (node.text("activation", "")) {
            case "" -> y;
            case "Relu" -> y.unary(Op.RELU);
            case "Tanh" -> y.tanh();
            case "Sigmoid" -> y.sigmoid();
            case "LeakyRelu" -> Value.of(Op.LEAKY_RELU, Attributes.of("alpha", parameters[0]), y);
            case "Clip" -> y.clip(parameters[0], parameters[1]);
            case "HardSigmoid" -> ActivationTranslations.hardSigmoid(y, parameters[0], parameters[1]);
            default -> throw new GraphException("activation " + node.text("activation", "") + " is not supported");
        };
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
