package dev.rlcm.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON header of a safetensors file. Parsed token by token, so that a hostile header cannot make a tree many times
 * its size.
 */
record SafetensorsHeader(Map<String, Entry> entries, Map<String, String> metadata) {
    static final String METADATA = "__metadata__";
    static final long MAX_LENGTH = 100_000_000; // the reference implementation's limit

    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES) // a process-wide table is no place for a file's names
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();

    /** A tensor's type, shape and bytes {@code [begin, end)} counted from the end of the header. */
    record Entry(DataType type, Shape shape, long begin, long end) {}

    /** Parses a header in front of {@code available} bytes, all of which must be claimed exactly once. */
    static SafetensorsHeader parse(String source, byte[] json, long available) throws IOException {
        Map<String, Entry> entries = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        try (JsonParser parser = JSON.createParser(json)) {
            expect(source, parser, parser.nextToken(), JsonToken.START_OBJECT);
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                expect(source, parser, parser.nextToken(), JsonToken.START_OBJECT);
                if (name.equals(METADATA)) {
                    while (parser.nextToken() != JsonToken.END_OBJECT) {
                        String key = parser.currentName();
                        expect(source, parser, parser.nextToken(), JsonToken.VALUE_STRING);
                        metadata.put(key, parser.getText());
                    }
                } else {
                    entries.put(name, entry(source + "[" + abbreviated(name) + "]", parser));
                }
            }
            if (parser.nextToken() != null) {
                throw TensorFileException.damaged(source, "the header goes on after its JSON object");
            }
        } catch (TensorFileException e) {
            throw e;
        } catch (IOException e) { // Jackson's several ways to say that this is not JSON
            throw TensorFileException.damaged(source, e);
        }
        checkCoverage(source, entries, available);
        return new SafetensorsHeader(entries, metadata);
    }

    private static Entry entry(String source, JsonParser parser) throws IOException {
        String dtype = "";
        List<Long> shape = List.of();
        List<Long> offsets = List.of();
        int seen = 0; // bits, so that each of the three keys is there (a duplicate is the parser's business)
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (key) {
                case "dtype" -> {
                    expect(source, parser, value, JsonToken.VALUE_STRING);
                    dtype = parser.getText();
                    seen |= 1;
                }
                case "shape" -> {
                    shape = longs(source, parser, TensorBytes.MAX_RANK);
                    seen |= 2;
                }
                case "data_offsets" -> {
                    offsets = longs(source, parser, 2);
                    seen |= 4;
                }
                default -> throw TensorFileException.damaged(source, "the unknown key " + abbreviated(key));
            }
        }
        if (seen != 7 || offsets.size() != 2) {
            throw TensorFileException.damaged(source, "dtype, shape or data_offsets are missing or incomplete");
        }
        long begin = offsets.get(0);
        long end = offsets.get(1);
        if (begin < 0 || end < begin) {
            throw TensorFileException.damaged(source, "data_offsets " + offsets);
        }
        DataType type = type(source, dtype);
        return new Entry(type, TensorBytes.shape(source, type, shape, end - begin), begin, end);
    }

    private static List<Long> longs(String source, JsonParser parser, int most) throws IOException {
        expect(source, parser, parser.currentToken(), JsonToken.START_ARRAY);
        List<Long> values = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(source, parser, parser.currentToken(), JsonToken.VALUE_NUMBER_INT);
            values.add(parser.getLongValue());
            if (values.size() > most) {
                throw TensorFileException.damaged(source, "an array of more than " + most + " numbers");
            }
        }
        return values;
    }

    private static void checkCoverage(String source, Map<String, Entry> entries, long available) throws IOException {
        List<Entry> inOrder = new ArrayList<>(entries.values());
        inOrder.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long position = 0;
        for (Entry entry : inOrder) {
            if (entry.begin() != position) {
                throw TensorFileException.damaged(
                        source, "tensors overlap or leave a hole at byte " + Math.min(position, entry.begin()));
            }
            position = entry.end();
        }
        if (position != available) {
            throw TensorFileException.damaged(
                    source, "the header describes " + position + " bytes of tensors, the file has " + available);
        }
    }

    private static void expect(String source, JsonParser parser, JsonToken actual, JsonToken expected)
            throws IOException {
        if (actual != expected) {
            throw TensorFileException.damaged(
                    source,
                    "expected " + expected + " at byte "
                            + parser.currentLocation().getByteOffset() + " of the header, found " + actual);
        }
    }

    private static String abbreviated(String name) {
        return name.length() <= 200 ? name : name.substring(0, 200) + "...";
    }

    private static DataType type(String source, String dtype) throws IOException {
        return switch (dtype) {
            case "F64" -> DataType.FLOAT64;
            case "F32" -> DataType.FLOAT32;
            case "F16" -> DataType.FLOAT16;
            case "BF16" -> DataType.BFLOAT16;
            case "I64" -> DataType.INT64;
            case "I32" -> DataType.INT32;
            case "I16" -> DataType.INT16;
            case "I8" -> DataType.INT8;
            case "U8" -> DataType.UINT8;
            case "BOOL" -> DataType.BOOL;
            default -> throw new TensorFileException(
                    source, "dtype " + abbreviated(dtype) + " is not supported", "convert it, for example to F32");
        };
    }

    private static String name(DataType type) {
        return switch (type) {
            case FLOAT64 -> "F64";
            case FLOAT32 -> "F32";
            case FLOAT16 -> "F16";
            case BFLOAT16 -> "BF16";
            case INT64 -> "I64";
            case INT32 -> "I32";
            case INT16 -> "I16";
            case INT8 -> "I8";
            case UINT8 -> "U8";
            case BOOL -> "BOOL";
        };
    }

    /** The header of tensors laid out in the map's order, padded with spaces to a multiple of 8 bytes. */
    static byte[] write(Map<String, TensorData> tensors, Map<String, String> metadata) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart(METADATA);
                for (Map.Entry<String, String> pair : metadata.entrySet()) {
                    json.writeStringField(pair.getKey(), pair.getValue());
                }
                json.writeEndObject();
            }
            long offset = 0;
            for (Map.Entry<String, TensorData> named : tensors.entrySet()) {
                TensorData tensor = named.getValue();
                long end = offset + tensor.bytes().remaining();
                json.writeObjectFieldStart(named.getKey());
                json.writeStringField("dtype", name(tensor.type()));
                json.writeFieldName("shape");
                json.writeArray(tensor.shape().toLongs(), 0, tensor.shape().rank());
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {offset, end}, 0, 2);
                json.writeEndObject();
                offset = end;
            }
            json.writeEndObject();
        }
        String padding = " ".repeat((8 - bytes.size() % 8) % 8);
        bytes.writeBytes(padding.getBytes(StandardCharsets.US_ASCII));
        return bytes.toByteArray();
    }
}
