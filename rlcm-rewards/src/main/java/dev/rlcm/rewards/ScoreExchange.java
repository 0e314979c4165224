package dev.rlcm.rewards;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardException.Kind;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.Sample;
import dev.rlcm.reward.Score;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * One request of {@link RemoteReward} and its answer, in the JSON of {@code docs/remote-rewards.md}. Every picture has an id made
 * of its place and its content, which the answer repeats: a score can come late, in another order or from another request
 * without ever becoming that of another picture.
 */
final class ScoreExchange {
    static final int VERSION = 1;

    private static final int HASH_BYTES = 8;

    private final int first;
    private final List<Sample> samples;
    private final String asker;
    private final List<String> ids = new ArrayList<>();
    private final ObjectNode request = StrictJson.object().put("version", VERSION);

    /**
     * @param first the place of the first picture in what is scored, for messages
     * @param asker the reward's name, for messages
     */
    ScoreExchange(int first, List<Sample> samples, String asker) {
        this.first = first;
        this.samples = samples;
        this.asker = asker;
        ArrayNode pictures = request.putArray("pictures");
        for (int i = 0; i < samples.size(); i++) {
            byte[] png = png(samples.get(i));
            String id = i + "-" + hash(png, samples.get(i).prompt());
            ids.add(id);
            ObjectNode picture = pictures.addObject()
                    .put("id", id)
                    .put("prompt", samples.get(i).prompt())
                    .put("png", Base64.getEncoder().encodeToString(png));
            if (!samples.get(i).metadata().isEmpty()) {
                picture.set("metadata", StrictJson.tree(samples.get(i).metadata()));
            }
        }
    }

    ObjectNode request() {
        return request;
    }

    /**
     * Reads the answer.
     *
     * @return one score per picture, in the order of the request
     * @throws RewardException if the answer as a whole is not to be trusted, or the policy is FAIL and a score is missing
     */
    List<Score> scores(String answer, RewardFailure policy) {
        Map<String, JsonNode> entries = entries(answer);
        List<Score> scores = new ArrayList<>();
        for (int i = 0; i < ids.size(); i++) {
            scores.add(score(i, entries.get(ids.get(i)), policy));
        }
        return List.copyOf(scores);
    }

    private Map<String, JsonNode> entries(String answer) {
        JsonNode root;
        try {
            root = StrictJson.read(answer);
        } catch (JsonProcessingException e) {
            throw malformed("no JSON", answer, e);
        }
        if (!root.path("version").isInt() || root.path("version").intValue() != VERSION) {
            throw malformed("without \"version\": " + VERSION, answer, null);
        }
        if (!root.path("scores").isArray()) {
            throw malformed("without \"scores\"", answer, null);
        }
        Map<String, JsonNode> entries = new HashMap<>();
        for (JsonNode entry : root.path("scores")) {
            String id = entry.path("id").asText();
            if (!ids.contains(id) || entries.put(id, entry) != null) {
                throw RewardException.of(
                        Kind.WRONG_COUNT,
                        asker,
                        "the answer has a score for \"" + JsonPost.shortened(id)
                                + "\", which was not asked for or is there already; none of them is taken");
            }
        }
        return entries;
    }

    private Score score(int index, @Nullable JsonNode entry, RewardFailure policy) {
        Optional<RewardException> problem = problem(entry);
        return entry == null || problem.isPresent()
                ? ServerCalls.missing(problem.orElseThrow().atSample(first + index, samples.get(index)), policy)
                : new Score.Value(entry.path("score").doubleValue());
    }

    private Optional<RewardException> problem(@Nullable JsonNode entry) {
        if (entry == null) {
            return Optional.of(RewardException.of(Kind.WRONG_COUNT, asker, "the answer has no score for the picture"));
        }
        if (entry.has("error")) {
            String error = JsonPost.shortened(entry.path("error").asText());
            return Optional.of(
                    RewardException.of(Kind.REFUSED, asker, "the server could not score the picture: " + error));
        }
        return StrictJson.isFiniteNumber(entry.path("score"))
                ? Optional.empty()
                : Optional.of(malformed("without a finite number as \"score\"", entry.toString(), null));
    }

    private RewardException malformed(String what, String answer, @Nullable Throwable cause) {
        return RewardException.of(
                Kind.MALFORMED,
                asker,
                "the server answered with something that is " + what + ": " + JsonPost.shortened(answer)
                        + "; see docs/remote-rewards.md",
                cause);
    }

    /** Without loss beyond the rounding to 8 bits. */
    private static byte[] png(Sample sample) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            ImageIO.write(sample.toBufferedImage(), "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException("the PNG encoder failed", e);
        }
        return bytes.toByteArray();
    }

    private static String hash(byte[] png, String prompt) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(png);
            byte[] digest = sha.digest(prompt.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
