package dev.rlcm.reward;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
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
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build();

    private final RewardFunction reward;
    private final Map<ByteBuffer, Score.Value> scores;

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
            protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Score.Value> eldest) {
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
        Map<ByteBuffer, List<Integer>> missing = new LinkedHashMap<>();
        for (int i = 0; i < result.length; i++) {
            ByteBuffer key = key(samples.get(i));
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
            List<Sample> samples, RewardFailure policy, Map<ByteBuffer, List<Integer>> missing, Score[] result) {
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

    private Score.@Nullable Value remembered(ByteBuffer key) {
        synchronized (scores) {
            return scores.get(key);
        }
    }

    private void remember(ByteBuffer key, Score.Value score) {
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

    /** A digest of all that a reward may look at. */
    private static ByteBuffer key(Sample sample) {
        MessageDigest digest = sha256();
        byte[] prompt = sample.prompt().getBytes(StandardCharsets.UTF_8);
        byte[] metadata = canonical(sample.metadata());
        digest.update(ByteBuffer.allocate(4 * Integer.BYTES)
                .putInt(prompt.length)
                .putInt(metadata.length)
                .putInt(sample.height())
                .putInt(sample.width())
                .flip());
        digest.update(prompt);
        digest.update(metadata);
        ByteBuffer pixels = ByteBuffer.allocate(Float.BYTES * sample.pixels().length);
        pixels.asFloatBuffer().put(sample.pixels());
        digest.update(pixels);
        return ByteBuffer.wrap(digest.digest());
    }

    /** JSON tells a number from the text of it, and one list from another, where their texts are alike. */
    private static byte[] canonical(Map<String, Object> metadata) {
        try {
            return JSON.writeValueAsBytes(metadata);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "metadata " + metadata + " must be strings, numbers, booleans, lists and maps for its reward to be cached",
                    e);
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
