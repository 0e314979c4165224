package dev.rlcm.examples.options;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The backends that the mains choose from by name. */
public final class Devices {
    private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,2}))?");

    private Devices() {}

    /** Opens cpu, cuda or cuda:N. */
    public static Backend open(String device) {
        return open(device, MemoryPolicy.FAST);
    }

    /** As {@link #open(String)}, with a choice of what to spend memory on. */
    public static Backend open(String device, MemoryPolicy memory) {
        OrtOptions options = OrtOptions.defaults().withMemory(memory);
        Matcher cuda = CUDA.matcher(device);
        if (cuda.matches()) {
            return OrtBackend.cuda(cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1)), options);
        }
        if (device.equals("cpu")) {
            return OrtBackend.cpu(options);
        }
        throw new IllegalArgumentException("device must be cpu, cuda or cuda:N, got " + device);
    }
}
