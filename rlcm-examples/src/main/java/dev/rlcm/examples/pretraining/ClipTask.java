package dev.rlcm.examples.pretraining;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.optim.AveragedWeights;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import dev.rlcm.supervised.ContrastiveBatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Trains CLIP's towers and logit scale by the contrastive loss with several matches, see {@link ContrastiveBatch}. Pictures are disturbed in
 * training; those that are held out are not.
 */
final class ClipTask implements StageTask {
    private static final String MATCHES = "matches";
    private static final String CAPTIONS = "captions retrieved";
    private static final String PICTURES = "pictures retrieved";

    private final Clip clip;
    private final PictureBatches pictures;
    private final CaptionMatches matches;
    private final Disturbance disturbance;
    private final double largestScale;
    private final Recognition recognition;
    private final RandomStreams random;
    private final Map<String, TensorData> parameters;
    private final Map<String, TensorData> batch = new LinkedHashMap<>();
    private final AveragedWeights average;
    private final Graph loss;

    /**
     * A task on towers that are read for this size of batches.
     *
     * @param largestScale bound on the logarithm of the logit scale
     * @param averageDecay of the weights that are kept
     */
    ClipTask(
            Clip clip,
            PictureBatches pictures,
            CaptionMatches matches,
            Disturbance disturbance,
            double largestScale,
            double averageDecay,
            Recognition recognition,
            RandomStreams random) {
        this.clip = clip;
        this.pictures = pictures;
        this.matches = matches;
        this.disturbance = disturbance;
        this.largestScale = largestScale;
        this.recognition = recognition;
        this.random = random;
        this.parameters = clip.parameters();
        this.average = new AveragedWeights(parameters, averageDecay);
        int rows = pictures.shape().dim(0);
        Value fits = Value.input(MATCHES, DataType.FLOAT32, Shape.of(rows, rows));
        List.of(clip.pixels(), clip.ids(), fits)
                .forEach(v -> batch.put(v.label(), TensorData.zeros(v.type(), v.shape())));
        ContrastiveBatch compared = clip.compare(fits);
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(LOSS, compared.loss());
        outputs.put(CAPTIONS, compared.retrieved());
        outputs.put(PICTURES, compared.swapped().retrieved());
        this.loss = Graph.of(outputs);
    }

    @Override
    public Map<String, TensorData> parameters() {
        return Collections.unmodifiableMap(parameters);
    }

    @Override
    public AveragedWeights average() {
        return average;
    }

    /** Bounds the scale, which CLIP does "to prevent training instability" (arXiv:2103.00020, section 2.5). */
    @Override
    public void constrain() {
        clip.setLogScale(Math.min(clip.logScale(), largestScale));
    }

    @Override
    public Graph loss() {
        return loss;
    }

    @Override
    public Map<String, TensorData> batch(long index) {
        List<Sample> captioned = pictures.batch(index);
        try {
            return filled(
                    captioned,
                    disturbance.of(captioned, random.at("disturbance").at(index)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Map<String, TensorData> heldOut(int index) {
        List<Sample> captioned = pictures.heldOut(index);
        return filled(captioned, captioned);
    }

    private Map<String, TensorData> filled(List<Sample> captioned, List<Sample> shown) {
        FloatBuffer pixels = batch.get(clip.pixels().label()).floats();
        TensorData fits = batch.get(MATCHES);
        int rows = captioned.size();
        for (int row = 0; row < rows; row++) {
            pixels.put(clip.towers().processor().pixelValues(shown.get(row)).floats());
            CaptionEncoder.put(
                    clip.towers().tokens(captioned.get(row).prompt()),
                    batch.get(clip.ids().label()),
                    row);
            for (int column = 0; column < rows; column++) {
                fits.setDouble(row * rows + column, matches.of(captioned.get(row), captioned.get(column)));
            }
        }
        return Collections.unmodifiableMap(batch);
    }

    /** How many rows and columns retrieve a match, and how many pictures are recognised by the files as they are. */
    @Override
    public Map<String, Double> figures(Map<String, Double> means) {
        List<Sample> heldOut = new ArrayList<>();
        for (int i = 0; i < HELD_OUT; i++) {
            heldOut.addAll(pictures.heldOut(i));
        }
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("retrieval", (means.get(CAPTIONS) + means.get(PICTURES)) / 2);
        try {
            figures.putAll(recognition.of(heldOut));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return figures;
    }

    @Override
    public void save(Map<String, Double> means) throws IOException {
        clip.save(average);
    }

    @Override
    public Map<String, String> description() {
        Map<String, String> description = new LinkedHashMap<>();
        description.put("stage", "CLIP");
        description.put("pictures", pictures.toString());
        description.put("matches", "by caption and " + matches.fields());
        description.put("disturbance", disturbance.toString());
        description.put("largest logit scale", Double.toString(largestScale));
        description.put("random", random.toString());
        return description;
    }
}
