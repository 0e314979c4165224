package dev.rlcm.examples.bench;

import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Prints relative errors: a tensor in each row, a variant in each column. */
final class ErrorTable {
    private static final int WORST = 5;

    private ErrorTable() {}

    /** @param all every gradient, and not only the worst of the last variant */
    static void print(PrintWriter out, Map<Variant, RelativeErrors> errors, Map<Variant, Double> bounds, boolean all) {
        if (errors.isEmpty()) {
            return;
        }
        List<RelativeErrors> columns = List.copyOf(errors.values());
        RelativeErrors last = columns.get(columns.size() - 1);
        List<String> gradients = last.ofGradients().entrySet().stream()
                .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .limit(all ? Long.MAX_VALUE : WORST)
                .map(Map.Entry::getKey)
                .toList();
        out.printf("%-13s", "relative L2");
        errors.keySet().forEach(variant -> out.printf(" %9s", variant));
        out.println();
        out.printf("%-13s", "bound");
        errors.keySet().forEach(variant -> out.printf(" %9.1e", bounds.get(variant)));
        out.println();
        for (String name : last.summary().keySet()) {
            row(out, columns, name, of -> of.summary().get(name), "");
        }
        out.println(all ? "gradients" : "the worst gradients");
        for (String name : gradients) {
            row(out, columns, "", of -> of.ofGradients().get(name), "  " + name);
        }
        out.println();
        out.flush();
    }

    private static void row(
            PrintWriter out,
            List<RelativeErrors> columns,
            String name,
            Function<RelativeErrors, Double> error,
            String remark) {
        out.printf("%-13s", name);
        columns.forEach(column -> out.printf(" %9.1e", error.apply(column)));
        out.println(remark);
    }
}
