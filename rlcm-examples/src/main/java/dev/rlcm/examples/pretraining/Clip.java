package dev.rlcm.examples.pretraining;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.encoders.ClipTowers;
import dev.rlcm.optim.AveragedWeights;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.supervised.ContrastiveBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * A CLIP whose towers and logit scale are trained, for batches of one size. The logarithm of the scale is {@code logit_scale} of {@code
 * config.json}, as transformers calls the parameter. Not thread-safe. Closing frees the tokenizer.
 */
final class Clip implements AutoCloseable {
    static final String SCALE = "logit_scale";
    private static final String FIRST_SCALE = "logit_scale_init_value";

    /** The logarithm of 1 / 0.07, as in Radford et al. (arXiv:2103.00020, section 2.5). */
    private static final double PAPERS_SCALE = 2.6592;

    private final Path configuration;
    private final ClipTowers towers;
    private final Graph visionGraph;
    private final Graph textGraph;
    private final TrainableNetwork vision;
    private final TrainableNetwork text;
    private final double firstScale;
    private final TensorData logScale;

    private Clip(Path configuration, ClipTowers towers, int rows) throws IOException {
        this.configuration = configuration;
        this.towers = towers;
        this.visionGraph = towers.vision(rows);
        this.textGraph = towers.text(rows);
        this.vision = network("vision", towers.visionFile(), visionGraph);
        this.text = network("text", towers.textFile(), textGraph);
        JsonFile config = JsonFile.readIfPresent(configuration);
        this.firstScale = config.real(FIRST_SCALE).orElse(PAPERS_SCALE);
        this.logScale = TensorData.scalar(DataType.FLOAT32, config.real(SCALE).orElse(firstScale));
    }

    /**
     * Reads the towers, and copies their weights.
     *
     * @throws IllegalArgumentException if the directory holds no CLIP that can be trained
     */
    static Clip load(Path directory, int rows) throws IOException {
        ClipTowers towers = ClipTowers.open(directory);
        try {
            return new Clip(directory.resolve("config.json"), towers, rows);
        } catch (IOException | RuntimeException e) {
            towers.close();
            throw e;
        }
    }

    /** Both towers may be in one file, of whose weights each has its own. */
    private static TrainableNetwork network(String name, Path file, Graph graph) throws IOException {
        Set<String> weights = new LinkedHashSet<>(OnnxModels.weightNames(file));
        weights.retainAll(OnnxModels.weights(graph).keySet());
        return TrainableNetwork.of(
                name, file, graph.outputs().values().iterator().next(), weights);
    }

    /** Tokenizer and preparation of pictures. */
    ClipTowers towers() {
        return towers;
    }

    /** The prepared pictures that the vision tower is a function of, [B,3,H,W]. */
    Value pixels() {
        return visionGraph.inputs().get(0);
    }

    /** The token ids that the text tower is a function of, [B,S]. */
    Value ids() {
        return textGraph.inputs().get(0);
    }

    /** The live numbers that are trained, by the names of the inputs that stand for them. */
    Map<String, TensorData> parameters() {
        Map<String, TensorData> parameters = new LinkedHashMap<>(vision.parameters());
        parameters.putAll(text.parameters());
        parameters.put(SCALE, logScale);
        return parameters;
    }

    /** Pictures as rows and captions as columns. */
    ContrastiveBatch compare(Value matches) {
        Value scale = Value.input(SCALE, DataType.FLOAT32, Shape.SCALAR);
        return ContrastiveBatch.of(vision.on(Map.of()), text.on(Map.of()), scale, matches);
    }

    double logScale() {
        return logScale.getDouble(0);
    }

    void setLogScale(double value) {
        logScale.setDouble(0, value);
    }

    /** Draws all weights anew, see {@link InitialWeights}, and begins with CLIP's first scale. */
    void drawWeights(RandomStreams random) throws IOException {
        vision.drawWeights(random.at("vision"));
        text.drawWeights(random.at("text"));
        setLogScale(firstScale);
    }

    /** Puts averages of the parameters into the files. */
    void save(AveragedWeights average) throws IOException {
        Map<String, TensorData> weights = average.tensors();
        vision.save(weights);
        text.save(weights);
        double scale = weights.get(SCALE).getDouble(0);
        Configuration.put(JsonFile.readIfPresent(configuration), SCALE, scale, configuration);
    }

    @Override
    public void close() {
        towers.close();
    }
}
