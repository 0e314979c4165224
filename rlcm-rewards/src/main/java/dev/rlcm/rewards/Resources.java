package dev.rlcm.rewards;

import java.io.InputStream;

/** Models that other artifacts carry on the class path. Internal. */
public final class Resources {
    private Resources() {}

    /**
     * Opens a resource, which the caller closes.
     *
     * @param name absolute, with a slash in front
     * @param artifact that has it, as group, artifact and version
     * @throws IllegalArgumentException if it is not there; the message names the artifact
     */
    public static InputStream open(String name, String artifact) {
        InputStream in = Resources.class.getResourceAsStream(name);
        if (in == null) {
            throw new IllegalArgumentException("the class path has no " + name.substring(1) + "; add the dependency "
                    + artifact + " (its own dependencies are not needed)");
        }
        return in;
    }
}
