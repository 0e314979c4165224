package dev.rlcm.examples.pretraining;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.Denoiser;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.optim.AveragedWeights;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Trains a latent diffusion model's UNet, and its text encoder with it, on captioned pictures (Rombach et al., arXiv:2112.10752, eq. 3). Some
 * captions are replaced by the empty text, so that classifier-free guidance has something to guide away from (Ho and Salimans,
 * arXiv:2207.12598, algorithm 1). Timesteps are uniform, one in each of as many equal parts as a batch has rows.
 */
final class TeacherTask implements StageTask {
    private static final String STATE = "state";
    private static final String TIMESTEP = "timestep";
    private static final String TARGET = "target";
    private static final String WEIGHT = "weight";
    private static final String ERROR = "squared error";

    private final LatentDiffusionModel model;
    private final TrainableNetwork unet;
    private final CaptionEncoder captions;
    private final PictureBatches pictures;
    private final LatentStore latents;
    private final DenoisingLoss denoising;
    private final double dropped;
    private final RandomStreams random;
    private final float[] abar;
    private final Map<String, TensorData> parameters = new LinkedHashMap<>();
    private final Map<String, TensorData> batch = new LinkedHashMap<>();
    private final AveragedWeights average;
    private final Graph loss;

    /**
     * A task on a model's VAE, which stays as it is.
     *
     * @param model trainable
     * @param unet of the model, for a batch of pictures
     * @param captions the model's text encoder, for a batch of pictures
     * @param latents of the pictures, which are filled in as they are needed
     * @param dropped the share of captions that are replaced by the empty text, in [0, 1)
     * @param averageDecay of the weights that are kept
     */
    TeacherTask(
            LatentDiffusionModel model,
            TrainableNetwork unet,
            CaptionEncoder captions,
            PictureBatches pictures,
            LatentStore latents,
            double dropped,
            double averageDecay,
            RandomStreams random) {
        this.model = model;
        this.unet = unet;
        this.captions = captions;
        this.pictures = pictures;
        this.latents = latents;
        this.denoising = DenoisingLoss.of(model.schedule().prediction());
        this.dropped = dropped;
        this.random = random;
        this.abar = model.schedule().noise().alphasCumprod();
        parameters.putAll(captions.network().parameters());
        parameters.putAll(unet.parameters());
        this.average = new AveragedWeights(parameters, averageDecay);
        int rows = pictures.shape().dim(0);
        Shape shape = Rows.prepend(rows, model.latentShape());
        Value state = input(STATE, shape);
        Value timestep = input(TIMESTEP, Shape.of(rows));
        Value target = input(TARGET, shape);
        Value weight = input(WEIGHT, Shape.of(rows));
        Value prediction = unet.on(
                Map.of(Denoiser.SAMPLE, state, Denoiser.TIMESTEP, timestep, Denoiser.STATES, captions.states()));
        Value errors = prediction.sub(target).square().mean(false, 1, 2, 3);
        batch.put(
                captions.ids().label(),
                TensorData.zeros(captions.ids().type(), captions.ids().shape()));
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(LOSS, errors.mul(weight).mean());
        outputs.put(ERROR, errors.mean());
        this.loss = Graph.of(outputs);
    }

    private Value input(String name, Shape shape) {
        batch.put(name, TensorData.zeros(DataType.FLOAT32, shape));
        return Value.input(name, DataType.FLOAT32, shape);
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
        return filled(pictures.indices(index), dropped, random.at("batch").at(index));
    }

    @Override
    public Map<String, TensorData> heldOut(int index) {
        return filled(pictures.heldOutIndices(index), 0, random.at("held out").at(index));
    }

    private Map<String, TensorData> filled(int[] chosen, double share, RandomStreams draws) {
        TensorData clean = encoded(chosen);
        float[] noise = draws.at("noise").gaussians(clean.size());
        RandomGenerator generator = draws.at("rows").generator();
        int rows = chosen.length;
        for (int row = 0; row < rows; row++) {
            int timestep = (int) ((row + generator.nextDouble()) / rows * abar.length);
            boolean isDropped = generator.nextDouble() < share;
            captions.put(
                    isDropped ? "" : pictures.caption(chosen[row]),
                    batch.get(captions.ids().label()),
                    row);
            batch.get(TIMESTEP).setDouble(row, timestep);
            batch.get(WEIGHT).setDouble(row, denoising.weight(abar[timestep]));
            int size = clean.size() / rows;
            for (int i = row * size; i < (row + 1) * size; i++) {
                double level = abar[timestep];
                double latent = clean.getDouble(i);
                batch.get(STATE).setDouble(i, Math.sqrt(level) * latent + Math.sqrt(1 - level) * noise[i]);
                batch.get(TARGET).setDouble(i, denoising.target(latent, noise[i], level));
            }
        }
        return Collections.unmodifiableMap(batch);
    }

    private TensorData encoded(int... chosen) {
        TensorData clean = TensorData.zeros(DataType.FLOAT32, Rows.prepend(chosen.length, model.latentShape()));
        try {
            encodeNew(chosen);
            FloatBuffer rows = clean.floats();
            for (int picture : chosen) {
                rows.put(latents.get(picture));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return clean;
    }

    private void encodeNew(int... chosen) throws IOException {
        List<Integer> unknown = new ArrayList<>();
        for (int picture : chosen) {
            if (!latents.has(picture)) {
                unknown.add(picture);
            }
        }
        if (!unknown.isEmpty()) {
            int[] missing = unknown.stream().mapToInt(picture -> picture).toArray();
            latents.put(missing, model.encode(pictures.read(missing)).floats());
        }
    }

    @Override
    public Map<String, Double> figures(Map<String, Double> means) {
        return Map.of("MSE", means.get(ERROR));
    }

    @Override
    public void save(Map<String, Double> means) throws IOException {
        captions.network().save(average.tensors());
        unet.save(average.tensors());
    }

    @Override
    public Map<String, String> description() {
        Map<String, String> description = new LinkedHashMap<>();
        description.put("stage", "teacher");
        description.put("pictures", pictures.toString());
        description.put("loss", denoising.toString());
        description.put("dropped captions", Double.toString(dropped));
        description.put("random", random.toString());
        return description;
    }
}
