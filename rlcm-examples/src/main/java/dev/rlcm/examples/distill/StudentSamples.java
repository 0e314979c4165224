package dev.rlcm.examples.distill;

import dev.rlcm.distill.StudentSampler;
import dev.rlcm.examples.report.ImageGrid;
import dev.rlcm.examples.report.Tile;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Pictures of the student in 1, 2, 4 and 8 steps beside the teacher's of the same prompts and noises, and how far apart they are. */
final class StudentSamples {
    private static final List<Integer> STEPS = List.of(1, 2, 4, 8);

    private final LatentDiffusionModel teacher;
    private final LatentConsistencySchedule schedule;
    private final double guidance;
    private final List<String> prompts;
    private final RandomStreams noise;
    private final int teacherSteps;
    private final TensorData wanted;

    StudentSamples(
            LatentDiffusionModel teacher,
            LatentConsistencySchedule schedule,
            double guidance,
            List<String> prompts,
            RandomStreams noise,
            int teacherSteps) {
        this.teacher = teacher;
        this.schedule = schedule;
        this.guidance = guidance;
        this.prompts = prompts;
        this.noise = noise;
        this.teacherSteps = teacherSteps;
        this.wanted = teacher.latents(prompts, teacher.schedule().withEta(0).steps(teacherSteps), guidance, noise);
    }

    /**
     * Draws, and writes the pictures.
     *
     * @return by the number of steps, the root of the mean squared difference from the teacher's latents
     */
    Map<String, Double> draw(StudentSampler sampler, Map<String, TensorData> weights, Path png) throws IOException {
        Map<String, Double> distances = new LinkedHashMap<>();
        List<String> columns = new ArrayList<>();
        List<List<Sample>> pictures = new ArrayList<>();
        for (int steps : STEPS) {
            if (steps <= schedule.originalInferenceSteps()) {
                TensorData latents = sampler.sample(prompts, schedule.steps(steps), guidance, noise, weights);
                distances.put("distance " + steps, distance(latents));
                columns.add(steps == 1 ? "1 step" : steps + " steps");
                pictures.add(teacher.decode(prompts, latents));
            }
        }
        columns.add("teacher, " + teacherSteps);
        pictures.add(teacher.decode(prompts, wanted));
        ImageGrid grid = ImageGrid.of(columns.toArray(String[]::new));
        for (int i = 0; i < prompts.size(); i++) {
            int row = i;
            grid = grid.withRow(
                    prompts.get(i),
                    pictures.stream().map(of -> Tile.of(of.get(row), "")).toList());
        }
        grid.write(png);
        return distances;
    }

    private double distance(TensorData latents) {
        double sum = 0;
        for (int i = 0; i < latents.size(); i++) {
            double difference = latents.getDouble(i) - wanted.getDouble(i);
            sum += difference * difference;
        }
        return Math.sqrt(sum / latents.size());
    }
}
