package dev.rlcm.examples.lab;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.LoadOptions;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.onnx.pipeline.encoders.ClipImageProcessor;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import dev.rlcm.rewrite.OpenWeights;
import dev.rlcm.supervised.SupervisedTask;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Learning a score from preferences: the mean of -log sigma(3 (s(better) - s(worse))) (Bradley and Terry, 1952). The score is
 * s = 5 + 5 cos(w, e(x)) of a vision tower's embedding e and a direction w, both learned, so that it lies in [0, 10]
 * whatever a picture is. Every kind of preference is as frequent as any other.
 */
final class PreferenceTask implements SupervisedTask {
    static final String PIXELS = "pixel_values";

    /** Half of the scale, and its middle. */
    static final double HALF = 5;

    /** Log-odds of a preference by points of the score. */
    private static final double SHARPNESS = 3;

    private static final String DIRECTION = "direction";
    private static final String EMBEDDING = "image_embeds";

    private final Graph tower;
    private final ClipImageProcessor processor;
    private final List<List<Preference>> kinds;
    private final int pairs;
    private final RandomStreams random;
    private final Map<String, TensorData> parameters;

    private PreferenceTask(
            Graph tower,
            ClipImageProcessor processor,
            List<List<Preference>> kinds,
            int pairs,
            RandomStreams random,
            Map<String, TensorData> parameters) {
        this.tower = tower;
        this.processor = processor;
        this.kinds = kinds;
        this.pairs = pairs;
        this.random = random;
        this.parameters = parameters;
    }

    /**
     * Starts from a trained tower and a random direction.
     *
     * @param clip a directory with {@code vision_model.onnx} and {@code preprocessor_config.json}
     * @param kinds what is preferred to what, by kind
     * @param pairs of a batch
     */
    static PreferenceTask from(Path clip, List<List<Preference>> kinds, int pairs, RandomStreams random)
            throws IOException {
        Path file = clip.resolve("vision_model.onnx");
        ClipImageProcessor processor = ClipImageProcessor.load(clip.resolve("preprocessor_config.json"));
        Shape pixels = Rows.prepend(2 * pairs, processor.shape());
        Graph tower = OnnxModels.load(
                file,
                LoadOptions.defaults()
                        .withTrained(OnnxModels.weightNames(file))
                        .withInputShapes(Map.of(PIXELS, pixels)));
        Map<String, TensorData> weights = OnnxModels.weights(tower);
        Set<String> names = OnnxModels.weightNames(file);
        names.retainAll(weights.keySet());
        Map<String, TensorData> parameters = new LinkedHashMap<>();
        names.forEach(name -> parameters.put(name, copy(weights.get(name))));
        int length = tower.output(EMBEDDING).dim(1);
        float[] direction = random.at("direction").gaussians(length);
        parameters.put(DIRECTION, TensorData.floats(Shape.of(length, 1), direction));
        return new PreferenceTask(tower, processor, kinds, pairs, random, parameters);
    }

    /** A task that goes on with the same parameters, which both share. */
    PreferenceTask on(List<List<Preference>> others, RandomStreams newRandom) {
        return new PreferenceTask(tower, processor, others, pairs, newRandom, parameters);
    }

    private static TensorData copy(TensorData weight) {
        return TensorData.floats(weight.shape(), weight.toFloats());
    }

    @Override
    public Map<String, TensorData> parameters() {
        return parameters;
    }

    /** The weights of the tower alone, by the names of its file. */
    Map<String, TensorData> towerWeights() {
        Map<String, TensorData> weights = new LinkedHashMap<>(parameters);
        weights.remove(DIRECTION);
        return weights;
    }

    /** The score as an affine function of embeddings of unit length: its weights, [1, D]. */
    TensorData headWeights() {
        float[] direction = parameters.get(DIRECTION).toFloats();
        double length = 0;
        for (float element : direction) {
            length += element * element;
        }
        double factor = HALF / Math.sqrt(length);
        return TensorData.generate(DataType.FLOAT32, Shape.of(1, direction.length), i -> factor * direction[i]);
    }

    @Override
    public Graph loss() {
        Value embeddings = OpenWeights.open(tower, towerWeights().keySet()).output(EMBEDDING); // [2B, D]
        Value direction = Value.input(
                DIRECTION, DataType.FLOAT32, parameters.get(DIRECTION).shape());
        Value cosines = embeddings.unit(1).matmul(direction.unit(0));
        Value margins = cosines.slice(0, 0, pairs)
                .sub(cosines.slice(0, pairs, 2 * pairs))
                .mul(HALF * SHARPNESS);
        return Graph.of(LOSS, margins.neg().unary(Op.SOFTPLUS).mean());
    }

    /** The better pictures, and behind them the worse ones in the same order. */
    @Override
    public Map<String, TensorData> batch(long index) {
        RandomGenerator generator = random.at("batch").at(index).generator();
        List<TensorData> better = new ArrayList<>();
        List<TensorData> worse = new ArrayList<>();
        for (int i = 0; i < pairs; i++) {
            List<Preference> kind = kinds.get(generator.nextInt(kinds.size()));
            Preference preference = kind.get(generator.nextInt(kind.size()));
            float[] gains = {gain(generator), gain(generator), gain(generator)};
            boolean isFlipped = generator.nextBoolean();
            Sample other = preference.worse().picture(generator);
            better.add(processor.pixelValues(varied(preference.better(), isFlipped, gains)));
            worse.add(processor.pixelValues(varied(other, isFlipped, gains)));
        }
        better.addAll(worse);
        return Map.of(PIXELS, Rows.stack(better));
    }

    private static float gain(RandomGenerator generator) {
        return generator.nextFloat(0.85f, 1.1f);
    }

    /** Both pictures of a pair get the same colours and direction, so that none of these is prettier than others. */
    private static Sample varied(Sample sample, boolean isFlipped, float... gains) {
        float[] pixels = new float[sample.pixels().length];
        int width = sample.width();
        for (int i = 0; i < pixels.length; i++) {
            int from = isFlipped ? i + width - 1 - 2 * (i % width) : i;
            pixels[i] = sample.pixels()[from] * gains[3 * i / pixels.length];
        }
        return Sample.of(sample.prompt(), sample.height(), width, pixels);
    }
}
