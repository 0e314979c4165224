package dev.rlcm.io;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The head of an .npy array: a magic, a version and a Python dict literal of element type, order and shape
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
 */
record NpyHeader(DataType type, boolean bigEndian, boolean fortranOrder, Shape shape) {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int MAX_LENGTH = 1 << 16; // a plain array's header has about 100 bytes
    private static final Pattern DESCR = Pattern.compile("['\"]descr['\"]\\s*:\\s*['\"]([^'\"]*)['\"]");
    private static final Pattern ORDER = Pattern.compile("['\"]fortran_order['\"]\\s*:\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile("['\"]shape['\"]\\s*:\\s*\\(([0-9, ]*)\\)");
    private static final Map<DataType, String> CODES = new EnumMap<>(Map.of(
            DataType.FLOAT16, "f2",
            DataType.FLOAT32, "f4",
            DataType.FLOAT64, "f8",
            DataType.INT8, "i1",
            DataType.INT16, "i2",
            DataType.INT32, "i4",
            DataType.INT64, "i8",
            DataType.UINT8, "u1",
            DataType.BOOL, "b1"));

    /** Reads the head of an array whose bytes, head included, are {@code length}. */
    static NpyHeader read(String source, InputStream in, long length) throws IOException {
        DataInputStream data = new DataInputStream(in);
        try {
            byte[] magic = new byte[MAGIC.length];
            data.readFully(magic);
            if (!Arrays.equals(magic, MAGIC)) {
                throw new TensorFileException(source, "not an .npy array", "write it with numpy.save");
            }
            int major = data.readUnsignedByte();
            data.readUnsignedByte();
            if (major < 1 || major > 3) {
                throw new TensorFileException(source, ".npy version " + major + " is unknown", "use version 1, 2 or 3");
            }
            int headerLength = Short.toUnsignedInt(Short.reverseBytes(data.readShort()));
            int prefix = MAGIC.length + 4;
            if (major > 1) {
                headerLength |= Short.toUnsignedInt(Short.reverseBytes(data.readShort())) << 16;
                prefix += 2;
            }
            if (headerLength < 0 || headerLength > MAX_LENGTH || headerLength > length - prefix) {
                throw TensorFileException.damaged(
                        source, "a header of " + Integer.toUnsignedString(headerLength) + " bytes");
            }
            byte[] header = new byte[headerLength];
            data.readFully(header);
            return parse(source, new String(header, StandardCharsets.UTF_8), length - prefix - headerLength);
        } catch (EOFException e) {
            throw TensorFileException.damaged(source, "it ends within the header");
        }
    }

    private static NpyHeader parse(String source, String header, long available) throws IOException {
        String descr = find(source, DESCR, header, "descr");
        boolean fortranOrder = find(source, ORDER, header, "fortran_order").equals("True");
        DataType type = type(source, descr);
        List<Long> dims = new ArrayList<>();
        for (String dim : find(source, SHAPE, header, "shape").split(",", -1)) {
            if (dim.isBlank()) {
                continue; // Python writes (), (3,) and (2, 3)
            }
            try {
                dims.add(Long.parseLong(dim.strip()));
            } catch (NumberFormatException e) {
                throw TensorFileException.damaged(source, "the dimension " + dim.strip());
            }
        }
        if (dims.size() > TensorBytes.MAX_RANK) {
            throw TensorFileException.damaged(source, "a shape of rank " + dims.size());
        }
        return new NpyHeader(
                type, descr.charAt(0) == '>', fortranOrder, TensorBytes.shape(source, type, dims, available));
    }

    private static DataType type(String source, String descr) throws IOException {
        if (descr.length() == 3 && "<>|=".indexOf(descr.charAt(0)) >= 0) {
            for (Map.Entry<DataType, String> code : CODES.entrySet()) {
                if (descr.endsWith(code.getValue())) {
                    return code.getKey();
                }
            }
        }
        throw new TensorFileException(
                source,
                "element type " + (descr.length() < 20 ? descr : descr.substring(0, 20) + "...") + " is not supported",
                "convert it to one of " + CODES.values() + " with numpy's astype; objects and strings are never read");
    }

    private static String find(String source, Pattern pattern, String header, String key) throws IOException {
        Matcher matcher = pattern.matcher(header);
        if (!matcher.find()) {
            throw new TensorFileException(
                    source, "the header has no plain '" + key + "'", "only plain arrays are read, not structured ones");
        }
        return matcher.group(1);
    }

    /** Version 1, little-endian, row-major, padded so that the elements start at a multiple of 64 bytes. */
    static byte[] of(DataType type, Shape shape) {
        String code = CODES.get(type);
        if (code == null) {
            throw new IllegalArgumentException(".npy has no " + type + "; write safetensors or convert to FLOAT32");
        }
        StringBuilder dims = new StringBuilder();
        for (int dim : shape.toArray()) {
            dims.append(dim).append(", ");
        }
        String dict = "{'descr': '" + (type.bytes() == 1 ? '|' : '<') + code + "', 'fortran_order': False, 'shape': ("
                + dims + "), }";
        int length = (MAGIC.length + 4 + dict.length() + 1 + 63) / 64 * 64;
        byte[] header = new byte[length];
        Arrays.fill(header, (byte) ' ');
        System.arraycopy(MAGIC, 0, header, 0, MAGIC.length);
        int dictLength = length - MAGIC.length - 4;
        header[6] = 1;
        header[7] = 0;
        header[8] = (byte) dictLength;
        header[9] = (byte) (dictLength >> 8);
        System.arraycopy(dict.getBytes(StandardCharsets.US_ASCII), 0, header, 10, dict.length());
        header[length - 1] = '\n';
        return header;
    }
}
