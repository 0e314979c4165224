package dev.rlcm.reward;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The scores of one rollout whose pictures arrive in batches, being computed by a {@link RewardPool} meanwhile. Where a reward
 * compares the samples of a prompt, they are handed over as soon as the last of them is there.
 *
 * <p>Used by one thread; owns nothing.
 */
public final class RolloutScores {
    private final RewardPool pool;
    private final RewardFunction reward;
    private final List<String> prompts;
    private final Map<String, Integer> copies = new HashMap<>();
    private final List<Sample> samples = new ArrayList<>();
    private final Map<String, Component> components = new LinkedHashMap<>();

    RolloutScores(RewardPool pool, RewardFunction reward, List<String> prompts) {
        this.pool = pool;
        this.reward = reward;
        this.prompts = List.copyOf(prompts);
        prompts.forEach(prompt -> copies.merge(prompt, 1, Integer::sum));
        parts(reward).forEach((name, part) -> components.put(name, new Component(part.checked())));
    }

    private static Map<String, RewardFunction> parts(RewardFunction reward) {
        return reward instanceof RewardMix mix ? mix.components() : Map.of(reward.name(), reward);
    }

    /**
     * Takes the next pictures, in the order of the prompts, and returns at once.
     *
     * @throws IllegalStateException if they are more than there are prompts, or of other ones, or if the pool is closed
     */
    public void add(List<Sample> batch) {
        int first = samples.size();
        samples.addAll(batch);
        if (samples.size() > prompts.size()) {
            throw wrongCount();
        }
        for (int i = first; i < samples.size(); i++) {
            if (!samples.get(i).prompt().equals(prompts.get(i))) {
                throw new IllegalStateException(
                        "sample " + i + " of the rollout must be of the prompt \"" + prompts.get(i) + "\", got "
                                + samples.get(i) + "; the policy must sample its prompts in their order");
            }
        }
        int[] added = IntStream.range(first, samples.size()).toArray();
        components.values().forEach(component -> component.add(added));
    }

    /**
     * Waits for at most so long.
     *
     * @return whether {@link #await()} would return or throw at once
     * @throws InterruptedException if the waiting thread is interrupted
     */
    public boolean await(Duration atMost) throws InterruptedException {
        for (Component component : components.values()) {
            for (Submitted each : component.submitted) {
                if (!each.scores.await(atMost)) {
                    return false;
                }
            }
        }
        return true;
    }

    /**
     * Waits for the scores. After a failure the other components are given up.
     *
     * @return in the order of the prompts
     * @throws IllegalStateException if samples are missing
     * @throws RewardException the first failure under the policy {@link RewardFailure#FAIL}; the index it names is that in the rollout
     * @throws InterruptedException if the waiting thread is interrupted
     * @throws java.util.concurrent.CancellationException if the pool was closed
     */
    public RewardScores await() throws InterruptedException {
        if (samples.size() < prompts.size()) {
            throw wrongCount();
        }
        Map<String, List<Score>> scores = new LinkedHashMap<>();
        boolean complete = false;
        try {
            for (Map.Entry<String, Component> component : components.entrySet()) {
                scores.put(component.getKey(), component.getValue().await());
            }
            complete = true;
        } finally {
            if (!complete) {
                components.values().forEach(Component::cancel);
            }
        }
        return reward instanceof RewardMix mix
                ? mix.combine(samples, scores)
                : RewardScores.of(scores.values().iterator().next());
    }

    private IllegalStateException wrongCount() {
        return new IllegalStateException("a rollout of " + prompts.size() + " prompts got " + samples.size()
                + " samples; add one for each prompt");
    }

    /** One reward's share of the work. */
    private final class Component {
        private final RewardFunction part;
        private final List<Submitted> submitted = new ArrayList<>();
        private final Map<String, IntStream.Builder> waiting = new HashMap<>();
        private final Map<String, Integer> arrived = new HashMap<>();

        Component(RewardFunction part) {
            this.part = part;
        }

        void add(int[] positions) {
            switch (part.scope()) {
                case SAMPLE -> submit(positions);
                case PROMPT -> submit(
                        IntStream.of(positions).flatMap(this::completed).toArray());
                case ROLLOUT -> {
                    if (samples.size() == prompts.size()) {
                        submit(IntStream.range(0, prompts.size()).toArray());
                    }
                }
            }
        }

        /** All samples of a prompt if this is the last of them, else none. */
        private IntStream completed(int position) {
            String prompt = samples.get(position).prompt();
            waiting.computeIfAbsent(prompt, key -> IntStream.builder()).add(position);
            return arrived.merge(prompt, 1, Integer::sum).equals(copies.get(prompt))
                    ? waiting.remove(prompt).build()
                    : IntStream.empty();
        }

        private void submit(int[] positions) {
            if (positions.length > 0) {
                List<Sample> part =
                        IntStream.of(positions).mapToObj(samples::get).toList();
                submitted.add(new Submitted(pool.submit(this.part, part), positions));
            }
        }

        List<Score> await() throws InterruptedException {
            Score[] scores = new Score[prompts.size()];
            for (Submitted each : submitted) {
                List<Score> part = each.await();
                for (int i = 0; i < part.size(); i++) {
                    scores[each.positions[i]] = part.get(i).at(each.positions);
                }
            }
            return List.of(scores);
        }

        void cancel() {
            submitted.forEach(each -> each.scores.cancel());
        }
    }

    /** @param positions of the samples in the rollout */
    private record Submitted(PendingScores scores, int[] positions) {
        List<Score> await() throws InterruptedException {
            try {
                return scores.awaitAll();
            } catch (RewardException e) {
                throw e.at(positions);
            }
        }
    }
}
