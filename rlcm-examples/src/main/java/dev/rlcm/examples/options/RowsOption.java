package dev.rlcm.examples.options;

import dev.rlcm.onnx.OnnxSignature;
import dev.rlcm.onnx.OnnxSignature.Dim;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** Batch sizes of an ONNX file, to be tried one after the other. */
public final class RowsOption {
    @Option(
            names = "--rows",
            split = ",",
            paramLabel = "N",
            description =
                    "Batch sizes, for one run each: the extents of the inputs' first dimensions that are symbolic.")
    private List<Integer> rows = new ArrayList<>();

    /** The batch sizes that were asked for, none by default. */
    public List<Integer> values() {
        return List.copyOf(rows);
    }

    /**
     * What to bind symbolic dimensions to, once for each batch size; without any, what is given.
     *
     * @param given extents of symbolic dimensions, which win
     * @throws IllegalArgumentException if batch sizes are asked for and no first dimension is symbolic
     */
    public List<Map<String, Integer>> bindings(OnnxSignature signature, Map<String, Integer> given) {
        if (rows.isEmpty()) {
            return List.of(given);
        }
        return rows.stream().map(n -> binding(signature, given, n)).toList();
    }

    /** What to bind symbolic dimensions to for one batch size. */
    public static Map<String, Integer> binding(OnnxSignature signature, Map<String, Integer> given, int rows) {
        if (rows < 1) {
            throw new IllegalArgumentException("--rows must be positive, got " + rows);
        }
        Map<String, Integer> binding = new LinkedHashMap<>();
        signature.inputs().stream()
                .filter(input -> !input.dims().isEmpty())
                .map(input -> input.dims().get(0))
                .map(Dim::symbol)
                .filter(symbol -> !symbol.isEmpty())
                .forEach(symbol -> binding.put(symbol, rows));
        if (binding.isEmpty()) {
            throw new IllegalArgumentException(
                    "--rows needs a model with a symbolic first dimension, its inputs are " + signature.inputs());
        }
        binding.putAll(given);
        return binding;
    }
}
