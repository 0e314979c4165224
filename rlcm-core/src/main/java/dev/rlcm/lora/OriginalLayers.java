package dev.rlcm.lora;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.OriginalNames.Place;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** An adapter by the layers of the code that its model was first published with, see {@link OriginalNames}. */
final class OriginalLayers {
    private OriginalLayers() {}

    /**
     * The adapter of one layer.
     *
     * @param alpha for the rank of these factors
     * @param a [rank, in], or a kernel
     * @param b [out, rank], or a kernel of 1x1
     */
    record Layer(double alpha, TensorData a, TensorData b) {}

    /**
     * The layers of a UNet or of FLUX by their original names, or by their own where these are not known.
     *
     * @throws IllegalArgumentException if one is part of another whose other parts the adapter lacks, or if it is a transformer's
     *     that is not known to be FLUX
     */
    static Map<String, Layer> of(LoraAdapter adapter) {
        List<String> paths = adapter.sites().stream().map(LoraSite::path).toList();
        if (paths.stream().anyMatch(path -> path.startsWith("transformer_blocks."))
                && paths.stream().noneMatch(path -> path.startsWith("single_transformer_blocks."))) {
            throw new IllegalArgumentException(
                    "this format is for FLUX among transformers, whose single blocks the adapter does not have; write"
                            + " KOHYA_SD3 for Stable Diffusion 3, or diffusers' format, which ComfyUI takes too");
        }
        return of(adapter, OriginalNames::of);
    }

    /**
     * The same of Stable Diffusion 3.
     *
     * @throws IllegalArgumentException if a layer is part of another whose other parts the adapter lacks
     */
    static Map<String, Layer> ofStableDiffusion3(LoraAdapter adapter) {
        return of(adapter, StableDiffusion3Names::of);
    }

    private static Map<String, Layer> of(LoraAdapter adapter, Function<String, Optional<Place>> names) {
        Map<String, List<LoraSite>> parts = OriginalNames.of(adapter.sites(), names);
        List<LoraSite> others = new ArrayList<>(adapter.sites());
        parts.values().forEach(others::removeAll);
        Map<String, Layer> layers = new LinkedHashMap<>();
        for (LoraSite site : others) {
            names.apply(site.path()).ifPresent(place -> {
                throw new IllegalArgumentException("the layer " + site.path() + " is a part of " + place.name()
                        + " in the original code, whose other parts the adapter lacks; adapt all of queries, keys and values"
                        + " (and proj_mlp of FLUX's single blocks), or write diffusers' format");
            });
            layers.put(site.path(), of(adapter, site));
        }
        parts.forEach((name, sites) ->
                layers.put(name, sites.size() == 1 ? reordered(adapter, sites.get(0)) : joined(adapter, sites)));
        return layers;
    }

    private static Layer reordered(LoraAdapter adapter, LoraSite site) {
        Layer layer = of(adapter, site);
        return StableDiffusion3Names.swapsHalves(site)
                ? new Layer(layer.alpha(), layer.a(), withHalvesSwapped(layer.b()))
                : layer;
    }

    /** A factor B with the lower half of its rows above the upper one. */
    static TensorData withHalvesSwapped(TensorData b) {
        int half = b.size() / 2;
        return TensorData.generate(b.type(), b.shape(), i -> b.getDouble(i < half ? i + half : i - half));
    }

    static Layer of(LoraAdapter adapter, LoraSite site) {
        return new Layer(
                adapter.config().alpha(),
                adapter.tensors().get(site.keyA()),
                adapter.tensors().get(site.keyB()));
    }

    /** The As one below the other; the Bs as blocks on the diagonal. */
    private static Layer joined(LoraAdapter adapter, List<LoraSite> sites) {
        int rank = adapter.config().rank();
        int in = sites.get(0).in();
        int out = sites.stream().mapToInt(LoraSite::out).sum();
        int ranks = rank * sites.size();
        TensorData a = TensorData.zeros(DataType.FLOAT32, Shape.of(ranks, in));
        TensorData b = TensorData.zeros(DataType.FLOAT32, Shape.of(out, ranks));
        int row = 0;
        for (int part = 0; part < sites.size(); part++) {
            LoraSite site = sites.get(part);
            a.floats()
                    .position(part * rank * in)
                    .put(adapter.tensors().get(site.keyA()).floats());
            float[] up = adapter.tensors().get(site.keyB()).toFloats();
            for (int i = 0; i < up.length; i++) {
                b.setDouble((row + i / rank) * ranks + part * rank + i % rank, up[i]);
            }
            row += site.out();
        }
        return new Layer(adapter.config().alpha() * sites.size(), a, b);
    }
}
