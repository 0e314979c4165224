package dev.rlcm.optim;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class GradientSumTest {
    @Property(tries = 50)
    void chunksAreAddedUpElementByElement(
            @ForAll @IntRange(min = 1, max = 3000) int size, @ForAll @IntRange(max = 3) int chunks) {
        GradientSum sum = new GradientSum(List.of(FloatBuffer.allocate(size), FloatBuffer.allocate(1)));
        add(sum, size, 1); // of the step before, which does not count
        sum.clear();
        for (int chunk = 0; chunk < chunks; chunk++) {
            add(sum, size, chunk);
        }
        for (int i = 0; i < size; i++) {
            float expected = 0;
            for (int chunk = 0; chunk < chunks; chunk++) {
                expected += 0.25f * (chunk + i);
            }
            assertThat(sum.sums().get(0).get(i)).isEqualTo(expected);
        }
        assertThat(sum.sums().get(1).get(0)).isEqualTo(0 - 0.25f * chunks);
    }

    private static void add(GradientSum sum, int size, int chunk) {
        float[] gradient = new float[size];
        for (int i = 0; i < size; i++) {
            gradient[i] = chunk + i;
        }
        sum.add(List.of(FloatBuffer.wrap(gradient), FloatBuffer.wrap(new float[] {-1})), 0.25f);
    }
}
