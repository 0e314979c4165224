package dev.rlcm.examples.pretraining;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.optim.AveragedWeights;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Trains the autoencoder of latent diffusion (Rombach et al., arXiv:2112.10752, section 3.1), without the adversarial and perceptual losses
 * there. The decoder sees a draw from the latents' distribution; of pictures that are held out, the mean.
 */
final class VaeTask implements StageTask {
    private static final String PICTURE = "picture";
    private static final String NOISE = "noise";
    private static final String ERROR = "squared error";
    private static final String MEAN = "latent mean";
    private static final String SQUARE = "latent square";

    private final Vae vae;
    private final PictureBatches pictures;
    private final ReconstructionLoss reconstruction;
    private final boolean encoderFrozen;
    private final RandomStreams random;
    private final Map<String, TensorData> parameters = new LinkedHashMap<>();
    private final Map<String, TensorData> batch = new LinkedHashMap<>();
    private final AveragedWeights average;
    private final Graph loss;

    /**
     * A task on a VAE that is read for this size of batches.
     *
     * @param encoderFrozen whether the decoder alone is trained, so that latents stay what they are
     * @param averageDecay of the weights that are kept
     */
    VaeTask(
            Vae vae,
            PictureBatches pictures,
            ReconstructionLoss reconstruction,
            boolean encoderFrozen,
            double averageDecay,
            RandomStreams random) {
        this.vae = vae;
        this.pictures = pictures;
        this.reconstruction = reconstruction;
        this.encoderFrozen = encoderFrozen;
        this.random = random;
        (encoderFrozen ? batch : parameters).putAll(vae.encoder().parameters());
        parameters.putAll(vae.decoder().parameters());
        this.average = new AveragedWeights(parameters, averageDecay);
        Value picture = Value.input(PICTURE, DataType.FLOAT32, pictures.shape());
        Vae.Distribution latents = vae.encode(picture);
        Value noise = Value.input(NOISE, DataType.FLOAT32, latents.mean().shape());
        Value copy = vae.decode(latents.draw(noise));
        List.of(picture, noise).forEach(v -> batch.put(v.label(), TensorData.zeros(v.type(), v.shape())));
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(LOSS, reconstruction.of(copy, picture, latents));
        outputs.put(ERROR, copy.clip(-1, 1).sub(picture).square().mean());
        outputs.put(MEAN, latents.mean().mean());
        outputs.put(SQUARE, latents.mean().square().mean());
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

    @Override
    public Graph loss() {
        return loss;
    }

    @Override
    public Map<String, TensorData> batch(long index) {
        Shape latents = batch.get(NOISE).shape();
        float[] noise = random.at("noise").at(index).gaussians((int) latents.size());
        return filled(pictures.batch(index), noise);
    }

    @Override
    public Map<String, TensorData> heldOut(int index) {
        return filled(pictures.heldOut(index), new float[batch.get(NOISE).size()]);
    }

    private Map<String, TensorData> filled(List<Sample> samples, float[] noise) {
        FloatBuffer levels = batch.get(PICTURE).floats();
        for (Sample sample : samples) {
            for (float level : sample.pixels()) {
                levels.put(2 * level - 1);
            }
        }
        batch.get(NOISE).floats().put(noise);
        return Collections.unmodifiableMap(batch);
    }

    /** The peak signal-to-noise ratio in dB, whose peak is the range of levels, 2. */
    @Override
    public Map<String, Double> figures(Map<String, Double> means) {
        return Map.of("PSNR", 10 * Math.log10(4 / means.get(ERROR)));
    }

    @Override
    public void save(Map<String, Double> means) throws IOException {
        vae.decoder().save(average.tensors());
        if (!encoderFrozen) {
            vae.encoder().save(average.tensors());
            vae.saveScale(1 / Math.sqrt(means.get(SQUARE) - means.get(MEAN) * means.get(MEAN)));
        }
    }

    @Override
    public Map<String, String> description() {
        Map<String, String> description = new LinkedHashMap<>();
        description.put("stage", encoderFrozen ? "VAE's decoder" : "VAE");
        description.put("pictures", pictures.toString());
        description.put("loss", reconstruction.toString());
        description.put("random", random.toString());
        return description;
    }
}
