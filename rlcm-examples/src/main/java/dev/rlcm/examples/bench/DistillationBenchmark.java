package dev.rlcm.examples.bench;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.distill.CaptionedLatent;
import dev.rlcm.distill.ConsistencyDistiller;
import dev.rlcm.distill.DistillationConfig;
import dev.rlcm.distill.LatentSource;
import dev.rlcm.distill.Student;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.onnx.pipeline.StudentDirectory;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.precision.Precision;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.supervised.StepReport;
import dev.rlcm.supervised.SupervisedConfig;
import dev.rlcm.supervised.SupervisedTrainer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What a step of consistency distillation takes: teacher and target, the student forward and backward, and the optimiser. */
@Command(
        name = "distillation-benchmark",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Times steps of consistency distillation: of the embedded teacher, or of a UNet without its weights.")
public final class DistillationBenchmark implements Callable<Integer> {
    @Option(
            names = "--skeleton",
            paramLabel = "DIR",
            description =
                    "A folder such as fixtures/sd15-unet-skeleton, with weights.bin or fill.json; distilled into an"
                            + " adapter. Default: the embedded teacher.")
    private @Nullable Path skeleton;

    @Option(names = "--rank", description = "Of the adapter; 0 trains whole weights. Default: ${DEFAULT-VALUE}.")
    private int rank;

    @Option(names = "--targets", split = ",", description = "Layers that get an adapter. Default: ${DEFAULT-VALUE}.")
    private String[] targets = {"attention"};

    @Option(names = "--rows", description = "Default: ${DEFAULT-VALUE}.")
    private int rows = 16;

    @Option(names = "--steps", description = "Timed, after two that warm up. Default: ${DEFAULT-VALUE}.")
    private int steps = 20;

    @Option(names = "--threads", description = "Default: ${DEFAULT-VALUE}.")
    private int threads = OrtOptions.defaults().threads();

    @Option(names = "--memory", description = "FAST, BALANCED or SMALL. Default: ${DEFAULT-VALUE}.")
    private MemoryPolicy memory = MemoryPolicy.BALANCED;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new DistillationBenchmark(), args);
    }

    @Override
    public Integer call() throws IOException {
        OrtOptions options = OrtOptions.defaults().withThreads(threads).withMemory(memory);
        try (Backend backend = OrtBackend.cpu(options)) {
            if (skeleton != null) {
                SkeletonWeights weights = SkeletonWeights.of(skeleton);
                weights.write(skeleton);
                SkeletonModel model = new SkeletonModel(skeleton, weights.batch(), Precision.FLOAT32);
                measure(new GuidedSkeleton(model), adapted(model), 7.5, backend);
            } else {
                LatentDiffusionModel teacher = LatentDiffusionModel.load(
                        ModelDirectory.open(EmbeddedModel.emojiLdm(), EmbeddedModel.emojiLcm()), backend);
                measure(teacher, rank > 0 ? adapted(teacher.unguided()) : whole(teacher, backend), 3, backend);
            }
        }
        return 0;
    }

    private Student adapted(ConsistencyModel network) {
        LoraConfig lora = LoraConfig.rank(rank).targeting(targets);
        LoraAdapter adapter =
                LoraAdapter.initial(lora, LoraInjection.sites(network.denoiser(rows), lora), RandomStreams.seeded(1));
        return Student.adapter(network, adapter);
    }

    private static Student whole(LatentDiffusionModel teacher, Backend backend) throws IOException {
        Path directory = Files.createTempDirectory("student");
        StudentDirectory.create(teacher.directory(), directory, 50, true);
        LatentConsistencyModel model =
                LatentConsistencyModel.load(directory, backend).trainable();
        return Student.weights(model, model.weights());
    }

    private void measure(ConsistencyModel teacher, Student student, double guidance, Backend backend) {
        PrintWriter out = spec.commandLine().getOut();
        int size = (int) teacher.latentShape().size();
        LatentSource data = LatentSource.of(
                List.of(new CaptionedLatent(RandomStreams.seeded(2).gaussians(size), "a cat on grass")));
        DistillationConfig config = DistillationConfig.defaults()
                .withRows(rows)
                .withGuidance(guidance)
                .withTargetDecay(rank > 0 ? 0 : 0.95);
        List<StepReport> reports = new ArrayList<>();
        long start = System.nanoTime();
        try (ConsistencyDistiller distiller = new ConsistencyDistiller(
                        teacher, student, LatentConsistencySchedule.defaults(), data, config, backend);
                SupervisedTrainer trainer =
                        new SupervisedTrainer(distiller, SupervisedConfig.steps(steps + 2L), backend)) {
            out.printf("%-34s %10.1f s%n", "compiled in", (System.nanoTime() - start) * 1e-9);
            trainer.run(reports::add);
        }
        List<StepReport> timed = reports.subList(2, reports.size());
        long weights = student.parameters().values().stream()
                .mapToLong(tensor -> tensor.size())
                .sum();
        double total = median(timed, report -> report.total().toNanos());
        double batches = median(timed, report -> report.batches().toNanos());
        double network = median(timed, report -> report.network().toNanos());
        double rest = median(timed, report -> report.total()
                .minus(report.batches())
                .minus(report.network())
                .toNanos());
        out.printf("%d rows, %d trained numbers, medians of %d steps%n", rows, weights, timed.size());
        print(out, "teacher and target", batches, total);
        print(out, "student, forward and backward", network, total);
        print(out, "optimiser and averages", rest, total);
        print(out, "step", total, total);
        out.printf("%-34s %10.2f GB%n", "peak memory of the process", peakMemory());
        out.flush();
    }

    private static double peakMemory() {
        try {
            return ProcessMemory.peak();
        } catch (IOException e) {
            return Double.NaN;
        }
    }

    private static double median(List<StepReport> reports, ToDoubleFunction<StepReport> nanos) {
        double[] sorted = reports.stream().mapToDouble(nanos).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private static void print(PrintWriter out, String name, double nanos, double total) {
        out.printf("%-34s %10.1f ms %6.1f %%%n", name, nanos * 1e-6, 100 * nanos / total);
    }
}
