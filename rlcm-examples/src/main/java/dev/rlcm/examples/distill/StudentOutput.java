package dev.rlcm.examples.distill;

import dev.rlcm.distill.Student;
import dev.rlcm.graph.TensorData;
import java.io.IOException;
import java.util.Map;

/** A student and the form in which it is kept. */
public sealed interface StudentOutput permits AdapterOutput, DirectoryOutput {
    Student student();

    /**
     * Writes what was learned, in place of what was there before.
     *
     * @param weights by the names of {@link Student#parameters}
     */
    void save(Map<String, TensorData> weights) throws IOException;
}
