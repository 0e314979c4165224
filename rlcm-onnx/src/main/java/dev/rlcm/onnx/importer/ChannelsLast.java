package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxDomains;
import java.util.List;

/**
 * ONNX Runtime's operators on pictures [N, H, W, C], which its optimiser for diffusion models writes, by way of
 * [N, C, H, W]; transposes that meet cancel.
 */
final class ChannelsLast {
    private ChannelsLast() {}

    static void register(OperatorTable table) {
        table.contrib("NhwcConv", node -> conv(node, true))
                .contrib("NhwcFusedConv", node -> conv(node, false))
                .contrib("GroupNorm", node -> groupNorm(node, node.in(0)))
                .rows(OnnxDomains.MICROSOFT, "SkipGroupNorm", ChannelsLast::skipGroupNorm);
    }

    /** The optimiser writes weights as [M, kH, kW, C] for NhwcConv, newer versions of the runtime as [M, C, kH, kW]. */
    private static Value conv(OnnxNode node, boolean weightsToo) {
        Value x = channelsFirst(node.in(0));
        int channels = x.dim(1) / node.integer("group", 1);
        Value weight = node.in(1);
        boolean last = weight.dim(-1) == channels && (weightsToo || weight.dim(1) != channels);
        if (!last && weight.dim(1) != channels) {
            throw new GraphException("weights " + weight.shape() + " do not fit " + channels + " channels");
        }
        Value convolved = channelsLast(WindowTranslations.conv(node, x, last ? channelsFirst(weight) : weight));
        return ContribTranslations.activated(node, node.has(3) ? convolved.add(node.in(3)) : convolved);
    }

    /** (x, skip, bias*) are added first; the sum is the second result. */
    private static List<Value> skipGroupNorm(OnnxNode node) {
        Value x = node.in(0);
        boolean last = node.flag("channels_last", true);
        Value skip = node.in(3);
        int channels = x.dim(last ? x.rank() - 1 : 1);
        if (skip.rank() == 2) {
            skip = last ? skip.reshape(skip.dim(0), 1, 1, channels) : skip.reshape(skip.dim(0), channels, 1, 1);
        }
        Value sum = x.add(skip);
        if (node.has(4)) {
            sum = sum.add(last ? node.in(4) : WindowTranslations.perChannel(node.in(4), x.rank()));
        }
        return List.of(groupNorm(node, sum), sum);
    }

    /** Activation 1 is SiLU. */
    private static Value groupNorm(OnnxNode node, Value x) {
        boolean last = node.flag("channels_last", true);
        Attributes attributes =
                Attributes.of("groups", node.integer("groups", 1), "epsilon", node.real("epsilon", 1e-5));
        Value norm = node.apply(Op.GROUP_NORM, attributes, last ? channelsFirst(x) : x, node.in(1), node.in(2));
        Value activated =
                switch (node.integer("activation", 0)) {
                    case 0 -> norm;
                    case 1 -> Value.of(Op.SWISH, Attributes.of("alpha", 1.0), norm);
                    default -> throw new GraphException(
                            "activation " + node.integer("activation", 0) + " is not supported");
                };
        return last ? channelsLast(activated) : activated;
    }

    private static Value channelsFirst(Value x) {
        return x.transpose(0, 3, 1, 2);
    }

    private static Value channelsLast(Value x) {
        return x.transpose(0, 2, 3, 1);
    }
}
