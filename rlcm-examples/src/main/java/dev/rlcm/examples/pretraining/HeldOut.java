package dev.rlcm.examples.pretraining;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.TensorData;
import java.util.LinkedHashMap;
import java.util.Map;

/** Measures a stage on the batches that are held out. Not thread-safe. Closing frees the compiled loss. */
final class HeldOut implements AutoCloseable {
    private final StageTask task;
    private final Executable loss;

    HeldOut(StageTask task, Backend backend) {
        this.task = task;
        this.loss = backend.compile(Lowering.of(backend).forward(task.loss()));
    }

    /** The means of the loss's outputs over the batches, with the averaged weights. */
    Map<String, Double> means() {
        Map<String, Double> means = new LinkedHashMap<>();
        for (int i = 0; i < StageTask.HELD_OUT; i++) {
            Map<String, TensorData> inputs = new LinkedHashMap<>(task.heldOut(i));
            inputs.putAll(task.average().tensors());
            loss.run(inputs)
                    .forEach((name, value) -> means.merge(name, value.getDouble(0) / StageTask.HELD_OUT, Double::sum));
        }
        return means;
    }

    @Override
    public void close() {
        loss.close();
    }
}
