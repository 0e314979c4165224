package dev.rlcm.onnx.pipeline;

import ai.onnx.proto.OnnxMl.ModelProto;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.AtomicFiles;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.format.ModelFile;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * The model directory of a consistency model that is distilled from a diffusion model: the teacher's UNet and components, with the
 * scheduler of a latent consistency model. {@link LatentConsistencyModel} loads it, before training and after. Stateless and
 * thread-safe.
 */
public final class StudentDirectory {
    /** As in Luo et al.'s models. */
    private static final int GUIDANCE_WIDTH = 256;

    private static final ObjectMapper JSON = new ObjectMapper();

    private StudentDirectory() {}

    /**
     * Writes the directory of a student that computes what its teacher does. Files that are there already are replaced.
     *
     * @param directory made if need be; other than the teacher's
     * @param originalInferenceSteps how many timesteps the student is distilled on, 50 as a rule
     * @param guided whether the UNet gets an input for the guidance scale ({@code timestep_cond}), whose projection is zero
     * @throws IllegalArgumentException if the directory is the teacher's, or the teacher's time embedding cannot be told by names
     * @throws IOException if something cannot be read or written
     */
    public static void create(ModelDirectory teacher, Path directory, int originalInferenceSteps, boolean guided)
            throws IOException {
        teacher.copyTo(directory);
        if (guided) {
            Path unet = directory.resolve("unet/model.onnx");
            ModelProto widened = GuidanceInput.add(ModelFile.read(unet), GUIDANCE_WIDTH);
            AtomicFiles.write(unet, widened::writeTo);
            ObjectNode config = JsonFile.readIfPresent(directory.resolve("unet/config.json"))
                    .root();
            write(config.put("time_cond_proj_dim", GUIDANCE_WIDTH), directory.resolve("unet/config.json"));
        }
        describe(teacher, directory, originalInferenceSteps, guided);
    }

    /**
     * Makes the configurations in a copy of a diffusion model those of a latent consistency model, whose network has no input for the
     * guidance scale: the scheduler's class is diffusers' LCMScheduler then.
     *
     * @param teacher the diffusion model
     * @param originalInferenceSteps on how many timesteps the consistency model was distilled, 50 as a rule
     * @throws IOException if something cannot be read or written
     */
    public static void describe(ModelDirectory teacher, Path directory, int originalInferenceSteps) throws IOException {
        describe(teacher, directory, originalInferenceSteps, false);
    }

    /** @param guided diffusers' pipeline for latent consistency models needs the input for the guidance scale */
    private static void describe(ModelDirectory teacher, Path directory, int originalInferenceSteps, boolean guided)
            throws IOException {
        writeScheduler(teacher, directory, originalInferenceSteps);
        writeIndex(teacher, directory, guided);
    }

    /**
     * Puts trained weights into the UNet of a student.
     *
     * @param weights see {@link LatentModel#weights}
     * @throws IOException if the file cannot be written; it is then as before
     */
    public static void save(Path directory, Map<String, TensorData> weights) throws IOException {
        Path unet = directory.resolve("unet/model.onnx");
        OnnxModels.saveWeights(unet, weights, unet);
    }

    private static void writeScheduler(ModelDirectory teacher, Path directory, int originalInferenceSteps)
            throws IOException {
        ObjectNode config = JsonFile.read(teacher.root().resolve("scheduler/scheduler_config.json"))
                .root();
        config.put("_class_name", "LCMScheduler")
                .put("original_inference_steps", originalInferenceSteps)
                .put("timestep_scaling", LatentConsistencySchedule.defaults().timestepScaling());
        write(config, directory.resolve("scheduler/scheduler_config.json"));
    }

    private static void writeIndex(ModelDirectory teacher, Path directory, boolean guided) throws IOException {
        ObjectNode index = JsonFile.read(teacher.home("model_index.json").resolve("model_index.json"))
                .root();
        if (guided
                && teacher.family()
                        .equals(Family.STABLE_DIFFUSION)) { // those of other families take the scale themselves
            index.put("_class_name", "LatentConsistencyModelPipeline");
        }
        index.putArray("scheduler").add("diffusers").add("LCMScheduler");
        write(index, directory.resolve("model_index.json"));
    }

    private static void write(ObjectNode json, Path file) throws IOException {
        byte[] bytes = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
        AtomicFiles.write(file, out -> out.write(bytes));
    }
}
