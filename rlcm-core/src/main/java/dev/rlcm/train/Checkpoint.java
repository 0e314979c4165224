package dev.rlcm.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.PpoOptimizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The state of a training run as one safetensors file: weights, optimiser moments, reward statistics and the number of
 * epochs done. Randomness needs no state, since all streams are keyed.
 */
final class Checkpoint {
    private static final String ADAPTER = "adapter.";
    private static final String OPTIMIZER = "optimizer.";
    private static final String EPOCH = "epoch";
    private static final String SEED = "seed";
    private static final String ALPHA = "alpha";
    private static final String STATISTICS = "statistics";
    private static final ObjectMapper JSON = new ObjectMapper();

    private Checkpoint() {}

    static void write(Path file, int epoch, long seed, LoraAdapter adapter, PpoOptimizer ppo, AdvantageEstimator credit)
            throws IOException {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        adapter.tensors().forEach((key, tensor) -> tensors.put(ADAPTER + key, tensor));
        ppo.state().forEach((key, tensor) -> tensors.put(OPTIMIZER + key, tensor));
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(EPOCH, Integer.toString(epoch));
        metadata.put(SEED, Long.toString(seed));
        metadata.put(ALPHA, Double.toString(adapter.config().alpha()));
        metadata.put(STATISTICS, JSON.writeValueAsString(credit.state()));
        new Safetensors(tensors, metadata).write(file);
    }

    /** @return the number of epochs done */
    static int read(Path file, long seed, LoraAdapter adapter, PpoOptimizer ppo, AdvantageEstimator credit)
            throws IOException {
        Safetensors content = Safetensors.read(file);
        if (!content.metadata().keySet().containsAll(List.of(EPOCH, SEED, ALPHA, STATISTICS))) {
            throw new IOException(
                    file + " is not a checkpoint of a Trainer, which has a seed, an alpha, an epoch and statistics");
        }
        try {
            requireSame(SEED, Long.toString(seed), content);
            requireSame(ALPHA, Double.toString(adapter.config().alpha()), content);
            LoraAdapter weights = LoraAdapter.of(adapter.config(), adapter.sites(), part(content, ADAPTER));
            int epoch = Integer.parseInt(content.metadata().get(EPOCH));
            AdvantageEstimator.State statistics =
                    JSON.readValue(content.metadata().get(STATISTICS), AdvantageEstimator.State.class);
            ppo.restore(part(content, OPTIMIZER));
            credit.restore(statistics);
            adapter.assign(weights);
            return epoch;
        } catch (IllegalArgumentException | JsonProcessingException e) {
            throw new IOException(file + " is not a checkpoint of this run: " + e.getMessage(), e);
        }
    }

    private static void requireSame(String setting, String wanted, Safetensors content) {
        String found = content.metadata().get(setting);
        if (!wanted.equals(found)) {
            throw new IllegalArgumentException("its " + setting + " is " + found + ", that of this run is " + wanted);
        }
    }

    private static Map<String, TensorData> part(Safetensors content, String prefix) {
        Map<String, TensorData> part = new LinkedHashMap<>();
        content.tensors().forEach((key, tensor) -> {
            if (key.startsWith(prefix)) {
                part.put(key.substring(prefix.length()), tensor);
            }
        });
        return part;
    }
}
