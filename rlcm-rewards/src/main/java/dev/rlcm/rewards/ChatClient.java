package dev.rlcm.rewards;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rlcm.rewards.JsonPost.Reply;
import java.net.URI;
import java.time.Duration;
import java.util.Base64;

/**
 * Asks a model behind a server that speaks OpenAI's chat-completions protocol about pictures, one per request. Failures that a
 * later attempt may mend are tried again after a pause of one second, then two, and so on. Thread-safe; owns nothing.
 */
final class ChatClient {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONTENT = "/message/content";

    /** Waits between two attempts. */
    @FunctionalInterface
    interface Pause {
        void before(int attempt) throws InterruptedException;
    }

    private final JsonPost post;
    private final String model;
    private final int attempts;
    private final Pause pause;

    /**
     * A client of the server whose version 1 of the protocol is at that address.
     *
     * @param timeout of one attempt
     */
    ChatClient(URI server, String model, String apiKey, int attempts, Duration timeout) {
        this(server, model, apiKey, attempts, timeout, attempt -> Thread.sleep(1000L * (attempt - 1)));
    }

    ChatClient(URI server, String model, String apiKey, int attempts, Duration timeout, Pause pause) {
        String base = server.toString();
        URI endpoint = URI.create(base + (base.endsWith("/") ? "" : "/") + "chat/completions");
        this.post = new JsonPost(endpoint, apiKey, timeout);
        this.model = model;
        this.attempts = attempts;
        this.pause = pause;
    }

    /**
     * A request for the likeliest answer (temperature 0) to a question about a picture.
     *
     * @return the request's JSON, to which the caller may add fields
     */
    ObjectNode request(String question, byte[] jpeg, int maxTokens) {
        ObjectNode request = JSON.createObjectNode()
                .put("model", model)
                .put("temperature", 0)
                .put("max_tokens", maxTokens);
        ArrayNode content =
                request.putArray("messages").addObject().put("role", "user").putArray("content");
        content.addObject().put("type", "text").put("text", question);
        content.addObject()
                .put("type", "image_url")
                .putObject("image_url")
                .put("url", "data:image/jpeg;base64," + Base64.getEncoder().encodeToString(jpeg));
        return request;
    }

    /** The model's answer as text, without white space at its ends. */
    String answer(ObjectNode request) throws InterruptedException {
        return text(choice(request));
    }

    /**
     * The first choice of the model's answer, for what stands there beside the text, such as log-probabilities.
     *
     * @return a node that has a {@link #text}
     * @throws IllegalStateException if the server cannot be reached, refuses, or answers otherwise than the protocol says; the
     *     message names it and the remedy
     */
    JsonNode choice(ObjectNode request) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            Reply reply = post.send(request);
            if (reply.isSuccess()) {
                return choice(reply.text());
            }
            if (!reply.isTransient() || attempt >= attempts) {
                throw new IllegalStateException(post.endpoint() + ": " + reply + remedy(reply.status()));
            }
            pause.before(attempt + 1);
        }
    }

    /** The text of a choice, without white space at its ends. */
    static String text(JsonNode choice) {
        return choice.at(CONTENT).textValue().strip();
    }

    private JsonNode choice(String answer) {
        try {
            JsonNode choice = JSON.readTree(answer).at("/choices/0");
            if (choice.at(CONTENT).isTextual()) {
                return choice;
            }
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(unexpected(answer), e);
        }
        throw new IllegalStateException(unexpected(answer));
    }

    private String unexpected(String answer) {
        return post.endpoint()
                + " did not answer with choices[0].message.content, as the chat-completions protocol says, but with: "
                + JsonPost.shortened(answer);
    }

    private String remedy(int status) {
        return switch (status) {
            case 401, 403 -> "; give the server's key by withApiKey";
            case 404 -> "; the server must know the model \"" + model + "\", and its address usually ends with /v1";
            default -> "";
        };
    }
}
