package dev.rlcm.lora;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Whatever happens to an adapter's file or its configuration, reading it gives finite weights or an IOException that names it. */
class DamagedAdaptersTest {
    private static final List<LoraSite> SITES =
            List.of(new LoraSite("a.to_q", 3, 2), new LoraSite("a.conv", 3, 2, Shape.of(3, 3)));
    private static final String NOISE = "{}[]\":,.+-eE0123456789()*?|\\lora_alphatrue ";

    private static Path directory = Path.of("");

    @BeforeContainer
    static void create() throws IOException {
        directory = Files.createTempDirectory("damaged");
    }

    @AfterContainer
    static void delete() throws IOException {
        Files.deleteIfExists(directory.resolve(PeftConfig.FILE));
        Files.deleteIfExists(directory.resolve("adapter.safetensors"));
        Files.delete(directory);
    }

    private static Path write(LoraFormat format) throws IOException {
        Path file = directory.resolve("adapter.safetensors");
        Files.deleteIfExists(directory.resolve(PeftConfig.FILE));
        LoraInjectionTest.randomAdapter(SITES, 1).save(file, format);
        return file;
    }

    private static void readOrRefuse(Path file) {
        try {
            for (TensorData weights : LoraAdapter.load(file, SITES).tensors().values()) {
                for (float weight : weights.toFloats()) {
                    assertThat(weight).isFinite();
                }
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining(file.toString());
        }
    }

    @Property(tries = 150)
    void flippedBits(@ForAll LoraFormat format, @ForAll long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        Path file = write(format);
        byte[] bytes = Files.readAllBytes(file);
        for (int i = random.nextInt(4); i >= 0; i--) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        Files.write(file, bytes);
        readOrRefuse(file);
    }

    /** Names and numbers of the header exchanged for others of the same length, so that most files still are ones. */
    @Property(tries = 100)
    void exchangedWords(@ForAll LoraFormat format, @ForAll long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        Path file = write(format);
        String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        List<List<String>> words = List.of(
                List.of("to_q", "conv", "alph"),
                List.of("lora_A", "lora_B", "lora.A"),
                List.of("lora_down", "lora.down"),
                List.of("weight", "alpha."),
                List.of("F32", "I32"));
        List<String> alike = words.get(random.nextInt(words.size()));
        String from = alike.get(random.nextInt(alike.size()));
        text = random.nextBoolean()
                ? text.replace(from, alike.get(random.nextInt(alike.size())))
                : text.replaceFirst(Pattern.quote(from), alike.get(random.nextInt(alike.size())));
        Files.write(file, text.getBytes(StandardCharsets.ISO_8859_1));
        readOrRefuse(file);
    }

    @Property(tries = 100)
    void overwrittenConfigurations(@ForAll long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        Path file = write(LoraFormat.PEFT);
        StringBuilder config =
                new StringBuilder("{\"lora_alpha\": 4, \"alpha_pattern\": {\"conv\": 12}, \"use_rslora\": true}");
        for (int i = random.nextInt(5); i >= 0; i--) {
            config.setCharAt(random.nextInt(config.length()), NOISE.charAt(random.nextInt(NOISE.length())));
        }
        Files.writeString(directory.resolve(PeftConfig.FILE), config);
        readOrRefuse(file);
    }
}
