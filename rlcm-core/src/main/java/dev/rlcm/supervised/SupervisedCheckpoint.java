package dev.rlcm.supervised;

import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.optim.GradientDescent;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The state of a run between two steps. Randomness needs none, since batches are a function of their index.
 *
 * @param step the number of steps done
 * @param settings what the run must share that goes on
 * @param parameters by name
 * @param averages by the average's name and then the parameter's
 * @param optimizer see {@link GradientDescent#state}
 */
record SupervisedCheckpoint(
        long step,
        Map<String, String> settings,
        Map<String, TensorData> parameters,
        Map<String, Map<String, TensorData>> averages,
        Map<String, TensorData> optimizer) {
    private static final String STEP = "step";
    private static final String SETTING = "setting.";
    private static final String PARAMETER = "parameter.";
    private static final String AVERAGE = "average.";
    private static final String OPTIMIZER = "optimizer.";

    void write(Path file) throws IOException {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        parameters.forEach((name, tensor) -> tensors.put(PARAMETER + name, tensor));
        averages.forEach((average, content) ->
                content.forEach((name, tensor) -> tensors.put(averagePrefix(average) + name, tensor)));
        optimizer.forEach((name, tensor) -> tensors.put(OPTIMIZER + name, tensor));
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(STEP, Long.toString(step));
        settings.forEach((name, value) -> metadata.put(SETTING + name, value));
        new Safetensors(tensors, metadata).write(file);
    }

    /**
     * Reads a file. Its tensors are memory-mapped.
     *
     * @throws IOException if the file is unreadable, damaged or no such checkpoint
     */
    static SupervisedCheckpoint read(Path file) throws IOException {
        Safetensors content = Safetensors.read(file);
        String step = content.metadata().get(STEP);
        if (step == null || !step.matches("\\d{1,18}")) {
            throw new IOException(file + " is not a checkpoint of supervised training, which holds a number of steps");
        }
        Map<String, Map<String, TensorData>> averages = new LinkedHashMap<>();
        part(content.tensors(), AVERAGE).forEach((key, tensor) -> {
            int end = key.indexOf('/');
            averages.computeIfAbsent(key.substring(0, Math.max(0, end)), name -> new LinkedHashMap<>())
                    .put(key.substring(end + 1), tensor);
        });
        return new SupervisedCheckpoint(
                Long.parseLong(step),
                part(content.metadata(), SETTING),
                part(content.tensors(), PARAMETER),
                averages,
                part(content.tensors(), OPTIMIZER));
    }

    private static String averagePrefix(String average) {
        return AVERAGE + average + "/";
    }

    private static <T> Map<String, T> part(Map<String, T> all, String prefix) {
        Map<String, T> part = new LinkedHashMap<>();
        all.forEach((key, value) -> {
            if (key.startsWith(prefix)) {
                part.put(key.substring(prefix.length()), value);
            }
        });
        return part;
    }

    /**
     * Puts this state into a run; everything or, if something does not fit, nothing.
     *
     * @throws IllegalArgumentException if a setting or a part of the state does not fit, naming it
     */
    void restore(Map<String, String> present, SupervisedTask task, GradientDescent descent) {
        present.forEach((name, value) -> {
            String saved = settings.get(name);
            if (saved != null && !saved.equals(value)) {
                throw new IllegalArgumentException(
                        name + " is " + saved + " in the checkpoint, " + value + " in this run");
            }
        });
        checkFits("parameters", parameters, task.parameters());
        task.averages()
                .forEach((name, average) ->
                        checkFits("average " + name, averages.getOrDefault(name, Map.of()), average.tensors()));
        descent.restore(optimizer);
        task.parameters()
                .forEach((name, live) -> live.bytes().put(parameters.get(name).bytes()));
        task.averages().forEach((name, average) -> average.restore(averages.get(name)));
    }

    private static void checkFits(String what, Map<String, TensorData> saved, Map<String, TensorData> live) {
        if (saved.size() != live.size()) {
            throw new IllegalArgumentException("the " + what + " are " + live.size() + " tensors in this run, "
                    + saved.size() + " in the checkpoint");
        }
        live.forEach((name, tensor) -> {
            TensorData other = saved.get(name);
            if (other == null || other.type() != tensor.type() || !other.shape().equals(tensor.shape())) {
                throw new IllegalArgumentException(name + " of the " + what + " must be " + tensor + ", got "
                        + (other == null ? "none" : other.toString()));
            }
        });
    }
}
