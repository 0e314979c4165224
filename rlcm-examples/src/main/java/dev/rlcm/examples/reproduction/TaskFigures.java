package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.report.Curves;
import dev.rlcm.examples.report.ImageGrid;
import dev.rlcm.examples.reproduction.TrialRecord.Budget;
import dev.rlcm.examples.reproduction.TrialRecord.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** The paper's figures of one task. */
final class TaskFigures {
    /** One colour for RLCM, one for DDPO, one for whatever stands beside them, in all charts. */
    private static final Map<Method, Integer> COLOURS = Map.of(Method.RLCM, 1, Method.DDPO, 3);

    private static final int OTHER_COLOUR = 4;

    private final List<Result> results;
    private final String title;
    private final String reward;

    /** @param results of one task, at least one */
    TaskFigures(List<Result> results) {
        this.results = results;
        this.title = results.get(0).task().toString();
        this.reward = results.get(0).task().measure.reward();
    }

    /** Adds Figures 4, 5, 6 and 8. */
    void addTo(StudyReport report) throws IOException {
        report.figure(
                title + ": reward by queries (Fig. 4)",
                title + "-queries",
                by("pictures sampled and rewarded", Point::pictures, Point::seen)
                        .render(),
                "Evaluated on fixed prompts of training and noises; bands are one standard deviation over the seeds.");
        report.figure(
                title + ": reward by time (Fig. 5)",
                title + "-seconds",
                by("seconds of training", Point::seconds, Point::seen).render(),
                "Sampling, rewarding and updating; evaluations are not counted.");
        report.figure(
                title + ": reward by inference time (Fig. 6)",
                title + "-budgets",
                budgets().render(),
                "The trained policies sampled with more and fewer steps than they were trained with.");
        report.figure(
                title + ": prompts that were not trained on (Fig. 8)",
                title + "-unseen",
                by("pictures sampled and rewarded", Point::pictures, Point::unseen)
                        .render(),
                "The same policies on animals and in scenes that training never draws.");
    }

    /** Adds Figure 3, if there are pictures. */
    void addPictures(StudyReport report, List<Path> folders) throws IOException {
        List<Integer> shown = IntStream.range(0, results.size())
                .filter(i -> TrialPictures.exist(folders.get(i)))
                .boxed()
                .toList();
        if (shown.isEmpty()) {
            return;
        }
        ImageGrid grid = TrialPictures.grid(folders.get(shown.get(0)));
        for (int i : shown) {
            String name = results.get(i).contender().name();
            grid = grid.withRow(name + ": before", TrialPictures.read(folders.get(i), TrialPictures.BEFORE))
                    .withRow("after", TrialPictures.read(folders.get(i), TrialPictures.AFTER));
        }
        report.figure(
                title + ": before and after (Fig. 3)",
                title + "-pictures",
                grid.render(),
                "The same prompts and noises, first seed.");
    }

    private Curves by(String axis, ToDoubleFunction<Point> spent, ToDoubleFunction<Point> gained) {
        Curves curves = Curves.of(reward, axis);
        for (Result result : results) {
            curves = curves.with(result.contender().name(), course(result, spent, gained), colour(result));
        }
        return curves;
    }

    /** What was gained by what was spent. */
    static List<Curves.Point> course(Result result, ToDoubleFunction<Point> spent, ToDoubleFunction<Point> gained) {
        return points(result.course(spent), result.course(gained));
    }

    private int colour(Result result) {
        Method method = result.contender().method();
        Result first = results.stream()
                .filter(each -> each.contender().method() == method)
                .findFirst()
                .orElseThrow();
        return first.equals(result) ? COLOURS.get(method) : OTHER_COLOUR;
    }

    private Curves budgets() {
        Curves curves = Curves.of(reward, "milliseconds to sample a picture");
        for (Result result : results) {
            List<Curves.Point> points = points(result.budgets(Budget::millis), result.budgets(Budget::reward));
            if (!points.isEmpty()) {
                curves = curves.with(result.contender().name(), points, colour(result));
            }
        }
        return curves;
    }

    private static List<Curves.Point> points(List<Spread> x, List<Spread> y) {
        List<Curves.Point> points = new ArrayList<>();
        for (int i = 0; i < x.size(); i++) {
            points.add(
                    new Curves.Point(x.get(i).mean(), y.get(i).mean(), y.get(i).deviation()));
        }
        return points;
    }
}
