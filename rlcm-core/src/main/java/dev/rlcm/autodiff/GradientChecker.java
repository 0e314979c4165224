package dev.rlcm.autodiff;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Compares {@link Gradients} with centred differences, where L weighs all real outputs with fixed random numbers in
 * [-1, 1], so that every entry of the Jacobian counts. {@link #check} does it element by element, in double precision:
 * for every input x_i, (L(x + h e_i) - L(x - h e_i)) / 2h. {@link #alongDirections} takes a few runs for a model of any
 * size, on any backend. Stateless and thread-safe.
 */
public final class GradientChecker {
    private static final long WEIGHT_SEED = 20_260_101;

    private GradientChecker() {}

    /**
     * The outcome of a check.
     *
     * @param maxError the largest |gradient - difference| / max(1, |gradient|, |difference|); NaN if one is NaN
     * @param location where that is, with both numbers
     * @param elements how many elements were compared
     * @param tolerance what was asked for
     */
    public record Report(double maxError, String location, int elements, double tolerance) {
        /** Whether every element is within the tolerance. */
        public boolean passed() {
            return maxError <= tolerance;
        }
    }

    /**
     * Checks the gradients of all real outputs of a graph by some of its inputs, at a point away from kinks.
     *
     * @param inputs the point: one tensor per graph input; the inputs to differentiate by are fed as FLOAT64, whatever
     *     their declared type
     * @param wrt names of the inputs to differentiate by
     * @param backend computes in double precision, as the reference backend does
     * @param step h, such as 1e-5
     * @param tolerance such as 1e-6
     * @throws IllegalArgumentException if the step is not positive, an input is missing or no output is real
     * @throws dev.rlcm.graph.GraphException if the graph cannot be differentiated
     */
    public static Report check(
            Graph graph,
            Map<String, TensorData> inputs,
            List<String> wrt,
            Backend backend,
            double step,
            double tolerance) {
        if (!(step > 0)) {
            throw new IllegalArgumentException("step must be positive, got " + step);
        }
        Value loss = weigh(graph);
        List<Value> gradients =
                Gradients.of(loss, wrt.stream().map(graph::input).toList());
        Map<String, Value> outputs = new LinkedHashMap<>();
        for (int i = 0; i < wrt.size(); i++) {
            outputs.put(wrt.get(i), gradients.get(i));
        }
        Map<String, TensorData> point = new LinkedHashMap<>(inputs);
        for (String name : wrt) {
            if (!inputs.containsKey(name)) {
                throw new IllegalArgumentException("input " + name + " is missing, got " + inputs.keySet());
            }
            point.put(name, copy(inputs.get(name)));
        }
        try (Executable backward = backend.compile(new Graph(graph.inputs(), outputs));
                Executable forward = backend.compile(new Graph(graph.inputs(), Map.of("loss", loss)))) {
            Map<String, TensorData> computed = backward.run(point);
            Worst worst = new Worst();
            for (String name : wrt) {
                compare(name, computed.get(name), point, forward, step, worst);
            }
            return new Report(worst.error, worst.location, worst.elements, tolerance);
        }
    }

    /**
     * Checks the gradients of a model of any size: slopes along random directions, which every element of an input takes
     * part in, and a few elements alone. A mistake in one element of n shows along a direction as about its share of the
     * gradient's length, so that a wrong operator is seen and a single wrong element of millions may not be.
     *
     * @param inputs the point: one tensor per graph input, of its type and shape, away from kinks
     * @param wrt names of the inputs to differentiate by, of floating types
     * @param backend any; see {@link DirectionalSettings#of} for what its precision allows
     * @throws IllegalArgumentException if an input is missing or no output is real
     * @throws dev.rlcm.graph.GraphException if the graph cannot be differentiated
     */
    public static DirectionalReport alongDirections(
            Graph graph,
            Map<String, TensorData> inputs,
            List<String> wrt,
            Backend backend,
            DirectionalSettings settings) {
        return DirectionalCheck.run(graph, inputs, wrt, backend, settings);
    }

    /** The sum of all real outputs times random weights. */
    private static Value weigh(Graph graph) {
        SplittableRandom random = new SplittableRandom(WEIGHT_SEED);
        List<Value> terms = new ArrayList<>();
        for (Value output : graph.outputs().values()) {
            if (output.type().isFloating()) {
                TensorData weights =
                        TensorData.generate(output.type(), output.shape(), i -> 2 * random.nextDouble() - 1);
                terms.add(output.mul(Value.constant(weights)).sum());
            }
        }
        return terms.stream()
                .reduce(Value::add)
                .orElseThrow(() -> new IllegalArgumentException("no output is real: " + graph.outputs()));
    }

    private static void compare(
            String name,
            TensorData gradient,
            Map<String, TensorData> point,
            Executable forward,
            double step,
            Worst worst) {
        TensorData x = point.get(name);
        for (int i = 0; i < x.size(); i++) {
            double centre = x.getDouble(i);
            x.setDouble(i, centre + step);
            double above = forward.run(point).get("loss").getDouble(0);
            x.setDouble(i, centre - step);
            double below = forward.run(point).get("loss").getDouble(0);
            x.setDouble(i, centre);
            worst.see(name + "[" + i + "]", gradient.getDouble(i), (above - below) / (2 * step));
        }
    }

    private static TensorData copy(TensorData data) {
        return TensorData.generate(DataType.FLOAT64, data.shape(), data::getDouble);
    }

    /** The largest error so far. */
    private static final class Worst {
        private double error;
        private String location = "";
        private int elements;

        void see(String where, double gradient, double difference) {
            double scale = Math.max(1, Math.max(Math.abs(gradient), Math.abs(difference)));
            double found = Math.abs(gradient - difference) / scale;
            elements++;
            if (location.isEmpty() || (!Double.isNaN(error) && !(found <= error))) {
                error = found;
                location = where + ": gradient " + gradient + ", difference " + difference;
            }
        }
    }
}
