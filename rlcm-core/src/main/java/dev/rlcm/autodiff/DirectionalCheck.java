package dev.rlcm.autodiff;

import dev.rlcm.autodiff.DirectionalReport.InputError;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * One check along directions. The loss L = sum(output w) with random w in [-1, 1] is summed here, in double precision,
 * and slopes are taken over the distance that was really gone, after rounding to the input's type.
 */
final class DirectionalCheck {
    private static final String GRADIENT = "gradient.";

    private final Map<String, TensorData> upstream = new LinkedHashMap<>();
    private final Map<String, TensorData> point;
    private final DirectionalSettings settings;
    private final SplittableRandom random;
    private final Executable forward;

    private DirectionalCheck(
            Graph graph, Map<String, TensorData> point, Executable forward, DirectionalSettings settings) {
        this.point = new LinkedHashMap<>(point);
        this.settings = settings;
        this.random = new SplittableRandom(settings.seed());
        this.forward = forward;
        graph.outputs().forEach((name, output) -> {
            if (output.type().isFloating()) {
                upstream.put(
                        name, TensorData.generate(output.type(), output.shape(), i -> 2 * random.nextDouble() - 1));
            }
        });
        if (upstream.isEmpty()) {
            throw new IllegalArgumentException("no output is real: " + graph.outputs());
        }
    }

    static DirectionalReport run(
            Graph graph,
            Map<String, TensorData> inputs,
            List<String> wrt,
            Backend backend,
            DirectionalSettings settings) {
        try (Executable forward = backend.compile(graph)) {
            DirectionalCheck check = new DirectionalCheck(graph, inputs, forward, settings);
            Map<String, TensorData> gradients = check.gradients(graph, wrt, backend);
            List<InputError> errors = new ArrayList<>();
            for (String name : wrt) {
                errors.add(check.compare(name, graph.input(name).type(), gradients.get(GRADIENT + name)));
            }
            return new DirectionalReport(errors, settings.tolerance());
        }
    }

    private Map<String, TensorData> gradients(Graph graph, List<String> wrt, Backend backend) {
        List<Value> outputs = upstream.keySet().stream().map(graph::output).toList();
        List<Value> weights = upstream.values().stream().map(Value::constant).toList();
        List<Value> gradients =
                Gradients.of(outputs, weights, wrt.stream().map(graph::input).toList());
        Map<String, Value> results = new LinkedHashMap<>();
        for (int i = 0; i < wrt.size(); i++) {
            TensorData given = point.get(wrt.get(i));
            if (given == null) {
                throw new IllegalArgumentException("input " + wrt.get(i) + " is missing, got " + point.keySet());
            }
            results.put(GRADIENT + wrt.get(i), gradients.get(i));
        }
        try (Executable backward = backend.compile(new Graph(graph.inputs(), results))) {
            return backward.run(point);
        }
    }

    private InputError compare(String name, DataType declared, TensorData gradient) {
        TensorData centre = point.get(name);
        DataType fed = settings.precision() == DataType.FLOAT64 ? DataType.FLOAT64 : declared;
        double size = rootMeanSquare(centre);
        double step = settings.step() * (size > 0 ? size : 1);
        double length = rootMeanSquare(gradient) * Math.sqrt(gradient.size());
        double error = 0;
        for (int k = 0; k < settings.directions(); k++) {
            Slopes slopes = slopes(name, centre, fed, gradient, i -> random.nextBoolean() ? step : -step);
            error = worse(error, slopes.difference() / step, slopes.gradient() / step, length);
        }
        InputError worst = new InputError(name, error, 0, -1, 0, 0);
        List<Integer> largest = IntStream.range(0, gradient.size())
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -Math.abs(gradient.getDouble(i))))
                .limit(settings.elements())
                .toList();
        double scale = largest.isEmpty() ? 0 : Math.abs(gradient.getDouble(largest.get(0)));
        for (int element : largest) {
            Slopes slopes = slopes(name, centre, fed, gradient, i -> i == element ? step : 0);
            double found = worse(0, slopes.difference() / step, slopes.gradient() / step, scale);
            if (worst.worstElement() < 0 || !(found <= worst.elementError())) {
                double slope = gradient.getDouble(element);
                double difference = slope * slopes.difference() / slopes.gradient();
                worst = new InputError(
                        name, error, found, element, slope, slope == 0 ? slopes.difference() / step : difference);
            }
        }
        point.put(name, centre);
        return worst;
    }

    /** The change of L over a distance, by the gradient and as it is; half of what lies between both sides. */
    private record Slopes(double gradient, double difference) {}

    private Slopes slopes(
            String name, TensorData centre, DataType type, TensorData gradient, IntToDoubleFunction shift) {
        double[] shifts = IntStream.range(0, centre.size()).mapToDouble(shift).toArray();
        TensorData above = TensorData.generate(type, centre.shape(), i -> centre.getDouble(i) + shifts[i]);
        TensorData below = TensorData.generate(type, centre.shape(), i -> centre.getDouble(i) - shifts[i]);
        double predicted = 0;
        for (int i = 0; i < shifts.length; i++) {
            predicted += gradient.getDouble(i) * (above.getDouble(i) - below.getDouble(i));
        }
        point.put(name, above);
        double loss = loss();
        point.put(name, below);
        return new Slopes(predicted / 2, (loss - loss()) / 2);
    }

    private double loss() {
        Map<String, TensorData> outputs = forward.run(point);
        double sum = 0;
        for (Map.Entry<String, TensorData> weights : upstream.entrySet()) {
            TensorData output = outputs.get(weights.getKey());
            for (int i = 0; i < output.size(); i++) {
                sum += output.getDouble(i) * weights.getValue().getDouble(i);
            }
        }
        return sum;
    }

    private static double worse(double error, double difference, double slope, double scale) {
        double distance = Math.abs(slope - difference);
        double relative = distance == 0 ? 0 : distance / Math.max(scale, Math.abs(difference));
        return Math.max(error, relative);
    }

    private static double rootMeanSquare(TensorData data) {
        double sum = 0;
        for (int i = 0; i < data.size(); i++) {
            sum += data.getDouble(i) * data.getDouble(i);
        }
        return Math.sqrt(sum / Math.max(1, data.size()));
    }
}
