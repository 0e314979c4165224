package dev.rlcm.spark;

import java.io.IOException;
import java.io.Serializable;

/**
 * How a process of the cluster opens its model. It travels to the executors by Java serialisation, so it should hold paths and
 * settings, never networks. What it opens must be the same in every process.
 */
@FunctionalInterface
public interface ClusterSetup extends Serializable {
    /**
     * Opens the model. Called once in each executor and once on the driver; the result is closed by whoever asked.
     *
     * @throws IOException if a file cannot be read
     */
    ClusterModel open() throws IOException;
}
