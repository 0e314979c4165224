package dev.rlcm.supervised;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.autodiff.GradientChecker;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Npz;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Goldens by PyTorch's autograd, see fixtures/contrastive-golden/README.md, and laws. */
class ContrastiveBatchTest {
    private static final Path GOLDEN =
            Path.of(System.getProperty("rlcm.root"), "fixtures", "contrastive-golden", "embeddings.npz");
    private static final ReferenceBackend BACKEND = new ReferenceBackend();
    private static final int WIDTH = 4;

    /** A batch as numbers: embeddings, the logarithm of the scale and matches, of which every row and column has one. */
    private record Numbers(TensorData rows, TensorData columns, double logScale, TensorData matches) {
        static Numbers random(long seed, int size) {
            RandomStreams random = RandomStreams.seeded(seed);
            RandomGenerator fits = random.at("matches").generator();
            return new Numbers(
                    TensorData.floats(Shape.of(size, WIDTH), random.at("rows").gaussians(size * WIDTH)),
                    TensorData.floats(
                            Shape.of(size, WIDTH), random.at("columns").gaussians(size * WIDTH)),
                    random.at("scale").generator().nextDouble(-1, 3),
                    TensorData.generate(
                            DataType.FLOAT32,
                            Shape.of(size, size),
                            i -> i / size == i % size ? 1 : Math.max(-1, fits.nextInt(5) - 3)));
        }

        int size() {
            return rows.shape().dim(0);
        }

        ContrastiveBatch batch() {
            return ContrastiveBatch.of(
                    Value.constant(rows),
                    Value.constant(columns),
                    Value.scalar(DataType.FLOAT32, logScale),
                    Value.constant(matches));
        }

        double loss() {
            return value(batch().loss());
        }

        Numbers withMatches(TensorData others) {
            return new Numbers(rows, columns, logScale, others);
        }

        double logit(int row, int column) {
            double product = 0;
            double rowSquare = 0;
            double columnSquare = 0;
            for (int d = 0; d < WIDTH; d++) {
                double a = rows.getDouble(row * WIDTH + d);
                double b = columns.getDouble(column * WIDTH + d);
                product += a * b;
                rowSquare += a * a;
                columnSquare += b * b;
            }
            return Math.exp(logScale) * product / Math.sqrt(rowSquare * columnSquare);
        }

        double match(int row, int column) {
            return matches.getDouble(row * size() + column);
        }
    }

    private static double value(Value scalar) {
        return BACKEND.compile(Graph.of("value", scalar))
                .run(Map.of())
                .get("value")
                .getDouble(0);
    }

    @Test
    void lossAndGradientsArePyTorchs() throws IOException {
        Map<String, TensorData> golden = Npz.read(GOLDEN);
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        Map<String, Value> values = new HashMap<>();
        for (String name : List.of("images", "texts", "log_scale", "matches")) {
            TensorData data = golden.get(name);
            inputs.put(name, data);
            values.put(name, Value.input(name, DataType.FLOAT32, data.shape()));
        }
        Value loss = ContrastiveBatch.of(
                        values.get("images"), values.get("texts"), values.get("log_scale"), values.get("matches"))
                .loss();
        Map<String, Value> wrt = new LinkedHashMap<>();
        List.of("images", "texts", "log_scale").forEach(name -> wrt.put("grad:" + name, values.get(name)));
        Graph graph = Lowering.of(BACKEND)
                .update(Graph.of("loss", loss), Map.of("loss", Value.scalar(DataType.FLOAT32, 1)), wrt);
        Map<String, TensorData> results = BACKEND.compile(graph).run(inputs);
        results.forEach((name, result) -> {
            double[] expected = golden.get(name).toDoubles();
            for (int i = 0; i < expected.length; i++) {
                assertThat(result.getDouble(i)).as(name + " " + i).isCloseTo(expected[i], within(1e-6));
            }
        });
        assertThat(results).hasSize(4);
    }

    @Test
    void withTheDiagonalAloneItIsCrossEntropy() throws IOException {
        Map<String, TensorData> golden = Npz.read(GOLDEN);
        TensorData diagonal = TensorData.generate(DataType.FLOAT32, Shape.of(6, 6), i -> i % 7 == 0 ? 1 : 0);
        Value loss = ContrastiveBatch.of(
                        Value.constant(golden.get("images")),
                        Value.constant(golden.get("texts")),
                        Value.constant(golden.get("log_scale")),
                        Value.constant(diagonal))
                .loss();
        assertThat(value(loss)).isCloseTo(golden.get("clip").getDouble(0), within(1e-6));
    }

    @Property(tries = 50)
    void itIsTheFormula(@ForAll long seed, @ForAll @IntRange(min = 2, max = 6) int size) {
        Numbers numbers = Numbers.random(seed, size);
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += ofRow(numbers, i, false) + ofRow(numbers, i, true);
        }
        assertThat(numbers.loss()).isCloseTo(sum / (2 * size), within(1e-4));
    }

    private static double ofRow(Numbers numbers, int i, boolean swapped) {
        double all = 0;
        double fitting = 0;
        int count = 0;
        for (int j = 0; j < numbers.size(); j++) {
            int row = swapped ? j : i;
            int column = swapped ? i : j;
            double match = numbers.match(row, column);
            all += match < 0 ? 0 : Math.exp(numbers.logit(row, column));
            fitting += match > 0 ? numbers.logit(row, column) : 0;
            count += match > 0 ? 1 : 0;
        }
        return Math.log(all) - fitting / count;
    }

    /** The best that a row with n matches can do is to give each of them 1/n. */
    @Property(tries = 50)
    void itIsAtLeastTheMeanLogarithmOfTheNumberOfMatches(
            @ForAll long seed, @ForAll @IntRange(min = 2, max = 6) int size) {
        Numbers numbers = Numbers.random(seed, size);
        double bound = 0;
        for (int i = 0; i < size; i++) {
            int ofRow = 0;
            int ofColumn = 0;
            for (int j = 0; j < size; j++) {
                ofRow += numbers.match(i, j) > 0 ? 1 : 0;
                ofColumn += numbers.match(j, i) > 0 ? 1 : 0;
            }
            bound += Math.log(ofRow) + Math.log(ofColumn);
        }
        assertThat(numbers.loss()).isGreaterThanOrEqualTo(bound / (2 * size) - 1e-5);
    }

    @Property(tries = 50)
    void lengthsOfEmbeddingsDoNotMatter(@ForAll long seed, @ForAll @IntRange(min = 1, max = 8) int factor) {
        Numbers numbers = Numbers.random(seed, 4);
        TensorData longer = TensorData.generate(
                DataType.FLOAT32,
                numbers.rows().shape(),
                i -> factor * numbers.rows().getDouble(i));
        Numbers scaled = new Numbers(longer, numbers.columns(), numbers.logScale(), numbers.matches());
        assertThat(scaled.loss()).isCloseTo(numbers.loss(), within(1e-5));
    }

    @Property(tries = 50)
    void rowsAndColumnsMayBeSwappedAndReordered(@ForAll long seed) {
        Numbers numbers = Numbers.random(seed, 5);
        assertThat(value(numbers.batch().swapped().loss())).isCloseTo(numbers.loss(), within(1e-6));
        int[] order = RandomStreams.seeded(seed).at("order").permutation(5);
        Numbers reordered = new Numbers(
                TensorData.generate(DataType.FLOAT32, numbers.rows().shape(), i -> numbers.rows()
                        .getDouble(order[i / WIDTH] * WIDTH + i % WIDTH)),
                numbers.columns(),
                numbers.logScale(),
                TensorData.generate(
                        DataType.FLOAT32, numbers.matches().shape(), i -> numbers.match(order[i / 5], i % 5)));
        assertThat(reordered.loss()).isCloseTo(numbers.loss(), within(1e-5));
    }

    @Property(tries = 50)
    void aPairThatIsLeftOutChangesNothing(@ForAll long seed, @ForAll @IntRange(min = -20, max = 20) int logit) {
        Numbers numbers = Numbers.random(seed, 4);
        TensorData matches = TensorData.generate(
                DataType.FLOAT32,
                Shape.of(4, 4),
                i -> i == 1 ? -1 : numbers.matches().getDouble(i));
        TensorData logits = TensorData.generate(DataType.FLOAT32, Shape.of(4, 4), i -> numbers.logit(i / 4, i % 4));
        TensorData others =
                TensorData.generate(DataType.FLOAT32, Shape.of(4, 4), i -> i == 1 ? logit : logits.getDouble(i));
        ContrastiveBatch one = new ContrastiveBatch(Value.constant(logits), Value.constant(matches));
        ContrastiveBatch other = new ContrastiveBatch(Value.constant(others), Value.constant(matches));
        assertThat(value(other.loss())).isEqualTo(value(one.loss()));
        assertThat(value(other.retrieved())).isEqualTo(value(one.retrieved()));
    }

    @Property(tries = 20)
    void itsGradientsAreThoseOfDifferences(@ForAll long seed) {
        Numbers numbers = Numbers.random(seed, 4);
        Value rows = Value.input("rows", DataType.FLOAT64, numbers.rows().shape());
        Value columns =
                Value.input("columns", DataType.FLOAT64, numbers.columns().shape());
        Value scale = Value.input("scale", DataType.FLOAT64, Shape.SCALAR);
        Value matches = Value.constant(numbers.matches().cast(DataType.FLOAT64));
        GradientChecker.Report report = GradientChecker.check(
                Graph.of(
                        "loss",
                        ContrastiveBatch.of(rows, columns, scale, matches).loss()),
                Map.of(
                        "rows", numbers.rows(),
                        "columns", numbers.columns(),
                        "scale", TensorData.scalar(DataType.FLOAT64, numbers.logScale())),
                List.of("rows", "columns", "scale"),
                BACKEND,
                1e-5,
                1e-5);
        assertThat(report.passed()).as(report.toString()).isTrue();
    }

    /** Logits of three rows: the largest is a match, is none, and is one behind a pair that is left out. */
    @Test
    void whatIsRetrievedIsWhereTheLargestLogitOfARowIs() {
        TensorData logits = TensorData.floats(Shape.of(3, 3), 1, 3, 2, 4, 1, 0, 9, 1, 5);
        TensorData matches = TensorData.floats(Shape.of(3, 3), 1, 1, 0, 0, 1, 0, -1, 0, 1);
        ContrastiveBatch batch = new ContrastiveBatch(Value.constant(logits), Value.constant(matches));
        assertThat(value(batch.retrieved())).isCloseTo(2.0 / 3, within(1e-6));
        assertThat(value(batch.swapped().retrieved())).isCloseTo(2.0 / 3, within(1e-6));
    }

    @Test
    void aRowWithoutAMatchCountsAsNoLoss() {
        Numbers numbers = Numbers.random(1, 2);
        TensorData none = TensorData.zeros(DataType.FLOAT32, Shape.of(2, 2));
        assertThat(numbers.withMatches(none).loss()).isZero();
    }

    @Test
    void matchesOfAnotherShapeAreRefused() {
        Value logits = Value.input("logits", DataType.FLOAT32, Shape.of(2, 3));
        Value matches = Value.input("matches", DataType.FLOAT32, Shape.of(3, 2));
        assertThatThrownBy(() -> new ContrastiveBatch(logits, matches))
                .isInstanceOf(GraphException.class)
                .hasMessageContainingAll("logits and matches must both be [A,B]", "[2,3]", "[3,2]");
    }
}
