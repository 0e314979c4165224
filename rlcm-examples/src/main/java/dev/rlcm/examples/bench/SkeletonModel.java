package dev.rlcm.examples.bench;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.precision.Precision;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A UNet with pseudo-random weights as a consistency model: its conditioning is noise, and for want of a decoder its
 * pictures are grey. What it costs is what a trained one costs.
 */
final class SkeletonModel implements ConsistencyModel {
    private static final long SAMPLE_STREAM = 100_000;
    private static final long STATES_STREAM = 100_001;
    private static final long GUIDANCE_STREAM = 100_002;
    private static final long[] TIMESTEPS = {759, 279};

    private final Path directory;
    private final int rows;
    private final Precision precision;
    private final Map<Integer, Graph> files = new HashMap<>();
    private final Map<Integer, Graph> denoisers = new HashMap<>();

    /**
     * @param rows the batch that the model's file is made for
     * @param precision what it is computed in
     */
    SkeletonModel(Path directory, int rows, Precision precision) {
        this.directory = directory;
        this.rows = rows;
        this.precision = precision;
    }

    /** The weights are read once; graphs of other batches need the file {@code model_batch.onnx}. */
    @Override
    public synchronized Graph denoiser(int batch) {
        return denoisers.computeIfAbsent(batch, n -> precision.of(file(n)));
    }

    /** In FLOAT32, whose weights are mapped into memory. */
    private synchronized Graph file(int batch) {
        return files.computeIfAbsent(batch, this::load);
    }

    private Graph load(int batch) {
        Path file = directory.resolve(batch == rows ? "model.onnx" : "model_batch.onnx");
        if (!Files.exists(file)) {
            throw new IllegalArgumentException(directory + " is for a batch of " + rows + " only, got " + batch);
        }
        Graph graph;
        try {
            graph = RaisePatterns.raise(OnnxModels.load(file, Map.of("batch_size", batch, "steps", batch)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Value old = graph.input(TIMESTEP);
        Value timestep = Value.input(TIMESTEP, DataType.FLOAT32, Shape.of(batch));
        return Rewriter.rewrite(graph, value -> value == old ? timestep.cast(old.type()) : value);
    }

    /** A policy with a fresh adapter. */
    ConsistencyPolicy policy(LatentConsistencySchedule schedule, SamplingPlan plan, LoraConfig lora, Backend backend) {
        LoraAdapter adapter = LoraAdapter.initial(
                lora,
                LoraInjection.inject(denoiser(plan.rollout().batch()), lora).sites(),
                RandomStreams.seeded(1));
        return ConsistencyPolicy.of(this, schedule.steps(plan.steps()), plan.rollout(), adapter, backend);
    }

    /** The inputs for which {@code expected_out_sample.npy} holds the outputs. */
    Map<String, TensorData> inputs(int batch) {
        Graph graph = denoiser(batch);
        return Map.of(
                SAMPLE,
                SkeletonWeights.noise(SAMPLE_STREAM, 1, graph.input(SAMPLE).shape()),
                "encoder_hidden_states",
                SkeletonWeights.noise(
                        STATES_STREAM, 1, graph.input("encoder_hidden_states").shape()),
                "timestep_cond",
                SkeletonWeights.noise(
                        GUIDANCE_STREAM,
                        Math.sqrt(0.5),
                        graph.input("timestep_cond").shape()),
                TIMESTEP,
                TensorData.generate(DataType.FLOAT32, Shape.of(batch), i -> TIMESTEPS[i % TIMESTEPS.length]));
    }

    @Override
    public Shape latentShape() {
        Shape sample = file(rows).input(SAMPLE).shape();
        return Shape.of(sample.dim(1), sample.dim(2), sample.dim(3));
    }

    @Override
    public List<Map<String, TensorData>> condition(List<String> prompts, double guidanceScale) {
        Graph graph = file(rows);
        Shape states = graph.input("encoder_hidden_states").shape();
        int guidance = graph.input("timestep_cond").dim(1);
        List<Map<String, TensorData>> conditions = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            conditions.add(Map.of(
                    "encoder_hidden_states",
                    SkeletonWeights.noise(STATES_STREAM + 10L * i, 1, Shape.of(states.dim(1), states.dim(2))),
                    "timestep_cond",
                    SkeletonWeights.noise(GUIDANCE_STREAM + 10L * i, Math.sqrt(0.5), Shape.of(guidance))));
        }
        return conditions;
    }

    @Override
    public List<Sample> decode(List<String> prompts, TensorData latents) {
        float[] grey = new float[3 * 8 * 8];
        Arrays.fill(grey, 0.5f);
        return prompts.stream()
                .map(prompt -> Sample.of(prompt, 8, 8, grey.clone()))
                .toList();
    }
}
