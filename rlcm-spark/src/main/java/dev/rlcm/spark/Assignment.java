package dev.rlcm.spark;

import java.io.Serializable;

/**
 * What every task of a training needs to know. Travels to the executors.
 *
 * @param id of the training, unique
 * @param setup how to open the model
 * @param library the hash of the library on the driver
 * @param model the fingerprint of the model on the driver
 */
record Assignment(String id, ClusterSetup setup, String library, String model) implements Serializable {
    /**
     * Compares a process with the driver.
     *
     * @throws IllegalStateException if library or model are not those of the driver; names the host
     */
    void check(String host, String ofLibrary, String ofModel) {
        if (!library.equals(ofLibrary)) {
            throw new IllegalStateException(
                    "the host " + host + " runs another build of the library than the driver (SHA-256 " + ofLibrary
                            + ", not " + library + "); submit the same jars to all");
        }
        if (!model.equals(ofModel)) {
            throw new IllegalStateException("the host " + host + " has another model than the driver (" + ofModel
                    + ", not " + model + "); give all of them the same files");
        }
    }
}
