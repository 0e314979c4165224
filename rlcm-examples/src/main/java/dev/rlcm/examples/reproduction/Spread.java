package dev.rlcm.examples.reproduction;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.stat.StatUtils;

/**
 * A number over several seeds.
 *
 * @param deviation the sample standard deviation; 0 for one seed
 * @param count of seeds
 */
record Spread(double mean, double deviation, int count) {
    static <T> Spread of(List<T> runs, ToDoubleFunction<T> number) {
        double[] values = runs.stream().mapToDouble(number).toArray();
        double deviation = values.length < 2 ? 0 : Math.sqrt(StatUtils.variance(values));
        return new Spread(StatUtils.mean(values), deviation, values.length);
    }

    /** The same in another unit. */
    Spread over(double unit) {
        return new Spread(mean / unit, deviation / Math.abs(unit), count);
    }

    /** For tables: {@code 1.234 ± 0.056}, or the number alone for one seed. */
    @Override
    public String toString() {
        return count < 2
                ? String.format(Locale.ROOT, "%.3f", mean)
                : String.format(Locale.ROOT, "%.3f ± %.3f", mean, deviation);
    }
}
