package dev.rlcm.examples.distill;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.distill.ConsistencyLoss;
import dev.rlcm.distill.DistillationConfig;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Devices;
import dev.rlcm.examples.options.EmbeddingsOption;
import dev.rlcm.examples.options.PromptsOption;
import dev.rlcm.examples.options.ReadingOptions;
import dev.rlcm.examples.run.Runs;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraFormat;
import dev.rlcm.lora.LoraTargets;
import dev.rlcm.mdp.DdimSchedule;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.onnx.pipeline.ImageFolder;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.onnx.pipeline.PipelineOptions;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.ParameterGroups;
import dev.rlcm.supervised.SupervisedConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What is distilled, into what, and how. */
public final class DistillOptions {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description =
                    "The diffusion model's directory, as Optimum exports it. Default: the embedded emoji model's teacher.")
    private @Nullable Path model;

    @Option(
            names = "--shared",
            paramLabel = "DIR",
            description = "Holds the components that the model's directory lacks.")
    private @Nullable Path shared;

    @Mixin
    private ReadingOptions reading = new ReadingOptions();

    @Mixin
    private EmbeddingsOption embeddings = new EmbeddingsOption();

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "Pictures of the model's size with a metadata.jsonl: {\"file_name\": \"1.png\", \"text\": \"a cat\"}."
                            + " Default: samples that the teacher draws itself.")
    private @Nullable Path data;

    @Option(
            names = "--method",
            description = "consistency compares neighbouring timesteps, trajectories learns the ends of the teacher's"
                    + " trajectories, which are computed first. Default: ${DEFAULT-VALUE}.")
    private Method method = Method.CONSISTENCY;

    @Option(
            names = "--from",
            paramLabel = "DIR",
            description =
                    "A student's directory, whose network is begun with, for whole models. Default: the teacher's.")
    private @Nullable Path from;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR|FILE.safetensors",
            description = "A LoRA adapter's file, or the directory of a whole model.")
    private Path out;

    @Option(names = "--steps", description = "Optimiser steps. Default: ${DEFAULT-VALUE}.")
    private long steps = 2000;

    @Option(names = "--batch", description = "Latents in a batch. Default: ${DEFAULT-VALUE}.")
    private int batch = 16;

    @Option(names = "--accumulation", description = "Batches in a step. Default: ${DEFAULT-VALUE}.")
    private int accumulation = 1;

    @Option(
            names = "--learning-rate",
            description = "After a warm-up; falls along a cosine. Default: ${DEFAULT-VALUE}.")
    private double learningRate = 1e-4;

    @Option(
            names = "--guidance",
            paramLabel = "W|MIN:MAX",
            description =
                    "The teacher's guidance scale, 1 is none. A range, for whole models only, gives the network an input"
                            + " for the scale. Default: 7.5.")
    private String guidance = "7.5";

    @Option(names = "--loss", description = "huber or squared. Default: ${DEFAULT-VALUE}.")
    private Loss loss = Loss.HUBER;

    @Option(
            names = "--solver-steps",
            description = "Timesteps that the student learns; the teacher skips 1000 / N of them at once."
                    + " Default: ${DEFAULT-VALUE}.")
    private int solverSteps = 50;

    @Option(names = "--rank", description = "Of an adapter. Default: ${DEFAULT-VALUE}.")
    private int rank = 64;

    @Option(
            names = "--targets",
            description =
                    "Layers that get an adapter: names, globs or presets, see the README. Default: ${DEFAULT-VALUE}.",
            split = ",")
    private String[] targets = {"all"};

    @Option(names = "--format", description = "Of the adapter: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private LoraFormat format = LoraFormat.DIFFUSERS;

    @Option(
            names = "--target-decay",
            description =
                    "Of the moving average that gives the targets, 0 is the student itself. Default: 0.95 for whole"
                            + " models, 0 for adapters.")
    private @Nullable Double targetDecay;

    @Option(
            names = "--average-decay",
            description = "Of the moving average that is written, 0 is none. Default: ${DEFAULT-VALUE}.")
    private double averageDecay;

    @Mixin
    private PromptsOption prompts = new PromptsOption();

    @Option(
            names = "--teacher-samples",
            description = "Without --data, how many; or how many trajectories. Default: ${DEFAULT-VALUE}.")
    private int teacherSamples = 512;

    @Option(names = "--teacher-steps", description = "DDIM steps of the teacher's samples. Default: ${DEFAULT-VALUE}.")
    private int teacherSteps = 50;

    @Option(names = "--states", description = "Of each trajectory, how many are learned. Default: ${DEFAULT-VALUE}.")
    private int states = 8;

    @Option(
            names = "--trajectories",
            paramLabel = "FILE",
            description = "The trajectories.safetensors of an earlier run on the same teacher. Default: new ones.")
    private @Nullable Path trajectories;

    @Option(names = "--samples-every", description = "Steps between pictures. Default: ${DEFAULT-VALUE}.")
    private int samplesEvery = 200;

    @Option(names = "--shown", description = "Prompts in the pictures. Default: ${DEFAULT-VALUE}.")
    private int shown = 4;

    @Option(names = "--seed", description = "Of everything that is random. Default: ${DEFAULT-VALUE}.")
    private long seed = 42;

    @Option(names = "--device", description = Devices.NAMES + ". Default: ${DEFAULT-VALUE}.")
    private String device = "cpu";

    @Option(names = "--memory", description = "FAST, BALANCED or SMALL. Default: ${DEFAULT-VALUE}.")
    private MemoryPolicy memory = MemoryPolicy.BALANCED;

    @Option(
            names = "--run",
            paramLabel = "DIR",
            description = "Where samples, metrics and checkpoint go. Default: runs/distill-<time>.")
    private @Nullable Path run;

    @Option(
            names = "--resume",
            paramLabel = "DIR",
            description = "Goes on with the run in that directory, with the same options.")
    private @Nullable Path resume;

    /** The ways to distil. */
    enum Method {
        CONSISTENCY,
        TRAJECTORIES
    }

    /** The words for a loss. */
    enum Loss {
        HUBER,
        SQUARED
    }

    public Backend openBackend() {
        return Devices.open(device, OrtOptions.defaults().withMemory(memory));
    }

    public LatentDiffusionModel teacher(Backend backend) throws IOException {
        if (method == Method.TRAJECTORIES && data != null) {
            throw new IllegalArgumentException("the teacher's trajectories begin with noise and need no pictures;"
                    + " leave out --data, or --method trajectories");
        }
        Path root = model != null ? model : EmbeddedModel.emojiLdm();
        Path rest = shared != null ? shared : model != null ? model : EmbeddedModel.emojiLcm();
        ModelDirectory directory = ModelDirectory.open(root, rest, reading.get());
        return LatentDiffusionModel.load(directory, backend, embeddings());
    }

    /** How models are loaded: with what stands for their text encoders. */
    private PipelineOptions embeddings() throws IOException {
        List<String> asked = new ArrayList<>(prompts.prompts().all());
        if (data != null) {
            ImageFolder.open(data).captions().forEach(caption -> asked.add(caption.text()));
        }
        return embeddings.apply(PipelineOptions.defaults(), asked);
    }

    /** The student, as the teacher is, and where it goes. */
    public StudentOutput student(LatentDiffusionModel teacher, Backend backend) throws IOException {
        if (!isAdapter()) {
            if (isResumed()) {
                return DirectoryOutput.open(teacher, out, embeddings(), backend);
            }
            boolean guided = guidance().least() < guidance().largest();
            DirectoryOutput created = DirectoryOutput.create(teacher, out, solverSteps, guided, embeddings(), backend);
            return from == null ? created : created.from(from, teacher, embeddings(), backend);
        }
        if (from != null) {
            throw new IllegalArgumentException(
                    "--from goes on from a whole model, and --out " + out + " is an adapter's file");
        }
        LoraConfig lora = LoraConfig.rank(rank).targeting(LoraTargets.of(targets));
        return AdapterOutput.create(teacher, lora, out, format, seed);
    }

    private boolean isAdapter() {
        return out.getFileName().toString().endsWith(".safetensors");
    }

    Guidance guidance() {
        return Guidance.parse(guidance);
    }

    /** That of the teacher's noise and prediction. */
    LatentConsistencySchedule schedule(DdimSchedule teacher) {
        return LatentConsistencySchedule.defaults()
                .withNoise(teacher.noise())
                .withPrediction(teacher.prediction())
                .withOriginalInferenceSteps(solverSteps);
    }

    DistillationConfig distillation() {
        ConsistencyLoss distance = loss == Loss.SQUARED
                ? ConsistencyLoss.squared()
                : DistillationConfig.defaults().loss();
        double decay = targetDecay != null
                ? targetDecay
                : isAdapter() ? 0 : DistillationConfig.defaults().targetDecay();
        return DistillationConfig.defaults()
                .withRows(batch)
                .withGuidance(guidance().least(), guidance().largest())
                .withLoss(distance)
                .withTargetDecay(decay)
                .withAverageDecay(averageDecay)
                .withSeed(seed);
    }

    SupervisedConfig training() {
        AdamWConfig adam = AdamWConfig.defaults().withLearningRate(learningRate);
        return SupervisedConfig.steps(steps)
                .withAccumulation(accumulation)
                .withOptimizer(ParameterGroups.decayingMatrices(adam.withWeightDecay(isAdapter() ? 0 : 1e-4)));
    }

    Method method() {
        return method;
    }

    int states() {
        return states;
    }

    Optional<Path> trajectories() {
        return Optional.ofNullable(trajectories);
    }

    Optional<Path> data() {
        return Optional.ofNullable(data);
    }

    PromptsOption prompts() {
        return prompts;
    }

    int teacherSamples() {
        return teacherSamples;
    }

    int teacherSteps() {
        return teacherSteps;
    }

    int samplesEvery() {
        return samplesEvery;
    }

    int shown() {
        return shown;
    }

    long seed() {
        return seed;
    }

    long steps() {
        return steps;
    }

    Path out() {
        return out;
    }

    boolean isResumed() {
        return resume != null;
    }

    /** The run's directory; the same at every call. */
    Path run() {
        if (run == null) {
            run = resume != null ? resume : Runs.directory("distill");
        }
        return run;
    }
}
