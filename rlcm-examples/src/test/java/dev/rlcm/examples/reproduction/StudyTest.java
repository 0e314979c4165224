package dev.rlcm.examples.reproduction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.examples.reproduction.TrialRecord.Budget;
import dev.rlcm.examples.reproduction.TrialRecord.Point;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a study asks for and concludes, with trials that are made up. */
class StudyTest {
    private static final List<Task> TASKS = List.of(Task.COMPRESSIBILITY, Task.CLIPSCORE);

    /** RLCM learns best at 2e-3 and in a second a unit, DDPO best at 8e-3 and in ten; 8e-3 is too much for RLCM. */
    private static final class MadeUp implements Study.Laboratory {
        final List<Trial> trials = new ArrayList<>();
        Findings findings = new Findings(List.of(), List.of(), List.of(), List.of());

        @Override
        public TrialRecord run(Trial trial) {
            trials.add(trial);
            boolean rlcm = trial.contender().method() == Method.RLCM;
            double rate = TrainOptions.of(trial.options()).ppo().optimizer().learningRate();
            TrialRecord record = TrialRecord.begun(trial.options(), 8).with(new Point(0, 0, 0, 0, 0, 2));
            if (rlcm && rate == 8e-3) {
                return record.with(new Point(1, 32, 1, 9, 9, 2)).failed("the model diverged");
            }
            double gain = rate * 1e3 + trial.seed();
            for (int i = 1; i <= 4; i++) {
                record = record.with(new Point(i, 32L * i, i * (rlcm ? 1 : 10), i * gain / 4, gain, 2));
            }
            int steps = trial.contender().steps();
            return record.withBudgets(List.of(new Budget(steps, rlcm ? steps : 3.0 * steps, gain)));
        }

        @Override
        public void found(Findings found) {
            findings = found;
        }
    }

    private static MadeUp study(Scale scale) throws IOException, InterruptedException {
        MadeUp laboratory = new MadeUp();
        new Study(TASKS, Task.CLIPSCORE, Task.CLIPSCORE, Study.algorithmNames(), scale, laboratory).run();
        return laboratory;
    }

    private static Result find(List<Result> results, Task task, String name) {
        return results.stream()
                .filter(result ->
                        result.task() == task && result.contender().name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void bothSidesChooseFromTheSameGridAndNothingThatDiverged() throws IOException, InterruptedException {
        Findings findings = study(Scale.QUICK).findings;
        Result rlcm = find(findings.methods(), Task.CLIPSCORE, "RLCM, 4 steps");
        Result ddpo = find(findings.methods(), Task.CLIPSCORE, "DDPO, 50 steps");
        assertThat(rlcm.contender().options()).contains("--learning-rate=0.002");
        assertThat(ddpo.contender().options()).contains("--learning-rate=0.008");
        assertThat(findings.sweeps()).hasSize(6).allMatch(result -> result.seeds() == 1);
        assertThat(rlcm.seeds()).isEqualTo(3);
        assertThat(ddpo.seeds()).isEqualTo(1);
        assertThat(find(findings.methods(), Task.COMPRESSIBILITY, "DDPO, 50 steps")
                        .seeds())
                .isEqualTo(3);
        assertThat(study(Scale.FULL).findings.sweeps()).hasSizeGreaterThan(24);
    }

    @Test
    void everyTrialIsACommandLineAndHasADirectoryOfItsOwn() throws IOException, InterruptedException {
        List<Trial> trials = study(Scale.FULL).trials;
        for (Trial trial : trials) {
            assertThat(TrainOptions.of(trial.options()).epochs())
                    .isEqualTo(trial.contender().epochs());
        }
        // The horizon of the comparison with DDPO is among the horizons: it is one trial.
        long different = trials.stream()
                .map(trial -> trial.path() + " " + trial.options())
                .distinct()
                .count();
        assertThat(trials.stream().map(Trial::path).distinct().count()).isEqualTo(different);
    }

    @Test
    void claimsAreOfTheMeansOverSeeds() throws IOException, InterruptedException {
        Findings findings = study(Scale.FULL).findings;
        Result rlcm = find(findings.methods(), Task.COMPRESSIBILITY, "RLCM, 4 steps");
        assertThat(rlcm.after(Point::seen).mean()).isCloseTo(4, within(1e-12)); // 2 + the mean seed
        assertThat(rlcm.after(Point::seen).deviation()).isCloseTo(1, within(1e-12));
        assertThat(rlcm.after(Point::seen)).hasToString("4.000 ± 1.000");
        assertThat(rlcm.secondsTo(2.5)).hasValue(3);
        assertThat(rlcm.secondsTo(5)).isEmpty();
        assertThat(rlcm.rate(Point::pictures, 32).mean()).isCloseTo(1, within(1e-12));
        assertThat(rlcm.millisPerPicture())
                .hasValueSatisfying(millis -> assertThat(millis.mean()).isEqualTo(4));
        assertThat(Tables.claims(findings.methods())).first().satisfies(row -> assertThat(row)
                .containsEntry("DDPO ends at", "10.000 ± 1.000")
                .containsEntry("RLCM is there after (s)", "never")
                .containsEntry("RLCM's share of the time for a picture (paper: a quarter)", "0.03"));
    }

    @Test
    void unseenPromptsAreUnseenInBothRespects() throws IOException {
        List<String> seen = StudyPrompts.seen().all();
        List<String> unseen = StudyPrompts.unseen().all();
        assertThat(seen).hasSize(36 * 5);
        assertThat(unseen).hasSize(9 * 2).contains("a rabbit at sunset");
        for (int word : new int[] {1, 2}) { // the animal, the scene
            assertThat(words(seen, word)).doesNotContainAnyElementsOf(words(unseen, word));
        }
    }

    private static HashSet<String> words(List<String> prompts, int word) {
        HashSet<String> words = new HashSet<>();
        prompts.forEach(prompt -> words.add(prompt.split(" ", 3)[word]));
        return words;
    }
}
