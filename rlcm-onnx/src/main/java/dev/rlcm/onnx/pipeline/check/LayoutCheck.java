package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.onnx.ReadOptions;
import dev.rlcm.onnx.pipeline.Family;
import dev.rlcm.onnx.pipeline.TextSource;
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
    private static final String VAE = "vae_decoder";
    private static final String LFS_POINTER = "version https://git-lfs";

    private final Path root;
    private final CheckSettings settings;
    private final Findings findings;

    private LayoutCheck(Path root, CheckSettings settings, Findings findings) {
        this.root = root;
        this.settings = settings;
        this.findings = findings;
    }

    /** What the directory holds; empty if there is no directory. */
    static Optional<Layout> run(Path root, CheckSettings settings, Findings findings) {
        return new LayoutCheck(root, settings, findings).run();
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
        read(Layout.INDEX, configurations, missing);
        JsonFile index = configurations.getOrDefault(Layout.INDEX, JsonFile.empty(root.resolve(Layout.INDEX)));
        Optional<Family> family = findings.attempt("model", () -> Family.of(index));
        if (family.isEmpty()) {
            return Optional.empty();
        }
        String denoiser = family.get().denoiser();
        List<TextSource> texts =
                settings.embeddings().isPresent() ? List.of() : family.get().texts(index);
        List<String> networks =
                new ArrayList<>(texts.stream().map(TextSource::encoder).toList());
        networks.add(denoiser);
        read("scheduler/scheduler_config.json", configurations, missing);
        read(denoiser + "/config.json", configurations, missing);
        if (!family.get().form().isOfPixels()) {
            networks.add(VAE);
            boolean isElsewhere =
                    !Files.exists(root.resolve(Layout.VAE)) && Files.exists(root.resolve(Layout.VAE_OF_DIFFUSERS));
            read(isElsewhere ? Layout.VAE_OF_DIFFUSERS : Layout.VAE, configurations, missing);
        }
        for (String name : networks) {
            if (Files.isRegularFile(root.resolve(name + "/model.onnx"))) {
                findings.attempt(name, () -> open(name, name.equals(denoiser)))
                        .ifPresent(model -> components.put(name, model));
            } else {
                missing.add(name + "/model.onnx");
            }
        }
        if (!missing.isEmpty()) {
            findings.error(
                    "model",
                    "files are missing: " + String.join(", ", missing),
                    family.get().form().isOfPixels()
                            ? "export the network by the script of docs/pixel-models.md"
                            : "export with: " + EXPORT);
        }
        return Optional.of(new Layout(root, family.get(), texts, components, configurations));
    }

    private void read(String name, Map<String, JsonFile> configurations, List<String> missing) {
        if (Files.isRegularFile(root.resolve(name))) {
            findings.attempt(folder(name), () -> JsonFile.read(root.resolve(name)))
                    .ifPresent(json -> configurations.put(name, json));
        } else {
            missing.add(name);
        }
    }

    private OnnxComponent open(String name, boolean isAdapted) throws IOException {
        Path file = root.resolve(name + "/model.onnx");
        byte[] start = new byte[LFS_POINTER.length()];
        try (var in = Files.newInputStream(file)) {
            int read = in.readNBytes(start, 0, start.length);
            if (new String(start, 0, read, StandardCharsets.US_ASCII).equals(LFS_POINTER)) {
                throw new IOException(file + " is a pointer of Git LFS, not the model itself; run git lfs pull");
            }
        }
        ReadOptions reading = settings.reading();
        return OnnxComponent.skim(file, isAdapted ? reading : reading.withPaths(Map.of()));
    }

    /** The folder that a file is in. */
    private static String folder(String file) {
        int slash = file.indexOf('/');
        return slash < 0 ? "model" : file.substring(0, slash);
    }
}
