package dev.rlcm.onnx.pipeline;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.rlcm.io.AtomicFiles;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A folder of captioned pictures, in the layout of Hugging Face's {@code ImageFolder} that diffusers' training scripts read: pictures, and a
 * file {@code metadata.jsonl} with a JSON object in each line, whose {@code file_name} is relative to the folder and whose {@code text} is
 * the caption. Other fields are metadata of the picture.
 *
 * <pre>{@code
 * {"file_name": "000000.png", "text": "a cat on grass", "animal": "cat"}
 * }</pre>
 *
 * <p>A folder without that file is its PNG and JPEG files in the order of their names, with empty captions. Pictures are read when they are
 * asked for. Immutable and thread-safe.
 *
 * @param folder holds the pictures
 * @param entries at least one
 */
public record ImageFolder(Path folder, List<Entry> entries) {
    private static final String METADATA = "metadata.jsonl";
    private static final String FILE = "file_name";
    private static final String TEXT = "text";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectReader OBJECT = JSON.readerFor(new TypeReference<Map<String, Object>>() {});

    /**
     * A picture and what is known about it.
     *
     * @param fileName relative to the folder
     * @param caption text and metadata; the text is empty if there is no caption
     */
    public record Entry(String fileName, Prompt caption) {
        private Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put(FILE, fileName);
            fields.put(TEXT, caption.text());
            fields.putAll(caption.metadata());
            return fields;
        }
    }

    public ImageFolder {
        entries = List.copyOf(entries);
        if (entries.isEmpty()) {
            throw new IllegalArgumentException(folder + " has no pictures; put PNG or JPEG files into it");
        }
    }

    /**
     * Reads what a folder holds, not the pictures themselves.
     *
     * @throws IOException if it is no folder, has no pictures, or a line of its metadata is not what it should be
     */
    public static ImageFolder open(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new IOException(folder + " is not a folder; give one with pictures and, for captions, a " + METADATA);
        }
        Path metadata = folder.resolve(METADATA);
        List<Entry> entries = Files.exists(metadata) ? described(metadata) : found(folder);
        if (entries.isEmpty()) {
            throw new IOException(folder + " has no pictures; put PNG or JPEG files into it");
        }
        return new ImageFolder(folder, entries);
    }

    private static List<Entry> described(Path metadata) throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (String line : Files.readAllLines(metadata, StandardCharsets.UTF_8)) {
            if (!line.isBlank()) {
                entries.add(entry(line, metadata + ", picture " + (entries.size() + 1)));
            }
        }
        return entries;
    }

    private static Entry entry(String line, String place) throws IOException {
        try {
            Map<String, Object> fields = new LinkedHashMap<>(OBJECT.<Map<String, Object>>readValue(line));
            Object name = fields.remove(FILE);
            Object text = fields.remove(TEXT);
            if (!(name instanceof String file) || !(text instanceof String caption)) {
                throw new IOException(place + " needs the texts \"" + FILE + "\" and \"" + TEXT + "\", got " + line);
            }
            return new Entry(file, new Prompt(caption, fields));
        } catch (JsonProcessingException e) {
            throw new IOException(place + " is not a JSON object: " + e.getOriginalMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new IOException(place + ": " + e.getMessage(), e);
        }
    }

    private static List<Entry> found(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(ImageFolder::isPicture)
                    .sorted()
                    .map(name -> new Entry(name, Prompt.of("")))
                    .toList();
        }
    }

    private static boolean isPicture(String name) {
        return name.toLowerCase(Locale.ROOT).matches(".*\\.(png|jpe?g)");
    }

    public int size() {
        return entries.size();
    }

    /** The captions, in the pictures' order. */
    public List<Prompt> captions() {
        return entries.stream().map(Entry::caption).toList();
    }

    /**
     * Reads a picture, whose prompt is its caption.
     *
     * @param index from 0 to {@link #size()} - 1
     * @throws IOException if the file is missing or no picture
     */
    public Sample read(int index) throws IOException {
        Entry entry = entries.get(index);
        return ImageFiles.read(folder.resolve(entry.fileName())).withPrompt(entry.caption());
    }

    /** Reads all pictures, which takes 12 bytes of memory per pixel. */
    public List<Sample> readAll() throws IOException {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < size(); i++) {
            samples.add(read(i));
        }
        return samples;
    }

    /**
     * Writes {@code metadata.jsonl}, atomically. Those who write a folder write the pictures first, so that none is described that is not
     * there.
     */
    public void writeMetadata() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (Entry entry : entries) {
            lines.append(JSON.writeValueAsString(entry.fields())).append('\n');
        }
        AtomicFiles.writeString(folder.resolve(METADATA), lines.toString());
    }
}
