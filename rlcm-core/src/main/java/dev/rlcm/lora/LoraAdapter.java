package dev.rlcm.lora;

import dev.rlcm.check.Check;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.TensorData;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The weights of a low-rank adapter: for every site A [rank, in] and B [out, rank], or [rank, in, kh, kw] and
 * [out, rank, 1, 1] for a convolution. FLOAT32, in direct buffers that running sessions read in place, so that a step of
 * the optimiser is seen by the next forward pass.
 *
 * <p>Not thread-safe: do not train and sample at once. Needs no closing; the buffers are reclaimed with the object.
 */
public final class LoraAdapter {
    private static final Logger log = LoggerFactory.getLogger(LoraAdapter.class);

    private static final int LAYERS_SHOWN = 8;

    private final LoraConfig config;
    private final List<LoraSite> sites;
    private final Map<String, TensorData> tensors;

    private LoraAdapter(LoraConfig config, List<LoraSite> sites, Map<String, TensorData> tensors) {
        this.config = config;
        this.sites = List.copyOf(sites);
        this.tensors = Collections.unmodifiableMap(tensors);
    }

    /**
     * A fresh adapter, which changes nothing yet: A is drawn from N(0, 1/rank^2), as diffusers' "gaussian" initialisation
     * that the paper's reference uses, and B is zero.
     *
     * <p>A rank beyond what a layer's weight can have, min(out, in x elements of the kernel), is taken, as PEFT does, though it
     * adds nothing but weights to train: one warning is logged that names such layers with the largest useful rank.
     */
    public static LoraAdapter initial(LoraConfig config, List<LoraSite> sites, RandomStreams random) {
        warnOfExcess(config.rank(), sites);
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        for (LoraSite site : sites) {
            TensorData a = TensorData.zeros(DataType.FLOAT32, site.shapeA(config.rank()));
            float[] draws = random.at(site.path()).gaussians(a.size());
            FloatBuffer buffer = a.floats();
            for (float draw : draws) {
                buffer.put(draw / config.rank());
            }
            tensors.put(site.keyA(), a);
            tensors.put(site.keyB(), TensorData.zeros(DataType.FLOAT32, site.shapeB(config.rank())));
        }
        return new LoraAdapter(config, sites, tensors);
    }

    private static void warnOfExcess(int rank, List<LoraSite> sites) {
        List<LoraSite> narrow =
                sites.stream().filter(site -> rank > site.fullRank()).toList();
        if (!narrow.isEmpty()) {
            String shown = narrow.stream()
                    .limit(LAYERS_SHOWN)
                    .map(site -> site.path() + ": " + site.fullRank())
                    .collect(Collectors.joining(", "));
            String more = narrow.size() > LAYERS_SHOWN ? " and " + (narrow.size() - LAYERS_SHOWN) + " more" : "";
            log.warn(
                    "LoRA rank {} is larger than {} layers can use, which only costs time and memory. Useful ranks: {}{}",
                    rank,
                    narrow.size(),
                    shown,
                    more);
        }
    }

    /**
     * An adapter with a copy of the given weights.
     *
     * @param weights a tensor for {@link LoraSite#keyA} and {@link LoraSite#keyB} of every site
     * @throws IllegalArgumentException if one is missing or has another shape
     */
    public static LoraAdapter of(LoraConfig config, List<LoraSite> sites, Map<String, TensorData> weights) {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        for (LoraSite site : sites) {
            for (String key : List.of(site.keyA(), site.keyB())) {
                TensorData weight = weights.get(key);
                var shape = key.equals(site.keyA()) ? site.shapeA(config.rank()) : site.shapeB(config.rank());
                if (weight == null) {
                    throw new IllegalArgumentException("the weights lack " + key + " of shape " + shape);
                }
                if (!weight.shape().equals(shape)) {
                    throw new IllegalArgumentException("expected " + key + " of shape " + shape + ", got " + weight);
                }
                tensors.put(key, TensorData.floats(shape, weight.toFloats()));
            }
        }
        return new LoraAdapter(config, sites, tensors);
    }

    /**
     * Reads a diffusers, PEFT or kohya file. Alpha is the file's own, that of its metadata, or that of the
     * {@code adapter_config.json} beside it. Where none of them states it, alpha is the rank, as in the tools named; for PEFT's
     * files, which never state it themselves, a warning is logged then. What the file has for text encoders is left out, see {@link
     * #load(Path, LoraComponent, List)}.
     *
     * @param sites the layers of the model it is meant for, see {@link LoraInjection#sites}
     * @throws IOException if the file is unreadable or damaged, holds values that are not finite, or does not fit the model
     */
    public static LoraAdapter load(Path file, List<LoraSite> sites) throws IOException {
        return LoraReader.read(file, sites, OptionalDouble.empty());
    }

    /**
     * Reads what a file has for one of a model's text encoders.
     *
     * @param component what the file calls the text encoder
     * @param sites the layers of that text encoder
     * @return its adapter; empty if the file has nothing for it
     * @throws IOException as {@link #load(Path, List)}
     */
    public static Optional<LoraAdapter> load(Path file, LoraComponent component, List<LoraSite> sites)
            throws IOException {
        return LoraReader.read(file, component, sites);
    }

    /**
     * The tensors that a file has for text encoders, which {@link #load(Path, List)} leaves out.
     *
     * @throws IOException if the file is unreadable or damaged
     */
    public static List<String> textEncoderKeys(Path file) throws IOException {
        return LoraReader.ofTextEncoders(file);
    }

    /**
     * As {@link #load(Path, List)}, with an alpha that replaces those of the file and its configuration.
     *
     * @param alpha of all layers, positive: each is scaled by alpha divided by its own rank
     */
    public static LoraAdapter load(Path file, List<LoraSite> sites, double alpha) throws IOException {
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException("alpha must be positive and finite, got " + alpha);
        }
        return LoraReader.read(file, sites, OptionalDouble.of(alpha));
    }

    /** Writes the adapter atomically in diffusers' format. */
    public void save(Path file) throws IOException {
        save(file, LoraFormat.DIFFUSERS);
    }

    /** Writes the adapter atomically; alpha is always kept, see {@link LoraFormat}. */
    public void save(Path file, LoraFormat format) throws IOException {
        save(file, format, Map.of());
    }

    /**
     * As {@link #save(Path, LoraFormat)}, with adapters of the same model's text encoders in the same file.
     *
     * @throws IllegalArgumentException if there are some and the format is PEFT's, which holds one network
     */
    public void save(Path file, LoraFormat format, Map<LoraComponent, LoraAdapter> textEncoders) throws IOException {
        LoraFiles.write(this, textEncoders, file, format);
    }

    public LoraConfig config() {
        return config;
    }

    /** The adapted layers, in the order of {@link #tensors}. */
    public List<LoraSite> sites() {
        return sites;
    }

    /** The live weights by key: A and B of the first site, A and B of the second and so on. */
    public Map<String, TensorData> tensors() {
        return tensors;
    }

    /** The live weights as buffers, in the order of {@link #tensors}. */
    public List<FloatBuffer> parameters() {
        List<FloatBuffer> buffers = new ArrayList<>();
        tensors.values().forEach(tensor -> buffers.add(tensor.floats()));
        return buffers;
    }

    /** The number of trained numbers. */
    public long size() {
        return tensors.values().stream().mapToLong(TensorData::size).sum();
    }

    /** The same live weights, of a network that files call by another name, see {@link LoraConfig#component}. */
    public LoraAdapter withComponent(String name) {
        return new LoraAdapter(config.withComponent(name), sites, tensors);
    }

    /**
     * The same live weights at another strength: (alpha / rank) B A x times a factor.
     *
     * @param factor positive and finite
     */
    public LoraAdapter scaled(double factor) {
        Check.positive("factor", factor);
        return new LoraAdapter(config.withAlpha(factor * config.alpha()), sites, tensors);
    }

    /** An independent copy of the present weights. */
    public LoraAdapter copy() {
        return of(config, sites, tensors);
    }

    /**
     * Overwrites the live weights with those of another adapter of the same sites and rank.
     *
     * @throws IllegalArgumentException if they differ
     */
    public void assign(LoraAdapter other) {
        if (!sites.equals(other.sites) || config.rank() != other.config.rank()) {
            throw new IllegalArgumentException("the adapters differ in sites or rank: " + this + " and " + other);
        }
        tensors.forEach(
                (key, tensor) -> tensor.bytes().put(other.tensors.get(key).bytes()));
    }

    @Override
    public String toString() {
        return "LoRA rank " + config.rank() + " alpha " + config.alpha() + " on " + sites.size() + " layers";
    }
}
