package dev.rlcm.examples.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.io.AtomicFiles;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.train.RewardHacking;
import dev.rlcm.train.RewardHacking.Suspicion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The evaluations of a run that has shadows, and the best adapter from before its reward was hacked. Both are on disk as soon
 * as they are known, so that a run that is resumed goes on with them.
 */
final class HackingWatch {
    private static final String EVALUATIONS = "evaluations.json";
    private static final String BEST = "best.safetensors";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path directory;
    private final LoraAdapter adapter;
    private final List<RewardHacking.Evaluation> course = new ArrayList<>();
    private double best = Double.NEGATIVE_INFINITY;
    private int bestEpoch;

    /** @param adapter the live one */
    HackingWatch(Path directory, LoraAdapter adapter) {
        this.directory = directory;
        this.adapter = adapter;
    }

    /** Takes the evaluation of the adapter as it is now. */
    void add(int epochsDone, Evaluator.Evaluation evaluation) throws IOException {
        if (remember(new RewardHacking.Evaluation(epochsDone, evaluation.rewards(), evaluation.shadows()))) {
            adapter.save(directory.resolve(BEST));
        }
        write();
    }

    private void write() throws IOException {
        byte[] json = JSON.writeValueAsBytes(course);
        AtomicFiles.write(directory.resolve(EVALUATIONS), out -> out.write(json));
    }

    /** Whether a run has left evaluations in its directory. */
    static boolean hasEvaluations(Path before) {
        return Files.exists(before.resolve(EVALUATIONS));
    }

    /** Whether it is the best so far of those that can be trusted. */
    private boolean remember(RewardHacking.Evaluation evaluation) {
        course.add(evaluation);
        double reward = Evaluator.Evaluation.mean(evaluation.trained());
        boolean better =
                reward > best && RewardHacking.isHealthy(course) && suspicion().isEmpty();
        if (better) {
            best = reward;
            bestEpoch = evaluation.epoch();
        }
        return better;
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
                var unused = remember(evaluation);
            }
        }
        Path adapterBefore = before.resolve(BEST);
        Path target = directory.resolve(BEST);
        if (Files.exists(adapterBefore) && !(Files.exists(target) && Files.isSameFile(adapterBefore, target))) {
            Files.copy(adapterBefore, target, StandardCopyOption.REPLACE_EXISTING);
        }
        write();
    }

    Optional<Suspicion> suspicion() {
        return RewardHacking.suspicion(course);
    }

    List<RewardHacking.Evaluation> course() {
        return Collections.unmodifiableList(course);
    }

    /** How many epochs the best adapter had been trained for. */
    int bestEpoch() {
        return bestEpoch;
    }

    /** Puts the best adapter in place of the present one. */
    void restoreBest() throws IOException {
        adapter.assign(LoraAdapter.load(directory.resolve(BEST), adapter.sites()));
    }
}
