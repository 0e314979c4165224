package dev.rlcm.examples.pretraining;

import dev.rlcm.graph.TensorData;
import dev.rlcm.optim.AveragedWeights;
import dev.rlcm.supervised.SupervisedTask;
import java.io.IOException;
import java.util.Map;

/** What a stage learns, how it is measured on batches that it does not learn from, and how it is kept. */
interface StageTask extends SupervisedTask {
    /** Batches that are held out. */
    int HELD_OUT = 8;

    /** What is measured and kept: a moving average of the parameters. */
    AveragedWeights average();

    @Override
    default Map<String, AveragedWeights> averages() {
        return Map.of("average", average());
    }

    /**
     * The inputs of {@link #loss} for a batch that is held out, as {@link #batch} has them, but with the same random draws at every call.
     *
     * @param index from 0 to {@link #HELD_OUT} - 1
     */
    Map<String, TensorData> heldOut(int index);

    /**
     * What people want to know.
     *
     * @param means of the outputs of {@link #loss} over the batches that are held out, by the average
     */
    Map<String, Double> figures(Map<String, Double> means);

    /**
     * Writes the networks with the average's weights, each in place of what was there.
     *
     * @param means see {@link #figures}
     */
    void save(Map<String, Double> means) throws IOException;
}
