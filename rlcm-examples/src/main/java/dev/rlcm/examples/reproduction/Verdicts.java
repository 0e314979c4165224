package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.reproduction.TrialRecord.Point;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a study says about each claim of the paper, and about each idea that was tried besides. A difference counts as one if it is
 * more than two standard errors.
 */
final class Verdicts {
    /** The share of DDPO's wall time, and of its time for a picture, that the paper's claims leave to RLCM at most. */
    private static final double TIME_SHARE = 0.2;

    private static final double PICTURE_SHARE = 0.25;

    /** From which share of the gain on prompts of training on a gain counts as general. */
    private static final double GENERAL = 0.8;

    private static final int RANKED = 5;

    /** The ideas that were tried on top of the default algorithm, by the names of their contenders. */
    private static final Map<String, String> IDEAS = ideas();

    private final List<Map<String, Object>> rows = new ArrayList<>();

    private Verdicts() {}

    private static Map<String, String> ideas() {
        Map<String, String> ideas = new LinkedHashMap<>();
        ideas.put("ppo-dense", "Dense rewards help");
        ideas.put("ppo-consistency", "The consistency loss helps");
        ideas.put("ppo-1-action", "Learning from one random action of each trajectory helps");
        ideas.put("ppo-common-beginnings", "Common beginnings help");
        ideas.put("ppo-2-inner-epochs", "A second inner epoch helps");
        return ideas;
    }

    /** A row for every claim that the findings say something about. */
    static List<Map<String, Object>> of(Findings findings) {
        Verdicts verdicts = new Verdicts();
        for (Task task : findings.tasks()) {
            Optional<Result> rlcm = findings.method(task, Method.RLCM);
            Optional<Result> ddpo = findings.method(task, Method.DDPO);
            if (rlcm.isPresent() && ddpo.isPresent()) {
                verdicts.ofMethods(task, rlcm.get(), ddpo.get());
            }
            rlcm.ifPresent(result -> verdicts.ofGeneralisation(task, result));
        }
        verdicts.ofHorizons(findings.horizons());
        verdicts.ofAlgorithms(findings.algorithms());
        return verdicts.rows;
    }

    private void ofMethods(Task task, Result rlcm, Result ddpo) {
        double seconds = ddpo.after(Point::seconds).mean();
        List<Double> shares = rlcm.secondsTo(ddpo.after(Point::seen).mean()).stream()
                .map(needed -> needed / seconds)
                .toList();
        String reached = shares.size() + " of " + rlcm.seeds() + " seeds";
        boolean within = shares.size() == rlcm.seeds() && shares.stream().allMatch(share -> share <= TIME_SHARE);
        add(
                "RLCM comes to DDPO's final reward in a fifth of its time (" + task
                        + "; paper: up to 17 times as fast)",
                shares.isEmpty() ? "never" : share(Spread.of(shares, Double::doubleValue)) + ", " + reached,
                shares.contains(0.0) ? "already before training" : within ? "yes" : "no");
        Difference ends = Difference.of(rlcm.after(Point::seen), ddpo.after(Point::seen));
        add("RLCM ends higher than DDPO (" + task + ")", ends.toString(), ends.verdict());
        Spread share = rlcm.millisPerPicture()
                .orElseThrow()
                .over(ddpo.millisPerPicture().orElseThrow().mean());
        add(
                "A picture of RLCM takes at most a quarter of the time of one of DDPO (" + task + ")",
                share.toString(),
                share.mean() <= PICTURE_SHARE ? "yes" : "no");
    }

    private static String share(Spread ofTime) {
        String share = ofTime + " of its time";
        return ofTime.mean() == 0
                ? share
                : share + String.format(Locale.ROOT, " (%.1f times as fast)", 1 / ofTime.mean());
    }

    private void ofGeneralisation(Task task, Result rlcm) {
        Spread seen = rlcm.change(Point::seen);
        Spread unseen = rlcm.change(Point::unseen);
        double share = unseen.mean() / seen.mean();
        add(
                "What RLCM learns holds for animals and scenes that it never drew (" + task + ")",
                unseen + " of " + seen,
                seen.mean() <= 0 ? "nothing was learned" : share >= GENERAL ? "yes" : share > 0.5 ? "in part" : "no");
    }

    private void ofHorizons(List<Result> horizons) {
        List<Result> descending = horizons.stream()
                .sorted(Comparator.comparingInt(
                                (Result result) -> result.contender().steps())
                        .reversed())
                .toList();
        for (int i = 0; i + 1 < descending.size(); i++) {
            Result more = descending.get(i);
            Result fewer = descending.get(i + 1);
            Difference difference = Difference.of(more.after(Point::seen), fewer.after(Point::seen));
            add(
                    more.contender().steps() + " steps end higher than "
                            + fewer.contender().steps() + " (" + more.task() + ", Fig. 7)",
                    difference.toString(),
                    difference.verdict());
        }
    }

    private void ofAlgorithms(List<Result> algorithms) {
        if (algorithms.size() < 2) {
            return;
        }
        add(
                "Most gain for a picture",
                ranking(algorithms, result -> result.rate(Point::pictures, 1000), "a thousand"),
                "");
        add("Most gain for a minute", ranking(algorithms, result -> result.rate(Point::seconds, 60), "a minute"), "");
        Optional<Result> plain = named(algorithms, "ppo").findFirst();
        IDEAS.forEach((name, claim) -> named(algorithms, name)
                .limit(plain.isPresent() ? 1 : 0)
                .forEach(result -> {
                    Difference gain = Difference.of(
                            result.change(Point::seen), plain.orElseThrow().change(Point::seen));
                    Difference rate = Difference.of(
                            result.rate(Point::seconds, 60), plain.orElseThrow().rate(Point::seconds, 60));
                    add(
                            claim + " (" + result.task() + ")",
                            gain + " in gain, " + rate + " in gain for a minute",
                            "for a picture: " + gain.verdict() + "; for a minute: " + rate.verdict());
                }));
    }

    private static Stream<Result> named(List<Result> results, String name) {
        return results.stream().filter(result -> result.contender().name().equals(name));
    }

    /** A number of a result over its seeds. */
    private interface Rate {
        Spread of(Result result);
    }

    private static String ranking(List<Result> algorithms, Rate rate, String unit) {
        return algorithms.stream()
                .sorted(Comparator.comparingDouble(
                        (Result result) -> -rate.of(result).mean()))
                .limit(RANKED)
                .map(result -> result.contender().name()
                        + String.format(Locale.ROOT, " %.3f", rate.of(result).mean()))
                .collect(Collectors.joining(", ", "", " (" + unit + ")"));
    }

    private void add(String claim, String measured, String verdict) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("claim", claim);
        row.put("measured", measured);
        row.put("verdict", verdict);
        rows.add(row);
    }
}
