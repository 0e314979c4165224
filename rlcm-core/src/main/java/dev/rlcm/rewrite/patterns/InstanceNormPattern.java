package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Match;
import java.util.List;
import java.util.Optional;

/** Standardisation of [B, C, ...] over all axes from 2 on, then a scale and a bias per channel, is INSTANCE_NORM. */
final class InstanceNormPattern implements Pattern {
    @Override
    public Optional<Value> match(Value root, Users users) {
        return Affine.of(root, Standardised::of)
                .filter(affine -> affine.core().axis() == 2 && root.rank() > 2)
                .filter(affine -> users.enclosed(root, List.of(affine.core().x(), affine.scale(), affine.bias())))
                .flatMap(affine -> instanceNorm(root, affine));
    }

    private static Optional<Value> instanceNorm(Value root, Affine<Standardised> affine) {
        Value x = affine.core().x();
        Attributes epsilon = Attributes.of("epsilon", affine.core().epsilon());
        return Match.perChannel(affine.scale(), x.dim(1), x.rank())
                .flatMap(scale -> Match.perChannel(affine.bias(), x.dim(1), x.rank())
                        .map(bias -> Value.of(Op.INSTANCE_NORM, epsilon, List.of(x, scale, bias), root.label())));
    }
}
