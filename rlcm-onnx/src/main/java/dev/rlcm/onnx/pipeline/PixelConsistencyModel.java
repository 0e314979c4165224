package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.mdp.KarrasSchedule;
import dev.rlcm.precision.Precision;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A consistency model that works on pixels (Song et al., arXiv:2303.01469) from a {@link ModelDirectory}, as diffusers'
 * ConsistencyModelPipeline has it: a UNet, no text encoder and no VAE. Policies take the steps of RLCM's algorithm 2 as published.
 *
 * <p>A prompt is the number of a class or its name, see {@link ClassLabels}. A network without the input {@code class_labels} draws from
 * all it was trained on, whatever the prompt is. There is no guidance; its scale is ignored, as are the last step and the timestep rule
 * of a plan.
 *
 * <p>Thread-safe. Everything that holds much memory is owned by the backend: closing that closes the model.
 */
public final class PixelConsistencyModel extends LatentModel {
    /** How its network is exported. */
    static final String EXPORT = "Optimum does not export these models; docs/pixel-models.md has a script that does";

    private final KarrasSchedule schedule;

    private PixelConsistencyModel(ModelDirectory directory, PipelineOptions options, Backend backend)
            throws IOException {
        super(directory, options, backend);
        this.schedule = directory.karrasSchedule();
    }

    private PixelConsistencyModel(PixelConsistencyModel other, Denoiser denoiser, KarrasSchedule schedule) {
        super(other, denoiser);
        this.schedule = schedule;
    }

    /**
     * Loads a model for pictures of the size it was trained on.
     *
     * @throws IllegalArgumentException if the directory is not a model that can be used; the message names what is wrong
     *     with it and the remedy
     * @throws dev.rlcm.graph.GraphException if its ONNX file holds what is not supported
     */
    public static PixelConsistencyModel load(Path modelDirectory, Backend backend) throws IOException {
        return load(ModelDirectory.open(modelDirectory), backend, PipelineOptions.defaults());
    }

    /**
     * Loads a model from an open directory as the options say.
     *
     * @see #load(Path, Backend)
     */
    public static PixelConsistencyModel load(ModelDirectory directory, Backend backend, PipelineOptions options)
            throws IOException {
        return new PixelConsistencyModel(directory, options, backend);
    }

    /**
     * The same model with its denoiser computed in the given precision, by sampler and trainer alike. Adapters, pictures and
     * log-probabilities are FLOAT32 in every precision.
     */
    public PixelConsistencyModel withPrecision(Precision precision) {
        return new PixelConsistencyModel(this, denoiser.withPrecision(precision), schedule);
    }

    /** The same model sampled in another way, for instance at {@linkplain KarrasSchedule#withLevels other levels}. */
    public PixelConsistencyModel withSchedule(KarrasSchedule value) {
        return new PixelConsistencyModel(this, denoiser, value);
    }

    @Override
    public KarrasSchedule schedule() {
        return schedule;
    }

    @Override
    boolean isGuided() {
        return false;
    }
}
