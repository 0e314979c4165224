package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.options.Algorithm;
import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.reproduction.StudyPlan.Part;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What is compared with what: the experiments of Oertell et al., 2024, section 5 and appendix B, on the embedded models. Learning
 * rates and clip ranges are chosen by a sweep over the same grid for both sides.
 */
final class Study {
    /** RLCM's horizon beside DDPO. */
    private static final int RLCM_STEPS = 4;

    /** How many tasks come before the algorithms. */
    private static final int EARLY_TASKS = 2;

    private static final String RATE = "--learning-rate=";

    /** Nothing but the reward is asked for, on the scale of its spread. */
    private static final String[] FREE = {"--drift=0", "--advantage-scale=0"};

    /** What an algorithm needs beside its name. */
    private static final Map<Algorithm, String> NEEDS = Map.of(Algorithm.SCORE, "--trajectories-per-step=32");

    /** What is tried on top of the default algorithm, by the names in the table. */
    private static final Map<String, String> VARIANTS = new TreeMap<>(Map.of(
            "ppo-1-action", "--actions=1",
            "ppo-2-inner-epochs", "--inner-epochs=2",
            "ppo-common-beginnings", "--common-beginnings",
            "ppo-consistency", "--consistency=0.01",
            "ppo-dense", "--dense"));

    private final StudyPlan plan;
    private final Scale scale;
    private final Laboratory laboratory;
    private final List<Result> sweeps = new ArrayList<>();
    private final List<Result> methods = new ArrayList<>();
    private final List<Result> horizons = new ArrayList<>();
    private final List<Result> algorithms = new ArrayList<>();
    private final Map<String, String[]> chosenSettings = new HashMap<>();
    private final Set<String> missing = new LinkedHashSet<>();

    Study(StudyPlan plan, Scale scale, Laboratory laboratory) {
        this.plan = plan;
        this.scale = scale;
        this.laboratory = laboratory;
    }

    /** Makes trials. */
    interface Laboratory {
        /**
         * Makes a trial, or finds its result.
         *
         * @return empty if the study is to end, and the trial is not done
         */
        Optional<TrialRecord> run(Trial trial) throws IOException, InterruptedException;

        /** Told of every comparison that is complete. */
        void found(Findings findings) throws IOException;
    }

    /**
     * Does what is planned, in an order in which the most important is known first: RLCM beside DDPO on the first two tasks, the
     * algorithms, RLCM beside DDPO on the other tasks, the horizons.
     */
    Findings run() throws IOException, InterruptedException {
        List<Task> compared = plan.has(Part.METHODS) ? plan.tasks() : List.of();
        int early = Math.min(EARLY_TASKS, compared.size());
        for (Task task : compared.subList(0, early)) {
            compareMethods(task);
        }
        if (plan.has(Part.ALGORITHMS)) {
            compareAlgorithms();
        }
        for (Task task : compared.subList(early, compared.size())) {
            compareMethods(task);
        }
        if (plan.has(Part.HORIZONS)) {
            compareHorizons();
        }
        return findings();
    }

    private void compareMethods(Task task) throws IOException, InterruptedException {
        boolean first = task == plan.tasks().get(0);
        Contender rlcm = withBudgets(contender(Method.RLCM, RLCM_STEPS, scale.epochs()));
        Contender ddpo = withBudgets(contender(Method.DDPO, scale.ddpoSteps(), scale.ddpoEpochs()));
        compare(methods, task, rlcm.with(FREE).with(settings(task, Method.RLCM)), scale.seeds());
        int seeds = first ? scale.seeds() : scale.ddpoSeeds();
        compare(methods, task, ddpo.with(FREE).with(settings(task, Method.DDPO)), seeds);
        if (first) {
            compare(methods, task, rlcm.named("RLCM as by default"), scale.seeds());
        }
    }

    private void compareHorizons() throws IOException, InterruptedException {
        Task task = plan.horizonTask();
        for (int steps : scale.horizons()) {
            Contender horizon = contender(Method.RLCM, steps, scale.epochs()).with(FREE);
            compare(horizons, task, horizon.with(settings(task, Method.RLCM)), scale.seeds());
        }
    }

    private void compareAlgorithms() throws IOException, InterruptedException {
        Contender rlcm = contender(Method.RLCM, RLCM_STEPS, scale.algorithmEpochs());
        for (Contender contender : algorithms(rlcm.with(FREE))) {
            if (!plan.algorithms().contains(contender.name())) {
                continue;
            }
            List<String[]> grid = scale.algorithmRates().stream()
                    .map(rate -> new String[] {RATE + rate})
                    .toList();
            Contender best = contender.with(chosen(plan.algorithmTask(), contender, grid));
            compare(algorithms, plan.algorithmTask(), best, scale.seeds());
        }
    }

    /** Everything that the table of algorithms can have. */
    static Set<String> algorithmNames() {
        return algorithms(contender(Method.RLCM, RLCM_STEPS, 1)).stream()
                .map(Contender::name)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static List<Contender> algorithms(Contender rlcm) {
        Stream<Contender> whole = Arrays.stream(Algorithm.values()).map(algorithm -> algorithm(rlcm, algorithm));
        Stream<Contender> variants = VARIANTS.entrySet().stream()
                .map(variant -> rlcm.with(variant.getValue()).named(variant.getKey()));
        return Stream.concat(whole, variants).toList();
    }

    private static Contender contender(Method method, int steps, int epochs) {
        return new Contender(method + ", " + steps + " steps", method, steps, epochs, List.of(), List.of());
    }

    private Contender withBudgets(Contender contender) {
        return contender.withBudgets(scale.budgets().get(contender.method()));
    }

    private static Contender algorithm(Contender rlcm, Algorithm algorithm) {
        Contender contender = rlcm.with("--algorithm=" + algorithm).named(algorithm.toString());
        return NEEDS.containsKey(algorithm) ? contender.with(NEEDS.get(algorithm)) : contender;
    }

    /** The learning rate and clip range for a task, chosen by it, or by the first one for all. */
    private String[] settings(Task task, Method method) throws IOException, InterruptedException {
        Task swept = scale.sweepsEveryTask() && plan.tasks().contains(task)
                ? task
                : plan.tasks().get(0);
        String key = method + " " + swept;
        String[] known = chosenSettings.get(key);
        if (known == null) {
            Contender contender = method == Method.RLCM
                    ? contender(method, RLCM_STEPS, scale.sweepEpochs())
                    : contender(method, scale.ddpoSteps(), scale.ddpoSweepEpochs());
            known = chosen(swept, contender.with(FREE), grid());
            chosenSettings.put(key, known);
        }
        return known;
    }

    private List<String[]> grid() {
        return scale.rates().stream()
                .flatMap(rate ->
                        scale.clipRanges().stream().map(range -> new String[] {RATE + rate, "--clip-range=" + range}))
                .toList();
    }

    /** The settings of the grid with which one seed ends highest, or the only ones. */
    private String[] chosen(Task task, Contender contender, List<String[]> grid)
            throws IOException, InterruptedException {
        if (grid.size() == 1) {
            return grid.get(0);
        }
        String[] best = grid.get(0);
        double highest = Double.NEGATIVE_INFINITY;
        for (String[] settings : grid) {
            String name = contender.name() + ", " + String.join(" ", settings).replaceAll("--[a-z-]+=", "");
            Optional<Result> tried =
                    compare(sweeps, task, contender.with(settings).named(name), 1);
            double outcome = tried.map(Study::outcome).orElse(Double.NEGATIVE_INFINITY);
            if (outcome > highest) {
                highest = outcome;
                best = settings;
            }
        }
        return best;
    }

    /** The reward at the end; what diverged or lost its numbers is behind everything else. */
    private static double outcome(Result result) {
        double reward = result.after(TrialRecord.Point::seen).mean();
        return result.failures() > 0 || Double.isNaN(reward) ? Double.NEGATIVE_INFINITY : reward;
    }

    /** Of as many seeds as are done; what is missing is noted. */
    private Optional<Result> compare(List<Result> section, Task task, Contender contender, int seeds)
            throws IOException, InterruptedException {
        List<TrialRecord> trials = new ArrayList<>();
        for (int seed = 1; seed <= seeds; seed++) {
            laboratory.run(new Trial(task, contender, seed)).ifPresent(trials::add);
        }
        if (trials.size() < seeds) {
            missing.add(task + ", " + contender.name() + ": " + trials.size() + " of " + seeds + " seeds done");
        }
        if (trials.isEmpty()) {
            return Optional.empty();
        }
        Result result = new Result(task, contender, trials);
        section.add(result);
        laboratory.found(findings());
        return Optional.of(result);
    }

    private Findings findings() {
        return new Findings(
                List.copyOf(sweeps),
                List.copyOf(methods),
                List.copyOf(horizons),
                List.copyOf(algorithms),
                List.copyOf(missing));
    }
}
