package dev.rlcm.ppo;

import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.apache.commons.math3.stat.descriptive.DescriptiveStatistics;

/** See {@link AdvantageEstimator#perPrompt}. */
final class PerPromptAdvantages implements AdvantageEstimator {
    /** More than the prompts that a run of the usual length draws; they take about 10 MB. */
    static final int DEFAULT_MAX_PROMPTS = 10_000;

    private final int bufferSize;
    private final int minCount;
    private final int maxPrompts;

    /** By key, the most recently rewarded one last. */
    private final Map<String, DescriptiveStatistics> buffers = new LinkedHashMap<>(16, 0.75f, true);

    private double zeroSpreadShare;

    PerPromptAdvantages(int bufferSize, int minCount, int maxPrompts) {
        if (bufferSize < 1) {
            throw new IllegalArgumentException("bufferSize must be at least 1, got " + bufferSize);
        }
        if (minCount < 1 || minCount > bufferSize) {
            throw new IllegalArgumentException("minCount must be in [1, " + bufferSize + "], got " + minCount);
        }
        if (maxPrompts < 1) {
            throw new IllegalArgumentException("maxPrompts must be at least 1, got " + maxPrompts);
        }
        this.bufferSize = bufferSize;
        this.minCount = minCount;
        this.maxPrompts = maxPrompts;
    }

    @Override
    public double[] estimate(List<String> keys, double[] rewards) {
        RewardStatistics.check(keys, rewards);
        for (int i = 0; i < rewards.length; i++) {
            buffer(keys.get(i)).addValue(rewards[i]);
        }
        RewardStatistics batch = RewardStatistics.of(rewards);
        Map<String, RewardStatistics> groups = new HashMap<>();
        double[] advantages = new double[rewards.length];
        for (int i = 0; i < rewards.length; i++) {
            advantages[i] = groups.computeIfAbsent(keys.get(i), key -> group(key, batch))
                    .advantage(rewards[i]);
        }
        long flat =
                groups.values().stream().filter(RewardStatistics::hasNoSpread).count();
        zeroSpreadShare = (double) flat / groups.size();
        forget();
        return advantages;
    }

    private void forget() {
        Iterator<String> oldestFirst = buffers.keySet().iterator();
        for (int excess = buffers.size() - maxPrompts; excess > 0; excess--) {
            oldestFirst.next();
            oldestFirst.remove();
        }
    }

    private RewardStatistics group(String key, RewardStatistics batch) {
        DescriptiveStatistics buffer = buffer(key);
        return buffer.getN() < minCount ? batch : RewardStatistics.of(buffer.getValues());
    }

    private DescriptiveStatistics buffer(String key) {
        return buffers.computeIfAbsent(key, k -> new DescriptiveStatistics(bufferSize));
    }

    @Override
    public double zeroSpreadShare() {
        return zeroSpreadShare;
    }

    @Override
    public State state() {
        Map<String, List<Double>> rewards = new LinkedHashMap<>();
        buffers.forEach((key, buffer) ->
                rewards.put(key, DoubleStream.of(buffer.getValues()).boxed().toList()));
        return new State(rewards);
    }

    @Override
    public void restore(State state) {
        state.rewards().forEach((key, rewards) -> {
            if (rewards.size() > bufferSize) {
                throw new IllegalArgumentException("the state has " + rewards.size() + " rewards of \"" + key
                        + "\", bufferSize is " + bufferSize + "; use the settings of the run that is resumed");
            }
        });
        buffers.clear();
        state.rewards().forEach((key, rewards) -> rewards.forEach(buffer(key)::addValue));
        forget();
    }
}
