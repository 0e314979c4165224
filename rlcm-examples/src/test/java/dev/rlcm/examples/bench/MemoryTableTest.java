package dev.rlcm.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.DerivedWeights;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class MemoryTableTest {
    @Test
    void onlyFilesThatTheProgramMapsCount() {
        List<String> smaps = List.of(
                "7f0000000000-7f0000100000 r--s 00000000 08:01 12                         /models/unet/weights.bin",
                "Size:               1024 kB",
                "Rss:                 512 kB",
                "7f0000200000-7f0000300000 r-xp 00000000 08:01 13                         /usr/lib/libc.so.6",
                "Rss:                 100 kB",
                "7f0000400000-7f0000500000 r--s 00000000 08:01 14                         /jdk/lib/modules",
                "Rss:                 200 kB",
                "7f0000600000-7f0000700000 rw-p 00000000 00:00 0 ",
                "Rss:                 300 kB");
        assertThat(MemoryTable.mappedFiles(smaps)).isEqualTo(512 * 1024);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void derivedWeightsHaveARow() {
        DerivedWeights weights = new DerivedWeights();
        TensorData weight = TensorData.scalar(DataType.FLOAT32, 1);
        TensorData derived =
                weights.of(weight, "doubled", () -> TensorData.zeros(DataType.FLOAT32, Shape.of(5_000_000)));
        MemoryTable table = new MemoryTable();
        table.take("start", weights);
        StringWriter out = new StringWriter();
        table.print(new PrintWriter(out, true));
        assertThat(derived.size()).isEqualTo(5_000_000);
        assertThat(out.toString())
                .contains("start")
                .containsPattern("weights, doubled +0.02")
                .containsPattern("resident +\\d");
    }
}
