package dev.rlcm.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Of the CPU with itself, where 16-bit types are rounded as a device rounds them. */
class CompareDevicesTest {
    private final StringWriter out = new StringWriter();

    private int compare(String... more) {
        CommandLine command = new CommandLine(new CompareDevices())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(new PrintWriter(out));
        String[] args = {"--device", "cpu", "--rows", "1", "--rank", "2", "--epochs", "0", "--variants"};
        String[] all = new String[args.length + more.length];
        System.arraycopy(args, 0, all, 0, args.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return command.execute(all);
    }

    @Test
    void theCpuComputesWhatItComputes() {
        assertThat(compare("float32,tf32")).as(out::toString).isZero();
        assertThat(out.toString()).contains("all gradients   0.0e+00").doesNotContain("TF32");
    }

    /** Rounding shows, and stays below what is allowed; a bound below that fails. */
    @Test
    void halfPrecisionIsWithinItsBoundAndNoOther() {
        assertThat(compare("float16")).as(out::toString).isZero();
        assertThat(out.toString()).contains("passed").doesNotContain("all gradients   0.0e+00");
        assertThat(compare("float16", "--bound", "float16=1e-6")).isEqualTo(1);
        assertThat(out.toString()).contains("failed: all gradients of FLOAT16 is off by", "more than 1.0e-06");
    }
}
