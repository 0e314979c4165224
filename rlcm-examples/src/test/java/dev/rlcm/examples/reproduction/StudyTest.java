package dev.rlcm.examples.reproduction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.examples.reproduction.StudyPlan.Part;
import dev.rlcm.examples.reproduction.TrialRecord.Budget;
import dev.rlcm.examples.reproduction.TrialRecord.Point;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a study asks for and concludes, with trials that are made up. */
class StudyTest {
    private static final List<Task> TASKS = List.of(Task.COMPRESSIBILITY, Task.CLIPSCORE);

    /** RLCM learns best at 2e-3 and in a second a unit, DDPO best at 8e-3 and in ten; 8e-3 is too much for RLCM, 3.2e-2 for both. */
    private static final class MadeUp implements Study.Laboratory {
        final List<Trial> trials = new ArrayList<>();
        int room = Integer.MAX_VALUE;
        Findings findings = Findings.none();

        @Override
        public Optional<TrialRecord> run(Trial trial) {
            if (trials.size() == room) {
                return Optional.empty();
            }
            trials.add(trial);
            return Optional.of(record(trial));
        }

        private static TrialRecord record(Trial trial) {
            boolean rlcm = trial.contender().method() == Method.RLCM;
            double rate = TrainOptions.of(trial.options()).ppo().optimizer().learningRate();
            TrialRecord record = TrialRecord.begun(trial.options(), 8).with(new Point(0, 0, 0, 0, 0, 2));
            if (rate > 8e-3 || (rlcm && rate == 8e-3)) {
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
            assertThat(found.methods())
                    .hasSizeGreaterThanOrEqualTo(findings.methods().size());
        }

        MadeUp study(Scale scale, Set<Part> parts) throws IOException, InterruptedException {
            StudyPlan plan = new StudyPlan(parts, TASKS, Task.CLIPSCORE, Task.CLIPSCORE, Study.algorithmNames());
            findings = new Study(plan, scale, this).run();
            return this;
        }

        MadeUp study(Scale scale) throws IOException, InterruptedException {
            return study(scale, EnumSet.allOf(Part.class));
        }
    }

    private static MadeUp study(Scale scale) throws IOException, InterruptedException {
        return new MadeUp().study(scale);
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
        assertThat(findings.sweeps()).hasSize(8).allMatch(result -> result.seeds() == 1);
        assertThat(rlcm.seeds()).isEqualTo(3);
        assertThat(ddpo.seeds()).isEqualTo(1);
        assertThat(find(findings.methods(), Task.COMPRESSIBILITY, "DDPO, 50 steps")
                        .seeds())
                .isEqualTo(3);
        assertThat(study(Scale.FULL).findings.sweeps()).hasSizeGreaterThan(24);
    }

    @Test
    void aPartIsDoneWithoutTheOthers() throws IOException, InterruptedException {
        MadeUp horizons = new MadeUp().study(Scale.QUICK, Set.of(Part.HORIZONS));
        assertThat(horizons.findings.horizons()).hasSize(Scale.QUICK.horizons().size());
        assertThat(horizons.findings.methods()).isEmpty();
        assertThat(horizons.findings.algorithms()).isEmpty();
        assertThat(horizons.trials).allMatch(trial -> trial.contender().method() == Method.RLCM);
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
        assertThat(rlcm.secondsTo(2.5)).containsExactly(4.0, 3.0, 2.0); // of the ends 3, 4 and 5
        assertThat(rlcm.secondsTo(3.5)).containsExactly(4.0, 3.0);
        assertThat(rlcm.rate(Point::pictures, 32).mean()).isCloseTo(1, within(1e-12));
        assertThat(rlcm.millisPerPicture())
                .hasValueSatisfying(millis -> assertThat(millis.mean()).isEqualTo(4));
    }

    @Test
    void verdictsAreOfEveryClaimAndIdea() throws IOException, InterruptedException {
        List<Map<String, Object>> verdicts = Verdicts.of(study(Scale.FULL).findings);
        assertThat(verdict(verdicts, "RLCM comes to DDPO's final reward in a fifth of its time (compressibility"))
                .containsEntry("measured", "never") // DDPO ends at 10, RLCM at 4
                .containsEntry("verdict", "no");
        assertThat(verdict(verdicts, "RLCM ends higher than DDPO (clipscore)"))
                .containsEntry("measured", "-6.000 ± 1.633") // two standard errors of 3 seeds each, 1 apart
                .containsEntry("verdict", "no");
        assertThat(verdict(verdicts, "A picture of RLCM takes at most a quarter"))
                .containsEntry("measured", "0.027 ± 0.000")
                .containsEntry("verdict", "yes");
        assertThat(verdict(verdicts, "What RLCM learns holds for animals")).containsEntry("verdict", "yes");
        assertThat(verdict(verdicts, "8 steps end higher than 4"))
                .containsEntry("verdict", "not told apart from the spread of seeds");
        assertThat(verdict(verdicts, "Dense rewards help").get("verdict").toString())
                .contains("for a picture: not told apart")
                .contains("for a minute: not told apart");
        assertThat(verdict(verdicts, "Most gain for a picture").get("measured").toString())
                .contains("ppo")
                .endsWith("(a thousand)");
        assertThat(verdicts).allSatisfy(row -> assertThat(row).containsKeys("claim", "measured", "verdict"));
    }

    @Test
    void howMuchFasterOneSideIsTakesTheSecondsToTheOthersEnd() throws IOException, InterruptedException {
        Findings findings = study(Scale.FULL).findings;
        Result rlcm = find(findings.methods(), Task.COMPRESSIBILITY, "RLCM, 4 steps");
        Result ddpo = find(findings.methods(), Task.COMPRESSIBILITY, "DDPO, 50 steps");
        // What the one has done stands for the other: 20 s to the reward 4, where the other ends after 4 s.
        List<Result> swapped = List.of(
                new Result(rlcm.task(), rlcm.contender().named("slow"), swapped(ddpo, rlcm)),
                new Result(ddpo.task(), ddpo.contender(), swapped(rlcm, ddpo)));
        Findings other = new Findings(List.of(), swapped, List.of(), List.of(), List.of());
        assertThat(verdict(Verdicts.of(other), "RLCM comes to DDPO's final reward"))
                .containsEntry("measured", "5.000 ± 0.000 of its time (0.2 times as fast), 3 of 3 seeds")
                .containsEntry("verdict", "no");
    }

    /** The evaluations of one result with the inference times of another. */
    private static List<TrialRecord> swapped(Result evaluated, Result timed) {
        return IntStream.range(0, evaluated.seeds())
                .mapToObj(i -> evaluated
                        .trials()
                        .get(i)
                        .withBudgets(timed.trials().get(i).budgets()))
                .toList();
    }

    @Test
    void theTableOfBothSidesHasAllSpreads() throws IOException, InterruptedException {
        assertThat(Tables.comparisons(study(Scale.FULL).findings))
                .hasSize(2)
                .first()
                .satisfies(row -> assertThat(row)
                        .containsEntry("DDPO, reward", "0.000 to 10.000 ± 1.000")
                        .containsEntry("DDPO, seconds", "40.000 ± 0.000")
                        .containsEntry("RLCM is where DDPO ends after (s)", "never")
                        .containsEntry("in seeds", "0 of 3")
                        .containsEntry("RLCM, ms a picture", "4.000 ± 0.000"));
    }

    private static Map<String, Object> verdict(List<Map<String, Object>> verdicts, String claim) {
        return verdicts.stream()
                .filter(row -> row.get("claim").toString().startsWith(claim))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void theComparisonOfTheFirstTaskComesFirstAndAStudyThatEndsEarlySaysWhatIsMissing()
            throws IOException, InterruptedException {
        MadeUp laboratory = new MadeUp();
        laboratory.room = 4 + 4 + 3 + 2; // the sweeps of both sides, RLCM, two seeds of DDPO
        Findings findings = laboratory.study(Scale.QUICK).findings;
        assertThat(laboratory.trials).allMatch(trial -> trial.task() == Task.COMPRESSIBILITY);
        assertThat(findings.methods()).extracting(Result::seeds).containsExactly(3, 2);
        assertThat(findings.missing())
                .contains("compressibility, DDPO, 50 steps: 2 of 3 seeds done")
                .contains("clipscore, RLCM, 4 steps: 0 of 3 seeds done");
        assertThat(Verdicts.of(findings)).isNotEmpty();
    }

    @Test
    void aRecordIsGoneOnWithWhereItsCheckpointIs() {
        TrialRecord record = TrialRecord.begun(List.of(), 8)
                .with(new Point(0, 0, 0, 1, 1, 1))
                .with(new Point(5, 160, 10, 2, 2, 1))
                .with(new Point(10, 320, 20, 3, 3, 1));
        assertThat(record.until(5).last().epochs()).isEqualTo(5);
        assertThat(record.until(10)).isEqualTo(record);
    }

    @Test
    void aDifferenceIsClearBeyondTwoStandardErrors() {
        Spread low = new Spread(1, 0.3, 3);
        assertThat(Difference.of(new Spread(1.6, 0.3, 3), low)).hasToString("+0.600 ± 0.490");
        assertThat(Difference.of(new Spread(1.6, 0.3, 3), low).verdict()).isEqualTo("yes");
        assertThat(Difference.of(low, new Spread(1.6, 0.3, 3)).verdict()).isEqualTo("no");
        assertThat(Difference.of(new Spread(1.4, 0.3, 3), low).isClear()).isFalse();
        assertThat(Difference.of(new Spread(1.4, 0, 1), low).verdict()).isEqualTo("yes, by one seed");
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

    private static Set<String> words(List<String> prompts, int word) {
        Set<String> words = new HashSet<>();
        prompts.forEach(prompt -> words.add(prompt.split(" ", 3)[word]));
        return words;
    }
}
