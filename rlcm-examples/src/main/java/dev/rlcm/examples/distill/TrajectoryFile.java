package dev.rlcm.examples.distill;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.distill.TrajectoryPoint;
import dev.rlcm.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Points of the teacher's trajectories as safetensors, so that a run that goes on has the very same ones. */
final class TrajectoryFile {
    private static final String STATES = "states";
    private static final String ENDS = "ends";
    private static final String POINTS = "points";
    private static final ObjectMapper JSON = new ObjectMapper();

    private TrajectoryFile() {}

    /** What a point has besides its state; its end is a row of the ends. */
    private record Entry(String prompt, double guidance, int step, int end) {}

    static void write(List<TrajectoryPoint> points, Path file) throws IOException {
        Map<float[], Integer> places = new IdentityHashMap<>();
        List<float[]> ends = new ArrayList<>();
        List<Entry> entries = new ArrayList<>();
        for (TrajectoryPoint point : points) {
            Integer place = places.get(point.end());
            if (place == null) {
                place = ends.size();
                places.put(point.end(), place);
                ends.add(point.end());
            }
            entries.add(new Entry(point.prompt(), point.guidance(), point.step(), place));
        }
        List<float[]> states = points.stream().map(TrajectoryPoint::state).toList();
        new Safetensors(
                        Map.of(STATES, FloatRows.tensor(states), ENDS, FloatRows.tensor(ends)),
                        Map.of(POINTS, JSON.writeValueAsString(entries)))
                .write(file);
    }

    static List<TrajectoryPoint> read(Path file) throws IOException {
        Safetensors content = Safetensors.read(file);
        List<float[]> states = FloatRows.of(content.tensors().get(STATES), file);
        List<float[]> ends = FloatRows.of(content.tensors().get(ENDS), file);
        try {
            List<TrajectoryPoint> points = new ArrayList<>();
            for (Entry entry : JSON.readValue(content.metadata().getOrDefault(POINTS, "[]"), Entry[].class)) {
                float[] state = states.get(points.size());
                points.add(new TrajectoryPoint(
                        entry.prompt(), entry.guidance(), entry.step(), state, ends.get(entry.end())));
            }
            return points;
        } catch (JsonProcessingException | IndexOutOfBoundsException e) {
            throw new IOException(file + " has damaged points; delete it to have them made again", e);
        }
    }
}
