package dev.rlcm.examples.bench;

import dev.rlcm.graph.TensorData;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How far tensors are from what is expected: |actual - expected| / |expected| in the Euclidean norm.
 *
 * @param each by tensor
 * @param gradients of all gradients together
 */
record RelativeErrors(Map<String, Double> each, double gradients) {
    /** What {@link #summary} calls all gradients together. */
    static final String GRADIENTS = "all gradients";

    /** @throws IllegalArgumentException if a tensor is missing */
    static RelativeErrors of(Map<String, TensorData> expected, Map<String, TensorData> actual) {
        if (!actual.keySet().containsAll(expected.keySet())) {
            throw new IllegalArgumentException("expected " + expected.keySet() + ", got " + actual.keySet());
        }
        Map<String, Double> each = new LinkedHashMap<>();
        Squares gradients = new Squares();
        expected.forEach((name, tensor) -> {
            Squares own = new Squares();
            own.add(tensor, actual.get(name));
            each.put(name, own.relative());
            if (name.startsWith(ComparedModel.GRADIENT)) {
                gradients.add(tensor, actual.get(name));
            }
        });
        return new RelativeErrors(each, gradients.relative());
    }

    /** What bounds hold for: everything but the single gradients, and all gradients together. */
    Map<String, Double> summary() {
        Map<String, Double> summary = new LinkedHashMap<>();
        for (String name : List.of(ComparedModel.OUTPUT, ComparedModel.LOG_PROB, ComparedModel.LOSS)) {
            summary.put(name, each.getOrDefault(name, Double.NaN));
        }
        summary.put(GRADIENTS, gradients);
        return summary;
    }

    /** The errors of single gradients, by the names of the adapter's factors. */
    Map<String, Double> ofGradients() {
        return each.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(ComparedModel.GRADIENT))
                .collect(Collectors.toMap(
                        entry -> entry.getKey().substring(ComparedModel.GRADIENT.length()),
                        Map.Entry::getValue,
                        (one, other) -> one,
                        LinkedHashMap::new));
    }

    /** Sums over the elements of some tensors. */
    private static final class Squares {
        private double difference;
        private double norm;

        void add(TensorData expected, TensorData actual) {
            for (int i = 0; i < expected.size(); i++) {
                double wanted = expected.getDouble(i);
                difference += Math.pow(actual.getDouble(i) - wanted, 2);
                norm += wanted * wanted;
            }
        }

        double relative() {
            return difference == 0 ? 0 : Math.sqrt(difference / norm);
        }
    }
}
