package dev.rlcm.onnx.exporter;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Value;
import java.util.List;

/**
 * Which operators a graph is written in: those of the ONNX standard, but for what its forms write otherwise. Immutable;
 * thread-safe.
 */
public final class Dialect {
    /** The operators of the ONNX standard only. */
    public static final Dialect STANDARD = of(List.of());

    /** ONNX Runtime's own operators too, on any device. */
    public static final Dialect RUNTIME =
            of(List.of(Forms.activations(), Forms.productsForCpu(), Forms.largeAttention()));

    /** As {@link #RUNTIME}, in the forms that its kernels for CPUs are fastest at. */
    public static final Dialect RUNTIME_CPU = of(List.of(
            Forms.activations(),
            Forms.rowNorms(),
            Forms.productsForCpu(),
            Forms.largeAttention(),
            Forms.narrowHeads()));

    private final List<Form> forms;

    private Dialect(List<Form> forms) {
        this.forms = List.copyOf(forms);
    }

    /** The standard's operators and these forms, the first of which goes first. */
    public static Dialect of(List<Form> forms) {
        return new Dialect(forms);
    }

    /** Whether there may be operators of ONNX Runtime's own. */
    boolean hasContrib() {
        return !forms.isEmpty();
    }

    Graph beforeDecomposition(Graph graph) {
        Graph result = graph;
        for (Form form : forms) {
            result = form.beforeDecomposition(result);
        }
        return result;
    }

    Graph afterDecomposition(Graph graph) {
        Graph result = graph;
        for (Form form : forms) {
            result = form.afterDecomposition(result);
        }
        return result;
    }

    boolean keeps(Value composite) {
        return forms.stream().anyMatch(form -> form.keeps(composite));
    }

    ExportPlan plan(Graph graph) {
        return ExportPlan.of(graph, forms);
    }
}
