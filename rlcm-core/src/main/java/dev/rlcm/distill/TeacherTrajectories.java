package dev.rlcm.distill;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.check.Check;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.mdp.DistillationStep;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.random.RandomStreams;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * The teacher's deterministic trajectories from noise to a clean latent, by DDIM on all timesteps that the student learns. They cost
 * two evaluations of the network for each of these timesteps, and give {@link TrajectoryDistiller} targets without an error of their own.
 *
 * <p>Not thread-safe. Closing frees the compiled network, as closing the backend does; model and backend stay the caller's.
 */
public final class TeacherTrajectories implements AutoCloseable {
    private static final String TEACHER = "teacher";
    private static final String STATE = "state";
    private static final String NEXT = "next";

    private final ConsistencyModel teacher;
    private final List<DistillationStep> steps;
    private final int rows;
    private final NetworkStep solver;
    private final RowBuffers buffers = new RowBuffers();
    private final Map<String, TensorData> inputs;
    private final TensorData next;
    private final Executable network;

    /**
     * Compiles the teacher's step.
     *
     * @param schedule the teacher's noise and prediction type, and the timesteps
     * @param rows how many trajectories are computed at once, at least 1
     */
    public TeacherTrajectories(
            ConsistencyModel teacher, LatentConsistencySchedule schedule, int rows, Backend backend) {
        Check.atLeast(1, "rows", rows);
        this.teacher = teacher;
        this.steps = schedule.distillationSteps();
        this.rows = rows;
        Graph denoiser = teacher.denoiser(rows);
        Value state = Value.input(
                STATE, DataType.FLOAT32, denoiser.input(ConsistencyModel.SAMPLE).shape());
        this.solver = new NetworkStep(TEACHER, denoiser, Set.of(), state);
        buffers.add(List.of(state));
        buffers.add(solver.inputs());
        Graph graph = Graph.of(NEXT, solver.result());
        this.inputs = buffers.of(graph);
        this.next = TensorData.zeros(DataType.FLOAT32, state.shape());
        this.network = backend.compile(Lowering.of(backend).forward(graph)); // last, so that nothing leaves it open
    }

    /**
     * Points of one trajectory for each prompt, each with noise and a guidance scale of its own.
     *
     * @param prompts as many as rows
     * @param config whose range of guidance scales is drawn from
     * @param kept points of a trajectory, from 1 to the number of timesteps: one in each of as many equal parts of it
     * @return the trajectories one after the other, each from the most noise to the least
     */
    public List<TrajectoryPoint> draw(List<String> prompts, DistillationConfig config, int kept, RandomStreams random) {
        Check.that(prompts.size() == rows, "prompts", "as many as rows, " + rows, prompts.size());
        Check.that(kept >= 1 && kept <= steps.size(), "kept", "from 1 to " + steps.size(), kept);
        List<Course> courses = new ArrayList<>();
        int size = next.size() / rows;
        for (int row = 0; row < rows; row++) {
            RandomStreams own = random.at(row);
            double guidance = config.guidance(own.at("guidance").generator().nextDouble());
            courses.add(new Course(prompts.get(row), guidance, places(kept, own.at("steps"))));
            buffers.set(STATE, row, own.at("noise").gaussians(size));
        }
        solve(courses);
        List<TrajectoryPoint> points = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            points.addAll(courses.get(row).points(state(row)));
        }
        return points;
    }

    /** A step in each of so many equal parts of all steps. */
    private Set<Integer> places(int count, RandomStreams random) {
        RandomGenerator generator = random.generator();
        Set<Integer> places = new HashSet<>();
        for (int part = 0; part < count; part++) {
            int from = part * steps.size() / count;
            int to = (part + 1) * steps.size() / count;
            places.add(generator.nextInt(from, to));
        }
        return places;
    }

    /** Takes the states in the buffers from noise to the end. */
    private void solve(List<Course> courses) {
        List<Map<String, TensorData>> conditioning = new ArrayList<>();
        for (Course course : courses) {
            conditioning.add(teacher.condition(List.of(course.prompt()), course.guidance())
                    .get(0));
        }
        for (int step = steps.size() - 1; step >= 0; step--) {
            for (int row = 0; row < rows; row++) {
                Course course = courses.get(row);
                if (course.places().contains(step)) {
                    course.states().put(step, state(row));
                }
                solver.feed(buffers, row, steps.get(step).solver(), conditioning.get(row));
            }
            network.run(inputs, Map.of(NEXT, next));
            buffers.tensor(STATE).floats().put(0, next.floats(), 0, next.size());
        }
    }

    private float[] state(int row) {
        float[] values = new float[next.size() / rows];
        buffers.tensor(STATE).floats().get(row * values.length, values);
        return values;
    }

    /** A trajectory under way: the steps whose states are kept, and these states. */
    private record Course(String prompt, double guidance, Set<Integer> places, Map<Integer, float[]> states) {
        Course(String prompt, double guidance, Set<Integer> places) {
            this(prompt, guidance, places, new LinkedHashMap<>());
        }

        List<TrajectoryPoint> points(float[] end) {
            List<TrajectoryPoint> points = new ArrayList<>();
            states.forEach((step, state) -> points.add(new TrajectoryPoint(prompt, guidance, step, state, end)));
            return points;
        }
    }

    @Override
    public void close() {
        network.close();
    }
}
