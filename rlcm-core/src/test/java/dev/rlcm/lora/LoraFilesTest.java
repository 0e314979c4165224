package dev.rlcm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Npz;
import dev.rlcm.io.Safetensors;
import dev.rlcm.testing.ToyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LoraFilesTest {
    private static final Path GOLDEN = Path.of(System.getProperty("rlcm.root"), "fixtures", "tiny-lcm-golden");

    @TempDir
    Path directory;

    private final List<LoraSite> sites = LoraInjection.sites(new ToyModel().denoiser(1));

    @ParameterizedTest
    @EnumSource(LoraFormat.class)
    void whatIsWrittenReadsBackWithItsAlpha(LoraFormat format) throws IOException {
        LoraAdapter adapter = LoraInjectionTest.randomAdapter(sites, 4);
        Path file = directory.resolve("adapter_model.safetensors");
        adapter.save(file, format);
        LoraAdapter back = LoraAdapter.load(file, sites);
        assertThat(back.config().rank()).isEqualTo(2);
        assertThat(back.config().alpha()).isEqualTo(5);
        assertThat(back.sites()).isEqualTo(sites);
        adapter.tensors()
                .forEach((key, tensor) ->
                        assertThat(back.tensors().get(key).toFloats()).containsExactly(tensor.toFloats()));
    }

    @Test
    void kohyasFilesTellRankAndAlphaInTheirMetadata() throws IOException {
        Path file = directory.resolve("kohya.safetensors");
        LoraInjectionTest.randomAdapter(sites, 4).save(file, LoraFormat.KOHYA);
        Map<String, String> metadata = Safetensors.read(file).metadata();
        assertThat(metadata)
                .containsEntry("ss_network_module", "networks.lora")
                .containsEntry("ss_network_dim", "2")
                .containsEntry("ss_network_alpha", "5.0");
        boolean hasConvolutions = !sites.stream().allMatch(LoraSite::isLinear);
        assertThat(metadata.containsKey("ss_network_args")).isEqualTo(hasConvolutions);
    }

    @Test
    void weightsAreCopiedAndAssignedAsAWhole() {
        LoraAdapter one = LoraInjectionTest.randomAdapter(sites, 4);
        LoraAdapter other = LoraInjectionTest.randomAdapter(sites, 5);
        LoraAdapter copy = one.copy();
        one.assign(other);
        for (String key : one.tensors().keySet()) {
            assertThat(one.tensors().get(key).toFloats())
                    .containsExactly(other.tensors().get(key).toFloats())
                    .isNotEqualTo(copy.tensors().get(key).toFloats());
        }
        assertThat(one.size())
                .isEqualTo(sites.stream()
                        .mapToLong(site -> 2L * (site.in() + site.out()))
                        .sum());
        LoraAdapter fewer = LoraInjectionTest.randomAdapter(sites.subList(0, 1), 4);
        assertThatThrownBy(() -> one.assign(fewer))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("differ in sites or rank");
    }

    @ParameterizedTest
    @ValueSource(strings = {"lora_diffusers.safetensors", "lora_peft.safetensors"})
    void filesOfOtherToolsGiveTheWeightsOfPyTorch(String name) throws IOException {
        Map<String, TensorData> expected = Npz.read(GOLDEN.resolve("lora_weights.npz"));
        List<LoraSite> targets = new ArrayList<>();
        expected.forEach((key, a) -> {
            if (key.endsWith(".lora_A.weight")) {
                String path = key.substring(0, key.length() - ".lora_A.weight".length());
                int out = expected.get(path + ".lora_B.weight").shape().dim(0);
                targets.add(new LoraSite(path, a.shape().dim(1), out));
            }
        });
        LoraAdapter adapter = LoraAdapter.load(GOLDEN.resolve(name), targets);
        assertThat(adapter.config().scale()).isEqualTo(2);
        assertThat(adapter.sites()).hasSize(128);
        expected.forEach((key, tensor) ->
                assertThat(adapter.tensors().get(key).toFloats()).containsExactly(tensor.toFloats()));
    }

    @Test
    void withoutAnyAlphaItIsTheRank() throws IOException {
        LoraAdapter adapter = LoraInjectionTest.randomAdapter(sites, 4);
        Path file = directory.resolve("plain.safetensors");
        new Safetensors(adapter.tensors(), Map.of()).write(file);
        assertThat(LoraAdapter.load(file, sites).config().alpha()).isEqualTo(2);
    }

    @Test
    void layersWithAnAlphaOfTheirOwnKeepTheirScale() throws IOException {
        LoraAdapter adapter = LoraInjectionTest.randomAdapter(sites, 4);
        Path file = directory.resolve("kohya.safetensors");
        adapter.save(file, LoraFormat.KOHYA);
        Map<String, TensorData> tensors =
                new LinkedHashMap<>(Safetensors.read(file).tensors());
        tensors.put("lora_unet_net_to_out_0.alpha", TensorData.scalar(DataType.FLOAT32, 10));
        new Safetensors(tensors, Map.of()).write(file);
        LoraAdapter back = LoraAdapter.load(file, sites);
        float before =
                adapter.tensors().get("net.to_out.0.lora_B.weight").floats().get(3);
        float after = back.tensors().get("net.to_out.0.lora_B.weight").floats().get(3);
        assertThat(back.config().alpha()).isEqualTo(5);
        assertThat(after).isEqualTo(2 * before);
    }

    @Test
    void anAdapterOfAnotherModelIsRefused() throws IOException {
        Path file = directory.resolve("foreign.safetensors");
        TensorData factor = TensorData.zeros(DataType.FLOAT32, Shape.of(1, 1));
        new Safetensors(Map.of("unet.elsewhere.to_q.lora_A.weight", factor), Map.of()).write(file);
        assertThatThrownBy(() -> LoraAdapter.load(file, sites))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("foreign.safetensors", "elsewhere.to_q");
    }

    @ParameterizedTest
    @EnumSource(LoraFormat.class)
    void aModelExportedInsideAnotherModuleTakesItsAdapter(LoraFormat format) throws IOException {
        LoraAdapter adapter = LoraInjectionTest.randomAdapter(sites, 4);
        Path file = directory.resolve("adapter_model.safetensors");
        adapter.save(file, format);
        List<LoraSite> wrapped = sites.stream()
                .map(s -> new LoraSite("model.inner." + s.path(), s.in(), s.out(), s.kernel()))
                .toList();
        LoraAdapter back = LoraAdapter.load(file, wrapped);
        assertThat(back.sites()).isEqualTo(wrapped);
        adapter.tensors().forEach((key, tensor) -> assertThat(
                        back.tensors().get("model.inner." + key).toFloats())
                .containsExactly(tensor.toFloats()));
    }

    @Test
    void whatIsNoFactorIsRefused() throws IOException {
        Map<String, TensorData> tensors =
                new LinkedHashMap<>(LoraInjectionTest.randomAdapter(sites, 4).tensors());
        tensors.put("net.to_q.lora_magnitude_vector", TensorData.zeros(DataType.FLOAT32, Shape.of(4)));
        Path file = directory.resolve("dora.safetensors");
        new Safetensors(tensors, Map.of()).write(file);
        assertThatThrownBy(() -> LoraAdapter.load(file, sites))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("dora.safetensors", "net.to_q.lora_magnitude_vector", "DoRA");
    }

    @Test
    void aMissingFactorIsNamed() throws IOException {
        LoraAdapter adapter = LoraInjectionTest.randomAdapter(sites, 4);
        Map<String, TensorData> tensors = new LinkedHashMap<>(adapter.tensors());
        tensors.remove("net.to_q.lora_B.weight");
        Path file = directory.resolve("half.safetensors");
        new Safetensors(tensors, Map.of()).write(file);
        assertThatThrownBy(() -> LoraAdapter.load(file, sites))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("net.to_q.lora_A.weight, but not the up projection B of net.to_q");
    }

    @Test
    void brokenConfigurationsAreNamed() throws IOException {
        LoraAdapter adapter = LoraInjectionTest.randomAdapter(sites, 4);
        Path file = directory.resolve("adapter_model.safetensors");
        adapter.save(file, LoraFormat.PEFT);
        Files.writeString(directory.resolve("adapter_config.json"), "{ nonsense");
        assertThatThrownBy(() -> LoraAdapter.load(file, sites))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("adapter_model.safetensors");
    }
}
