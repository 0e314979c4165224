package dev.rlcm.examples.distill;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.distill.CaptionedLatent;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Captioned latents as safetensors, so that a run that goes on has the very same ones. */
final class LatentFile {
    private static final String LATENTS = "latents";
    private static final String PROMPTS = "prompts";
    private static final ObjectMapper JSON = new ObjectMapper();

    private LatentFile() {}

    static void write(List<CaptionedLatent> latents, Path file) throws IOException {
        int size = latents.get(0).latent().length;
        TensorData all = TensorData.zeros(DataType.FLOAT32, Shape.of(latents.size(), size));
        FloatBuffer buffer = all.floats();
        latents.forEach(latent -> buffer.put(latent.latent()));
        List<String> prompts = latents.stream().map(CaptionedLatent::prompt).toList();
        new Safetensors(Map.of(LATENTS, all), Map.of(PROMPTS, JSON.writeValueAsString(prompts))).write(file);
    }

    static List<CaptionedLatent> read(Path file) throws IOException {
        Safetensors content = Safetensors.read(file);
        TensorData all = content.tensors().get(LATENTS);
        String[] prompts = prompts(content, file);
        if (all == null
                || all.type() != DataType.FLOAT32
                || all.shape().rank() != 2
                || all.shape().dim(0) != prompts.length) {
            throw new IOException(file + " holds no captioned latents; delete it to have them made again");
        }
        FloatBuffer buffer = all.floats();
        List<CaptionedLatent> latents = new ArrayList<>();
        for (String prompt : prompts) {
            float[] latent = new float[all.shape().dim(1)];
            buffer.get(latent);
            latents.add(new CaptionedLatent(latent, prompt));
        }
        return latents;
    }

    private static String[] prompts(Safetensors content, Path file) throws IOException {
        try {
            return JSON.readValue(content.metadata().getOrDefault(PROMPTS, "[]"), String[].class);
        } catch (JsonProcessingException e) {
            throw new IOException(file + " has damaged captions; delete it to have them made again", e);
        }
    }
}
