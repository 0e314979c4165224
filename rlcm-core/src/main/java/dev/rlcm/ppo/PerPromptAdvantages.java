package dev.rlcm.ppo;

import dev.rlcm.check.Check;
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

    private static final String REWARDS = "rewards";

    private final int bufferSize;
    private final int minCount;
    private final int maxPrompts;

    /** By key, the most recently rewarded one last. */
    private final Map<String, DescriptiveStatistics> buffers = new LinkedHashMap<>(16, 0.75f, true);

    private double zeroStdShare;

    PerPromptAdvantages(int bufferSize, int minCount, int maxPrompts) {
        Check.atLeast(1, "bufferSize", bufferSize);
        Check.between(1, bufferSize, "minCount", minCount);
        Check.atLeast(1, "maxPrompts", maxPrompts);
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
        zeroStdShare = (double) flat / groups.size();
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
    public double zeroStdShare() {
        return zeroStdShare;
    }

    @Override
    public State state() {
        Map<String, List<Double>> rewards = new LinkedHashMap<>();
        buffers.forEach((key, buffer) ->
                rewards.put(key, DoubleStream.of(buffer.getValues()).boxed().toList()));
        return new State(Map.of(REWARDS, rewards), Map.of());
    }

    @Override
    public void restore(State state) {
        Map<String, double[]> saved = new LinkedHashMap<>();
        if (!(state.values().get(REWARDS) instanceof Map<?, ?> rewards)) {
            throw new IllegalArgumentException("not a state of per-prompt advantages: it has no " + REWARDS);
        }
        rewards.forEach((key, values) -> saved.put((String) key, numbers(key, values)));
        buffers.clear();
        saved.forEach((key, values) -> DoubleStream.of(values).forEach(buffer(key)::addValue));
        forget();
    }

    private double[] numbers(Object key, Object values) {
        if (!(values instanceof List<?> list) || !list.stream().allMatch(Number.class::isInstance)) {
            throw new IllegalArgumentException("the rewards of \"" + key + "\" must be numbers, got " + values);
        }
        if (list.size() > bufferSize) {
            throw new IllegalArgumentException("the state has " + list.size() + " rewards of \"" + key
                    + "\", bufferSize is " + bufferSize + "; use the settings of the run that is resumed");
        }
        return list.stream()
                .mapToDouble(value -> ((Number) value).doubleValue())
                .toArray();
    }

    @Override
    public String toString() {
        return "perPrompt(" + bufferSize + ", " + minCount + ", " + maxPrompts + ")";
    }
}
