package dev.rlcm.examples.bench;

import java.io.PrintWriter;

/** Prints how long each of several things in a row took. */
final class Stopwatch {
    private final PrintWriter out;
    private long start = System.nanoTime();

    Stopwatch(PrintWriter out) {
        this.out = out;
    }

    void print(String what) {
        long now = System.nanoTime();
        out.printf("%-34s %10.1f s%n", what, (now - start) * 1e-9);
        out.flush();
        start = System.nanoTime();
    }
}
