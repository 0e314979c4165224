package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.onnx.ReadOptions;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which files are there, and each of them opened once for the other checks. */
final class LayoutCheck {
    private static final String EXPORT = "optimum-cli export onnx --model MODEL --task text-to-image DIRECTORY";
    private static final List<String> CONFIGURATIONS = List.of(
            "model_index.json", "scheduler/scheduler_config.json", "unet/config.json", "vae_decoder/config.json");
    private static final List<String> COMPONENTS = List.of("text_encoder", "unet", "vae_decoder");
    private static final String LFS_POINTER = "version https://git-lfs";

    private final Path root;
    private final ReadOptions reading;
    private final Findings findings;

    private LayoutCheck(Path root, ReadOptions reading, Findings findings) {
        this.root = root;
        this.reading = reading;
        this.findings = findings;
    }

    /** What the directory holds; empty if there is no directory. */
    static Optional<Layout> run(Path root, ReadOptions reading, Findings findings) {
        return new LayoutCheck(root, reading, findings).run();
    }

    private Optional<Layout> run() {
        if (!Files.isDirectory(root)) {
            findings.error(
                    "model",
                    root + (Files.exists(root) ? " is a file, not a model directory" : " does not exist"),
                    "give the folder that holds model_index.json; export one with: " + EXPORT);
            return Optional.empty();
        }
        Map<String, OnnxComponent> components = new LinkedHashMap<>();
        Map<String, JsonFile> configurations = new HashMap<>();
        List<String> missing = new ArrayList<>();
        for (String name : CONFIGURATIONS) {
            if (Files.isRegularFile(root.resolve(name))) {
                findings.attempt(folder(name), () -> JsonFile.read(root.resolve(name)))
                        .ifPresent(json -> configurations.put(name, json));
            } else {
                missing.add(name);
            }
        }
        for (String name : COMPONENTS) {
            if (Files.isRegularFile(root.resolve(name + "/model.onnx"))) {
                findings.attempt(name, () -> open(name)).ifPresent(model -> components.put(name, model));
            } else {
                missing.add(name + "/model.onnx");
            }
        }
        if (!missing.isEmpty()) {
            findings.error("model", "files are missing: " + String.join(", ", missing), "export with: " + EXPORT);
        }
        Layout layout = new Layout(root, components, configurations);
        layout.configuration("model_index.json").ifPresent(this::checkPipeline);
        return Optional.of(layout);
    }

    private OnnxComponent open(String name) throws IOException {
        Path file = root.resolve(name + "/model.onnx");
        byte[] start = new byte[LFS_POINTER.length()];
        try (var in = Files.newInputStream(file)) {
            int read = in.readNBytes(start, 0, start.length);
            if (new String(start, 0, read, StandardCharsets.US_ASCII).equals(LFS_POINTER)) {
                throw new IOException(file + " is a pointer of Git LFS, not the model itself; run git lfs pull");
            }
        }
        return OnnxComponent.skim(file, name.equals("unet") ? reading : reading.withPaths(Map.of()));
    }

    private void checkPipeline(JsonFile index) {
        String name = index.root().path("_class_name").asText("a pipeline");
        for (String part : List.of("text_encoder_2", "text_encoder_3", "transformer", "prior")) {
            if (index.has(part) && !index.root().get(part).path(0).isNull()) {
                findings.error(
                        "model",
                        "this is " + name + " with a " + part,
                        "the pipeline handles the Stable Diffusion 1.5 family only; import this network with"
                                + " OnnxModels and write the pipeline around it with ConsistencyModel");
            }
        }
    }

    /** The folder that a file is in. */
    private static String folder(String file) {
        int slash = file.indexOf('/');
        return slash < 0 ? "model" : file.substring(0, slash);
    }
}
