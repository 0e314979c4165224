package dev.rlcm.spark;

import dev.rlcm.backend.BackendException;
import java.util.function.Supplier;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;

/** Spark's jobs with names, and failures that the rest of the library knows. */
final class Jobs {
    private Jobs() {}

    /**
     * Runs a job.
     *
     * @param name for Spark's pages and for messages
     * @throws BackendException if it fails for good, after Spark's retries
     */
    static <R> R run(String name, JavaSparkContext spark, Supplier<R> job) {
        spark.setJobDescription(name);
        try {
            return job.get();
        } catch (Exception e) { // Scala throws SparkException undeclared
            if (e instanceof SparkException) {
                throw new BackendException("Spark could not " + name + ": " + e.getMessage(), e);
            }
            throw e;
        } finally {
            spark.setJobDescription(null);
        }
    }
}
