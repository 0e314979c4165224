package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Match;
import java.util.List;
import java.util.Optional;

/**
 * Something reshaped to [B, G, ...], an INSTANCE_NORM of scale 1 and bias 0, a reshape to [B, C, ...], then a scale and a
 * bias per channel: GROUP_NORM of G groups of [B, C, ...].
 */
final class GroupNormPattern implements Pattern {
    @Override
    public Optional<Value> match(Value root, Users users) {
        return Affine.of(root, GroupNormPattern::grouped)
                .filter(affine ->
                        users.enclosed(root, List.of(affine.core().in(0).in(0), affine.scale(), affine.bias())))
                .flatMap(affine -> groupNorm(root, affine));
    }

    /** The instance norm of the groups behind the second reshape. */
    private static Optional<Value> grouped(Value node) {
        if (!node.is(Op.RESHAPE) || !node.in(0).is(Op.INSTANCE_NORM)) {
            return Optional.empty();
        }
        Value norm = node.in(0);
        Value groups = norm.in(0);
        boolean matches = groups.is(Op.RESHAPE)
                && node.rank() > 2
                && groups.dim(0) == node.dim(0)
                && node.dim(1) % groups.dim(1) == 0
                && norm.in(1).isConstant(1)
                && norm.in(2).isConstant(0);
        return matches ? Optional.of(norm) : Optional.empty();
    }

    private static Optional<Value> groupNorm(Value root, Affine<Value> affine) {
        Value norm = affine.core();
        Value x = Match.reshaped(norm.in(0).in(0), root.shape());
        Attributes attributes = Attributes.of("groups", norm.dim(1))
                .with("epsilon", norm.attributes().real("epsilon"));
        return Match.perChannel(affine.scale(), x.dim(1), x.rank())
                .flatMap(scale -> Match.perChannel(affine.bias(), x.dim(1), x.rank())
                        .map(bias -> Value.of(Op.GROUP_NORM, attributes, List.of(x, scale, bias), root.label())));
    }
}
