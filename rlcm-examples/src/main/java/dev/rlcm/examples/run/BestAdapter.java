package dev.rlcm.examples.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.io.AtomicFiles;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.train.EvaluationCourse;
import dev.rlcm.train.RewardHacking;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;

/**
 * The evaluations of a run, and the adapter of the best one. Both are on disk as soon as they are known, so that a run that is
 * resumed goes on with them.
 */
final class BestAdapter {
    private static final String EVALUATIONS = "evaluations.json";
    private static final String BEST = "best.safetensors";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path directory;
    private final LoraAdapter adapter;
    private final EvaluationCourse course = new EvaluationCourse();

    /** @param adapter the live one */
    BestAdapter(Path directory, LoraAdapter adapter) {
        this.directory = directory;
        this.adapter = adapter;
    }

    /** Takes the evaluation of the adapter as it is now. */
    void add(int epochsDone, Evaluator.Evaluation evaluation) throws IOException {
        if (course.add(new RewardHacking.Evaluation(epochsDone, evaluation.rewards(), evaluation.shadows()))) {
            adapter.save(directory.resolve(BEST));
        }
        write();
    }

    private void write() throws IOException {
        byte[] json = JSON.writeValueAsBytes(course.evaluations());
        AtomicFiles.write(directory.resolve(EVALUATIONS), out -> out.write(json));
    }

    /** Whether a run has left evaluations in its directory. */
    static boolean hasEvaluations(Path before) {
        return Files.exists(before.resolve(EVALUATIONS));
    }

    /**
     * Takes over what a run had seen until its checkpoint, the evaluation before training included.
     *
     * @param before its directory, which {@linkplain #hasEvaluations has evaluations}
     * @param shadows names of those that are watched now
     * @throws IOException if its evaluations cannot be read, or are of other shadows
     */
    void resume(Path before, int epochsDone, Set<String> shadows) throws IOException {
        Path evaluations = before.resolve(EVALUATIONS);
        List<RewardHacking.Evaluation> earlier;
        try {
            earlier = JSON.readValue(evaluations.toFile(), new TypeReference<>() {});
        } catch (JsonProcessingException e) {
            throw new IOException(evaluations + " is damaged (" + e.getOriginalMessage() + "); delete it", e);
        }
        for (RewardHacking.Evaluation evaluation : earlier) {
            if (!evaluation.shadows().keySet().equals(shadows)) {
                throw new IOException(evaluations + " has the shadows "
                        + evaluation.shadows().keySet() + ", this run watches " + shadows
                        + "; resume with the same --shadow");
            }
            if (evaluation.epoch() <= epochsDone) {
                var unused = course.add(evaluation);
            }
        }
        Path adapterBefore = before.resolve(BEST);
        Path target = directory.resolve(BEST);
        if (Files.exists(adapterBefore) && !(Files.exists(target) && Files.isSameFile(adapterBefore, target))) {
            Files.copy(adapterBefore, target, StandardCopyOption.REPLACE_EXISTING);
        }
        write();
    }

    EvaluationCourse course() {
        return course;
    }

    /** Puts the best adapter in place of the present one. */
    void restore() throws IOException {
        adapter.assign(LoraAdapter.load(directory.resolve(BEST), adapter.sites()));
    }
}
