package dev.rlcm.examples.lab;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where what takes space and can be made again is kept: the cache folder of the user, outside of the repository. */
final class CacheOption {
    @Option(
            names = "--cache",
            paramLabel = "DIR",
            description = "Where artwork, pictures and results of the stages go. Default: ${DEFAULT-VALUE}.")
    private Path cache = defaultFolder();

    private static Path defaultFolder() {
        String given = System.getenv().getOrDefault("XDG_CACHE_HOME", "");
        Path caches = given.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(given);
        return caches.resolve("rlcm");
    }

    Path artwork() {
        return cache.resolve("artwork");
    }

    /** A folder of pictures by its name. */
    Path folder(String name) {
        return cache.resolve(name);
    }
}
