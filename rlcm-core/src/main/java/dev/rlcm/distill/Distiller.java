package dev.rlcm.distill;

import dev.rlcm.graph.TensorData;
import dev.rlcm.optim.AveragedWeights;
import dev.rlcm.supervised.SupervisedTask;
import java.util.Map;

/** A way to make a student of a teacher. Not thread-safe. */
public interface Distiller extends SupervisedTask, AutoCloseable {
    /** The name of the average that is kept for sampling, see {@link DistillationConfig#averageDecay}. */
    String AVERAGE = "average";

    /** What learns. */
    Student student();

    /** What to sample with, by the names of {@link Student#parameters}: the average that is kept for it, or the parameters. */
    default Map<String, TensorData> released() {
        AveragedWeights average = averages().get(AVERAGE);
        return average == null ? student().parameters() : average.tensors();
    }

    /** Frees what the distiller itself has compiled; models and backend stay the caller's. Idempotent. */
    @Override
    void close();
}
