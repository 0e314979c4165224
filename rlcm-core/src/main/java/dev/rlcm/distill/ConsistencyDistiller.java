package dev.rlcm.distill;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
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
    private static final String TARGET = "target";
    private static final String TEACHER = "teacher";
    private static final String STUDENT = "student";
    private static final String STATE = "state";

    private final ConsistencyModel teacher;
    private final Student student;
    private final LatentConsistencySchedule schedule;
    private final List<DistillationStep> steps;
    private final DistillationRows rows;
    private final DistillationConfig config;
    private final Map<String, TensorData> parameters;
    private final Map<String, AveragedWeights> averages = new LinkedHashMap<>();
    private final NetworkStep solver;
    private final NetworkStep target;
    private final NetworkStep estimate;
    private final Graph loss;
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
        addAverage(TARGET, config.targetDecay());
        addAverage(AVERAGE, config.averageDecay());
        Set<String> trained = student.parameters().keySet();
        Graph network = student.network(config.rows());
        Value state = Value.input(
                STATE, DataType.FLOAT32, network.input(ConsistencyModel.SAMPLE).shape());
        Value wanted = Value.input(TARGET, DataType.FLOAT32, state.shape());
        this.solver = new NetworkStep(TEACHER, teacher.denoiser(config.rows()), Set.of(), state);
        this.target = new NetworkStep(TARGET, network, trained, solver.result());
        this.estimate = new NetworkStep(STUDENT, network, trained, state);
        this.loss = Graph.of(LOSS, config.loss().of(estimate.result(), wanted));
        buffers.add(List.of(state, wanted));
        List.of(solver, target, estimate).forEach(step -> buffers.add(step.inputs()));
        this.parameters = Collections.unmodifiableMap(named(estimate, student.parameters()));
        Graph targetGraph = Graph.of(TARGET, target.result());
        Map<String, TensorData> followed = config.targetDecay() == 0
                ? student.parameters()
                : averages.get(TARGET).tensors();
        this.targetInputs = filled(targetGraph);
        targetInputs.putAll(named(target, followed));
        this.batch = filled(loss);
        this.targets =
                backend.compile(Lowering.of(backend).forward(targetGraph)); // last, so that nothing leaves it open
    }

    private void addAverage(String name, double decay) {
        if (decay > 0) {
            averages.put(name, new AveragedWeights(student.parameters(), decay));
        }
    }

    private static Map<String, TensorData> named(NetworkStep step, Map<String, TensorData> tensors) {
        Map<String, TensorData> named = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> named.put(step.name(name), tensor));
        return named;
    }

    /** The buffers of those inputs of a graph that have one. */
    private Map<String, TensorData> filled(Graph graph) {
        Map<String, TensorData> filled = new LinkedHashMap<>();
        graph.inputs().forEach(input -> buffers.find(input.label()).ifPresent(t -> filled.put(input.label(), t)));
        return filled;
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
        return parameters;
    }

    @Override
    public Map<String, AveragedWeights> averages() {
        return Collections.unmodifiableMap(averages);
    }

    @Override
    public Map<String, TensorData> released() {
        AveragedWeights average = averages.get(AVERAGE);
        return average == null ? student.parameters() : average.tensors();
    }

    @Override
    public Graph loss() {
        return loss;
    }

    /** Draws the rows and evaluates teacher and target. */
    @Override
    public Map<String, TensorData> batch(long index) {
        for (int i = 0; i < config.rows(); i++) {
            fill(i, rows.row(index, i));
        }
        targets.run(targetInputs, Map.of(TARGET, buffers.tensor(TARGET)));
        return batch;
    }

    private void fill(int i, DistillationRow row) {
        DistillationStep step = steps.get(row.step());
        List<String> prompt = List.of(row.data().prompt());
        Map<String, TensorData> own =
                student.model().condition(prompt, row.guidance()).get(0);
        buffers.set(STATE, i, step.from().noised(row.data().latent(), row.noise()));
        solver.feed(
                buffers,
                i,
                step.solver(),
                teacher.condition(prompt, row.guidance()).get(0));
        target.feed(buffers, i, step.target(), own);
        estimate.feed(buffers, i, step.from().estimate(), own);
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
