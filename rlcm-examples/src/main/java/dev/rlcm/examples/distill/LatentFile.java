package dev.rlcm.examples.distill;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.distill.CaptionedLatent;
import dev.rlcm.io.Safetensors;
import java.io.IOException;
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
        List<float[]> rows = latents.stream().map(CaptionedLatent::latent).toList();
        List<String> prompts = latents.stream().map(CaptionedLatent::prompt).toList();
        new Safetensors(Map.of(LATENTS, FloatRows.tensor(rows)), Map.of(PROMPTS, JSON.writeValueAsString(prompts)))
                .write(file);
    }

    static List<CaptionedLatent> read(Path file) throws IOException {
        Safetensors content = Safetensors.read(file);
        List<float[]> rows = FloatRows.of(content.tensors().get(LATENTS), file);
        String[] prompts = prompts(content, file);
        if (rows.size() != prompts.length) {
            throw new IOException(file + " has " + prompts.length + " captions of " + rows.size()
                    + " latents; delete it to have them made again");
        }
        List<CaptionedLatent> latents = new ArrayList<>();
        for (int i = 0; i < prompts.length; i++) {
            latents.add(new CaptionedLatent(rows.get(i), prompts[i]));
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
