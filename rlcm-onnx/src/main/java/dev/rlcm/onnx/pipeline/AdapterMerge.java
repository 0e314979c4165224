package dev.rlcm.onnx.pipeline;

import dev.rlcm.check.Check;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraComponent;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.lora.LoraMerge;
import dev.rlcm.onnx.OnnxModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * A model with a LoRA adapter in its weights for good: W becomes W + (alpha / rank) B A, of the denoiser and of the text encoders that the
 * adapter's file has something for. Whatever loads the model needs no adapter then. Stateless and thread-safe.
 */
public final class AdapterMerge {
    private AdapterMerge() {}

    /**
     * Writes a directory of a model with an adapter in its weights. Files keep their nodes, names, symbolic dimensions and types; all else is
     * copied.
     *
     * @param model of any family
     * @param adapter in diffusers', PEFT's or kohya's convention
     * @param strength what the adapter's change is multiplied by, positive; 1 as a rule
     * @param directory made if need be; must not hold a network yet
     * @throws IllegalArgumentException if the directory holds a network, or the model's size is not known
     * @throws GraphException if a weight that the adapter changes is not stored as one, as in quantised exports
     * @throws IOException if the adapter is unreadable, damaged or of another model, or something cannot be read or written
     */
    public static void write(ModelDirectory model, Path adapter, double strength, Path directory) throws IOException {
        Check.positive("strength", strength);
        String denoiser = model.family().denoiser();
        if (Files.exists(directory.resolve(denoiser + ModelDirectory.MODEL))) {
            throw new IllegalArgumentException(directory + " already holds a model; give another directory");
        }
        Map<String, Map<String, TensorData>> merged = ofTexts(model, adapter, strength);
        Graph network = denoiser(model);
        LoraAdapter own = LoraAdapter.load(adapter, LoraInjection.sites(network));
        merged.put(denoiser, merged(model.denoiser(), network, own.scaled(strength)));
        model.copyTo(directory, merged.keySet());
        for (Map.Entry<String, Map<String, TensorData>> component : merged.entrySet()) {
            Path target = directory.resolve(component.getKey() + ModelDirectory.MODEL);
            OnnxModels.saveWeights(
                    model.model(component.getKey()), model.readingWithoutPaths(), component.getValue(), target);
        }
    }

    /** Names and merged weights of the text encoders that the file has something for. */
    private static Map<String, Map<String, TensorData>> ofTexts(ModelDirectory model, Path adapter, double strength)
            throws IOException {
        Map<String, Map<String, TensorData>> merged = new LinkedHashMap<>();
        TextAdapters adapters = TextAdapters.of(PipelineOptions.defaults().withTextAdapter(adapter), model);
        for (TextSource source : model.texts()) {
            LoraComponent component = model.family().component(source);
            if (adapters.has(component)) {
                Graph graph = TextEncoder.trainable(model, source);
                Optional<LoraAdapter> own = adapters.adapter(component, graph);
                if (own.isPresent()) {
                    Path file = model.encoder(source.encoder());
                    merged.put(source.encoder(), merged(file, graph, own.get().scaled(strength)));
                }
            }
        }
        return merged;
    }

    private static Map<String, TensorData> merged(Path file, Graph graph, LoraAdapter adapter) throws IOException {
        Map<String, TensorData> weights = LoraMerge.weights(graph, adapter);
        TreeSet<String> computed = new TreeSet<>(weights.keySet());
        computed.removeAll(OnnxModels.weightNames(file));
        if (!computed.isEmpty()) {
            throw new GraphException(file + " computes the weights " + computed
                    + " from others, as quantised exports do; merge the adapter into an export in floating point");
        }
        return weights;
    }

    /** The network with its weights as the file has them. */
    private static Graph denoiser(ModelDirectory model) throws IOException {
        List<TextShape> shapes = new ArrayList<>();
        for (TextSource source : model.texts()) {
            shapes.add(TextEncoder.shape(model, source));
        }
        TextShape text = TextParts.of(model, shapes).shape();
        return Denoiser.open(model, model.trainedSize(), text, true)
                .trainable(model.reading())
                .graph(1);
    }
}
