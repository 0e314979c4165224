package dev.rlcm.rewards;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.reward.Score;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a vision-language model whether pictures show their prompts, or grades them by a rubric of one's own; behind a server
 * that speaks OpenAI's chat-completions protocol. Scores are in [0, 1], higher is better.
 *
 * <p>A question is {@code Does this figure show "..."? Please answer yes or no.}, and the score the probability of yes, as in
 * VQAScore (Lin et al., 2024, arXiv:2404.01291, section 3); where the server gives no log-probabilities, a grade from 0 to 10
 * is asked for instead. With several questions about a picture, the score is their mean, as in TIFA (Hu et al., 2023,
 * arXiv:2303.11897, eq. 1). Pictures are sent as {@link CaptionAlignment#jpeg}.
 *
 * <p>Failures are treated as {@link ModelServer} says; an answer that is neither yes, no nor a grade is one, of that picture.
 * Thread-safe; owns nothing.
 */
public final class ChatJudge implements RewardFunction {
    private static final Logger log = LoggerFactory.getLogger(ChatJudge.class);
    private static final String YES_OR_NO = "Please answer yes or no.";
    private static final int MOST_LOG_PROBS = 20; // the protocol's limit
    private static final int DEFAULT_MAX_TOKENS = 8;
    private static final Pattern BETWEEN_PARTS = Pattern.compile("\\s*[,;.]\\s*|\\s+(?:and|with)\\s+");

    private static final Pattern FIELD = Pattern.compile("\\{(\\w+)}");

    /** What the model is asked for. */
    public enum Answers {
        /** The probability of yes where the first answer comes with log-probabilities, else grades; the same for all pictures. */
        AUTO,
        /** The probability of yes; an answer without log-probabilities is a failure. */
        PROBABILITY,
        /** A grade from 0 to 10, of which a tenth is the score. */
        GRADE
    }

    private final ModelServer server;
    private final String model;
    private final Function<? super Sample, List<String>> questions;
    private final int maxTokens;
    private final AtomicReference<Answers> answers;

    private ChatJudge(
            ModelServer server,
            String model,
            Function<? super Sample, List<String>> questions,
            Answers answers,
            int maxTokens) {
        this.server = Objects.requireNonNull(server, "server");
        this.model = model;
        this.questions = questions;
        this.maxTokens = maxTokens;
        this.answers = new AtomicReference<>(answers);
        ChatCaptioner.requireText("model", model);
        if (maxTokens < 1) {
            throw new IllegalArgumentException("maxTokens must be at least 1, got " + maxTokens);
        }
    }

    /** Asks whether a picture shows its prompt. */
    public static ChatJudge of(ModelServer server, String model) {
        return new ChatJudge(
                server, model, sample -> List.of(question(sample.prompt())), Answers.AUTO, DEFAULT_MAX_TOKENS);
    }

    /**
     * Grades pictures by a text that says what a good one is, in the words in which a person would be told.
     *
     * @param rubric in which {@code {prompt}} stands for the picture's prompt and {@code {field}} for a field of its metadata; what
     *     to answer with need not be said
     */
    public static ChatJudge grading(ModelServer server, String model, String rubric) {
        ChatCaptioner.requireText("rubric", rubric);
        return new ChatJudge(
                server, model, sample -> List.of(filled(rubric, sample)), Answers.GRADE, DEFAULT_MAX_TOKENS);
    }

    /** In one pass, so that braces in a prompt stay what they are. */
    private static String filled(String rubric, Sample sample) {
        return FIELD.matcher(rubric)
                .replaceAll(field -> Matcher.quoteReplacement(
                        field.group(1).equals("prompt")
                                ? sample.prompt()
                                : String.valueOf(sample.metadata().getOrDefault(field.group(1), field.group()))));
    }

    /** {@code Does this figure show "..."?} */
    public static String question(String content) {
        return "Does this figure show \"" + content + "\"?";
    }

    /**
     * A question for each part of a prompt, split at commas, at "and" and at "with": what is missing costs its part of the score,
     * where one question about a long prompt is answered by what is most of it.
     */
    public static List<String> questionPerPart(Sample sample) {
        List<String> parts = Arrays.stream(BETWEEN_PARTS.split(sample.prompt()))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .toList();
        return parts.isEmpty()
                ? List.of(question(sample.prompt()))
                : parts.stream().map(ChatJudge::question).toList();
    }

    /**
     * With other questions, each to be answered with yes for a good picture; the score is the mean.
     *
     * @param value from a picture to at least one question, such as {@link #questionPerPart}; without saying what to answer with
     */
    public ChatJudge withQuestions(Function<? super Sample, List<String>> value) {
        return new ChatJudge(server, model, value, answers.get(), maxTokens);
    }

    public ChatJudge withAnswers(Answers value) {
        return new ChatJudge(server, model, questions, value, maxTokens);
    }

    /** Longest answer, at least 1; more than the default of 8 for models that write something before they answer. */
    public ChatJudge withMaxTokens(int value) {
        return new ChatJudge(server, model, questions, answers.get(), value);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return Score.numbers(attempt(samples, RewardFailure.FAIL));
    }

    @Override
    public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        return ServerCalls.scores(server, name(), samples, policy, this::score);
    }

    @Override
    public boolean isPaused() {
        return server.isAway();
    }

    private double score(Sample sample, Deadline deadline) throws InterruptedException {
        List<String> asked = questions.apply(sample);
        if (asked.isEmpty()) {
            throw RewardException.of(
                    RewardException.Kind.THREW, name(), "there is no question about the picture; give at least one");
        }
        byte[] jpeg = CaptionAlignment.jpeg(sample);
        double sum = 0;
        for (String question : asked) {
            sum += new Inquiry(question, jpeg, deadline).score();
        }
        return sum / asked.size();
    }

    /** One question about one picture. */
    private final class Inquiry {
        private final ChatClient client = new ChatClient(server, model, name());
        private final String question;
        private final byte[] jpeg;
        private final Deadline deadline;

        Inquiry(String question, byte[] jpeg, Deadline deadline) {
            this.question = question;
            this.jpeg = jpeg;
            this.deadline = deadline;
        }

        double score() throws InterruptedException {
            return switch (answers.get()) {
                case PROBABILITY -> probability()
                        .orElseThrow(() -> client.misunderstood("log-probabilities", "without any"));
                case GRADE -> grade();
                case AUTO -> whateverThereIs();
            };
        }

        private double whateverThereIs() throws InterruptedException {
            Optional<Double> probability;
            try {
                probability = probability();
            } catch (RewardException e) {
                if (e.kind() != RewardException.Kind.REFUSED) {
                    throw e;
                }
                probability = Optional.empty(); // some servers refuse to give log-probabilities
            }
            double score = probability.isPresent() ? probability.get() : grade();
            Answers found = probability.isPresent() ? Answers.PROBABILITY : Answers.GRADE;
            if (answers.compareAndSet(Answers.AUTO, found)) {
                log.info(
                        "{} at {} {}",
                        model,
                        server,
                        found == Answers.PROBABILITY
                                ? "gives log-probabilities: scores are the probability of yes"
                                : "gives no log-probabilities: scores are grades from 0 to 10, divided by 10");
            }
            return answers.get() == found ? score : score(); // another question may have settled it otherwise
        }

        private Optional<Double> probability() throws InterruptedException {
            ObjectNode request = client.request(question + " " + YES_OR_NO, jpeg, maxTokens)
                    .put("logprobs", true)
                    .put("top_logprobs", MOST_LOG_PROBS);
            JsonNode choice = client.choice(request, deadline);
            try {
                return YesNo.read(choice).map(YesNo::yes);
            } catch (IllegalArgumentException e) {
                throw client.misunderstood("yes or no (" + e.getMessage() + ")", ChatClient.text(choice));
            }
        }

        private double grade() throws InterruptedException {
            String answer =
                    client.answer(client.request(question + " " + Grade.INSTRUCTION, jpeg, maxTokens), deadline);
            return Grade.parse(answer).orElseThrow(() -> client.misunderstood("a number from 0 to 10", answer));
        }
    }

    @Override
    public String toString() {
        return "ChatJudge[" + model + " at " + server + "]";
    }
}
