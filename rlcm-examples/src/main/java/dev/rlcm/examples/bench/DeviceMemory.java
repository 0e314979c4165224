package dev.rlcm.examples.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/**
 * What has been taken from a CUDA device's memory since a point in time, as {@code nvidia-smi} tells: CUDA's own share and that
 * of other programs included. ONNX Runtime keeps what it took until a session is closed, so that the growth after a run is its peak.
 */
final class DeviceMemory {
    private static final int PATIENCE_SECONDS = 10;

    private final OptionalInt device;
    private final double before;

    private DeviceMemory(OptionalInt device) {
        this.device = device;
        this.before = used();
    }

    /** Begins to measure; nothing for the CPU. */
    static DeviceMemory from(OptionalInt device) {
        return new DeviceMemory(device);
    }

    /** In units of 10^9 bytes; NaN on the CPU and where there is no {@code nvidia-smi}. */
    double growth() {
        return used() - before;
    }

    private double used() {
        if (device.isEmpty()) {
            return Double.NaN;
        }
        List<String> command = List.of(
                "nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=" + device.getAsInt());
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
            return ended && process.exitValue() == 0 ? Double.parseDouble(answer) * (1 << 20) * 1e-9 : Double.NaN;
        } catch (IOException | NumberFormatException e) {
            return Double.NaN;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Double.NaN;
        }
    }
}
