package dev.rlcm.peers;

import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.onnx.OrtOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * What an update costs with this library and with libtorch, each in a process of its own, by turns, so that all see the same
 * disturbances: forward pass, forward and backward for the gradients of LoRA, and the peak of the memory.
 */
@Command(
        name = "compare-peers",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Compares speed and memory of an update on the CPU with libtorch's.")
public final class ComparePeers implements Callable<Integer> {
    @Option(names = "--network", description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Network network = Network.QUARTER;

    @Option(
            names = "--traced",
            required = true,
            paramLabel = "FILE.ts",
            description =
                    "The network for libtorch: python3 bench/gpu/torch_unet.py trace --sizes quarter --out FILE.ts, with"
                            + " the network's name.")
    private Path traced;

    @Option(
            names = "--memory",
            split = ",",
            description = "${COMPLETION-CANDIDATES}: one process each. Default: ${DEFAULT-VALUE}.")
    private List<MemoryPolicy> memory = List.of(MemoryPolicy.BALANCED);

    @Option(
            names = "--convolutions",
            split = ",",
            description = "${COMPLETION-CANDIDATES}: one process each. Default: ${DEFAULT-VALUE}.")
    private List<ConvolutionForms> convolutions =
            List.of(OrtOptions.defaults().convolutions());

    @Option(names = "--rows", description = "Default: 1 for sd15, 2 for quarter, 16 for emoji.")
    private int rows;

    @Option(names = "--threads", description = "Of each library. Default: all cores.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--rounds", description = "How often all take their turn. Default: ${DEFAULT-VALUE}.")
    private int rounds = 5;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new ComparePeers(), args);
    }

    /** The times of one peer, in milliseconds, without the first ones, which allocate memory. */
    private record Turns(PeerProcess peer, double[] forward, double[] update) {
        Turns(PeerProcess peer, int rounds) {
            this(peer, new double[rounds], new double[rounds]);
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (rounds < 1 || rows < 0 || threads < 1) {
            throw new IllegalArgumentException("--rounds, --rows and --threads must be at least 1, got " + rounds + ", "
                    + rows + " and " + threads);
        }
        if (!Files.exists(traced)) {
            throw new IllegalArgumentException(
                    traced + " is missing; write it with python3 bench/gpu/torch_unet.py trace --sizes " + network
                            + " --out " + traced);
        }
        int batch = rows == 0 ? network.rows : rows;
        PeerProcess.unpack();
        List<PeerProcess> peers = new ArrayList<>();
        try {
            for (MemoryPolicy policy : memory) {
                for (ConvolutionForms forms : convolutions) {
                    String name = policy + ", " + forms;
                    peers.add(new PeerProcess(name, network, batch, threads, policy.name(), forms.name()));
                }
            }
            peers.add(new PeerProcess("libtorch", network, batch, threads, traced.toString()));
            print(batch, take(peers));
        } finally {
            peers.forEach(PeerProcess::close);
        }
        return 0;
    }

    private List<Turns> take(List<PeerProcess> peers) {
        List<Turns> turns = peers.stream().map(peer -> new Turns(peer, rounds)).toList();
        // TorchScript optimises what it runs from the second run on.
        for (int warm = 0; warm < 2; warm++) {
            peers.forEach(PeerProcess::forwardMillis);
            peers.forEach(PeerProcess::updateMillis);
        }
        for (int i = 0; i < rounds; i++) {
            for (Turns turn : turns) {
                turn.forward[i] = turn.peer.forwardMillis();
            }
            for (Turns turn : turns) {
                turn.update[i] = turn.peer.updateMillis();
            }
        }
        return turns;
    }

    private void print(int batch, List<Turns> turns) {
        PrintWriter out = spec.commandLine().getOut();
        Turns unit = turns.get(turns.size() - 1);
        out.printf(
                "%s, %d row(s), LoRA rank %d, %d thread(s), %d rounds%n",
                network, batch, network.rank, threads, rounds);
        out.printf(
                "milliseconds, best (median); memory: peak of the process; ratios: libtorch / this, median of the rounds%n%n");
        out.printf("%-20s %21s %6s %21s %6s %9s%n", "", "forward", "ratio", "forward + backward", "ratio", "memory");
        for (Turns turn : turns) {
            out.printf(
                    "%-20s %10.1f (%8.1f) %6.2f %10.1f (%8.1f) %6.2f %6.2f GB%n",
                    turn.peer.name(),
                    Arrays.stream(turn.forward).min().orElseThrow(),
                    median(turn.forward),
                    median(ratios(unit.forward, turn.forward)),
                    Arrays.stream(turn.update).min().orElseThrow(),
                    median(turn.update),
                    median(ratios(unit.update, turn.update)),
                    turn.peer.peakGigabytes());
        }
        out.flush();
    }

    private static double[] ratios(double[] numerators, double[] denominators) {
        double[] ratios = new double[numerators.length];
        Arrays.setAll(ratios, i -> numerators[i] / denominators[i]);
        return ratios;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
