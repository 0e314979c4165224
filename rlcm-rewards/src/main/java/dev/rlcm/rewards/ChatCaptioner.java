package dev.rlcm.rewards;

import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.Sample;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * Captions by a vision-language model, such as LLaVA, behind a server that speaks OpenAI's chat-completions protocol, as those of
 * vLLM, llama.cpp, Ollama and LM Studio do. Each picture is a request of its own, with the question and the picture as
 * {@link CaptionAlignment#jpeg}; the prompt is not sent. The answer is the likeliest one (temperature 0).
 *
 * <p>Failures are treated as {@link ModelServer} says. Thread-safe; owns nothing.
 *
 * @param server where the protocol's version 1 is, such as {@code http://localhost:8000/v1}
 * @param model the name by which the server knows the model
 * @param question asked about every picture
 * @param maxTokens longest answer, at least 1
 */
public record ChatCaptioner(ModelServer server, String model, String question, int maxTokens) implements Captioner {
    private static final int DEFAULT_MAX_TOKENS = 64;
    private static final String NAME = "ChatCaptioner";

    public ChatCaptioner {
        Objects.requireNonNull(server, "server");
        requireText("model", model);
        requireText("question", question);
        if (maxTokens < 1) {
            throw new IllegalArgumentException("maxTokens must be at least 1, got " + maxTokens);
        }
    }

    /** With the papers' question, no key, answers of 64 tokens and the default limits. */
    public static ChatCaptioner of(URI server, String model) {
        return of(ModelServer.at(server), model);
    }

    /** With the papers' question and answers of 64 tokens. */
    public static ChatCaptioner of(ModelServer server, String model) {
        return new ChatCaptioner(server, model, CaptionAlignment.QUESTION, DEFAULT_MAX_TOKENS);
    }

    public ChatCaptioner withQuestion(String value) {
        return new ChatCaptioner(server, model, value, maxTokens);
    }

    /** On a server object of its own, see {@link ModelServer#withApiKey}. */
    public ChatCaptioner withApiKey(String value) {
        return new ChatCaptioner(server.withApiKey(value), model, question, maxTokens);
    }

    public ChatCaptioner withMaxTokens(int value) {
        return new ChatCaptioner(server, model, question, value);
    }

    /** On a server object of its own, see {@link ModelServer#withLimits}. */
    public ChatCaptioner withConcurrency(int value) {
        return withLimits(server.limits().withConcurrency(value));
    }

    /** On a server object of its own, see {@link ModelServer#withLimits}. */
    public ChatCaptioner withAttempts(int value) {
        return withLimits(server.limits().withAttempts(value));
    }

    /** On a server object of its own, see {@link ModelServer#withLimits}. */
    public ChatCaptioner withTimeout(Duration value) {
        return withLimits(server.limits().withTimeout(value));
    }

    private ChatCaptioner withLimits(RequestLimits limits) {
        return new ChatCaptioner(server.withLimits(limits), model, question, maxTokens);
    }

    /**
     * {@inheritDoc}
     *
     * @throws RewardException if the server cannot be reached, refuses, or answers otherwise than the protocol
     *     says; the message names it and the remedy
     */
    @Override
    public List<String> caption(List<Sample> samples) {
        return ServerCalls.all(server, NAME, samples, this::caption);
    }

    /** A picture whose request fails does not keep the others from being described. */
    @Override
    public List<Caption> attempt(List<Sample> samples) {
        return ServerCalls.all(server, NAME, samples, (sample, deadline) -> {
            try {
                return new Caption.Text(caption(sample, deadline));
            } catch (RewardException e) {
                return new Caption.Missing(e);
            }
        });
    }

    private String caption(Sample sample, Deadline deadline) throws InterruptedException {
        ChatClient client = new ChatClient(server, model, NAME);
        return client.answer(client.request(question, CaptionAlignment.jpeg(sample), maxTokens), deadline);
    }

    @Override
    public boolean isPaused() {
        return server.isAway();
    }

    static void requireText(String name, String value) {
        if (value.isBlank()) {
            throw new IllegalArgumentException(name + " must not be blank");
        }
    }

    @Override
    public String toString() {
        return "ChatCaptioner[" + model + " at " + server + "]";
    }
}
