package dev.rlcm.distill;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.DistillationStep;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.optim.AveragedWeights;
import dev.rlcm.random.RandomStreams;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Regression of the consistency function onto the ends of the teacher's trajectories: f(x_t, t) learns the x_0 that the teacher's own
 * solver makes of x_t. Luhman and Luhman (arXiv:2101.02388, section 3) do so from pure noise; here every timestep is learned, as
 * a consistency model needs it. A target has no error of the student's own, and a step evaluates neither teacher nor target network, but
 * the trajectories have to be computed first ({@link TeacherTrajectories}).
 *
 * <p>Not thread-safe.
 */
public final class TrajectoryDistiller implements Distiller {
    private final Student student;
    private final LatentConsistencySchedule schedule;
    private final List<DistillationStep> steps;
    private final List<TrajectoryPoint> points;
    private final DistillationConfig config;
    private final RandomStreams random;
    private final StudentLoss studentLoss;
    private final Map<String, TensorData> batch;
    private final Map<String, AveragedWeights> averages = new LinkedHashMap<>();
    private final RowBuffers buffers = new RowBuffers();

    /**
     * A distillation on random points.
     *
     * @param schedule that of the trajectories
     * @param points of the teacher's trajectories, at least one
     * @param config whose rows, loss, average for sampling and seed are used; guidance is that of the points, and there is no
     *     target network
     * @throws IllegalArgumentException if there are no points
     */
    public TrajectoryDistiller(
            Student student,
            LatentConsistencySchedule schedule,
            List<TrajectoryPoint> points,
            DistillationConfig config) {
        if (points.isEmpty()) {
            throw new IllegalArgumentException("a distillation needs at least one point of a trajectory");
        }
        this.student = student;
        this.schedule = schedule;
        this.steps = schedule.distillationSteps();
        this.points = List.copyOf(points);
        this.config = config;
        this.random = RandomStreams.seeded(config.seed()).at("trajectories");
        this.studentLoss = new StudentLoss(student, config, buffers);
        this.batch = buffers.of(studentLoss.graph());
        if (config.averageDecay() > 0) {
            averages.put(AVERAGE, new AveragedWeights(student.parameters(), config.averageDecay()));
        }
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

    @Override
    public Map<String, TensorData> batch(long index) {
        for (int row = 0; row < config.rows(); row++) {
            var generator = random.at(index).at(row).generator();
            fill(row, points.get(generator.nextInt(points.size())));
        }
        return batch;
    }

    private void fill(int row, TrajectoryPoint point) {
        Map<String, TensorData> own = student.model()
                .condition(List.of(point.prompt()), point.guidance())
                .get(0);
        studentLoss.feed(buffers, row, point.state(), steps.get(point.step()), own);
        buffers.set(StudentLoss.TARGET, row, point.end());
    }

    @Override
    public Map<String, String> description() {
        Map<String, String> description = new LinkedHashMap<>();
        description.put("schedule", schedule.toString());
        description.put("points", Integer.toString(points.size()));
        description.put("rows", Integer.toString(config.rows()));
        description.put("loss", config.loss().toString());
        description.put("averageDecay", Double.toString(config.averageDecay()));
        description.put("seed", Long.toString(config.seed()));
        return description;
    }

    /** Nothing to free: the trainer compiles the loss. */
    @Override
    public void close() {}
}
