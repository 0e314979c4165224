package dev.rlcm.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class BenchmarkFilesTest {
    @TempDir
    Path directory;

    /** The columns are those of bench/gpu/torch_unet.py. */
    @Test
    void resultsOfSeveralBenchmarksShareOneHeader() throws IOException {
        Times times = new Times();
        times.add(3_000_000);
        times.add(1_000_000);
        times.add(2_000_000);
        Path file = directory.resolve("results.csv");
        ResultsCsv.append(file, new ResultsCsv.Row("sd15", "cuda", "float16", 4, times, times, 7.5));
        ResultsCsv.append(file, new ResultsCsv.Row("emoji", "cpu", "float32", 16, times, times, Double.NaN));
        assertThat(Files.readAllLines(file))
                .containsExactly(
                        "program,model,device,precision,rows,forward_best_ms,forward_median_ms,update_best_ms,update_median_ms,memory_gb",
                        "RLCM,sd15,cuda,float16,4,1.000,2.000,1.000,2.000,7.500",
                        "RLCM,emoji,cpu,float32,16,1.000,2.000,1.000,2.000,NaN");
        Path script = Path.of(System.getProperty("rlcm.root"), "bench/gpu/torch_unet.py");
        assertThat(Files.readString(script)).contains(Files.readAllLines(file).get(0));
    }

    @Test
    void aProfileIsSummedByOperatorAndByNode() throws IOException {
        Path profile = Files.writeString(
                directory.resolve("profile.json"),
                """
                [{"name": "model_run", "dur": 900},
                 {"name": "a_kernel_time", "dur": 100, "args": {"op_name": "Conv", "provider": "CUDAExecutionProvider"}},
                 {"name": "b_kernel_time", "dur": 250, "args": {"op_name": "Conv", "provider": "CUDAExecutionProvider"}},
                 {"name": "b_kernel_time", "dur": 250, "args": {"op_name": "Conv", "provider": "CUDAExecutionProvider"}},
                 {"name": "c_kernel_time", "dur": 400, "args": {"op_name": "MatMul", "provider": "CPUExecutionProvider"}}]
                """);
        StringWriter out = new StringWriter();
        int code = new CommandLine(new SlowestOperators())
                .setOut(new PrintWriter(out))
                .execute("--count", "2", profile.toString());
        assertThat(code).isZero();
        assertThat(out.toString().lines().map(line -> line.strip().replaceAll(" +", " ")))
                .containsExactly(
                        "ms share runs operator",
                        "0.6 60.0 % 3 Conv on CUDA",
                        "0.4 40.0 % 1 MatMul on CPU",
                        "",
                        "ms share runs node",
                        "0.5 50.0 % 2 b, Conv on CUDA",
                        "0.4 40.0 % 1 c, MatMul on CPU",
                        "");
    }
}
