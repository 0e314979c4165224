package dev.rlcm.backend;

import java.util.List;

/** Closes several things whatever happens to one of them; for backends that own executables or other backends. */
public final class Closing {
    private Closing() {}

    /**
     * Runs all closings in their order.
     *
     * @throws BackendException the first failure, the others suppressed
     */
    public static void all(List<Runnable> closings) {
        BackendException failure = null;
        for (Runnable closing : closings) {
            try {
                closing.run();
            } catch (BackendException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
