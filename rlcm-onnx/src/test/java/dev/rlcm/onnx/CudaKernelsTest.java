package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.precision.Precision;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Whatever is exported for CUDA has a kernel there: nothing falls back to the CPU, where bfloat16 would fail. */
class CudaKernelsTest {
    private final CudaKernelTable kernels = new CudaKernelTable();

    @Example
    void whatHasNoKernelIsReported() {
        Value flags = Value.input("flags", DataType.BOOL, Shape.of(2));
        Graph graph = Graph.of("y", flags.where(flags, flags));
        assertThat(kernels.missing(graph)).containsExactly("Where BOOL");
    }

    @Property(tries = 100)
    void randomGraphsHaveCudaKernelsForwardAndBackward(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 12) int size,
            @ForAll Precision precision,
            @ForAll Set<CudaOptions.Form> forms) {
        Graph graph = precision.of(RandomGraphs.of(seed, size));
        Set<String> missing = kernels.missing(OnnxModels.differentiate(graph, List.of("a", "b")), forms);
        // The provider has none in any type; the CPU computes it in FLOAT32.
        missing.removeAll(Set.of("Atan FLOAT32", "Atan FLOAT16"));
        assertThat(missing).isEmpty();
    }
}
