package dev.rlcm.examples.options;

import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.CudaOptions;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The backends that the mains choose from by name. */
public final class Devices {
    /** For options that name a device. */
    public static final String NAMES = "cpu, cuda or cuda:N";

    private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,2}))?");

    private Devices() {}

    /** Opens cpu, cuda or cuda:N. */
    public static Backend open(String device) {
        return open(device, OrtOptions.defaults());
    }

    /** As {@link #open(String)}, with options. */
    public static OrtBackend open(String device, OrtOptions options) {
        return open(device, options, CudaOptions.defaults());
    }

    /** As {@link #open(String)}, with options; those of CUDA hold on a CUDA device only. */
    public static OrtBackend open(String device, OrtOptions options, CudaOptions cuda) {
        OptionalInt number = cudaDevice(device);
        return number.isPresent() ? OrtBackend.cuda(number.getAsInt(), options, cuda) : OrtBackend.cpu(options);
    }

    /**
     * The number of the CUDA device, or nothing for the CPU.
     *
     * @throws IllegalArgumentException if the name is neither
     */
    public static OptionalInt cudaDevice(String device) {
        Matcher cuda = CUDA.matcher(device);
        if (cuda.matches()) {
            return OptionalInt.of(cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1)));
        }
        if (device.equals("cpu")) {
            return OptionalInt.empty();
        }
        throw new IllegalArgumentException("device must be " + NAMES + ", got " + device);
    }
}
