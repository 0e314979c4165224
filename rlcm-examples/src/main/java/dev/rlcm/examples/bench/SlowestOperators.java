package dev.rlcm.examples.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.examples.options.Cli;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Sums up a profile that ONNX Runtime wrote, by operator and by node, so that one knows where a device's time goes. */
@Command(
        name = "slowest-operators",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Lists the operators and nodes that took longest in a profile of ONNX Runtime.")
public final class SlowestOperators implements Callable<Integer> {
    @Parameters(paramLabel = "PROFILE.json", description = "As --profile of the benchmarks writes them.")
    private Path profile;

    @Option(names = "--count", description = "How many of each. Default: ${DEFAULT-VALUE}.")
    private int count = 10;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new SlowestOperators(), args);
    }

    /** Microseconds in so many runs. */
    private static final class Sum {
        private long micros;
        private int runs;
    }

    @Override
    public Integer call() throws IOException {
        Map<String, Sum> operators = new HashMap<>();
        Map<String, Sum> nodes = new HashMap<>();
        for (JsonNode event : new ObjectMapper().readTree(profile.toFile())) {
            JsonNode arguments = event.path("args");
            String name = event.path("name").asText();
            if (arguments.has("op_name") && name.endsWith("_kernel_time")) {
                String provider = arguments.path("provider").asText().replace("ExecutionProvider", "");
                String operator = arguments.path("op_name").asText() + " on " + provider;
                long micros = event.path("dur").asLong();
                add(operators, operator, micros);
                add(nodes, name.substring(0, name.length() - "_kernel_time".length()) + ", " + operator, micros);
            }
        }
        if (operators.isEmpty()) {
            throw new IllegalArgumentException(profile + " has no times of operators");
        }
        PrintWriter out = spec.commandLine().getOut();
        print(out, "operator", operators);
        print(out, "node", nodes);
        out.flush();
        return 0;
    }

    private static void add(Map<String, Sum> sums, String key, long micros) {
        Sum sum = sums.computeIfAbsent(key, k -> new Sum());
        sum.micros += micros;
        sum.runs++;
    }

    private void print(PrintWriter out, String title, Map<String, Sum> sums) {
        double total = sums.values().stream().mapToLong(sum -> sum.micros).sum();
        List<Map.Entry<String, Sum>> slowest = new ArrayList<>(sums.entrySet());
        slowest.sort(Comparator.comparingLong(entry -> -entry.getValue().micros));
        out.printf("%10s %6s %7s  %s%n", "ms", "share", "runs", title);
        slowest.stream()
                .limit(count)
                .forEach(entry -> out.printf(
                        "%10.1f %4.1f %% %7d  %s%n",
                        entry.getValue().micros * 1e-3,
                        100 * entry.getValue().micros / total,
                        entry.getValue().runs,
                        entry.getKey()));
        out.println();
    }
}
