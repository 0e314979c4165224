package dev.rlcm.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.optim.MovingAverage;
import dev.rlcm.policy.Policy;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.PpoOptimizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state of a training run between two epochs: the policy's parameters, the optimiser's state, the estimator's memory, and
 * what the run was made with. Randomness needs no state, since all streams are keyed. {@link Trainer} writes and reads these;
 * so can a loop of one's own:
 *
 * <pre>{@code
 * RunSettings settings = RunSettings.of(policy, ppo.config(), credit).withEssential("seed", 42);
 * Checkpoint.of(epochsDone, settings, policy, ppo, credit).write(file);
 * int epochsDone = Checkpoint.read(file).restore(settings, policy, ppo, credit);
 * }</pre>
 *
 * <p>Immutable but for the tensors' shared bytes.
 *
 * @param epoch the number of epochs done
 * @param settings what the run was made with
 * @param parameters of the policy, by name
 * @param optimizer see {@link PpoOptimizer#state}
 * @param credit see {@link AdvantageEstimator#state}
 * @param average see {@link MovingAverage#state}; empty if the run has none
 */
public record Checkpoint(
        int epoch,
        RunSettings settings,
        Map<String, TensorData> parameters,
        Map<String, TensorData> optimizer,
        AdvantageEstimator.State credit,
        Map<String, TensorData> average) {
    private static final Logger log = LoggerFactory.getLogger(Checkpoint.class);

    private static final String ADAPTER = "adapter.";
    private static final String OPTIMIZER = "optimizer.";
    private static final String ADVANTAGES = "advantages.";
    private static final String AVERAGE = "moving_average.";
    private static final String EPOCH = "epoch";
    private static final String ESSENTIAL = "essential_settings";
    private static final String TUNABLE = "tunable_settings";
    private static final String STATISTICS = "statistics";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The present state. Parameters are shared, not copied: write before the next update. */
    public static Checkpoint of(
            int epoch, RunSettings settings, Policy policy, PpoOptimizer ppo, AdvantageEstimator credit) {
        return new Checkpoint(epoch, settings, policy.parameters(), ppo.state(), credit.state(), Map.of());
    }

    /** The same with a moving average of the parameters. */
    Checkpoint withAverage(Map<String, TensorData> newAverage) {
        return new Checkpoint(epoch, settings, parameters, optimizer, credit, newAverage);
    }

    /**
     * Writes, atomically, a safetensors file.
     *
     * @throws IOException if the file cannot be written
     */
    public void write(Path file) throws IOException {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        parameters.forEach((key, tensor) -> tensors.put(ADAPTER + key, tensor));
        optimizer.forEach((key, tensor) -> tensors.put(OPTIMIZER + key, tensor));
        credit.tensors().forEach((key, tensor) -> tensors.put(ADVANTAGES + key, tensor));
        average.forEach((key, tensor) -> tensors.put(AVERAGE + key, tensor));
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(EPOCH, Integer.toString(epoch));
        metadata.put(ESSENTIAL, JSON.writeValueAsString(settings.essential()));
        metadata.put(TUNABLE, JSON.writeValueAsString(settings.tunable()));
        metadata.put(STATISTICS, JSON.writeValueAsString(credit.values()));
        new Safetensors(tensors, metadata).write(file);
    }

    /**
     * Reads a file. Its tensors are memory-mapped.
     *
     * @throws IOException if the file is unreadable, damaged or no checkpoint
     */
    public static Checkpoint read(Path file) throws IOException {
        Safetensors content = Safetensors.read(file);
        Map<String, String> metadata = content.metadata();
        Set<String> needed = Set.of(EPOCH, ESSENTIAL, TUNABLE, STATISTICS);
        if (!metadata.keySet().containsAll(needed)) {
            throw new IOException(
                    file + " is not a checkpoint of this version, which holds an epoch, settings and statistics");
        }
        try {
            var texts = new TypeReference<LinkedHashMap<String, String>>() {};
            RunSettings settings = new RunSettings(
                    JSON.readValue(metadata.get(ESSENTIAL), texts), JSON.readValue(metadata.get(TUNABLE), texts));
            Map<String, Object> statistics =
                    JSON.readValue(metadata.get(STATISTICS), new TypeReference<LinkedHashMap<String, Object>>() {});
            return new Checkpoint(
                    Integer.parseInt(metadata.get(EPOCH)),
                    settings,
                    part(content, ADAPTER),
                    part(content, OPTIMIZER),
                    new AdvantageEstimator.State(statistics, part(content, ADVANTAGES)),
                    part(content, AVERAGE));
        } catch (IllegalArgumentException | JsonProcessingException e) {
            throw new IOException(file + " is a damaged checkpoint: " + e.getMessage(), e);
        }
    }

    /**
     * Puts this state into a run. Either everything is restored or, if something does not fit, nothing is. Tunable settings
     * that differ are logged as a warning, by name.
     *
     * @param present what the run is made with that goes on
     * @return the number of epochs done
     * @throws IllegalArgumentException if an essential setting differs, naming it, or a part of the state does not fit
     */
    public int restore(RunSettings present, Policy policy, PpoOptimizer ppo, AdvantageEstimator credit) {
        List<String> differences = present.essentialDifferences(settings);
        if (!differences.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", differences));
        }
        checkParameters(policy.parameters());
        Map<String, TensorData> optimizerBefore = ppo.state();
        AdvantageEstimator.State creditBefore = credit.state();
        try {
            ppo.restore(optimizer);
            credit.restore(this.credit);
        } catch (RuntimeException e) {
            ppo.restore(optimizerBefore);
            credit.restore(creditBefore);
            throw e;
        }
        policy.parameters()
                .forEach((name, live) -> live.bytes().put(parameters.get(name).bytes()));
        List<String> changed = present.tunableDifferences(settings);
        if (!changed.isEmpty()) {
            log.warn("The run goes on with other settings than it was saved with: {}", String.join("; ", changed));
        }
        return epoch;
    }

    private void checkParameters(Map<String, TensorData> live) {
        live.forEach((name, tensor) -> {
            TensorData saved = parameters.get(name);
            if (saved == null || saved.type() != tensor.type() || !saved.shape().equals(tensor.shape())) {
                throw new IllegalArgumentException(
                        "the parameter " + name + " must be " + tensor.type() + tensor.shape() + ", got "
                                + (saved == null ? "none" : saved.type().toString() + saved.shape()));
            }
        });
        if (parameters.size() != live.size()) {
            throw new IllegalArgumentException(
                    "this policy has " + live.size() + " parameters, the checkpoint " + parameters.size());
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
