package dev.rlcm.examples.distill;

import dev.rlcm.backend.Backend;
import dev.rlcm.distill.CaptionedLatent;
import dev.rlcm.distill.ConsistencyDistiller;
import dev.rlcm.distill.Distiller;
import dev.rlcm.distill.LatentSource;
import dev.rlcm.distill.StudentSampler;
import dev.rlcm.distill.TeacherTrajectories;
import dev.rlcm.distill.TrajectoryDistiller;
import dev.rlcm.distill.TrajectoryPoint;
import dev.rlcm.examples.report.MetricsCsv;
import dev.rlcm.examples.run.Runs;
import dev.rlcm.examples.run.StopSignal;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.supervised.StepReport;
import dev.rlcm.supervised.SupervisedTrainer;
import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;

/** One distillation: makes latents, trains, and writes samples, metrics, checkpoint and student as it goes. */
public final class DistillationRun {
    private static final String CHECKPOINT = "checkpoint.safetensors";
    private static final String LATENTS = "latents.safetensors";
    private static final String TRAJECTORIES = "trajectories.safetensors";
    private static final String DISTANCES = "distances.csv";
    private static final String METRICS = "metrics.csv";

    private final DistillOptions options;
    private final LatentDiffusionModel teacher;
    private final StudentOutput output;
    private final Backend backend;
    private final Path directory;
    private final LatentConsistencySchedule schedule;
    private final Prompts prompts;
    private final RandomStreams random;

    public DistillationRun(DistillOptions options, LatentDiffusionModel teacher, StudentOutput output, Backend backend)
            throws IOException {
        this.options = options;
        this.teacher = teacher;
        this.output = output;
        this.backend = backend;
        this.directory = options.run();
        this.schedule = options.schedule(teacher.schedule());
        this.prompts = options.prompts().prompts();
        this.random = RandomStreams.seeded(options.seed());
        if (options.samplesEvery() < 1 || options.shown() < 1 || options.teacherSamples() < 1) {
            throw new IllegalArgumentException("--samples-every, --shown and --teacher-samples must be at least 1");
        }
        if (!options.isResumed() && Files.exists(directory.resolve(METRICS))) {
            throw new IllegalArgumentException(
                    directory + " already holds a run; give another --run, or --resume " + directory);
        }
    }

    /** Trains; whatever ends the training, what was learned until then is written. */
    public void execute() throws IOException {
        try (Distiller distiller = distiller();
                SupervisedTrainer trainer = new SupervisedTrainer(distiller, options.training(), backend);
                StudentSampler sampler = new StudentSampler(output.student(), options.shown(), backend)) {
            if (options.isResumed()) {
                trainer.resume(directory.resolve(CHECKPOINT));
                dropRowsFrom(METRICS, trainer.stepsDone());
                dropRowsFrom(DISTANCES, trainer.stepsDone() + 1);
            }
            StopSignal signal = StopSignal.install(trainer::stop);
            try (signal) {
                train(trainer, new Work(distiller, trainer, sampler));
            }
        }
    }

    private Distiller distiller() throws IOException {
        if (options.method() == DistillOptions.Method.TRAJECTORIES) {
            return new TrajectoryDistiller(output.student(), schedule, trajectories(), options.distillation());
        }
        LatentSource data = LatentSource.of(latents());
        return new ConsistencyDistiller(teacher, output.student(), schedule, data, options.distillation(), backend);
    }

    private void train(SupervisedTrainer trainer, Work work) throws IOException {
        try (MetricsCsv metrics = MetricsCsv.open(directory.resolve(METRICS));
                MetricsCsv distances = MetricsCsv.open(directory.resolve(DISTANCES));
                ProgressBar bar = Runs.bar("distill", Math.toIntExact(options.steps()))) {
            if (trainer.stepsDone() == 0) {
                work.sample(distances);
            }
            bar.stepTo(trainer.stepsDone());
            long sampled = trainer.stepsDone();
            try {
                trainer.run(report -> work.onStep(report, metrics, distances, bar));
            } catch (UncheckedIOException e) {
                throw e.getCause();
            } finally {
                work.save();
            }
            if (trainer.stepsDone() > sampled && trainer.stepsDone() % options.samplesEvery() != 0) {
                work.sample(distances);
            }
        }
        System.out.println(options.out());
    }

    /** Those of the run that is resumed, of a folder's pictures, or the teacher's own samples. */
    private List<CaptionedLatent> latents() throws IOException {
        Path file = directory.resolve(LATENTS);
        if (options.isResumed() && Files.exists(file)) {
            return LatentFile.read(file);
        }
        CleanLatents clean = new CleanLatents(teacher);
        List<CaptionedLatent> latents = options.data().isPresent()
                ? clean.encoded(options.data().get())
                : clean.drawn(
                        options.teacherSamples(),
                        prompts,
                        options.teacherSteps(),
                        options.guidance().least(),
                        random.at("latents"));
        LatentFile.write(latents, file);
        return latents;
    }

    /** Those of the run that is resumed or of another one, or new ones. */
    private List<TrajectoryPoint> trajectories() throws IOException {
        Path file = directory.resolve(TRAJECTORIES);
        if (options.trajectories().isPresent()) {
            return TrajectoryFile.read(options.trajectories().get());
        }
        if (options.isResumed() && Files.exists(file)) {
            return TrajectoryFile.read(file);
        }
        List<TrajectoryPoint> points = new ArrayList<>();
        int rows = Math.min(CleanLatents.AT_ONCE, options.teacherSamples());
        RandomStreams own = random.at("trajectories");
        try (TeacherTrajectories trajectories = new TeacherTrajectories(teacher, schedule, rows, backend);
                ProgressBar bar = Runs.bar("trajectories", options.teacherSamples())) {
            for (int drawn = 0; drawn < options.teacherSamples(); drawn += rows) {
                List<String> texts = prompts.draw(rows, own.at(drawn).at("prompts"));
                points.addAll(trajectories.draw(texts, options.distillation(), options.states(), own.at(drawn)));
                bar.stepTo(Math.min(drawn + rows, options.teacherSamples()));
            }
        }
        TrajectoryFile.write(points, file);
        return points;
    }

    /** A run that was killed has rows of steps after its last checkpoint, which are now taken again. */
    private void dropRowsFrom(String file, long step) throws IOException {
        List<Map<String, Number>> rows = MetricsCsv.read(directory.resolve(file));
        MetricsCsv.write(
                directory.resolve(file),
                rows.stream().filter(row -> row.get("step").longValue() < step).toList());
    }

    /** What is done between steps. */
    private final class Work {
        private final Distiller distiller;
        private final SupervisedTrainer trainer;
        private final StudentSampler sampler;
        private final StudentSamples samples;

        Work(Distiller distiller, SupervisedTrainer trainer, StudentSampler sampler) {
            this.distiller = distiller;
            this.trainer = trainer;
            this.sampler = sampler;
            this.samples = new StudentSamples(
                    teacher,
                    schedule,
                    options.guidance().middle(),
                    prompts.draw(options.shown(), random.at("shown")),
                    random.at("samples"),
                    options.teacherSteps());
        }

        void onStep(StepReport report, MetricsCsv metrics, MetricsCsv distances, ProgressBar bar) {
            try {
                metrics.append(row(report));
                bar.setExtraMessage(String.format(Locale.ROOT, "loss %.4f", report.loss()));
                bar.stepTo(report.step() + 1);
                if (trainer.stepsDone() % options.samplesEvery() == 0) {
                    sample(distances);
                    save();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        void sample(MetricsCsv distances) throws IOException {
            long step = trainer.stepsDone();
            Path png = directory.resolve("samples").resolve(String.format(Locale.ROOT, "step-%06d.png", step));
            Map<String, Number> row = new LinkedHashMap<>();
            row.put("step", step);
            row.putAll(samples.draw(sampler, distiller.released(), png));
            distances.append(row);
        }

        void save() throws IOException {
            output.save(distiller.released());
            trainer.save(directory.resolve(CHECKPOINT));
        }

        private Map<String, Number> row(StepReport report) {
            Map<String, Number> row = new LinkedHashMap<>();
            row.put("step", report.step());
            row.put("loss", report.loss());
            row.put("grad_norm", report.gradNorm());
            row.put("rate_factor", report.rateFactor());
            row.put("teacher_seconds", report.batches().toNanos() * 1e-9);
            row.put("student_seconds", report.network().toNanos() * 1e-9);
            row.put("seconds", report.total().toNanos() * 1e-9);
            return row;
        }
    }
}
