package dev.rlcm.supervised;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.optim.AveragedWeights;
import java.util.Map;

/**
 * What is learned: a loss over batches as a graph, the parameters it is minimised by, and the batches.
 *
 * <p>Called by one thread at a time. What an implementation holds stays its own to close.
 */
public interface SupervisedTask {
    /** The name of the loss among the outputs of {@link #loss}. */
    String LOSS = "loss";

    /**
     * The live numbers that training changes, FLOAT32 in direct buffers, by the names of the inputs of {@link #loss} that stand
     * for them; the same tensors at every call.
     */
    Map<String, TensorData> parameters();

    /**
     * Averages of the parameters that are kept beside them, by a name of one's own: moved after every step, and part of
     * checkpoints. The same objects at every call.
     */
    default Map<String, AveragedWeights> averages() {
        return Map.of();
    }

    /**
     * Brings parameters back into the range they must stay in. Called after every step that changed them, before averages move; does
     * nothing by default.
     */
    default void constrain() {}

    /**
     * The loss of a batch, before lowering and without gradients: the output {@link #LOSS}, FLOAT32 [], and any others [] that are
     * worth reporting. Its inputs are the parameters and what {@link #batch} gives.
     */
    Graph loss();

    /**
     * The inputs of {@link #loss} besides the parameters.
     *
     * @param index counts batches over all steps, from 0. The same index must give the same batch while parameters and averages
     *     are the same, so that a resumed run continues bit for bit
     * @return tensors that are read until the next call, which may fill them again
     */
    Map<String, TensorData> batch(long index);

    /**
     * What tells this task from others, by name and in a form that people can read. Checkpoints keep it, and a run of another task
     * is not resumed.
     */
    default Map<String, String> description() {
        return Map.of();
    }
}
