package dev.rlcm.lora;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.TensorData;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A layer's update with a rank and an alpha of its own, as kohya and PEFT's patterns allow.
 *
 * @param a [rank, in], or a kernel
 * @param b [out, rank], or a kernel of 1x1
 */
record RankedLayer(LoraSite site, int rank, double alpha, TensorData a, TensorData b) {
    /**
     * One adapter that has the same effect as all layers together. It has the largest rank, and the alpha of the first layer with
     * that rank. Factors of a smaller rank are padded with zeros; where alpha / rank differs, B is scaled to make up for it.
     *
     * @param layers at least one
     */
    static LoraAdapter joined(List<RankedLayer> layers) {
        int rank = layers.stream().mapToInt(RankedLayer::rank).max().orElseThrow();
        double alpha = layers.stream()
                .filter(layer -> layer.rank == rank)
                .findFirst()
                .orElseThrow()
                .alpha();
        Map<String, TensorData> weights = new HashMap<>();
        for (RankedLayer layer : layers) {
            weights.put(layer.site.keyA(), layer.paddedA(rank));
            weights.put(layer.site.keyB(), layer.paddedB(rank, layer.alpha * rank / (layer.rank * alpha)));
        }
        List<LoraSite> sites = layers.stream().map(RankedLayer::site).toList();
        String[] paths = sites.stream().map(LoraSite::path).toArray(String[]::new);
        return LoraAdapter.of(new LoraConfig(rank, alpha, LoraTargets.of(paths)), sites, weights);
    }

    private TensorData paddedA(int newRank) {
        return TensorData.generate(DataType.FLOAT32, site.shapeA(newRank), i -> i < a.size() ? a.getDouble(i) : 0);
    }

    private TensorData paddedB(int newRank, double factor) {
        return TensorData.generate(
                DataType.FLOAT32,
                site.shapeB(newRank),
                i -> i % newRank < rank ? b.getDouble(i / newRank * rank + i % newRank) * factor : 0);
    }
}
