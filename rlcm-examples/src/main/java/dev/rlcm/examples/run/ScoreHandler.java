package dev.rlcm.examples.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.reward.Score;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of {@code docs/remote-rewards.md}: takes pictures, answers with a reward's scores. A picture that cannot be
 * read or scored gets an error in place of its score, the others their scores; a request that is not of the protocol gets status
 * 400 and a sentence.
 *
 * <p>Thread-safe; asks the reward from one thread at a time.
 */
public final class ScoreHandler implements HttpHandler {
    private static final int VERSION = 1;
    private static final int MAX_REQUEST_BYTES = 256 << 20;
    private static final int MAX_SIDE = 4096;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TypeReference<Map<String, Object>> FIELDS = new TypeReference<>() {};

    private final RewardFunction reward;
    private final String key;

    /** @param key that clients have to send as a bearer token; empty for none */
    public ScoreHandler(RewardFunction reward, String key) {
        this.reward = reward.checked();
        this.key = key;
    }

    private record Answer(int status, String body) {}

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            Answer answer = answer(exchange);
            byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(answer.status(), body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private Answer answer(HttpExchange exchange) throws IOException {
        if (!exchange.getRequestMethod().equals("POST")) {
            return refusal(405, "post pictures here, see docs/remote-rewards.md");
        }
        if (!isKnown(exchange.getRequestHeaders().getFirst("Authorization"))) {
            return refusal(401, "the key is missing or wrong");
        }
        byte[] request = exchange.getRequestBody().readNBytes(MAX_REQUEST_BYTES + 1);
        if (request.length > MAX_REQUEST_BYTES) {
            return refusal(
                    413, "a request must not have more than " + MAX_REQUEST_BYTES + " bytes; send fewer pictures");
        }
        try {
            return new Answer(200, scores(JSON.readTree(request)).toString());
        } catch (JsonProcessingException e) {
            return refusal(400, "the request is no JSON: " + e.getOriginalMessage());
        } catch (IllegalArgumentException e) {
            return refusal(400, String.valueOf(e.getMessage()));
        }
    }

    private static Answer refusal(int status, String sentence) {
        return new Answer(status, JSON.createObjectNode().put("error", sentence).toString());
    }

    /** In constant time, so that answers do not tell how much of a key is right. */
    private boolean isKnown(@Nullable String authorization) {
        byte[] expected = ("Bearer " + key).getBytes(StandardCharsets.UTF_8);
        return key.isEmpty()
                || (authorization != null
                        && MessageDigest.isEqual(expected, authorization.getBytes(StandardCharsets.UTF_8)));
    }

    private ObjectNode scores(JsonNode request) {
        if (request.path("version").asInt() != VERSION
                || !request.path("pictures").isArray()) {
            throw new IllegalArgumentException(
                    "a request has \"version\": " + VERSION + " and \"pictures\", see docs/remote-rewards.md");
        }
        ObjectNode answer = JSON.createObjectNode().put("version", VERSION);
        ArrayNode entries = answer.putArray("scores");
        List<Sample> samples = new ArrayList<>();
        List<ObjectNode> scored = new ArrayList<>();
        for (JsonNode picture : request.path("pictures")) {
            ObjectNode entry = entries.addObject().put("id", text(picture, "id"));
            try {
                samples.add(sample(picture));
                scored.add(entry);
            } catch (IOException | RuntimeException e) { // the JDK's reader of damaged files throws many kinds
                entry.put("error", String.valueOf(e.getMessage()));
            }
        }
        List<Score> scores = score(samples);
        for (int i = 0; i < scored.size(); i++) {
            if (scores.get(i) instanceof Score.Value score) {
                scored.get(i).put("score", score.value());
            } else if (scores.get(i) instanceof Score.Missing missing) {
                scored.get(i).put("error", missing.reason().getMessage());
            }
        }
        return answer;
    }

    private synchronized List<Score> score(List<Sample> samples) {
        return reward.attempt(List.copyOf(samples), RewardFailure.DROP);
    }

    private static Sample sample(JsonNode picture) throws IOException {
        BufferedImage image = image(Base64.getDecoder().decode(text(picture, "png")));
        int plane = image.getWidth() * image.getHeight();
        int[] rgb = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        float[] pixels = new float[3 * plane];
        for (int i = 0; i < 3 * plane; i++) {
            pixels[i] = (rgb[i % plane] >> (16 - 8 * (i / plane)) & 0xff) / 255f;
        }
        Map<String, Object> metadata =
                picture.has("metadata") ? JSON.convertValue(picture.path("metadata"), FIELDS) : Map.of();
        String prompt = text(picture, "prompt");
        return Sample.of(prompt, image.getHeight(), image.getWidth(), pixels).withPrompt(new Prompt(prompt, metadata));
    }

    /** Looks at the size first, since a small file can hold a picture that does not fit into memory. */
    private static BufferedImage image(byte[] png) throws IOException {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName("png");
        ImageReader reader = readers.next();
        try (ImageInputStream in = ImageIO.createImageInputStream(new ByteArrayInputStream(png))) {
            reader.setInput(in, true, true);
            if (reader.getWidth(0) > MAX_SIDE || reader.getHeight(0) > MAX_SIDE) {
                throw new IOException("the picture has " + reader.getWidth(0) + " x " + reader.getHeight(0)
                        + " pixels, at most " + MAX_SIDE + " x " + MAX_SIDE + " are taken");
            }
            return reader.read(0);
        } finally {
            reader.dispose();
        }
    }

    private static String text(JsonNode picture, String field) {
        if (!picture.path(field).isTextual()) {
            throw new IllegalArgumentException("every picture has \"" + field + "\", a text");
        }
        return picture.path(field).textValue();
    }
}
