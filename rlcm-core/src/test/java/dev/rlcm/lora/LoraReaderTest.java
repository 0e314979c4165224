package dev.rlcm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.testing.Logged;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The keys of other tools' files, and what is refused in them. */
class LoraReaderTest {
    private static final LoraSite TO_Q = new LoraSite("mid.attn1.to_q", 3, 4);
    private static final LoraSite TO_OUT = new LoraSite("mid.attn1.to_out.0", 4, 5);
    private static final List<LoraSite> SITES = List.of(TO_Q, TO_OUT);
    private static final String CONFIG = "adapter_config.json";

    @TempDir
    Path directory;

    private final LoraAdapter adapter = LoraInjectionTest.randomAdapter(SITES, 4); // rank 2, alpha 5
    private Path file;

    @BeforeEach
    void nameFile() {
        file = directory.resolve("adapter_model.safetensors");
    }

    /** Writes the adapter's tensors under other keys. */
    private void write(UnaryOperator<String> key) throws IOException {
        write(key, Map.of());
    }

    private void write(UnaryOperator<String> key, Map<String, TensorData> more) throws IOException {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        adapter.tensors().forEach((name, tensor) -> tensors.put(key.apply(name), tensor));
        tensors.putAll(more);
        new Safetensors(tensors, Map.of()).write(file);
    }

    private LoraAdapter load() {
        try {
            return LoraAdapter.load(file, SITES);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void assertSameWeights(LoraAdapter actual, LoraAdapter expected) {
        assertThat(actual.sites()).isEqualTo(expected.sites());
        expected.tensors()
                .forEach((key, tensor) ->
                        assertThat(actual.tensors().get(key).toFloats()).containsExactly(tensor.toFloats()));
    }

    private void assertRefused(String... parts) {
        assertThatThrownBy(() -> LoraAdapter.load(file, SITES))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContainingAll(parts);
    }

    /** As LoRAAttnProcessor of diffusers 0.11 to 0.26 names them, and the reference code of DDPO and RLCM saves them. */
    @ParameterizedTest
    @ValueSource(strings = {"", "unet.", "module.unet.", "unet.module."})
    void factorsOfAttentionProcessorsAreRead(String prefix) throws IOException {
        Map<String, String> old = Map.of(
                TO_Q.keyA(), "mid.attn1.processor.to_q_lora.down.weight",
                TO_Q.keyB(), "mid.attn1.processor.to_q_lora.up.weight",
                TO_OUT.keyA(), "mid.attn1.processor.to_out_lora.down.weight",
                TO_OUT.keyB(), "mid.attn1.processor.to_out_lora.up.weight");
        write(key -> prefix + old.get(key));
        assertSameWeights(load(), adapter);
        assertThat(Logged.during(() -> assertThat(load().config().alpha()).isEqualTo(2)))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "module.",
                "module.module.",
                "_orig_mod.",
                "unet.module.",
                "base_model.model.module.",
                "module._orig_mod.unet."
            })
    void namesOfWrappersBeforeThePathAreLeftOut(String prefix) throws IOException {
        write(prefix::concat);
        assertSameWeights(load(), adapter);
    }

    @Test
    void aModelWhosePathsBeginAsThoseOfWrappersKeepsThem() throws IOException {
        List<LoraSite> sites = List.of(new LoraSite("module.to_q", 3, 4), new LoraSite("to_q", 3, 4));
        LoraAdapter both = LoraInjectionTest.randomAdapter(sites, 4);
        for (LoraFormat format : LoraFormat.values()) {
            both.save(file, format);
            assertSameWeights(LoraAdapter.load(file, sites), both);
        }
    }

    @Test
    void pathsThatDifferOnlyInUnderscoresAreToldApart() throws IOException {
        List<LoraSite> sites = List.of(new LoraSite("a.b_c", 3, 4), new LoraSite("a_b.c", 3, 4));
        LoraAdapter both = LoraInjectionTest.randomAdapter(sites, 4);
        both.save(file);
        assertSameWeights(LoraAdapter.load(file, sites), both);
    }

    @Test
    void twoTensorsForOneFactorAreRefused() throws IOException {
        write(
                UnaryOperator.identity(),
                Map.of("unet." + TO_Q.keyB(), adapter.tensors().get(TO_Q.keyB())));
        assertRefused(TO_Q.keyB(), "unet." + TO_Q.keyB(), "the up projection B of mid.attn1.to_q");
    }

    @Test
    void anAlphaThatIsNotOneFiniteNumberIsRefused() throws IOException {
        String key = "unet.mid.attn1.to_q.alpha";
        for (TensorData alpha : List.of(
                TensorData.floats(Shape.of(0)),
                TensorData.floats(Shape.of(2), 1, 2),
                TensorData.floats(Shape.of(1), Float.NaN),
                TensorData.floats(Shape.of(), -1))) {
            write(UnaryOperator.identity(), Map.of(key, alpha));
            assertRefused(key, "must be one finite number");
        }
        write(UnaryOperator.identity(), Map.of(key, TensorData.floats(Shape.of(1), 7)));
        assertThat(load().config().alpha()).isEqualTo(7);
    }

    @ParameterizedTest
    @CsvSource({"NaN,NaN", "Infinity,Infinity", "1e60,1.0E60"})
    void valuesThatAreNotFiniteAreRefusedByIndex(double value, String shown) throws IOException {
        TensorData damaged = adapter.tensors().get(TO_Q.keyA()).cast(DataType.FLOAT64);
        damaged.setDouble(4, value); // of [2, 3]
        write(UnaryOperator.identity(), Map.of(TO_Q.keyA(), damaged));
        assertRefused(TO_Q.keyA() + " [1, 1] is " + shown);
    }

    @Test
    void factorsThatAreNotFloatingPointAreRefused() throws IOException {
        write(UnaryOperator.identity(), Map.of(TO_Q.keyA(), TensorData.longs(TO_Q.shapeA(2), 1, 2, 3, 4, 5, 6)));
        assertRefused(TO_Q.keyA(), "floating-point", "INT64");
    }

    @Test
    void missingWeightsAreNamed() {
        Map<String, TensorData> weights = new LinkedHashMap<>(adapter.tensors());
        weights.remove(TO_OUT.keyB());
        assertThatThrownBy(() -> LoraAdapter.of(adapter.config(), SITES, weights))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the weights lack mid.attn1.to_out.0.lora_B.weight of shape [5,2]");
    }

    @Test
    void aFileOfPeftWithoutItsConfigurationIsReadWithAWarning() throws IOException {
        write("base_model.model."::concat);
        assertThat(Logged.during(() -> assertThat(load().config().alpha()).isEqualTo(2)))
                .singleElement()
                .asString()
                .contains("alpha of 2 layers", CONFIG, file.toString());
        assertThat(Logged.during(() -> {
                    try {
                        assertThat(LoraAdapter.load(file, SITES, 8).config().alpha())
                                .isEqualTo(8);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }))
                .isEmpty();
        adapter.save(file, LoraFormat.PEFT);
        assertThat(Logged.during(() -> assertThat(load().config().alpha()).isEqualTo(5)))
                .isEmpty();
    }

    @Test
    void anAlphaThatIsGivenReplacesThatOfTheFile() throws IOException {
        for (LoraFormat format : LoraFormat.values()) {
            adapter.save(file, format);
            LoraAdapter loaded = LoraAdapter.load(file, SITES, 3);
            assertThat(loaded.config().alpha()).isEqualTo(3);
            assertSameWeights(loaded, adapter);
        }
        for (double alpha : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> LoraAdapter.load(file, SITES, alpha))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("alpha must be positive");
        }
    }

    private void writePattern(String pattern) throws IOException {
        write("base_model.model."::concat);
        String key = pattern.replace("\\", "\\\\");
        Files.writeString(directory.resolve(CONFIG), "{\"lora_alpha\": 4, \"alpha_pattern\": {\"" + key + "\": 12}}");
    }

    /** PEFT takes re.match(rf"(.*\.)?({key})$", path). */
    @ParameterizedTest
    @CsvSource({
        "to_q, 12",
        "attn1.to_q, 12",
        "attn\\d+\\.to_[qkv], 12",
        "'mid(\\..*)?\\.to_q', 12",
        "o_q, 4",
        "to_, 4",
        "to_q.*|nothing, 12"
    })
    void patternsOfPeftFitTheEndOfPaths(String pattern, double alpha) throws IOException {
        writePattern(pattern);
        assertThat(LoraAdapter.load(file, List.of(TO_Q, TO_OUT)).config().alpha())
                .isEqualTo(alpha);
    }

    /** Each takes ages in an engine that backtracks, or more memory or stack than there is. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "(a|a)*b",
                "(.*)*x",
                "(\\w+\\.?)+!",
                "(((a{1000}){1000}){1000}){1000}",
                "(((a{2,}){1,1000}){3,}){999,}",
                "((a{99999999999999999999}))",
                "((a?){100}){10}x",
                "(.*.*.*.*.*.*.*.*.*.*)+x"
            })
    @Timeout(60)
    void noPatternTakesForEver(String pattern) throws IOException {
        String path = "a".repeat(500) + ".to_q";
        List<LoraSite> sites = List.of(new LoraSite(path, 3, 4));
        LoraInjectionTest.randomAdapter(sites, 4).save(file, LoraFormat.PEFT);
        Files.writeString(
                directory.resolve(CONFIG),
                "{\"lora_alpha\": 4, \"alpha_pattern\": {\"" + pattern.replace("\\", "\\\\") + "\": 12}}");
        try {
            assertThat(LoraAdapter.load(file, sites).config().alpha()).isEqualTo(4);
        } catch (IOException e) {
            assertThat(e).hasMessageContainingAll(file.toString(), pattern);
        }
    }

    @Test
    void patternsThatAreNotTakenAreNamed() throws IOException {
        for (String pattern : List.of(
                "(?!x)to_q",
                "(to)_q\\1",
                "(",
                "(".repeat(400) + ")".repeat(400),
                "(".repeat(5000) + ")".repeat(5000))) {
            writePattern(pattern);
            if (pattern.startsWith("((") && pattern.length() < 1000) {
                load(); // nested deeply, but valid
            } else {
                assertRefused(CONFIG, pattern.substring(0, Math.min(pattern.length(), 100)), "name the modules");
            }
        }
    }

    @Test
    void configurationsThatMakeNoSenseAreNamed() throws IOException {
        write("base_model.model."::concat);
        Map<String, String> problems = Map.of(
                "[]", "must be a JSON object",
                "", "must be a JSON object",
                "{\"lora_alpha\": \"x\"}", "lora_alpha must be a positive number, got \"x\"",
                "{\"lora_alpha\": -1}", "lora_alpha must be a positive number, got -1",
                "{\"alpha_pattern\": {\"to_q\": 0}}", "alpha_pattern of to_q must be a positive number, got 0");
        for (Map.Entry<String, String> problem : problems.entrySet()) {
            Files.writeString(directory.resolve(CONFIG), problem.getKey());
            assertRefused(CONFIG, problem.getValue());
        }
    }

    @Test
    void aConfigurationThatIsNoUtf8IsNamed() throws IOException {
        write("base_model.model."::concat);
        Files.write(directory.resolve(CONFIG), new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'});
        assertRefused(CONFIG);
    }
}
