package dev.rlcm.onnx.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OrtOptions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MemoryEstimateTest {
    private static final OrtOptions OPTIONS = OrtOptions.defaults();
    private static final int SIDE = 256;
    private static final long MATRIX = 4L * SIDE * SIDE;

    private final Value x = Value.input("x", DataType.FLOAT32, Shape.of(SIDE, SIDE));
    private final Value w = Value.constant(TensorData.zeros(DataType.FLOAT32, Shape.of(SIDE, SIDE)), "w");

    private static long activations(Value y) {
        return MemoryEstimate.of(Graph.of("y", y), OPTIONS).activations();
    }

    @Test
    void aChainNeedsTwoBuffersAndItsEndsNone() {
        assertThat(activations(x.exp())).isZero();
        assertThat(activations(x.exp().exp())).isEqualTo(MATRIX);
        assertThat(activations(x.exp().exp().exp().exp().exp())).isEqualTo(2 * MATRIX);
    }

    @Test
    void viewsAndResultsInPlaceNeedNoBuffer() {
        assertThat(activations(x.exp().reshape(SIDE * SIDE).exp())).isEqualTo(MATRIX);
        assertThat(activations(x.exp().sigmoid().sigmoid().exp())).isEqualTo(MATRIX);
    }

    @Test
    void whatIsNeededLaterIsKept() {
        Value early = x.exp();
        assertThat(activations(early.exp().sigmoid().exp().add(early))).isEqualTo(3 * MATRIX);
    }

    /** Of two branches the one that was added last is computed first, as ONNX Runtime does it. */
    @Test
    void branchesAreFinishedOneAfterTheOther() {
        Value wide = Value.concat(1, List.of(x.exp(), x.exp())).sum(false, 1);
        Value other = Value.concat(1, List.of(x.sin(), x.sin())).sum(false, 1);
        assertThat(activations(wide.add(other))).isBetween(4 * MATRIX, 4 * MATRIX + 4096);
    }

    @Test
    void weightsOfSeveralGraphsAreCountedOnceAndCopiedForEach() {
        Graph one = Graph.of("y", x.matmul(w));
        Graph two = Graph.of("y", x.exp().matmul(w));
        MemoryEstimate both = MemoryEstimate.of(List.of(one, two), OPTIONS);
        assertThat(both.weights()).isEqualTo(MATRIX);
        MemoryEstimate frugal = MemoryEstimate.of(List.of(one, two), OPTIONS.withMemory(MemoryPolicy.SMALL));
        assertThat(both.sessions() - frugal.sessions()).isEqualTo(2 * MATRIX);
    }

    @Test
    void inputsMayStandForWeights() {
        Value given = Value.input("w", DataType.FLOAT32, Shape.of(SIDE, SIDE));
        Graph constant = Graph.of("y", x.matmul(w.transposed()));
        Graph standing = Graph.of("y", x.matmul(given.transposed()));
        assertThat(MemoryEstimate.of(List.of(standing), OPTIONS, Set.of("w")))
                .isEqualTo(MemoryEstimate.of(constant, OPTIONS));
    }

    @Test
    void onlyArenasKeepWhatEarlierSessionsTook() {
        List<Graph> graphs = List.of(
                Graph.of("y", x.exp().exp()), Graph.of("y", x.exp().exp().exp()));
        assertThat(MemoryEstimate.of(graphs, OPTIONS).activations()).isEqualTo(3 * MATRIX);
        assertThat(MemoryEstimate.of(graphs, OPTIONS.withMemoryArena(false)).activations())
                .isEqualTo(2 * MATRIX);
    }

    @Test
    void convolutionsInBlockedLayoutTakeReorderedCopies() {
        Value image = Value.input("image", DataType.FLOAT32, Shape.of(1, 32, 64, 64));
        Value kernel = Value.constant(TensorData.zeros(DataType.FLOAT32, Shape.of(32, 32, 3, 3)));
        Attributes sliding = Attributes.of("strides", new int[] {1, 1}, "pads", new int[] {1, 1, 1, 1})
                .with("dilations", new int[] {1, 1})
                .with("group", 1);
        Graph graph = Graph.of("y", Value.of(Op.CONV, sliding, image, kernel));
        long picture = 4L * 32 * 64 * 64;
        assertThat(MemoryEstimate.of(graph, OPTIONS).activations()).isEqualTo(2 * picture);
        assertThat(MemoryEstimate.of(graph, OPTIONS.withMemory(MemoryPolicy.SMALL))
                        .activations())
                .isZero();
    }

    @Test
    void theSumIsWhatIsPrinted() {
        MemoryEstimate estimate = new MemoryEstimate(10L << 20, 20L << 20, 30L << 20, 1L << 20);
        assertThat(estimate).hasToString("61 MB: weights 10, sessions 20, activations 30, inputs and outputs 1");
    }
}
