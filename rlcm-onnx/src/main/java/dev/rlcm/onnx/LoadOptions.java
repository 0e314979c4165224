package dev.rlcm.onnx;

import dev.rlcm.graph.Shape;
import java.util.Map;
import java.util.Set;

/**
 * How an ONNX file becomes a graph with static shapes.
 *
 * @param dims extents of symbolic dimensions by name, for example {@code batch_size} to 4; names that the model does not use
 *     are ignored
 * @param inputShapes whole shapes by the input's name; they bind the symbolic dimensions of their inputs too. An input whose
 *     dimensions are fixed, or bound otherwise, may be left out
 * @param trained initializers that the graph holds as the file does. One that the model transposes before use, as newer
 *     PyTorch exports do, would otherwise be found in {@link OnnxModels#weights} transposed; other names are ignored
 * @param skimmed whether all weights stay in the memory-mapped file, aligned or not: for graphs that are inspected, not run
 * @param reading which links are trusted, and module paths given by hand
 */
public record LoadOptions(
        Map<String, Integer> dims,
        Map<String, Shape> inputShapes,
        Set<String> trained,
        boolean skimmed,
        ReadOptions reading) {
    /** Copies. */
    public LoadOptions {
        dims = Map.copyOf(dims);
        inputShapes = Map.copyOf(inputShapes);
        trained = Set.copyOf(trained);
    }

    /** For a model whose shapes are fixed, to run it. */
    public static LoadOptions defaults() {
        return new LoadOptions(Map.of(), Map.of(), Set.of(), false, ReadOptions.defaults());
    }

    public LoadOptions withDims(Map<String, Integer> newDims) {
        return new LoadOptions(newDims, inputShapes, trained, skimmed, reading);
    }

    public LoadOptions withInputShapes(Map<String, Shape> newShapes) {
        return new LoadOptions(dims, newShapes, trained, skimmed, reading);
    }

    public LoadOptions withTrained(Set<String> newTrained) {
        return new LoadOptions(dims, inputShapes, newTrained, skimmed, reading);
    }

    public LoadOptions withSkimmed(boolean newSkimmed) {
        return new LoadOptions(dims, inputShapes, trained, newSkimmed, reading);
    }

    public LoadOptions withReading(ReadOptions newReading) {
        return new LoadOptions(dims, inputShapes, trained, skimmed, newReading);
    }
}
