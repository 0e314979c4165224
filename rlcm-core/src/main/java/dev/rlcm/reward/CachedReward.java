package dev.rlcm.reward;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Remembers scores by the SHA-256 of what was scored. A picture that stands twice in a call is scored once. */
final class CachedReward implements RewardFunction {
    private final RewardFunction reward;
    private final Map<Key, Score.Value> scores;

    CachedReward(RewardFunction reward, int mostScores) {
        if (reward.scope() != RewardScope.SAMPLE) {
            throw new IllegalArgumentException("the scores of reward \"" + reward.name()
                    + "\" depend on other samples and cannot be cached; cache its parts");
        }
        if (mostScores < 1) {
            throw new IllegalArgumentException("a cache must keep at least 1 score, got " + mostScores);
        }
        this.reward = reward;
        this.scores = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Key, Score.Value> eldest) {
                return size() > mostScores;
            }
        };
    }

    @Override
    public double[] score(List<Sample> samples) {
        return Score.numbers(attempt(samples, RewardFailure.FAIL));
    }

    @Override
    public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        Score[] result = new Score[samples.size()];
        Map<Key, List<Integer>> missing = new LinkedHashMap<>();
        for (int i = 0; i < result.length; i++) {
            Key key = Key.of(samples.get(i));
            Score.@Nullable Value known = missing.containsKey(key) ? null : remembered(key);
            if (known != null) {
                result[i] = known;
            } else {
                missing.computeIfAbsent(key, ignored -> new ArrayList<>()).add(i);
            }
        }
        if (!missing.isEmpty()) {
            scoreMissing(samples, policy, missing, result);
        }
        return List.of(result);
    }

    /** @param missing where in the call each content stands */
    private void scoreMissing(
            List<Sample> samples, RewardFailure policy, Map<Key, List<Integer>> missing, Score[] result) {
        int[] positions =
                missing.values().stream().mapToInt(places -> places.get(0)).toArray();
        List<Score> fresh;
        try {
            fresh = CheckedReward.attempt(
                    reward, IntStream.of(positions).mapToObj(samples::get).toList(), policy);
        } catch (RewardException e) {
            throw e.at(positions);
        }
        Iterator<Score> next = fresh.iterator();
        missing.forEach((key, places) -> {
            Score score = next.next().at(positions);
            if (score instanceof Score.Value known) {
                remember(key, known);
            }
            places.forEach(place -> result[place] = score);
        });
    }

    private Score.@Nullable Value remembered(Key key) {
        synchronized (scores) {
            return scores.get(key);
        }
    }

    private void remember(Key key, Score.Value score) {
        synchronized (scores) {
            scores.put(key, score);
        }
    }

    @Override
    public boolean isPaused() {
        return reward.isPaused();
    }

    @Override
    public String name() {
        return reward.name();
    }

    /**
     * All that a reward may look at.
     *
     * @param digest of prompt and picture
     */
    private record Key(ByteBuffer digest, Map<String, Object> metadata) {
        static Key of(Sample sample) {
            MessageDigest digest = sha256();
            byte[] prompt = sample.prompt().getBytes(StandardCharsets.UTF_8);
            digest.update(ByteBuffer.allocate(3 * Integer.BYTES)
                    .putInt(prompt.length)
                    .putInt(sample.height())
                    .putInt(sample.width())
                    .flip());
            digest.update(prompt);
            ByteBuffer pixels = ByteBuffer.allocate(Float.BYTES * sample.pixels().length);
            pixels.asFloatBuffer().put(sample.pixels());
            digest.update(pixels);
            return new Key(ByteBuffer.wrap(digest.digest()), sample.metadata());
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
