package dev.rlcm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OriginalNamesTest {
    private static final String SINGLE = "single_transformer_blocks.3.";
    private static final List<LoraSite> FLUX = List.of(
            new LoraSite("transformer_blocks.0.attn.add_q_proj", 4, 6),
            new LoraSite("transformer_blocks.0.attn.add_k_proj", 4, 6),
            new LoraSite("transformer_blocks.0.attn.add_v_proj", 4, 6),
            new LoraSite(SINGLE + "attn.to_q", 4, 3),
            new LoraSite(SINGLE + "attn.to_k", 4, 3),
            new LoraSite(SINGLE + "attn.to_v", 4, 3),
            new LoraSite(SINGLE + "proj_mlp", 4, 8),
            new LoraSite(SINGLE + "proj_out", 11, 4));

    private static final String JOINT = "transformer_blocks.23.";
    private static final List<LoraSite> SD3 = List.of(
            new LoraSite(JOINT + "attn.add_q_proj", 4, 6),
            new LoraSite(JOINT + "attn.add_k_proj", 4, 6),
            new LoraSite(JOINT + "attn.add_v_proj", 4, 6),
            new LoraSite(JOINT + "ff.net.0.proj", 4, 16),
            new LoraSite(JOINT + "norm1_context.linear", 4, 8));

    @TempDir
    private Path temp;

    @ParameterizedTest
    @CsvSource({
        "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q, input_blocks.4.1.transformer_blocks.0.attn1.to_q",
        "down_blocks.2.attentions.1.proj_in, input_blocks.8.1.proj_in",
        "down_blocks.0.resnets.1.conv1, input_blocks.2.0.in_layers.2",
        "down_blocks.0.downsamplers.0.conv, input_blocks.3.0.op",
        "mid_block.attentions.0.transformer_blocks.9.ff.net.2, middle_block.1.transformer_blocks.9.ff.net.2",
        "mid_block.resnets.1.time_emb_proj, middle_block.2.emb_layers.1",
        "up_blocks.0.attentions.2.transformer_blocks.1.attn2.to_out.0, output_blocks.2.1.transformer_blocks.1.attn2.to_out.0",
        "up_blocks.1.resnets.0.conv_shortcut, output_blocks.3.0.skip_connection",
        "up_blocks.1.upsamplers.0.conv, output_blocks.5.2.conv",
        "conv_in, input_blocks.0.0",
        "add_embedding.linear_2, label_emb.0.2",
        "transformer_blocks.7.attn.to_k, double_blocks.7.img_attn.qkv",
        "transformer_blocks.7.attn.to_add_out, double_blocks.7.txt_attn.proj",
        "transformer_blocks.0.ff_context.net.0.proj, double_blocks.0.txt_mlp.0",
        "transformer_blocks.0.norm1.linear, double_blocks.0.img_mod.lin",
        "single_transformer_blocks.37.proj_mlp, single_blocks.37.linear1"
    })
    void layersHaveTheNamesThatKohyaTakes(String path, String original) {
        assertThat(OriginalNames.of(path))
                .get()
                .extracting(OriginalNames.Place::name)
                .isEqualTo(original);
    }

    @ParameterizedTest
    @CsvSource({
        "transformer_blocks.0.attn.to_k, joint_blocks.0.x_block.attn.qkv",
        "transformer_blocks.0.attn.to_out.0, joint_blocks.0.x_block.attn.proj",
        "transformer_blocks.12.attn2.to_v, joint_blocks.12.x_block.attn2.qkv",
        "transformer_blocks.12.attn2.to_out.0, joint_blocks.12.x_block.attn2.proj",
        "transformer_blocks.23.attn.add_q_proj, joint_blocks.23.context_block.attn.qkv",
        "transformer_blocks.3.attn.to_add_out, joint_blocks.3.context_block.attn.proj",
        "transformer_blocks.3.ff.net.0.proj, joint_blocks.3.x_block.mlp.fc1",
        "transformer_blocks.3.ff_context.net.2, joint_blocks.3.context_block.mlp.fc2",
        "transformer_blocks.3.norm1.linear, joint_blocks.3.x_block.adaLN_modulation.1",
        "time_text_embed.text_embedder.linear_2, y_embedder.mlp.2",
        "proj_out, final_layer.linear"
    })
    void layersOfStableDiffusion3HaveTheNamesThatKohyaTakes(String path, String original) {
        assertThat(StableDiffusion3Names.of(path))
                .get()
                .extracting(OriginalNames.Place::name)
                .isEqualTo(original);
    }

    @Test
    void layersOfStableDiffusion3AreJoinedAndSplitWithoutLoss() throws IOException {
        LoraAdapter adapter = adapter(SD3);
        Path file = temp.resolve("sd3.safetensors");
        adapter.save(file, LoraFormat.KOHYA_SD3);
        String text = "lora_unet_joint_blocks_23_context_block_";
        Map<String, TensorData> saved = Safetensors.read(file).tensors();
        assertThat(saved.keySet())
                .containsOnlyOnceElementsOf(List.of(
                        text + "attn_qkv.lora_down.weight",
                        text + "adaLN_modulation_1.lora_up.weight",
                        "lora_unet_joint_blocks_23_x_block_mlp_fc1.alpha"))
                .hasSize(9);
        assertThat(saved.get(text + "attn_qkv.lora_up.weight").shape()).isEqualTo(Shape.of(18, 6));
        LoraAdapter read = LoraAdapter.load(file, SD3);
        for (LoraSite site : SD3) {
            assertThat(update(read, site)).usingComparatorWithPrecision(1e-6).containsExactly(update(adapter, site));
        }
        // The shift comes first in the original, the scale in diffusers.
        TensorData up = saved.get(text + "adaLN_modulation_1.lora_up.weight");
        TensorData down = saved.get(text + "adaLN_modulation_1.lora_down.weight");
        LoraSite site = new LoraSite("modulation", 4, 8);
        LoraAdapter asStored =
                LoraAdapter.of(adapter.config(), List.of(site), Map.of(site.keyA(), down, site.keyB(), up));
        double[] original = update(asStored, site);
        double[] own = update(adapter, SD3.get(4));
        for (int i = 0; i < own.length; i++) {
            assertThat(original[i]).isEqualTo(own[(i + own.length / 2) % own.length]);
        }
    }

    @Test
    void anUnknownPathHasNone() {
        assertThat(OriginalNames.of("x_embedder.linear")).isEmpty();
        assertThat(OriginalNames.of("transformer_blocks.0.attn2.to_q")).isEmpty();
    }

    @Test
    void layersThatAreOneAreJoinedAndSplitWithoutLoss() throws IOException {
        LoraAdapter adapter = adapter(FLUX);
        Path file = temp.resolve("flux.safetensors");
        adapter.save(file, LoraFormat.KOHYA_ORIGINAL);
        Map<String, TensorData> saved = Safetensors.read(file).tensors();
        assertThat(saved)
                .containsKeys(
                        "lora_unet_double_blocks_0_txt_attn_qkv.lora_down.weight",
                        "lora_unet_single_blocks_3_linear2.alpha");
        assertThat(saved.get("lora_unet_single_blocks_3_linear1.lora_down.weight")
                        .shape())
                .isEqualTo(Shape.of(8, 4));
        assertThat(saved.get("lora_unet_single_blocks_3_linear1.lora_up.weight").shape())
                .isEqualTo(Shape.of(17, 8));
        assertThat(saved.get("lora_unet_single_blocks_3_linear1.alpha").getDouble(0))
                .isEqualTo(12);

        LoraAdapter read = LoraAdapter.load(file, FLUX);
        for (LoraSite site : FLUX) {
            assertThat(update(read, site)).usingComparatorWithPrecision(1e-6).containsExactly(update(adapter, site));
        }
    }

    @Test
    void aUnetsAdapterIsReadUnderItsOriginalNames() throws IOException {
        List<LoraSite> sites =
                List.of(new LoraSite("down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q", 4, 6));
        LoraAdapter adapter = adapter(sites);
        Path file = temp.resolve("sdxl.safetensors");
        adapter.save(file, LoraFormat.KOHYA_ORIGINAL);
        assertThat(Safetensors.read(file).tensors())
                .containsKey("lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.lora_up.weight");
        LoraAdapter read = LoraAdapter.load(file, sites);
        assertThat(update(read, sites.get(0))).containsExactly(update(adapter, sites.get(0)));
    }

    @Test
    void partsOfALayerCannotBeWrittenAlone() {
        Path file = temp.resolve("part.safetensors");
        assertThatThrownBy(() -> adapter(FLUX.subList(3, 5)).save(file, LoraFormat.KOHYA_ORIGINAL))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapt all of queries, keys and values")
                .hasMessageContaining(SINGLE + "attn.to_q");
        assertThatThrownBy(() -> adapter(FLUX.subList(0, 3)).save(file, LoraFormat.KOHYA_ORIGINAL))
                .hasMessageContaining("KOHYA_SD3");
    }

    @Test
    void rowsThatDoNotAddUpAreNamed() throws IOException {
        String name = "lora_unet_double_blocks_0_txt_attn_qkv";
        Path file = temp.resolve("short.safetensors");
        for (int rows : new int[] {17, 20}) {
            Safetensors.of(Map.of(
                            name + ".lora_down.weight", TensorData.zeros(DataType.FLOAT32, Shape.of(2, 4)),
                            name + ".lora_up.weight", TensorData.zeros(DataType.FLOAT32, Shape.of(rows, 2))))
                    .write(file);
            assertThatThrownBy(() -> LoraAdapter.load(file, FLUX))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(name + ".lora_up.weight")
                    .hasMessageContaining("18 rows");
        }
    }

    /** Random in both factors. */
    private static LoraAdapter adapter(List<LoraSite> sites) {
        LoraConfig config = LoraConfig.rank(2).withAlpha(3);
        Map<String, TensorData> weights = new HashMap<>();
        for (LoraSite site : sites) {
            RandomStreams random = RandomStreams.seeded(1).at(site.path());
            weights.put(site.keyA(), gaussians(site.shapeA(2), random.at("a")));
            weights.put(site.keyB(), gaussians(site.shapeB(2), random.at("b")));
        }
        return LoraAdapter.of(config, sites, weights);
    }

    private static TensorData gaussians(Shape shape, RandomStreams random) {
        return TensorData.floats(shape, random.gaussians((int) shape.size()));
    }

    /** alpha / rank B A. */
    private static double[] update(LoraAdapter adapter, LoraSite site) {
        float[] a = adapter.tensors().get(site.keyA()).toFloats();
        float[] b = adapter.tensors().get(site.keyB()).toFloats();
        int rank = adapter.config().rank();
        double[] update = new double[site.in() * site.out()];
        for (int i = 0; i < update.length; i++) {
            for (int r = 0; r < rank; r++) {
                update[i] += adapter.config().scale() * b[i / site.in() * rank + r] * a[r * site.in() + i % site.in()];
            }
        }
        return update;
    }
}
