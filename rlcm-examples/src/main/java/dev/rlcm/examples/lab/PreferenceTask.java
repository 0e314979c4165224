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
 * Learning a score from preferences: the mean of -log sigma(s(better) - s(worse)) (Bradley and Terry, 1952), with the score s = w . e(x) of a
 * vision tower's embedding e of unit length. Tower and head are both learned. Every kind of preference is as frequent as any other.
 */
final class PreferenceTask implements SupervisedTask {
    static final String PIXELS = "pixel_values";
    static final String HEAD = "head";
    private static final String EMBEDDING = "image_embeds";

    private final Graph tower;
    private final ClipImageProcessor processor;
    private final List<List<Preference>> kinds;
    private final int pairs;
    private final RandomStreams random;
    private final Map<String, TensorData> parameters = new LinkedHashMap<>();

    /**
     * Starts from a trained tower and a random head.
     *
     * @param clip a directory with {@code vision_model.onnx} and {@code preprocessor_config.json}
     * @param kinds what is preferred to what, by kind
     * @param pairs of a batch
     */
    PreferenceTask(Path clip, List<List<Preference>> kinds, int pairs, RandomStreams random) throws IOException {
        Path file = clip.resolve("vision_model.onnx");
        this.processor = ClipImageProcessor.load(clip.resolve("preprocessor_config.json"));
        this.kinds = kinds;
        this.pairs = pairs;
        this.random = random;
        Shape pixels = Rows.prepend(2 * pairs, processor.shape());
        this.tower = OnnxModels.load(
                file,
                LoadOptions.defaults()
                        .withTrained(OnnxModels.weightNames(file))
                        .withInputShapes(Map.of(PIXELS, pixels)));
        Map<String, TensorData> weights = OnnxModels.weights(tower);
        Set<String> names = OnnxModels.weightNames(file);
        names.retainAll(weights.keySet());
        names.forEach(name -> parameters.put(name, copy(weights.get(name))));
        int length = tower.output(EMBEDDING).dim(1);
        parameters.put(
                HEAD, TensorData.floats(Shape.of(length, 1), random.at("head").gaussians(length)));
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
        weights.remove(HEAD);
        return weights;
    }

    @Override
    public Graph loss() {
        Value embeddings = OpenWeights.open(tower, towerWeights().keySet()).output(EMBEDDING); // [2B, D]
        Value unit = embeddings.div(embeddings.square().sum(true, 1).sqrt());
        Value head = Value.input(HEAD, DataType.FLOAT32, parameters.get(HEAD).shape());
        Value scores = unit.matmul(head);
        Value margins = scores.slice(0, 0, pairs).sub(scores.slice(0, pairs, 2 * pairs));
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
            better.add(processor.pixelValues(recoloured(preference.better(), gains)));
            worse.add(processor.pixelValues(recoloured(preference.worse(), gains)));
        }
        better.addAll(worse);
        return Map.of(PIXELS, Rows.stack(better));
    }

    private static float gain(RandomGenerator generator) {
        return generator.nextFloat(0.7f, 1.2f);
    }

    /** Both pictures of a pair get the same colours, so that none of these is prettier than others. */
    private static Sample recoloured(Sample sample, float... gains) {
        float[] pixels = sample.pixels().clone();
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] *= gains[3 * i / pixels.length];
        }
        return Sample.of(sample.prompt(), sample.height(), sample.width(), pixels);
    }
}
