package dev.rlcm.examples;

import com.sun.net.httpserver.HttpServer;
import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.Devices;
import dev.rlcm.examples.options.RewardOptions;
import dev.rlcm.examples.run.ScoreHandler;
import dev.rlcm.reward.RewardFunction;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Scores pictures for another process, by the protocol of {@code docs/remote-rewards.md}: the reference of a server to write in
 * another language, and a way to keep a reward's model on another machine. Ctrl-C ends it.
 */
@Command(
        name = "score-server",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Scores pictures for the reward remote of the training command, on another machine if need be.")
public final class ScoreServer implements Callable<Integer> {
    private static final Logger log = LoggerFactory.getLogger(ScoreServer.class);
    private static final String KEY = "RLCM_REMOTE_KEY";

    @Mixin
    private final RewardOptions reward = new RewardOptions();

    @Option(
            names = "--host",
            description =
                    "Address to listen at; 0.0.0.0 for all of this machine's. Default: ${DEFAULT-VALUE}. Clients must"
                            + " send the key in the environment variable " + KEY + " if there is one.")
    private String host = "localhost";

    @Option(names = "--port", description = "Default: ${DEFAULT-VALUE}.")
    private int port = 8080;

    @Option(
            names = "--device",
            description = "Where a reward's model runs: " + Devices.NAMES + ". Default: ${DEFAULT-VALUE}.")
    private String device = "cpu";

    public static void main(String[] args) {
        Cli.run(new ScoreServer(), args);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (Backend backend = Devices.open(device)) {
            RewardFunction scored = reward.mix(backend);
            HttpServer server = HttpServer.create(new InetSocketAddress(host, port), 0);
            server.createContext(
                    "/score", new ScoreHandler(scored, System.getenv().getOrDefault(KEY, "")));
            server.setExecutor(Executors.newFixedThreadPool(8));
            server.start();
            log.info(
                    "Scoring {} at http://{}:{}/score",
                    scored.name(),
                    host,
                    server.getAddress().getPort());
            new CountDownLatch(1).await();
        }
        return 0;
    }
}
