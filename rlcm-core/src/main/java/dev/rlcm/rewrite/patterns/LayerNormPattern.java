package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Match;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Standardisation over the last axes, then a scale and a bias of their shape, is LAYER_NORM; so it is without the bias,
 * and without both, which a scale of ones stands for.
 */
final class LayerNormPattern implements Pattern {
    @Override
    public Optional<Value> match(Value root, Users users) {
        return Stream.of(affine(root), scaled(root), bare(root))
                .flatMap(Optional::stream)
                .filter(norm -> users.enclosed(root, norm.inputs()))
                .findFirst();
    }

    private static Optional<Value> affine(Value root) {
        return Affine.of(root, Standardised::of)
                .flatMap(affine -> layerNorm(root, affine.core(), affine.scale(), affine.bias()));
    }

    private static Optional<Value> scaled(Value root) {
        if (!root.is(Op.MUL)) {
            return Optional.empty();
        }
        return Match.bothOrders(root).stream()
                .flatMap(factors ->
                        Standardised.of(factors.get(0)).flatMap(core -> layerNorm(root, core, factors.get(1))).stream())
                .findFirst();
    }

    private static Optional<Value> bare(Value root) {
        return Standardised.of(root).flatMap(core -> {
            TensorData ones = TensorData.generate(root.type(), normalised(core), i -> 1);
            return layerNorm(root, core, Value.constant(ones));
        });
    }

    private static Optional<Value> layerNorm(Value root, Standardised core, Value... parameters) {
        Shape shape = normalised(core);
        if (!Arrays.stream(parameters).allMatch(parameter -> parameter.shape().equals(shape))) {
            return Optional.empty();
        }
        List<Value> operands =
                Stream.concat(Stream.of(core.x()), Arrays.stream(parameters)).toList();
        Attributes attributes = Attributes.of("axis", core.axis(), "epsilon", core.epsilon());
        return Optional.of(Value.of(Op.LAYER_NORM, attributes, operands, root.label()));
    }

    private static Shape normalised(Standardised core) {
        int[] dims = core.x().shape().toArray();
        return Shape.of(Arrays.copyOfRange(dims, core.axis(), dims.length));
    }
}
