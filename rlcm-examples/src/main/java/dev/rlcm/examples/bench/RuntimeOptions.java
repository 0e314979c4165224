package dev.rlcm.examples.bench;

import dev.rlcm.onnx.OrtOptions;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import picocli.CommandLine.Option;

/** How the benchmarks run ONNX Runtime. */
final class RuntimeOptions {
    @Option(names = "--threads", description = "Threads of ONNX Runtime. Default: all cores.")
    private int threads = OrtOptions.defaults().threads();

    @Option(
            names = "--spinning",
            paramLabel = "MICROSECONDS",
            description = "How long waiting threads keep their core busy. Default: ${DEFAULT-VALUE}.")
    private long spinning = OrtOptions.defaults().spinning().toNanos() / 1000;

    @Option(names = "--profile", paramLabel = "PREFIX", description = "Writes ONNX Runtime's profiles there.")
    private String profile = "";

    int threads() {
        return threads;
    }

    OrtOptions toOrtOptions() {
        return OrtOptions.defaults()
                .withThreads(threads)
                .withSpinning(Duration.of(spinning, ChronoUnit.MICROS))
                .withProfilePrefix(profile);
    }
}
