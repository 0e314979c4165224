package dev.rlcm.rewrite.convolution;

import dev.rlcm.graph.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Spends bytes on the forms of convolutions that save most seconds for them.
 *
 * @param directions in which the graph uses its kernels, 1 or 2: a direct kernel is rotated for the second, one with channels
 *     first is transposed, one with channels last serves both
 * @param longest outputs of a block along each side
 */
record FilteringChoice(int directions, int longest) {
    /** A form is taken if its predicted time is below this share of the direct form's; the margin is for what the model misses. */
    private static final double CLEARLY_FASTER = 0.8;

    private static final List<FilteringCost> MACHINES =
            List.of(FilteringCost.AVX2, FilteringCost.SHARED_AVX512, FilteringCost.AVX512);

    /** A form in the place of another: the seconds that it saves for a row, and the bytes that it takes beyond it. */
    private record Step(Value conv, FilteredForm form, double seconds, double bytes) {
        /** Seconds for a byte; what takes no more bytes comes first, and what it gives back can be spent. */
        double worth() {
            return bytes > 0 ? seconds / bytes : Double.POSITIVE_INFINITY;
        }
    }

    /** The forms of the convolutions that are not computed directly. */
    Map<Value, FilteredForm> within(double budget, List<Value> convolutions) {
        Map<Value, FilteredForm> chosen = new LinkedHashMap<>();
        double left = budget;
        for (Step step = best(convolutions, chosen, left); step != null; step = best(convolutions, chosen, left)) {
            chosen.put(step.conv(), step.form());
            left -= step.bytes();
        }
        return chosen;
    }

    private @Nullable Step best(List<Value> convolutions, Map<Value, FilteredForm> chosen, double budget) {
        Step best = null;
        for (Value conv : convolutions) {
            FilteredForm old = chosen.get(conv);
            for (FilteredForm form : FilteredForm.values()) {
                Step step = new Step(
                        conv, form, saved(conv, form) - saved(conv, old), bytes(conv, form) - bytes(conv, old));
                if (form.fits(conv)
                        && isClearlyFaster(conv, form)
                        && step.seconds() > 0
                        && step.bytes() <= budget
                        && (best == null || step.worth() > best.worth())) {
                    best = step;
                }
            }
        }
        return best;
    }

    private boolean isClearlyFaster(Value conv, FilteredForm form) {
        return MACHINES.stream()
                .allMatch(machine -> machine.form(conv, form, longest) < CLEARLY_FASTER * machine.direct(conv));
    }

    /** Seconds, on the machine on which that is least. */
    private double saved(Value conv, @Nullable FilteredForm form) {
        if (form == null) {
            return 0;
        }
        return MACHINES.stream()
                .mapToDouble(machine -> machine.direct(conv) - machine.form(conv, form, longest))
                .min()
                .orElseThrow();
    }

    /**
     * Bytes of the kernel in all directions. The model's own one counts for the direct form only: it is mapped from its file, and
     * leaves memory after it has been transformed.
     */
    private double bytes(Value conv, @Nullable FilteredForm form) {
        double filters = (double) conv.dim(1) * conv.in(0).dim(1) * Float.BYTES;
        if (form == null) {
            return filters * Tile.TAPS * Tile.TAPS * directions;
        }
        return filters * form.points() * (form.isChannelsLast() ? 1 : directions);
    }
}
