package dev.rlcm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Adapters of random layers, linear and convolutional, through every format and back. */
class LoraFilesPropertyTest {
    private static Path directory = Path.of("");

    @BeforeContainer
    static void create() throws IOException {
        directory = Files.createTempDirectory("lora");
    }

    @AfterContainer
    static void delete() throws IOException {
        Files.deleteIfExists(directory.resolve("adapter_config.json"));
        Files.deleteIfExists(directory.resolve("adapter.safetensors"));
        Files.delete(directory);
    }

    private static List<LoraSite> sites(SplittableRandom random) {
        int[][] kernels = {{}, {1}, {3}, {1, 1}, {3, 3}, {2, 5}, {3, 3, 3}};
        List<LoraSite> sites = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(4); i++) {
            Shape kernel = Shape.of(kernels[random.nextInt(kernels.length)]);
            String path = "blocks." + i + (random.nextBoolean() ? ".to_out.0" : ".conv_in");
            sites.add(new LoraSite(path, random.nextInt(1, 5), random.nextInt(1, 5), kernel));
        }
        return sites;
    }

    private static Map<String, TensorData> weights(List<LoraSite> sites, int rank, long seed) {
        Map<String, TensorData> weights = new LinkedHashMap<>();
        for (LoraSite site : sites) {
            weights.put(site.keyA(), LayerForms.random(site.shapeA(rank), seed, site.keyA()));
            weights.put(site.keyB(), LayerForms.random(site.shapeB(rank), seed, site.keyB()));
        }
        return weights;
    }

    @Property(tries = 40)
    void writtenThenReadIsTheSameAdapter(@ForAll long seed, @ForAll LoraFormat format) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        List<LoraSite> sites = sites(random);
        LoraConfig config = LoraConfig.rank(random.nextInt(1, 4))
                .withAlpha(random.nextInt(1, 40) / 4.0)
                .targeting(LoraTargets.ALL);
        LoraAdapter adapter = LoraAdapter.of(config, sites, weights(sites, config.rank(), seed));
        Path file = directory.resolve("adapter.safetensors");
        Files.deleteIfExists(directory.resolve("adapter_config.json"));
        adapter.save(file, format);
        LoraAdapter back = LoraAdapter.load(file, sites);
        assertThat(back.sites()).isEqualTo(sites);
        assertThat(back.config().rank()).isEqualTo(config.rank());
        assertThat(back.config().alpha()).isEqualTo(config.alpha());
        adapter.tensors().forEach((key, tensor) -> {
            assertThat(back.tensors().get(key).shape()).isEqualTo(tensor.shape());
            assertThat(back.tensors().get(key).toFloats()).containsExactly(tensor.toFloats());
        });
    }

    /** PEFT's Conv2d: lora_A has the layer's kernel, lora_B one of 1x1; kohya's lora_down and lora_up likewise. */
    @Example
    void convolutionsHaveFourAxesUnderTheKeysOfTheOtherTools() throws IOException {
        List<LoraSite> sites = List.of(
                new LoraSite("down.0.conv1", 3, 5, Shape.of(3, 3)),
                new LoraSite("down.0.proj_in", 3, 4, Shape.of(1, 1)));
        LoraAdapter adapter = LoraAdapter.of(LoraConfig.rank(2), sites, weights(sites, 2, 1));
        Path file = directory.resolve("adapter.safetensors");
        String[] kohya = {
            "lora_unet_down_0_conv1.lora_down", "lora_unet_down_0_conv1.lora_up", "lora_unet_down_0_proj_in.lora_down"
        };
        Map<LoraFormat, String[]> names = Map.of(
                LoraFormat.DIFFUSERS,
                new String[] {"unet.down.0.conv1.lora_A", "unet.down.0.conv1.lora_B", "unet.down.0.proj_in.lora_A"},
                LoraFormat.PEFT,
                new String[] {
                    "base_model.model.down.0.conv1.lora_A",
                    "base_model.model.down.0.conv1.lora_B",
                    "base_model.model.down.0.proj_in.lora_A"
                },
                LoraFormat.KOHYA,
                kohya,
                LoraFormat.KOHYA_ORIGINAL, // no original name is known of such layers
                kohya,
                LoraFormat.KOHYA_SD3,
                kohya);
        for (LoraFormat format : LoraFormat.values()) {
            adapter.save(file, format);
            Safetensors content = Safetensors.read(file);
            String[] keys = names.get(format);
            assertThat(content.tensor(keys[0] + ".weight").shape()).isEqualTo(Shape.of(2, 3, 3, 3));
            assertThat(content.tensor(keys[1] + ".weight").shape()).isEqualTo(Shape.of(5, 2, 1, 1));
            assertThat(content.tensor(keys[2] + ".weight").shape()).isEqualTo(Shape.of(2, 3, 1, 1));
        }
    }

    /** (alpha / rank) B A, [out, in x kernel], which is all that the network sees. */
    private static double[] delta(TensorData a, TensorData b, double scale) {
        int rank = a.shape().dim(0);
        int columns = a.size() / rank;
        double[] delta = new double[b.shape().dim(0) * columns];
        for (int i = 0; i < delta.length; i++) {
            for (int r = 0; r < rank; r++) {
                delta[i] += scale * b.getDouble(i / columns * rank + r) * a.getDouble(r * columns + i % columns);
            }
        }
        return delta;
    }

    /** As kohya trains: another rank and alpha for convolutions than for linear layers. */
    @Property(tries = 20)
    void layersOfDifferentRankAndAlphaKeepTheirUpdate(@ForAll long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        List<LoraSite> sites = sites(random);
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        Map<LoraSite, double[]> expected = new HashMap<>();
        for (LoraSite site : sites) {
            int rank = random.nextInt(1, 5);
            double alpha = random.nextInt(1, 9);
            Map<String, TensorData> own = weights(List.of(site), rank, seed);
            String name = "lora_unet_" + site.path().replace('.', '_');
            tensors.put(name + ".lora_down.weight", own.get(site.keyA()));
            tensors.put(name + ".lora_up.weight", own.get(site.keyB()));
            tensors.put(name + ".alpha", TensorData.scalar(DataType.FLOAT32, alpha));
            expected.put(site, delta(own.get(site.keyA()), own.get(site.keyB()), alpha / rank));
        }
        Path file = directory.resolve("adapter.safetensors");
        new Safetensors(tensors, Map.of()).write(file);
        LoraAdapter adapter = LoraAdapter.load(file, sites);
        for (LoraSite site : sites) {
            double[] actual = delta(
                    adapter.tensors().get(site.keyA()),
                    adapter.tensors().get(site.keyB()),
                    adapter.config().scale());
            assertThat(actual).containsExactly(expected.get(site), within(1e-5));
        }
    }

    @Example
    void peftsAlphaPatternsAreHeeded() throws IOException {
        List<LoraSite> sites = List.of(new LoraSite("a.to_q", 3, 2), new LoraSite("a.conv", 3, 2, Shape.of(3, 3)));
        Map<String, TensorData> weights = weights(sites, 2, 3);
        Map<String, TensorData> prefixed = new LinkedHashMap<>();
        weights.forEach((key, tensor) -> prefixed.put("base_model.model." + key, tensor));
        Path file = directory.resolve("adapter.safetensors");
        new Safetensors(prefixed, Map.of()).write(file);
        Files.writeString(
                directory.resolve("adapter_config.json"),
                "{\"r\": 2, \"lora_alpha\": 4, \"alpha_pattern\": {\"conv\": 12}}");
        LoraAdapter adapter = LoraAdapter.load(file, sites);
        assertThat(adapter.config().alpha()).isEqualTo(4);
        double[] tripled = weights.get("a.conv.lora_B.weight").toDoubles();
        for (int i = 0; i < tripled.length; i++) {
            tripled[i] *= 3;
        }
        assertThat(adapter.tensors().get("a.conv.lora_B.weight").toDoubles()).containsExactly(tripled, within(1e-6));
        assertThat(adapter.tensors().get("a.to_q.lora_B.weight").toDoubles())
                .containsExactly(weights.get("a.to_q.lora_B.weight").toDoubles());
    }

    @Example
    void aKernelOfOneMayBeSpelledOutOrNot() throws IOException {
        List<LoraSite> flat = List.of(new LoraSite("a.proj_in", 3, 4));
        List<LoraSite> spelled = List.of(new LoraSite("a.proj_in", 3, 4, Shape.of(1, 1)));
        Path file = directory.resolve("adapter.safetensors");
        Files.deleteIfExists(directory.resolve("adapter_config.json"));
        for (List<LoraSite> from : List.of(flat, spelled)) {
            Map<String, TensorData> weights = weights(from, 2, 5);
            new Safetensors(weights, Map.of()).write(file);
            for (List<LoraSite> to : List.of(flat, spelled)) {
                LoraAdapter adapter = LoraAdapter.load(file, to);
                adapter.tensors().forEach((key, tensor) -> assertThat(tensor.toFloats())
                        .containsExactly(weights.get(key).toFloats()));
            }
        }
    }

    /** rsLoRA scales by alpha / sqrt(rank), here 6 / 2. */
    @Example
    void rankStabilisedAdaptersKeepTheirScale() throws IOException {
        List<LoraSite> sites = List.of(new LoraSite("a.to_q", 3, 2));
        Path file = directory.resolve("adapter.safetensors");
        new Safetensors(weights(sites, 4, 3), Map.of()).write(file);
        Files.writeString(
                directory.resolve("adapter_config.json"), "{\"r\": 4, \"lora_alpha\": 6, \"use_rslora\": true}");
        assertThat(LoraAdapter.load(file, sites).config().scale()).isEqualTo(3);
    }

    @Example
    void whatIsForTextEncodersIsLeftOut() throws IOException {
        List<LoraSite> sites = List.of(new LoraSite("a.to_q", 3, 2));
        Map<String, TensorData> tensors = new LinkedHashMap<>(weights(sites, 2, 3));
        TensorData foreign = TensorData.zeros(DataType.FLOAT32, Shape.of(2, 7));
        tensors.put("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", foreign);
        tensors.put("text_encoder.text_model.encoder.layers.0.mlp.fc1.lora_A.weight", foreign);
        Path file = directory.resolve("adapter.safetensors");
        Files.deleteIfExists(directory.resolve("adapter_config.json"));
        new Safetensors(tensors, Map.of()).write(file);
        LoraAdapter adapter = LoraAdapter.load(file, sites);
        assertThat(adapter.sites()).isEqualTo(sites);
        assertThat(adapter.config().alpha()).isEqualTo(2);
    }
}
