package dev.rlcm.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.examples.lab.Preferences.Preference;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.RealVector;
import org.junit.jupiter.api.Test;

class PreferencesTest {
    private static Preference preference(double weight, double... difference) {
        return new Preference(new ArrayRealVector(difference), weight);
    }

    /** Three of four say that 1 is better than 0: sigma(w) = 3/4 where the penalty is small, so w = log 3. */
    @Test
    void oneFeatureByHand() {
        List<Preference> votes = List.of(preference(3, 1), preference(1, -1));
        assertThat(Preferences.fit(votes, 1e-9).getEntry(0)).isCloseTo(Math.log(3), within(1e-8));
        assertThat(Preferences.accuracy(votes, new ArrayRealVector(new double[] {0.2}))).isEqualTo(0.5);
    }

    @Property(tries = 20)
    void theGradientIsZeroAtTheFit(@ForAll long seed) {
        Random random = new Random(seed);
        double ridge = 0.1 + random.nextDouble();
        List<Preference> votes = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            votes.add(preference(random.nextDouble() + 0.1, random.doubles(4, -1, 1).toArray()));
        }
        RealVector fitted = Preferences.fit(votes, ridge);
        for (int axis = 0; axis < 4; axis++) {
            double h = 1e-5;
            double slope = (likelihood(votes, moved(fitted, axis, h), ridge)
                            - likelihood(votes, moved(fitted, axis, -h), ridge))
                    / (2 * h);
            assertThat(slope).isCloseTo(0, within(1e-6));
        }
    }

    private static RealVector moved(RealVector weights, int axis, double by) {
        RealVector copy = weights.copy();
        copy.addToEntry(axis, by);
        return copy;
    }

    private static double likelihood(List<Preference> votes, RealVector weights, double ridge) {
        return votes.stream()
                        .mapToDouble(vote ->
                                -vote.weight() * Math.log1p(Math.exp(-weights.dotProduct(vote.difference()))))
                        .sum()
                - ridge / 2 * weights.dotProduct(weights);
    }
}
