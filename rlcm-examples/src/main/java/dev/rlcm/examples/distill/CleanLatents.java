package dev.rlcm.examples.distill;

import dev.rlcm.distill.CaptionedLatent;
import dev.rlcm.examples.run.Runs;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.onnx.pipeline.ImageFolder;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import me.tongfei.progressbar.ProgressBar;

/** Makes the latents that a distillation noises. */
final class CleanLatents {
    /** How many latents the teacher draws or encodes at once. */
    static final int AT_ONCE = 16;

    private final LatentDiffusionModel model;

    CleanLatents(LatentDiffusionModel model) {
        this.model = model;
    }

    /** Of a folder of captioned pictures, by the model's VAE. */
    List<CaptionedLatent> encoded(Path folder) throws IOException {
        ImageFolder pictures = ImageFolder.open(folder);
        List<CaptionedLatent> latents = new ArrayList<>();
        try (ProgressBar bar = Runs.bar("encode", pictures.size())) {
            for (int from = 0; from < pictures.size(); from += AT_ONCE) {
                List<Sample> samples = new ArrayList<>();
                for (int i = from; i < Math.min(pictures.size(), from + AT_ONCE); i++) {
                    samples.add(pictures.read(i));
                }
                add(
                        latents,
                        model.encode(samples),
                        samples.stream().map(Sample::prompt).toList());
                bar.stepTo(latents.size());
            }
        }
        return latents;
    }

    /** The model's own samples, by DDIM without noise. */
    List<CaptionedLatent> drawn(int count, Prompts prompts, int steps, double guidance, RandomStreams random) {
        Schedule schedule = model.schedule().withEta(0).steps(steps);
        List<CaptionedLatent> latents = new ArrayList<>();
        try (ProgressBar bar = Runs.bar("teacher draws", count)) {
            for (int chunk = 0; latents.size() < count; chunk++) {
                RandomStreams own = random.at(chunk);
                List<String> texts = prompts.draw(Math.min(AT_ONCE, count - latents.size()), own.at("prompts"));
                add(latents, model.latents(texts, schedule, guidance, own.at("noise")), texts);
                bar.stepTo(latents.size());
            }
        }
        return latents;
    }

    private static void add(List<CaptionedLatent> latents, TensorData batch, List<String> prompts) {
        FloatBuffer buffer = batch.floats();
        for (String prompt : prompts) {
            float[] latent = new float[batch.size() / prompts.size()];
            buffer.get(latent);
            latents.add(new CaptionedLatent(latent, prompt));
        }
    }
}
