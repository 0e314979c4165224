package dev.rlcm.examples.bench;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Starts mains in a JVM of their own, with the class path and the memory settings of this one: whose memory is measured. */
public final class FreshJvm {
    private FreshJvm() {}

    /** How to start a main; the caller redirects its streams. */
    public static ProcessBuilder of(Class<?> main, List<String> args) {
        return of(main, args, List.of());
    }

    /**
     * As {@link #of(Class, List)}.
     *
     * @param settings of the JVM, which win over those of this one
     */
    public static ProcessBuilder of(Class<?> main, List<String> args, List<String> settings) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(FreshJvm::matters)
                .forEach(command::add);
        command.addAll(settings);
        command.addAll(List.of("-cp", classPath(main), main.getName()));
        command.addAll(args);
        return new ProcessBuilder(command);
    }

    /** Memory, and which build of ONNX Runtime; how Maven's own JVM compiles and collects does not. */
    private static boolean matters(String arg) {
        return Stream.of("-Xm", "-XX:MaxDirectMemorySize", "-XX:+AlwaysPreTouch", "-Donnxruntime.")
                .anyMatch(arg::startsWith);
    }

    /** Maven runs mains in a class loader of its own, of which the system property knows nothing. */
    private static String classPath(Class<?> main) {
        if (main.getClassLoader() instanceof URLClassLoader loader) {
            return Arrays.stream(loader.getURLs()).map(URL::getPath).collect(Collectors.joining(File.pathSeparator));
        }
        return System.getProperty("java.class.path");
    }
}
