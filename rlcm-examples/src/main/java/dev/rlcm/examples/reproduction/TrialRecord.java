package dev.rlcm.examples.reproduction;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What is known of a trial, as it is kept on disk.
 *
 * @param options that it was made with
 * @param evaluated prompts of each kind in an evaluation
 * @param points its evaluations in order, the first before training
 * @param budgets of the trained policy; empty until it is trained
 * @param failure what ended it before its time, empty if nothing did
 */
record TrialRecord(List<String> options, int evaluated, List<Point> points, List<Budget> budgets, String failure) {
    private static final ObjectMapper JSON = new ObjectMapper();

    TrialRecord {
        options = List.copyOf(options);
        points = List.copyOf(points);
        budgets = List.copyOf(budgets);
    }

    /**
     * An evaluation, and what had been spent on training until then.
     *
     * @param pictures sampled and rewarded
     * @param seconds of sampling, rewarding and updating, evaluations not included
     * @param seen mean reward on prompts of training
     * @param unseen on animals and scenes that training never draws
     * @param clipScore mean CLIPScore on the former, which tells whether pictures still show what they should
     */
    record Point(int epochs, long pictures, double seconds, double seen, double unseen, double clipScore) {}

    /**
     * The trained policy, sampled with some number of steps.
     *
     * @param millis to sample a picture, in batches of 16
     * @param reward mean on prompts of training
     */
    record Budget(int steps, double millis, double reward) {}

    /** Nothing is known yet. */
    static TrialRecord begun(List<String> options, int evaluated) {
        return new TrialRecord(options, evaluated, List.of(), List.of(), "");
    }

    TrialRecord with(Point point) {
        return new TrialRecord(
                options,
                evaluated,
                Stream.concat(points.stream(), Stream.of(point)).toList(),
                budgets,
                failure);
    }

    /** What was known when that many epochs were done. */
    TrialRecord until(long epochs) {
        List<Point> earlier =
                points.stream().filter(point -> point.epochs() <= epochs).toList();
        return new TrialRecord(options, evaluated, earlier, budgets, failure);
    }

    TrialRecord withBudgets(List<Budget> newBudgets) {
        return new TrialRecord(options, evaluated, points, newBudgets, failure);
    }

    TrialRecord failed(String reason) {
        return new TrialRecord(options, evaluated, points, budgets, reason);
    }

    /** Whether it is of the trial that another one begins. */
    boolean isOf(TrialRecord begun) {
        return options.equals(begun.options) && evaluated == begun.evaluated;
    }

    /** Whether nothing is left to do. */
    boolean isDone() {
        return isTrained() || hasFailed();
    }

    boolean isTrained() {
        return !budgets.isEmpty();
    }

    boolean hasFailed() {
        return !failure.isEmpty();
    }

    /** The latest evaluation. */
    Point last() {
        return points.get(points.size() - 1);
    }

    /** Writes a file, atomically. */
    void write(Path file) throws IOException {
        byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this);
        AtomicFiles.write(file, out -> out.write(json));
    }

    /** @throws IOException if the file is unreadable or damaged, naming it */
    static TrialRecord read(Path file) throws IOException {
        try {
            return JSON.readValue(file.toFile(), TrialRecord.class);
        } catch (JsonProcessingException e) {
            throw new IOException(file + " is damaged (" + e.getOriginalMessage() + "); delete it", e);
        }
    }
}
