package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.options.Algorithm;
import dev.rlcm.examples.options.Task;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
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

    private final List<Task> tasks;
    private final Task horizonTask;
    private final Task algorithmTask;
    private final Set<String> algorithmNames;
    private final Scale scale;
    private final Laboratory laboratory;
    private final List<Result> sweeps = new ArrayList<>();
    private final List<Result> methods = new ArrayList<>();
    private final List<Result> horizons = new ArrayList<>();
    private final List<Result> algorithms = new ArrayList<>();

    /**
     * @param tasks at least one; the sweeps are of the first
     * @param horizonTask that of the horizon ablation
     * @param algorithmTask that of the table of algorithms; its reward has a gradient
     * @param algorithmNames what is in the table, of {@link #algorithmNames()}
     */
    Study(
            List<Task> tasks,
            Task horizonTask,
            Task algorithmTask,
            Set<String> algorithmNames,
            Scale scale,
            Laboratory laboratory) {
        this.tasks = List.copyOf(tasks);
        this.horizonTask = horizonTask;
        this.algorithmTask = algorithmTask;
        this.algorithmNames = Set.copyOf(algorithmNames);
        this.scale = scale;
        this.laboratory = laboratory;
    }

    /** Makes trials. */
    interface Laboratory {
        /**
         * Makes a trial, or finds its result.
         *
         * @throws InterruptedException if the study is to end
         */
        TrialRecord run(Trial trial) throws IOException, InterruptedException;

        /** Told of every comparison that is complete. */
        void found(Findings findings) throws IOException;
    }

    /** Does everything, in an order in which the most important is known first. */
    void run() throws IOException, InterruptedException {
        Contender rlcm = contender(Method.RLCM, RLCM_STEPS, scale.epochs());
        Contender ddpo = contender(Method.DDPO, scale.ddpoSteps(), scale.ddpoEpochs());
        Map<Task, String[]> rlcmSettings = chosen(rlcm.with(FREE).during(scale.sweepEpochs()));
        Map<Task, String[]> ddpoSettings = chosen(ddpo.with(FREE).during(scale.ddpoSweepEpochs()));
        for (Task task : tasks) {
            boolean first = task == tasks.get(0);
            compare(methods, task, withBudgets(rlcm.with(FREE).with(rlcmSettings.get(task))), scale.seeds());
            if (first) {
                compare(methods, task, withBudgets(rlcm.named("RLCM as by default")), scale.seeds());
            }
            int seeds = first ? scale.seeds() : scale.ddpoSeeds();
            compare(methods, task, withBudgets(ddpo.with(FREE).with(ddpoSettings.get(task))), seeds);
        }
        String[] settings = rlcmSettings.getOrDefault(horizonTask, rlcmSettings.get(tasks.get(0)));
        for (int steps : scale.horizons()) {
            Contender horizon = contender(Method.RLCM, steps, scale.epochs());
            compare(horizons, horizonTask, horizon.with(FREE).with(settings), scale.seeds());
        }
        for (Contender contender : algorithms(rlcm.with(FREE).during(scale.algorithmEpochs()))) {
            if (!algorithmNames.contains(contender.name())) {
                continue;
            }
            List<String[]> grid = scale.algorithmRates().stream()
                    .map(rate -> new String[] {RATE + rate})
                    .toList();
            Contender best = contender.with(chosen(algorithmTask, contender, grid));
            compare(algorithms, algorithmTask, best, scale.seeds());
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

    /** The settings for every task, chosen by each or by the first of them. */
    private Map<Task, String[]> chosen(Contender contender) throws IOException, InterruptedException {
        List<String[]> grid = scale.rates().stream()
                .flatMap(rate ->
                        scale.clipRanges().stream().map(range -> new String[] {RATE + rate, "--clip-range=" + range}))
                .toList();
        Map<Task, String[]> settings = new EnumMap<>(Task.class);
        for (Task task : tasks) {
            boolean isSwept = scale.sweepsEveryTask() || task == tasks.get(0);
            settings.put(task, isSwept ? chosen(task, contender, grid) : settings.get(tasks.get(0)));
        }
        return settings;
    }

    /** The settings of the grid with which one seed ends highest, or the only ones. */
    private String[] chosen(Task task, Contender contender, List<String[]> grid)
            throws IOException, InterruptedException {
        if (grid.size() == 1) {
            return grid.get(0);
        }
        List<Result> tried = new ArrayList<>();
        for (String[] settings : grid) {
            String name = contender.name() + ", " + String.join(" ", settings).replaceAll("--[a-z-]+=", "");
            tried.add(compare(sweeps, task, contender.with(settings).named(name), 1));
        }
        Result best =
                tried.stream().max(Comparator.comparingDouble(Study::outcome)).orElseThrow();
        return grid.get(tried.indexOf(best));
    }

    /** The reward at the end; what diverged or lost its numbers is behind everything else. */
    private static double outcome(Result result) {
        double reward = result.after(TrialRecord.Point::seen).mean();
        return result.failures() > 0 || Double.isNaN(reward) ? Double.NEGATIVE_INFINITY : reward;
    }

    private Result compare(List<Result> section, Task task, Contender contender, int seeds)
            throws IOException, InterruptedException {
        List<TrialRecord> trials = new ArrayList<>();
        for (int seed = 1; seed <= seeds; seed++) {
            trials.add(laboratory.run(new Trial(task, contender, seed)));
        }
        Result result = new Result(task, contender, trials);
        section.add(result);
        laboratory.found(findings());
        return result;
    }

    private Findings findings() {
        return new Findings(List.copyOf(sweeps), List.copyOf(methods), List.copyOf(horizons), List.copyOf(algorithms));
    }
}
