package dev.rlcm.parallel;

import dev.rlcm.backend.BackendException;
import java.util.List;

/** Closes several things whatever happens to one of them. */
final class Closing {
    private Closing() {}

    /** @throws BackendException the first failure, the others suppressed */
    static void all(List<Runnable> closings) {
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
