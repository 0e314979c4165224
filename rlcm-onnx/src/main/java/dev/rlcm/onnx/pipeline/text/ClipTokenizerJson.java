package dev.rlcm.onnx.pipeline.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * CLIP's tokenizer in the form of a {@code tokenizer.json}, made from {@code vocab.json} and {@code merges.txt}: what
 * transformers' CLIPConverter makes of them. Normalise (NFC, white space to one space, lower case), split by CLIP's
 * pattern, byte-level BPE with {@code </w>} at the end of a word, BOS and EOS around.
 */
final class ClipTokenizerJson {
    private static final String PATTERN = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

    private ClipTokenizerJson() {}

    /** The tokenizer of a directory that has both files; BOS, EOS and UNK are those of its configuration. */
    static ObjectNode of(Path directory, JsonFile config) throws IOException {
        JsonFile vocab = JsonFile.read(directory.resolve("vocab.json"));
        String bos = config.token("bos_token").orElse("<|startoftext|>");
        String eos = config.token("eos_token").orElse("<|endoftext|>");
        ObjectNode json = vocab.root().objectNode();
        json.put("version", "1.0");
        addSpecial(json.putArray("added_tokens"), vocab, bos);
        if (!eos.equals(bos)) {
            addSpecial(json.withArray("added_tokens"), vocab, eos);
        }
        ObjectNode normalizer = json.putObject("normalizer").put("type", "Sequence");
        ArrayNode normalizers = normalizer.putArray("normalizers");
        normalizers.addObject().put("type", "NFC");
        ObjectNode spaces = normalizers.addObject().put("type", "Replace").put("content", " ");
        spaces.putObject("pattern").put("Regex", "\\s+");
        normalizers.addObject().put("type", "Lowercase");

        ObjectNode splitter = json.putObject("pre_tokenizer").put("type", "Sequence");
        ArrayNode splitters = splitter.putArray("pretokenizers");
        ObjectNode words = splitters.addObject().put("type", "Split");
        words.put("behavior", "Removed")
                .put("invert", true)
                .putObject("pattern")
                .put("Regex", PATTERN);
        splitters
                .addObject()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true);

        ObjectNode ends = json.putObject("post_processor").put("type", "RobertaProcessing");
        ends.put("trim_offsets", false).put("add_prefix_space", false);
        ends.putArray("sep").add(eos).add(id(vocab, eos));
        ends.putArray("cls").add(bos).add(id(vocab, bos));

        ObjectNode model = json.putObject("model").put("type", "BPE");
        model.put("unk_token", config.token("unk_token").orElse(eos));
        model.put("continuing_subword_prefix", "").put("end_of_word_suffix", "</w>");
        model.set("vocab", vocab.root());
        readMerges(directory.resolve("merges.txt"), model.putArray("merges"));
        return json;
    }

    private static void addSpecial(ArrayNode tokens, JsonFile vocab, String content) {
        ObjectNode token = tokens.addObject().put("id", id(vocab, content)).put("content", content);
        token.put("single_word", false).put("lstrip", false).put("rstrip", false);
        token.put("normalized", false).put("special", true);
    }

    private static int id(JsonFile vocab, String token) {
        if (!vocab.root().path(token).isInt()) {
            throw new IllegalArgumentException(
                    vocab.path() + " has no special token " + token
                            + "; only CLIP's tokenizer can be built from vocab.json and merges.txt, others need tokenizer.json");
        }
        return vocab.root().get(token).intValue();
    }

    private static void readMerges(Path file, ArrayNode merges) throws IOException {
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            int number = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (line.isBlank() || (number == 1 && line.startsWith("#version"))) {
                    continue;
                }
                int space = line.indexOf(' ');
                if (space <= 0 || space == line.length() - 1 || line.indexOf(' ', space + 1) >= 0) {
                    throw new IllegalArgumentException(
                            file + ", line " + number + ": expected two tokens separated by a space");
                }
                merges.add(line);
            }
        } catch (MalformedInputException e) {
            throw new IllegalArgumentException(file + " is not UTF-8 text; download or export the model again", e);
        }
    }
}
