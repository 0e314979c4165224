package dev.rlcm.rewards;

import dev.rlcm.reward.Sample;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Captions by a vision-language model, such as LLaVA, behind a server that speaks OpenAI's chat-completions protocol, as those of
 * vLLM, llama.cpp, Ollama and LM Studio do. Each picture is a request of its own, with the question and the picture as
 * {@link CaptionAlignment#jpeg}; the prompt is not sent. The answer is the likeliest one (temperature 0).
 *
 * <p>Failures that a later attempt may mend are tried again after a pause of one second, then two, and so on: a lost connection,
 * a timeout, and the statuses 408, 429 and 5xx. Any other failure ends the call. Plain http is spoken as HTTP/1.1. Thread-safe;
 * owns nothing.
 *
 * @param server where the protocol's version 1 is, such as {@code http://localhost:8000/v1}
 * @param model the name by which the server knows the model
 * @param question asked about every picture
 * @param apiKey sent as a bearer token; empty to send none
 * @param maxTokens longest answer, at least 1
 * @param concurrent requests under way at a time, at least 1
 * @param attempts how often a request is made until its failure ends the call, at least 1
 * @param timeout of one attempt, from connecting to the last byte of the answer; positive
 */
public record ChatCaptioner(
        URI server,
        String model,
        String question,
        String apiKey,
        int maxTokens,
        int concurrent,
        int attempts,
        Duration timeout)
        implements Captioner {
    public ChatCaptioner {
        if (server.getHost() == null || !("http".equals(server.getScheme()) || "https".equals(server.getScheme()))) {
            throw new IllegalArgumentException(
                    "server must be an http or https address such as http://localhost:8000/v1, got " + server);
        }
        requireText("model", model);
        requireText("question", question);
        requirePositive("maxTokens", maxTokens);
        requirePositive("concurrent", concurrent);
        requirePositive("attempts", attempts);
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("timeout must be positive, got " + timeout);
        }
    }

    /** With the papers' question, no key, answers of 64 tokens, 4 requests at a time, 4 attempts of at most 2 minutes. */
    public static ChatCaptioner of(URI server, String model) {
        return new ChatCaptioner(server, model, CaptionAlignment.QUESTION, "", 64, 4, 4, Duration.ofMinutes(2));
    }

    public ChatCaptioner withQuestion(String value) {
        return new ChatCaptioner(server, model, value, apiKey, maxTokens, concurrent, attempts, timeout);
    }

    public ChatCaptioner withApiKey(String value) {
        return new ChatCaptioner(server, model, question, value, maxTokens, concurrent, attempts, timeout);
    }

    public ChatCaptioner withMaxTokens(int value) {
        return new ChatCaptioner(server, model, question, apiKey, value, concurrent, attempts, timeout);
    }

    public ChatCaptioner withConcurrent(int value) {
        return new ChatCaptioner(server, model, question, apiKey, maxTokens, value, attempts, timeout);
    }

    public ChatCaptioner withAttempts(int value) {
        return new ChatCaptioner(server, model, question, apiKey, maxTokens, concurrent, value, timeout);
    }

    public ChatCaptioner withTimeout(Duration value) {
        return new ChatCaptioner(server, model, question, apiKey, maxTokens, concurrent, attempts, value);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException if the server cannot be reached, refuses, or answers otherwise than the protocol says; the
     *     message names it and the remedy
     */
    @Override
    public List<String> caption(List<Sample> samples) {
        ChatClient client = new ChatClient(server, model, apiKey, attempts, timeout);
        ExecutorService threads = Executors.newFixedThreadPool(Math.min(concurrent, Math.max(1, samples.size())));
        try {
            List<Future<String>> answers = new ArrayList<>();
            for (Sample sample : samples) {
                answers.add(threads.submit(
                        () -> client.answer(client.request(question, CaptionAlignment.jpeg(sample), maxTokens))));
            }
            List<String> captions = new ArrayList<>();
            for (Future<String> answer : answers) {
                captions.add(answer.get());
            }
            return captions;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IllegalStateException failure
                    ? failure
                    : new IllegalStateException("asking " + this + " failed: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while asking " + this, e);
        } finally {
            threads.shutdownNow();
        }
    }

    private static void requireText(String name, String value) {
        if (value.isBlank()) {
            throw new IllegalArgumentException(name + " must not be blank");
        }
    }

    private static void requirePositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, got " + value);
        }
    }

    /** Without the key, which is not for logs. */
    @Override
    public String toString() {
        return "ChatCaptioner[" + model + " at " + server + "]";
    }
}
