package dev.rlcm.examples.options;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.parallel.ReplicatedBackend;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which devices to run on, and how many copies of the network they hold. */
final class DeviceOptions {
    @Option(
            names = {"--device", "--devices"},
            split = ",",
            paramLabel = "DEVICE",
            description = Devices.NAMES + ", or several, such as cuda:0,cuda:1, each of which holds the network."
                    + " Default: ${DEFAULT-VALUE}.")
    private List<String> devices = List.of("cpu");

    @Option(
            names = "--replicas",
            paramLabel = "N",
            description = "Copies of the network on each device, which sample and learn at once; their number does not"
                    + " change the result. Default: ${DEFAULT-VALUE}.")
    private int replicas = 1;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "CPU threads of each copy. Default: the cores, divided by the copies.")
    private @Nullable Integer threads;

    @Option(
            names = "--memory",
            paramLabel = "POLICY",
            description = "What to spend memory on: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private MemoryPolicy memory = OrtOptions.defaults().memory();

    @Option(
            names = "--convolutions",
            paramLabel = "FORMS",
            description =
                    "How convolutions are computed on a CPU: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private ConvolutionForms convolutions = OrtOptions.defaults().convolutions();

    /** One backend for all copies; closing it closes them. */
    Backend open() {
        if (replicas < 1) {
            throw new IllegalArgumentException("--replicas must be at least 1, got " + replicas);
        }
        OrtOptions options = OrtOptions.defaults()
                .withMemory(memory)
                .withConvolutions(convolutions)
                .withThreads(threads());
        List<Backend> opened = new ArrayList<>();
        try {
            for (String device : devices) {
                for (int i = 0; i < replicas; i++) {
                    opened.add(Devices.open(device, options));
                }
            }
        } catch (RuntimeException e) {
            opened.forEach(Backend::close);
            throw e;
        }
        return opened.size() == 1 ? opened.get(0) : ReplicatedBackend.of(opened);
    }

    private int copies() {
        return devices.size() * replicas;
    }

    private int threads() {
        return threads != null ? threads : Math.max(1, OrtOptions.defaults().threads() / copies());
    }

    /** For reports. */
    void summarise(Map<String, Object> entries) {
        entries.put("devices", String.join(",", devices));
        entries.put("replicas", replicas);
        entries.put("threads", threads());
        entries.put("memory", memory.toString().toLowerCase(Locale.ROOT));
        entries.put("convolutions", convolutions.toString().toLowerCase(Locale.ROOT));
    }
}
