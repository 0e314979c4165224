package dev.rlcm.lora;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.folding.ConstantFolding;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Bakes an adapter into the weights of a graph: W becomes W + (alpha / rank) B A. Stateless and thread-safe. */
public final class LoraMerge {
    private LoraMerge() {}

    /**
     * The graph with merged weights; it has no adapter inputs and can be exported as a plain model. Sums are rounded once,
     * to the weight's type.
     *
     * @throws GraphException if the graph lacks a layer of the adapter, or has it in another size
     */
    public static Graph merge(Graph graph, LoraAdapter adapter) {
        LoraInjection.requireSites(graph, adapter);
        Set<LoraSite> sites = new HashSet<>(adapter.sites());
        Map<LoraSite, TensorData> merged = new HashMap<>();
        return Rewriter.rewrite(DerivedPaths.label(graph), value -> LoraLayer.at(value)
                .filter(layer -> sites.contains(layer.site()))
                .map(layer -> layer.with(merged.computeIfAbsent(layer.site(), site -> merged(layer, adapter))))
                .orElse(value));
    }

    private static TensorData merged(LoraLayer layer, LoraAdapter adapter) {
        return sum(layer.weight(), update(layer, adapter));
    }

    /**
     * The constants of a graph that an adapter changes, with the adapter in them: for a model's file, which has its weights by name. Sums
     * are rounded once, to the constant's type.
     *
     * @return by the constants' names, of their types and shapes; owned by the caller
     * @throws GraphException if the graph lacks a layer of the adapter or has it in another size, if a layer's weight has no name, or if
     *     layers that the adapter tells apart have one weight in common
     */
    public static Map<String, TensorData> weights(Graph graph, LoraAdapter adapter) {
        LoraInjection.requireSites(graph, adapter);
        Set<LoraSite> sites = new HashSet<>(adapter.sites());
        Map<String, LoraSite> owners = new HashMap<>();
        Map<String, TensorData> merged = new LinkedHashMap<>();
        for (Value node : DerivedPaths.label(graph).topologicalOrder()) {
            Optional<LoraLayer> layer = LoraLayer.at(node).filter(each -> sites.contains(each.site()));
            if (layer.isPresent()) {
                LoraSite site = layer.get().site();
                Value operand = node.in(layer.get().weightOperand());
                Value constant = LoraLayer.source(operand);
                LoraSite other = owners.putIfAbsent(named(constant, site), site);
                if (other == null) {
                    TensorData update = asIn(constant, operand, update(layer.get(), adapter));
                    merged.put(constant.label(), sum(constant.data(), update));
                } else if (!other.equals(site)) {
                    throw new GraphException("the layers " + other.path() + " and " + site.path() + " share the weight "
                            + constant.label()
                            + ", so that it cannot take an adapter of each; load the adapter instead");
                }
            }
        }
        return merged;
    }

    private static String named(Value constant, LoraSite site) {
        if (constant.label().isEmpty()) {
            throw new GraphException("the weight of " + site.path() + " has no name; load the adapter instead");
        }
        return constant.label();
    }

    /** A tensor of the layout of an operand in that of the constant which the operand is made of. */
    private static TensorData asIn(Value constant, Value operand, TensorData data) {
        Value laidOut = Value.constant(data);
        for (Value made = operand; made != constant; made = made.in(0)) {
            laidOut = switch (made.op()) {
                case TRANSPOSE -> ConstantFolding.fold(
                        laidOut.transpose(inverse(made.attributes().ints("perm"))));
                case RESHAPE -> ConstantFolding.fold(laidOut.reshape(made.in(0).shape()));
                default -> laidOut; // a cast
            };
        }
        return laidOut.data();
    }

    private static int[] inverse(int[] permutation) {
        int[] inverse = new int[permutation.length];
        for (int i = 0; i < permutation.length; i++) {
            inverse[permutation[i]] = i;
        }
        return inverse;
    }

    private static TensorData sum(TensorData weight, TensorData update) {
        TensorData result = TensorData.zeros(weight.type(), weight.shape());
        for (int i = 0; i < weight.size(); i++) {
            result.setDouble(i, weight.getDouble(i) + update.getDouble(i));
        }
        return result;
    }

    /** (alpha / rank) B A in the layout of the layer's weight, FLOAT64. */
    private static TensorData update(LoraLayer layer, LoraAdapter adapter) {
        LoraSite site = layer.site();
        float[] a = adapter.tensors().get(site.keyA()).toFloats();
        float[] b = adapter.tensors().get(site.keyB()).toFloats();
        int rank = adapter.config().rank();
        int columns = a.length / rank;
        TensorData result = TensorData.zeros(
                DataType.FLOAT64, layer.node().in(layer.weightOperand()).shape());
        double[] row = new double[columns];
        for (int o = 0; o < site.out(); o++) {
            update(row, a, b, o * rank, rank);
            for (int i = 0; i < columns; i++) {
                int at = layer.outputsFirst() ? o * columns + i : i * site.out() + o;
                result.setDouble(at, adapter.config().scale() * row[i]);
            }
        }
        return result;
    }

    /** One row of B A, whose factors in B start at a position. */
    private static void update(double[] row, float[] a, float[] b, int start, int rank) {
        Arrays.fill(row, 0);
        for (int r = 0; r < rank; r++) {
            double factor = b[start + r];
            for (int i = 0; i < row.length; i++) {
                row[i] += factor * a[r * row.length + i];
            }
        }
    }
}
