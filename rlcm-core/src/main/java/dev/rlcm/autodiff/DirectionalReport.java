package dev.rlcm.autodiff;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/**
 * The outcome of a check along directions.
 *
 * @param inputs one entry for each input, in the order asked for
 * @param tolerance what was asked for
 */
public record DirectionalReport(List<InputError> inputs, double tolerance) {
    /** Copies the list. */
    public DirectionalReport {
        inputs = List.copyOf(inputs);
    }

    /**
     * How well one input's gradient fits.
     *
     * @param input its name
     * @param error the largest |slope - difference| along a direction, relative to the length of the gradient, which is
     *     the typical slope; NaN if one is not a number
     * @param elementError the largest such error of a single element, relative to the largest gradient
     * @param worstElement which element that is, in row-major order; -1 if none was looked at alone
     * @param gradient its gradient
     * @param difference its centred difference
     */
    public record InputError(
            String input, double error, double elementError, int worstElement, double gradient, double difference) {
        @Override
        public String toString() {
            String whole = String.format(Locale.ROOT, "%s: relative error %.2e", input, error);
            return worstElement < 0
                    ? whole
                    : whole
                            + String.format(
                                    Locale.ROOT,
                                    ", of single elements %.2e at [%d]: gradient %.6g, difference %.6g",
                                    elementError,
                                    worstElement,
                                    gradient,
                                    difference);
        }
    }

    /** The largest error of all; NaN if one is. */
    public double maxError() {
        return inputs.stream()
                .flatMapToDouble(i -> DoubleStream.of(i.error(), i.elementError()))
                .reduce(0, Math::max);
    }

    /** Whether every input is within the tolerance. */
    public boolean passed() {
        return maxError() <= tolerance;
    }

    /** One line an input. */
    @Override
    public String toString() {
        return inputs.stream().map(InputError::toString).collect(Collectors.joining("\n"));
    }
}
