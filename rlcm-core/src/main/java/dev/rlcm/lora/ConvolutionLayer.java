package dev.rlcm.lora;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.Optional;

/**
 * A convolution. Its update goes through rank channels: a convolution that slides as the layer's own does, then one with
 * a kernel of 1x1.
 */
record ConvolutionLayer(Value node, LoraSite site) implements LoraLayer {
    static Optional<LoraLayer> at(Value node) {
        Value weight = node.in(1);
        if (!LoraLayer.source(weight).is(Op.CONSTANT) || isGrouped(node)) {
            return Optional.empty();
        }
        int[] dims = weight.shape().toArray();
        Shape kernel = Shape.of(Arrays.copyOfRange(dims, 2, dims.length));
        return ModulePath.of(node, LoraLayer.source(weight))
                .map(path -> new ConvolutionLayer(node, new LoraSite(path, dims[1], dims[0], kernel)));
    }

    /** A down projection would mix what the groups keep apart; PEFT refuses most of these as well. */
    static boolean isGrouped(Value node) {
        return node.attributes().integer("group") != 1;
    }

    @Override
    public int weightOperand() {
        return 1;
    }

    @Override
    public boolean outputsFirst() {
        return true;
    }

    @Override
    public Value update(Value a, Value b) {
        int axes = site.kernel().rank();
        int[] ones = new int[axes];
        Arrays.fill(ones, 1);
        Attributes pointwise = Attributes.of("strides", ones, "pads", new int[2 * axes])
                .with("dilations", ones)
                .with("group", 1);
        return Value.of(Op.CONV, pointwise, Value.of(Op.CONV, node.attributes(), node.in(0), a), b);
    }
}
