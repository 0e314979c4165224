package dev.rlcm.lora;

import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.lora.LoraKey.Part;
import dev.rlcm.lora.OriginalNames.Place;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what an adapter's file has for one network, in any of the conventions in use, see {@link LoraKey}. What is wrong with a file is an
 * IOException that names the file, the tensor and the remedy.
 */
final class LoraReader {
    private static final Logger log = LoggerFactory.getLogger(LoraReader.class);

    private final Path file;
    /** The text encoder that is read; null for the denoiser. */
    private final @Nullable LoraComponent component;

    private final OptionalDouble alpha;
    private final Map<String, LoraSite> byPath = new LinkedHashMap<>();
    private final Map<String, LoraSite> byName = new LinkedHashMap<>();
    /** The model's layers by the names, with underscores, of the code that it was first published with. */
    private final Map<String, List<LoraSite>> byOriginal = new HashMap<>();

    private final Map<LoraSite, Map<Part, LoraFileTensor>> found = new HashMap<>();
    private String wrapper = "";

    private LoraReader(Path file, @Nullable LoraComponent component, List<LoraSite> sites, OptionalDouble alpha) {
        this.file = file;
        this.component = component;
        this.alpha = alpha;
        for (LoraSite site : sites) {
            byPath.put(site.path(), site);
            byName.put(LoraFiles.underscored(site.path()), site);
        }
        Function<String, Optional<Place>> names =
                OriginalNames.areOfStableDiffusion3(sites) ? StableDiffusion3Names::of : OriginalNames::of;
        OriginalNames.of(sites, names).forEach((name, parts) -> byOriginal.put(LoraFiles.underscored(name), parts));
    }

    /** Reads what is for the denoiser; an alpha that is given replaces those of the file. */
    static LoraAdapter read(Path file, List<LoraSite> sites, OptionalDouble alpha) throws IOException {
        Safetensors content = Safetensors.read(file);
        LoraReader reader = new LoraReader(file, null, sites, alpha);
        return reader.read(content)
                .orElseThrow(() -> new IOException(file + " holds no LoRA factors"
                        + (content.tensors().keySet().stream().anyMatch(LoraKey::isForTextEncoder)
                                ? " but those of text encoders"
                                : "")));
    }

    /** Reads what is for a text encoder; empty if there is nothing. */
    static Optional<LoraAdapter> read(Path file, LoraComponent component, List<LoraSite> sites) throws IOException {
        return new LoraReader(file, component, sites, OptionalDouble.empty())
                .read(Safetensors.read(file))
                .map(adapter -> adapter.withComponent(component.name()));
    }

    /** The tensors that a file has for text encoders. */
    static List<String> ofTextEncoders(Path file) throws IOException {
        return Safetensors.read(file).tensors().keySet().stream()
                .filter(LoraKey::isForTextEncoder)
                .toList();
    }

    private Optional<LoraAdapter> read(Safetensors content) throws IOException {
        List<LoraKey> keys = keys(content);
        wrapper = wrapper(keys);
        for (LoraKey key : keys) {
            accept(key, content.tensor(key.name()));
        }
        return adapter(config(content.metadata()));
    }

    private List<LoraKey> keys(Safetensors content) throws IOException {
        List<LoraKey> keys = new ArrayList<>();
        for (String name : content.tensors().keySet()) {
            Optional<String> inside = inside(name);
            if (inside.isPresent()) {
                keys.add(LoraKey.parse(name, inside.get())
                        .orElseThrow(
                                () -> new IOException(file + " holds " + name + ", which is no factor of a low-rank"
                                        + " adapter; biases, DoRA's magnitudes and modules that PEFT saves whole cannot be"
                                        + " taken over")));
            }
        }
        return keys;
    }

    /** A key as it is inside the network that is read; empty if it is of another one. */
    private Optional<String> inside(String name) {
        if (component != null) {
            return component.inside(name);
        }
        return LoraKey.isForTextEncoder(name) ? Optional.empty() : Optional.of(name);
    }

    /**
     * What the model's paths begin with and the file's do not: a model that was exported inside another module has that
     * module's name before all of its own. Nothing if there is no such beginning, or more than one.
     */
    private String wrapper(List<LoraKey> keys) {
        List<String> names = keys.stream()
                .map(key -> LoraFiles.underscored(key.unwrappedModule()))
                .distinct()
                .toList();
        if (names.isEmpty() || names.stream().anyMatch(byName::containsKey)) {
            return "";
        }
        List<String> wrappers = byName.keySet().stream()
                .filter(path -> path.endsWith("_" + names.get(0)))
                .map(path -> path.substring(0, path.length() - names.get(0).length()))
                .filter(beginning -> names.stream().allMatch(name -> byName.containsKey(beginning + name)))
                .toList();
        return wrappers.size() == 1 ? wrappers.get(0) : "";
    }

    private void accept(LoraKey key, TensorData data) throws IOException {
        List<LoraSite> parts = byOriginal.get(LoraFiles.underscored(key.unwrappedModule()));
        if (parts == null || site(key).isPresent()) {
            acceptOne(key, data);
            return;
        }
        LoraFileTensor whole = LoraFileTensor.checked(file, key, data);
        if (key.part() != Part.B) {
            for (LoraSite part : parts) {
                add(part, whole);
            }
            return;
        }
        int row = 0;
        for (LoraSite part : parts) {
            LoraFileTensor rows = whole.rows(row, row + part.out());
            add(part, StableDiffusion3Names.swapsHalves(part) ? rows.withHalvesSwapped() : rows);
            row += part.out();
        }
        whole.checkRows(row);
    }

    private void acceptOne(LoraKey key, TensorData data) throws IOException {
        LoraSite site = site(key)
                .orElseThrow(() -> new IOException(file + " does not fit the "
                        + (component == null ? "model" : component.name() + " (or its export has fused layers)") + ": "
                        + key.name()
                        + " names no layer of it that can be adapted; it has " + byPath.size()
                        + " such layers, for example "
                        + byPath.keySet().stream().findFirst().orElse("none")));
        add(site, LoraFileTensor.checked(file, key, data));
    }

    private void add(LoraSite site, LoraFileTensor tensor) throws IOException {
        LoraKey key = tensor.key();
        LoraFileTensor other =
                found.computeIfAbsent(site, s -> new EnumMap<>(Part.class)).put(key.part(), tensor);
        if (other != null) {
            throw new IOException(file + " holds " + other.key().name() + " and " + key.name() + ", which both are "
                    + key.part().inWords() + " of " + site.path() + "; remove one of them");
        }
    }

    /** The layer that a key is of: under its path as it stands, or inside or outside what wraps the model. */
    private Optional<LoraSite> site(LoraKey key) {
        LoraSite exact = byPath.get(key.module());
        LoraSite named = exact != null ? exact : byName.get(LoraFiles.underscored(key.module()));
        return Optional.ofNullable(
                named != null ? named : byName.get(wrapper + LoraFiles.underscored(key.unwrappedModule())));
    }

    private Optional<LoraAdapter> adapter(PeftConfig config) throws IOException {
        List<RankedLayer> layers = new ArrayList<>();
        int unstated = 0;
        for (LoraSite site : byPath.values()) {
            Map<Part, LoraFileTensor> parts = found.getOrDefault(site, Map.of());
            LoraFileTensor a = parts.get(Part.A);
            LoraFileTensor b = parts.get(Part.B);
            if (a != null && b != null) {
                int rank = a.rank(site);
                OptionalDouble stated = stated(site, rank, parts, config);
                unstated += stated.isEmpty() && a.key().fromPeft() ? 1 : 0;
                layers.add(new RankedLayer(
                        site, rank, stated.orElse(rank), a.factor(site.shapeA(rank)), b.factor(site.shapeB(rank))));
            } else if (a != null || b != null) {
                throw new IOException(
                        file + " holds " + (a != null ? a : b).key().name() + ", but not "
                                + (a != null ? Part.B : Part.A).inWords() + " of " + site.path()
                                + "; the file is incomplete, fetch or write it again");
            }
        }
        if (layers.isEmpty()) {
            return Optional.empty();
        }
        if (unstated > 0) {
            log.warn(
                    "{}: the alpha of {} layers is stated neither in the file nor in an {} beside it. It is taken to be the"
                            + " rank, which is wrong if the adapter was trained with another: put {} there, or give alpha",
                    file,
                    unstated,
                    PeftConfig.FILE,
                    PeftConfig.FILE);
        }
        return Optional.of(RankedLayer.joined(layers));
    }

    private OptionalDouble stated(LoraSite site, int rank, Map<Part, LoraFileTensor> parts, PeftConfig config) {
        if (alpha.isPresent()) {
            return alpha;
        }
        LoraFileTensor own = parts.get(Part.ALPHA);
        return own != null && own.data().getDouble(0) != 0 // kohya's tools take 0 for none
                ? OptionalDouble.of(own.data().getDouble(0))
                : config.alpha(site.path(), rank);
    }

    /** The configuration from the file's metadata or from PEFT's file beside it. */
    private PeftConfig config(Map<String, String> metadata) throws IOException {
        String embedded = metadata.get(LoraFiles.DIFFUSERS_METADATA);
        if (component != null) {
            return embedded != null
                    ? PeftConfig.embedded(file.toString(), embedded, component.name() + ".")
                    : PeftConfig.none();
        }
        return embedded != null ? PeftConfig.embedded(file.toString(), embedded) : PeftConfig.beside(file);
    }
}
