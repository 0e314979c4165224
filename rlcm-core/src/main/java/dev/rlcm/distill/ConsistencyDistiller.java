package dev.rlcm.distill;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.DistillationStep;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.optim.AveragedWeights;
import dev.rlcm.policy.ConsistencyModel;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Latent consistency distillation (Luo et al., arXiv:2310.04378, algorithm 1; with an adapter arXiv:2311.05556), for {@link
 * dev.rlcm.supervised.SupervisedTrainer}. Of a clean latent noised to timestep t, the teacher's guided DDIM step makes x_s; the
 * student's f(x_t, t) learns to be what a moving average of the student makes of x_s. Where s is 0, f is the identity, and
 * from there on consistency spreads to all timesteps.
 *
 * <p>Teacher and target run in a session of their own, forward only, so that what they compute is gone before the student's
 * values are kept for its gradients.
 *
 * <p>Not thread-safe. Closing frees that session, as closing the backend does; models and backend stay the caller's.
 */
public final class ConsistencyDistiller implements Distiller {
    private static final String TEACHER = "teacher";

    private final ConsistencyModel teacher;
    private final Student student;
    private final LatentConsistencySchedule schedule;
    private final List<DistillationStep> steps;
    private final DistillationRows rows;
    private final DistillationConfig config;
    private final Map<String, AveragedWeights> averages = new LinkedHashMap<>();
    private final StudentLoss studentLoss;
    private final NetworkStep solver;
    private final NetworkStep target;
    private final RowBuffers buffers = new RowBuffers();
    private final Map<String, TensorData> targetInputs;
    private final Map<String, TensorData> batch;
    private final Executable targets;

    /**
     * A distillation on random rows of a source, see {@link DistillationRows#random}.
     *
     * @see #ConsistencyDistiller(ConsistencyModel, Student, LatentConsistencySchedule, DistillationRows, DistillationConfig,
     *     Backend)
     */
    public ConsistencyDistiller(
            ConsistencyModel teacher,
            Student student,
            LatentConsistencySchedule schedule,
            LatentSource data,
            DistillationConfig config,
            Backend backend) {
        this(
                teacher,
                student,
                schedule,
                DistillationRows.random(data, schedule.originalInferenceSteps(), config),
                config,
                backend);
    }

    /**
     * A distillation on given rows. Compiles teacher and target.
     *
     * @param teacher whose network is evaluated with guidance: {@link ConsistencyModel#condition} is told the scale of every row
     * @param student what learns. Where its own conditioning depends on the scale, it learns to follow it
     * @param schedule the teacher's noise and prediction type, and the timesteps and boundary scalings that the student will be
     *     sampled with
     * @throws IllegalArgumentException if guidance scales differ and the student cannot be told them, or if the latents of the
     *     two differ in shape
     */
    public ConsistencyDistiller(
            ConsistencyModel teacher,
            Student student,
            LatentConsistencySchedule schedule,
            DistillationRows rows,
            DistillationConfig config,
            Backend backend) {
        check(teacher, student.model(), config);
        this.teacher = teacher;
        this.student = student;
        this.schedule = schedule;
        this.steps = schedule.distillationSteps();
        this.rows = rows;
        this.config = config;
        addAverage(StudentLoss.TARGET, config.targetDecay());
        addAverage(AVERAGE, config.averageDecay());
        this.studentLoss = new StudentLoss(student, config, buffers);
        this.solver = new NetworkStep(TEACHER, teacher.denoiser(config.rows()), Set.of(), studentLoss.state());
        this.target = new NetworkStep(
                StudentLoss.TARGET,
                student.network(config.rows()),
                student.parameters().keySet(),
                solver.result());
        List.of(solver, target).forEach(step -> buffers.add(step.inputs()));
        Graph targetGraph = Graph.of(StudentLoss.TARGET, target.result());
        Map<String, TensorData> followed = config.targetDecay() == 0
                ? student.parameters()
                : averages.get(StudentLoss.TARGET).tensors();
        this.targetInputs = buffers.of(targetGraph);
        targetInputs.putAll(target.named(followed));
        this.batch = buffers.of(studentLoss.graph());
        this.targets =
                backend.compile(Lowering.of(backend).forward(targetGraph)); // last, so that nothing leaves it open
    }

    private void addAverage(String name, double decay) {
        if (decay > 0) {
            averages.put(name, new AveragedWeights(student.parameters(), decay));
        }
    }

    private static void check(ConsistencyModel teacher, ConsistencyModel student, DistillationConfig config) {
        if (!teacher.latentShape().equals(student.latentShape())) {
            throw new IllegalArgumentException("the student's latents " + student.latentShape()
                    + " must have the shape of the teacher's, " + teacher.latentShape());
        }
        if (config.minGuidance() < config.maxGuidance() && !isToldGuidance(student, config)) {
            throw new IllegalArgumentException("the student's network has no input for the guidance scale, so that it"
                    + " cannot learn scales from " + config.minGuidance() + " to " + config.maxGuidance()
                    + "; distil it at one scale, DistillationConfig.withGuidance(scale), or give its network a guidance"
                    + " embedding (timestep_cond)");
        }
    }

    /** Whether its conditioning is another one for another scale. */
    private static boolean isToldGuidance(ConsistencyModel student, DistillationConfig config) {
        Map<String, TensorData> least =
                student.condition(List.of(""), config.minGuidance()).get(0);
        Map<String, TensorData> largest =
                student.condition(List.of(""), config.maxGuidance()).get(0);
        return least.entrySet().stream()
                .anyMatch(entry -> !Arrays.equals(
                        entry.getValue().toFloats(), largest.get(entry.getKey()).toFloats()));
    }

    @Override
    public Map<String, TensorData> parameters() {
        return studentLoss.parameters();
    }

    @Override
    public Map<String, AveragedWeights> averages() {
        return Collections.unmodifiableMap(averages);
    }

    @Override
    public Student student() {
        return student;
    }

    @Override
    public Graph loss() {
        return studentLoss.graph();
    }

    /** Draws the rows and evaluates teacher and target. */
    @Override
    public Map<String, TensorData> batch(long index) {
        for (int i = 0; i < config.rows(); i++) {
            fill(i, rows.row(index, i));
        }
        targets.run(targetInputs, Map.of(StudentLoss.TARGET, buffers.tensor(StudentLoss.TARGET)));
        return batch;
    }

    private void fill(int i, DistillationRow row) {
        DistillationStep step = steps.get(row.step());
        List<String> prompt = List.of(row.data().prompt());
        Map<String, TensorData> own =
                student.model().condition(prompt, row.guidance()).get(0);
        studentLoss.feed(buffers, i, step.from().noised(row.data().latent(), row.noise()), step, own);
        solver.feed(
                buffers,
                i,
                step.solver(),
                teacher.condition(prompt, row.guidance()).get(0));
        target.feed(buffers, i, step.target(), own);
    }

    @Override
    public Map<String, String> description() {
        Map<String, String> description = new LinkedHashMap<>();
        description.put("schedule", schedule.toString());
        description.put("rows", Integer.toString(config.rows()));
        description.put("guidance", config.minGuidance() + " to " + config.maxGuidance());
        description.put("loss", config.loss().toString());
        description.put("targetDecay", Double.toString(config.targetDecay()));
        description.put("averageDecay", Double.toString(config.averageDecay()));
        description.put("seed", Long.toString(config.seed()));
        return description;
    }

    /** Frees the session of teacher and target. Idempotent. */
    @Override
    public void close() {
        targets.close();
    }
}
