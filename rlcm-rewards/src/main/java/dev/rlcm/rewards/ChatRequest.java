package dev.rlcm.rewards;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;

/** Asks a chat-completions server about a picture. Thread-safe. */
final class ChatRequest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_ANSWER_BYTES = 1 << 20;
    private static final int SHOWN = 300;

    /** One for all, since it has threads and connections; made at first use. */
    private static final class Client {
        private static final HttpClient INSTANCE =
                HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
    }

    private final ChatCaptioner settings;
    private final URI endpoint;

    /** What came back: a status and a body, or no status and what went wrong. */
    private record Reply(int status, String text) {
        private static final int NONE = 0;

        boolean isSuccess() {
            return status / 100 == 2;
        }

        boolean mayPass() {
            return status == NONE || status == 408 || status == 429 || status / 100 == 5;
        }
    }

    ChatRequest(ChatCaptioner settings) {
        this.settings = settings;
        String base = settings.server().toString();
        this.endpoint = URI.create(base + (base.endsWith("/") ? "" : "/") + "chat/completions");
    }

    /**
     * The model's answer.
     *
     * @throws IllegalStateException if there is none
     */
    String answer(byte[] jpeg) throws InterruptedException {
        HttpRequest request = request(jpeg);
        for (int attempt = 1; ; attempt++) {
            Reply reply = send(request);
            if (reply.isSuccess()) {
                return content(reply.text());
            }
            if (!reply.mayPass() || attempt >= settings.attempts()) {
                throw failure(reply);
            }
            Thread.sleep(1000L * attempt);
        }
    }

    private HttpRequest request(byte[] jpeg) {
        HttpRequest.Builder request = HttpRequest.newBuilder(endpoint)
                .timeout(settings.timeout())
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body(jpeg).toString()));
        if (!settings.apiKey().isEmpty()) {
            request.header("Authorization", "Bearer " + settings.apiKey());
        }
        return request.build();
    }

    private ObjectNode body(byte[] jpeg) {
        ObjectNode body = JSON.createObjectNode()
                .put("model", settings.model())
                .put("temperature", 0)
                .put("max_tokens", settings.maxTokens());
        ArrayNode content =
                body.putArray("messages").addObject().put("role", "user").putArray("content");
        content.addObject().put("type", "text").put("text", settings.question());
        content.addObject()
                .put("type", "image_url")
                .putObject("image_url")
                .put("url", "data:image/jpeg;base64," + Base64.getEncoder().encodeToString(jpeg));
        return body;
    }

    private static Reply send(HttpRequest request) throws InterruptedException {
        try {
            HttpResponse<InputStream> response =
                    Client.INSTANCE.send(request, HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = response.body()) {
                String text = new String(body.readNBytes(MAX_ANSWER_BYTES), StandardCharsets.UTF_8);
                return new Reply(response.statusCode(), text);
            }
        } catch (ConnectException e) {
            return new Reply(Reply.NONE, "nothing listens there; start the server, or correct the address");
        } catch (IOException e) {
            return new Reply(Reply.NONE, e.toString());
        }
    }

    private String content(String text) {
        try {
            JsonNode content = JSON.readTree(text).at("/choices/0/message/content");
            if (content.isTextual()) {
                return content.textValue().strip();
            }
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(strange(text), e);
        }
        throw new IllegalStateException(strange(text));
    }

    private String strange(String text) {
        return endpoint
                + " did not answer with choices[0].message.content, as the chat-completions protocol says, but with: "
                + shortened(text);
    }

    private IllegalStateException failure(Reply reply) {
        String remedy =
                switch (reply.status()) {
                    case 401, 403 -> "; give the server's key by withApiKey";
                    case 404 -> "; the server must know the model \"" + settings.model()
                            + "\", and its address usually ends with /v1";
                    default -> "";
                };
        String status = reply.status() == Reply.NONE ? "" : "status " + reply.status() + ", ";
        return new IllegalStateException(endpoint + ": " + status + shortened(reply.text()) + remedy);
    }

    private static String shortened(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
    }
}
