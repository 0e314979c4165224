package dev.rlcm.examples.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.OnnxSignature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class RowsOptionTest {
    private static final Path FIXTURES = Path.of(System.getProperty("rlcm.root"), "fixtures");

    @Command
    private static final class Host {
        @Mixin
        private RowsOption rows = new RowsOption();
    }

    private static RowsOption parse(String... args) {
        Host host = new Host();
        new CommandLine(host).parseArgs(args);
        return host.rows;
    }

    @Test
    void everySymbolicFirstDimensionIsBound() throws IOException {
        OnnxSignature unet = OnnxModels.inspect(FIXTURES.resolve("sd15-unet-skeleton/model_batch.onnx"));
        assertThat(parse("--rows", "1,4").bindings(unet, Map.of()))
                .containsExactly(Map.of("batch_size", 1, "steps", 1), Map.of("batch_size", 4, "steps", 4));
        assertThat(parse("--rows=3").bindings(unet, Map.of("steps", 1)))
                .containsExactly(Map.of("batch_size", 3, "steps", 1));
        assertThat(parse().bindings(unet, Map.of("batch_size", 2))).containsExactly(Map.of("batch_size", 2));
        assertThat(parse("--rows", "2,5").values()).isEqualTo(List.of(2, 5));
    }

    @Test
    void aModelOfOneSizeIsRefused() throws IOException {
        OnnxSignature fixed = OnnxModels.inspect(FIXTURES.resolve("sd15-unet-skeleton/model.onnx"));
        assertThatThrownBy(() -> parse("--rows", "2").bindings(fixed, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("symbolic first dimension");
        assertThatThrownBy(() -> RowsOption.binding(fixed, Map.of(), 0)).hasMessageContaining("got 0");
    }

    @Test
    void devicesAreNamed() {
        assertThat(Devices.cudaDevice("cpu")).isEmpty();
        assertThat(Devices.cudaDevice("cuda")).hasValue(0);
        assertThat(Devices.cudaDevice("cuda:3")).hasValue(3);
        assertThatThrownBy(() -> Devices.cudaDevice("gpu")).hasMessage("device must be cpu, cuda or cuda:N, got gpu");
    }
}
