package dev.rlcm.spark;

import dev.rlcm.ppo.RowEvaluator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.function.Function;

/**
 * The model of a training in this process, and what its tasks work with: one network, and a policy and an evaluator for each
 * task that runs at once, kept for the next ones. Thread-safe.
 */
final class Workers {
    private static final Map<String, Workers> OPEN = new HashMap<>();

    private final ClusterModel model;
    private final Deque<Worker> idle = new ArrayDeque<>();
    private int busy;

    private Workers(ClusterModel model) {
        this.model = model;
    }

    /**
     * Does a task's work with a worker that no other task uses meanwhile.
     *
     * @throws IllegalStateException if this process is not like the driver, see {@link Assignment#check}
     */
    static <R> R with(Assignment assignment, Function<Worker, R> work) {
        Workers workers;
        Worker worker;
        synchronized (OPEN) {
            workers = open(assignment);
            worker = workers.take();
        }
        try {
            return work.apply(worker);
        } finally {
            synchronized (OPEN) {
                workers.idle.push(worker);
                workers.busy--;
            }
        }
    }

    /** Opens the model when the training's first task comes to this process, and closes those of trainings before. */
    private static Workers open(Assignment assignment) {
        Workers known = OPEN.get(assignment.id());
        if (known != null) {
            return known;
        }
        for (Iterator<Workers> others = OPEN.values().iterator(); others.hasNext(); ) {
            Workers other = others.next();
            if (other.busy == 0) {
                others.remove();
                other.close();
            }
        }
        ClusterModel model;
        try {
            model = assignment.setup().open();
        } catch (IOException e) {
            throw new UncheckedIOException("the host " + host() + " cannot open the model: " + e.getMessage(), e);
        }
        try {
            assignment.check(host(), Fingerprints.ofLibrary(RowEvaluator.class), model.fingerprint());
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
        Workers workers = new Workers(model);
        OPEN.put(assignment.id(), workers);
        return workers;
    }

    private Worker take() {
        Worker worker = idle.poll();
        if (worker == null) {
            try {
                worker = new Worker(model);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        busy++;
        return worker;
    }

    /** Closes what a training holds in this process, if it holds anything. */
    static void close(String id) {
        synchronized (OPEN) {
            Workers workers = OPEN.remove(id);
            if (workers != null) {
                workers.close();
            }
        }
    }

    private void close() {
        idle.forEach(Worker::close);
        model.close();
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "(unknown)";
        }
    }
}
