package dev.rlcm.spark;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;

/**
 * Spark's standalone cluster of separate processes on this machine, from this module's class path: a master, and workers of one
 * core each, which start executors and start them again when they are killed.
 */
final class StandaloneCluster implements AutoCloseable {
    private static final String HOST = "127.0.0.1";

    private final List<Process> workers = new ArrayList<>();
    private final Process master;
    private final String url;
    private final Path jars;

    /** @param directory for logs and for the layout of an installation */
    StandaloneCluster(Path directory, int workerCount) throws IOException {
        this.jars = Files.createDirectories(directory.resolve("home/jars"));
        for (String entry : classPath().split(File.pathSeparator)) {
            Path jar = Path.of(entry);
            if (entry.endsWith(".jar")) {
                Files.createSymbolicLink(jars.resolve(jar.getFileName()), jar);
            }
        }
        int port = freePort();
        this.url = "spark://" + HOST + ":" + port;
        this.master = start(
                directory, "master", "org.apache.spark.deploy.master.Master", "--host", HOST, "--port", "" + port);
        for (int i = 0; i < workerCount; i++) {
            String name = "worker-" + i;
            workers.add(start(
                    directory,
                    name,
                    "org.apache.spark.deploy.worker.Worker",
                    "--host",
                    HOST,
                    "--cores",
                    "1",
                    "--memory",
                    "2G",
                    "--work-dir",
                    directory.resolve(name).toString(),
                    url));
        }
    }

    /** The settings of an application that uses all workers. */
    SparkConf conf() {
        return new SparkConf()
                .setMaster(url)
                .setAppName("test")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", HOST)
                .set("spark.driver.bindAddress", HOST)
                .set("spark.executor.memory", "1g")
                .set("spark.executor.extraClassPath", classPath())
                .set("spark.default.parallelism", Integer.toString(workers.size()))
                .set("spark.scheduler.minRegisteredResourcesRatio", "1.0")
                .set("spark.task.maxFailures", "8");
    }

    /** Kills the executors of one worker, which starts another one. */
    void killExecutor(int worker) {
        workers.get(worker).descendants().forEach(ProcessHandle::destroyForcibly);
    }

    /** Resident bytes of all executors. */
    long executorMemory() throws IOException {
        long pages = 0;
        for (Process worker : workers) {
            for (ProcessHandle executor : worker.descendants().toList()) {
                pages += Long.parseLong(Files.readString(Path.of("/proc/" + executor.pid() + "/statm"))
                        .split(" ")[1]);
            }
        }
        return pages * 4096;
    }

    private static Process start(Path directory, String name, String main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m"));
        command.addAll(Arrays.asList(System.getProperty("rlcm.spark.opens").split(" ")));
        command.addAll(List.of("-cp", classPath(), main, "--webui-port", "0"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(name + ".log").toFile());
        builder.environment().put("SPARK_HOME", directory.resolve("home").toString());
        builder.environment().put("SPARK_LOCAL_IP", HOST);
        builder.environment().put("SPARK_SCALA_VERSION", "2.13"); // not guessed from a layout that is not there
        return builder.start();
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() throws IOException {
        try (Stream<Path> links = Files.list(jars)) {
            for (Path link : links.toList()) {
                Files.delete(link);
            }
        }
        List<Process> all = new ArrayList<>(workers);
        all.add(master);
        for (Process process : all) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        for (Process process : all) {
            try {
                process.waitFor(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
