package dev.rlcm.supervised;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.TensorData;
import dev.rlcm.optim.AveragedWeights;
import dev.rlcm.optim.GradientDescent;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * The loop of supervised training: batches, one graph for loss and gradients, accumulation, clipping, an optimiser step, moving
 * averages. A run that is stopped, saved and resumed continues bit for bit.
 *
 * <p>Not thread-safe, except for {@link #stop}. Closing frees the compiled graph, as closing the backend does; task and backend
 * stay the caller's.
 */
public final class SupervisedTrainer implements AutoCloseable {
    private final SupervisedTask task;
    private final SupervisedConfig config;
    private final CompiledLoss loss;
    private final GradientDescent descent;
    private long step;
    private volatile boolean stopping;

    /**
     * Compiles the loss and its gradients, which takes time and memory.
     *
     * @throws dev.rlcm.graph.GraphException if an output of the loss is not one number, a parameter is no FLOAT32 input of it, or
     *     an operator on the way has no gradient
     */
    public SupervisedTrainer(SupervisedTask task, SupervisedConfig config, Backend backend) {
        this.task = task;
        this.config = config;
        List<FloatBuffer> parameters =
                task.parameters().values().stream().map(TensorData::floats).toList();
        this.descent = new GradientDescent(
                parameters,
                config.optimizer().optimizer(task.parameters()),
                config.maxGradNorm(),
                config.lossScaling());
        this.loss = new CompiledLoss(task, backend);
    }

    /**
     * Trains, on this thread, until all steps are done or {@link #stop} is called. A step whose loss or gradient is not finite
     * changes nothing but counts, and is logged as a warning.
     *
     * @param listener told of every step; what it throws is passed on
     * @return the number of steps done so far, those before a resume included
     * @throws dev.rlcm.backend.BackendException if the backend fails; the state is that after the last complete step
     */
    public long run(StepListener listener) {
        while (step < config.steps() && !stopping) {
            listener.onStep(step());
        }
        return step;
    }

    private StepReport step() {
        long start = System.nanoTime();
        long batchesBefore = loss.batchNanos();
        long networkBefore = loss.networkNanos();
        List<Long> batches = LongStream.range(0, config.accumulation())
                .mapToObj(i -> step * config.accumulation() + i)
                .toList();
        double rateFactor = config.schedule().factor(step);
        GradientDescent.Outcome outcome = descent.step(loss, batches, rateFactor, chunk -> {});
        if (outcome.applied()) {
            task.constrain();
            task.averages().values().forEach(AveragedWeights::update);
        }
        return new StepReport(
                step++,
                outcome.applied(),
                outcome.loss(),
                outcome.parts(),
                outcome.gradNorm(),
                rateFactor,
                Duration.ofNanos(loss.batchNanos() - batchesBefore),
                Duration.ofNanos(loss.networkNanos() - networkBefore),
                Duration.ofNanos(System.nanoTime() - start));
    }

    /** The number of steps done so far, those before a resume included. */
    public long stepsDone() {
        return step;
    }

    /** Ends {@link #run} after the step in progress, and later calls of it at once. Any thread may call it. */
    public void stop() {
        stopping = true;
    }

    /**
     * Writes, atomically, all that {@link #resume} needs: parameters, averages, the optimiser's state and the number of steps. Not
     * while {@link #run} is at work on another thread.
     *
     * @throws IOException if the file cannot be written
     */
    public void save(Path checkpoint) throws IOException {
        new SupervisedCheckpoint(step, settings(), task.parameters(), averages(), descent.state()).write(checkpoint);
    }

    /**
     * Continues where a checkpoint of the same task was written; {@link #run} does the steps that are left. If anything does not
     * fit, nothing is changed.
     *
     * @throws IOException if the file is unreadable or damaged, or is of another task; the message names what differs
     */
    public void resume(Path checkpoint) throws IOException {
        SupervisedCheckpoint saved = SupervisedCheckpoint.read(checkpoint);
        try {
            saved.restore(settings(), task, descent);
        } catch (IllegalArgumentException e) {
            throw new IOException(checkpoint + " is not a checkpoint of this run: " + e.getMessage(), e);
        }
        step = saved.step();
    }

    /** What a resumed run has to share: with another accumulation, batches would be skipped or seen twice. */
    private Map<String, String> settings() {
        Map<String, String> settings = new LinkedHashMap<>(task.description());
        settings.put("accumulation", Integer.toString(config.accumulation()));
        return settings;
    }

    private Map<String, Map<String, TensorData>> averages() {
        Map<String, Map<String, TensorData>> tensors = new LinkedHashMap<>();
        task.averages().forEach((name, average) -> tensors.put(name, average.tensors()));
        return tensors;
    }

    /** Frees the compiled graph. Idempotent. */
    @Override
    public void close() {
        loss.close();
    }
}
