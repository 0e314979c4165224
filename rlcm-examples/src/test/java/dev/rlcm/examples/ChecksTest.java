package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OnnxModels;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChecksTest {
    @TempDir
    Path directory;

    @Test
    void theEmbeddedModelPasses() {
        assertThat(Commands.succeed(new LintModel(), "--batch", 4)).isEmpty();
    }

    @Test
    void aModelThatCannotBeTrainedFails() {
        Commands.fail(new LintModel(), "--targets", "nothing");
        Commands.fail(new LintModel(), "--model", directory);
        assertThat(Commands.fail(new LintModel(), "--height", 64)).contains("give both");
    }

    @Test
    void rightGradientsPassAndWrongOnesFail() throws IOException {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(5));
        Path smooth = directory.resolve("smooth.onnx");
        OnnxModels.save(Graph.of("y", x.tanh().mul(x)), smooth);
        Commands.succeed(new CheckGradients(), "--model", smooth);
        Commands.succeed(new CheckGradients(), "--model", smooth, "--fast", "--wrt", "x");
        Commands.succeed(
                new CheckGradients(), "--model", smooth, "--fast", "--precision", "float16", "--tolerance", 0.5);
        assertThat(Commands.fail(new CheckGradients(), "--model", smooth, "--precision", "float16"))
                .contains("need --fast");
        Path steps = directory.resolve("steps.onnx");
        OnnxModels.save(Graph.of("y", x.mul(1e6).unary(Op.FLOOR).mul(1e-6)), steps);
        Commands.fail(new CheckGradients(), "--model", steps);
        assertThat(Commands.fail(new CheckGradients(), "--model", smooth, "--wrt", "z"))
                .contains("no input named z");
        assertThat(Commands.fail(new CheckGradients(), "--model", smooth, "--dim", "batch=2"))
                .contains("--dim names [batch], the symbolic dimensions of " + smooth + " are []");
    }
}
