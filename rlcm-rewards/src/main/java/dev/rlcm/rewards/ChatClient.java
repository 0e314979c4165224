package dev.rlcm.rewards;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardException.Kind;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Asks a model behind a server that speaks OpenAI's chat-completions protocol about pictures, one per request.
 *
 * @param server where version 1 of the protocol is
 * @param model the name by which the server knows the model
 * @param asker the reward's name, for messages
 */
record ChatClient(ModelServer server, String model, String asker) {
    private static final String PATH = "chat/completions";
    private static final String CONTENT = "/message/content";

    /**
     * A request for the likeliest answer (temperature 0) to a question about a picture.
     *
     * @return the request's JSON, to which the caller may add fields
     */
    ObjectNode request(String question, byte[] jpeg, int maxTokens) {
        ObjectNode request =
                StrictJson.object().put("model", model).put("temperature", 0).put("max_tokens", maxTokens);
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
    String answer(ObjectNode request, Deadline deadline) throws InterruptedException {
        return text(choice(request, deadline));
    }

    /**
     * The first choice of the model's answer, for what stands there beside the text, such as log-probabilities.
     *
     * @return a node that has a {@link #text}
     * @throws RewardException if there is no answer, or one that is not what the protocol says
     */
    JsonNode choice(ObjectNode request, Deadline deadline) throws InterruptedException {
        String answer = server.post(PATH, request, asker, deadline);
        try {
            JsonNode choice = StrictJson.read(answer).at("/choices/0");
            if (choice.at(CONTENT).isTextual()) {
                return choice;
            }
        } catch (JsonProcessingException e) {
            throw unexpected(answer, e);
        }
        throw unexpected(answer, null);
    }

    /** The text of a choice, without white space at its ends. */
    static String text(JsonNode choice) {
        return choice.at(CONTENT).textValue().strip();
    }

    private RewardException unexpected(String answer, @Nullable Throwable cause) {
        String problem = server + "/" + PATH
                + " did not answer with choices[0].message.content, as the chat-completions protocol says, but with: "
                + JsonPost.shortened(answer);
        return RewardException.of(Kind.MALFORMED, asker, problem, cause);
    }

    /** An answer that is of the protocol but not to the question. */
    RewardException misunderstood(String wanted, String answer) {
        return RewardException.of(
                Kind.MALFORMED,
                asker,
                model + " at " + server + " was asked for " + wanted + " and answered: " + JsonPost.shortened(answer));
    }
}
