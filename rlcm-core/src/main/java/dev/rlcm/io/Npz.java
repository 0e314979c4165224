package dev.rlcm.io;

import dev.rlcm.graph.TensorData;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** NumPy's .npz: a zip of named .npy arrays, stored or deflated. Thread-safe. */
public final class Npz {
    private static final String SUFFIX = ".npy";
    private static final long MAX_DEFLATE_RATIO = 1032; // of the format itself: 258 bytes from two bits
    private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 1, 0, 0); // same arrays, same file

    private Npz() {}

    /**
     * All arrays by name, in the file's order.
     *
     * @throws TensorFileException if the content is not a readable archive of arrays
     */
    public static Map<String, TensorData> read(Path file) throws IOException {
        return read(file, name -> true);
    }

    /** The arrays whose names are wanted; others, which may be strings or objects, are not looked at. */
    public static Map<String, TensorData> read(Path file, Predicate<String> wanted) throws IOException {
        Map<String, TensorData> arrays = new LinkedHashMap<>();
        long unclaimed = Files.size(file);
        try (ZipFile zip = open(file)) {
            for (ZipEntry entry : (Iterable<ZipEntry>) zip.stream().map(ZipEntry.class::cast)::iterator) {
                String source = file + "[" + entry.getName() + "]";
                unclaimed -= entry.getCompressedSize(); // entries that share bytes multiply a file's size
                long length = entry.getSize();
                if (entry.getCompressedSize() < 0
                        || length < 0
                        || unclaimed < 0
                        || length > entry.getCompressedSize() * MAX_DEFLATE_RATIO) {
                    throw TensorFileException.damaged(source, "its sizes do not fit the file's");
                }
                if (!entry.getName().endsWith(SUFFIX)) {
                    throw new TensorFileException(source, "not an .npy array", "write the file with numpy.savez");
                }
                String name = entry.getName().substring(0, entry.getName().length() - SUFFIX.length());
                if (wanted.test(name) && arrays.put(name, read(source, zip, entry)) != null) {
                    throw TensorFileException.damaged(source, "the name occurs twice");
                }
            }
        }
        return arrays;
    }

    /** Replaces the file atomically, deflated; the same arrays always give the same bytes. */
    public static void write(Path file, Map<String, TensorData> arrays) throws IOException {
        AtomicFiles.write(file, out -> {
            ZipOutputStream zip = new ZipOutputStream(out);
            for (Map.Entry<String, TensorData> array : arrays.entrySet()) {
                TensorData tensor = array.getValue();
                byte[] header = NpyHeader.of(tensor.type(), tensor.shape());
                ZipEntry entry = new ZipEntry(array.getKey() + SUFFIX);
                entry.setTimeLocal(NO_TIME);
                zip.putNextEntry(entry);
                Npy.write(header, tensor, zip);
                zip.closeEntry();
            }
            zip.finish();
        });
    }

    private static ZipFile open(Path file) throws IOException {
        try {
            return new ZipFile(file.toFile());
        } catch (IllegalArgumentException | ZipException | EOFException e) {
            throw TensorFileException.damaged(file.toString(), e);
        } catch (IOException e) {
            throw FileErrors.naming(file, e);
        }
    }

    private static TensorData read(String source, ZipFile zip, ZipEntry entry) throws IOException {
        CRC32 crc = new CRC32();
        try (InputStream in = new CheckedInputStream(zip.getInputStream(entry), crc)) {
            TensorData array = Npy.read(source, in, entry.getSize());
            if (in.read() >= 0 || crc.getValue() != entry.getCrc()) {
                throw TensorFileException.damaged(source, "its checksum does not match");
            }
            return array;
        } catch (TensorFileException e) {
            throw e;
        } catch (IOException | RuntimeException e) { // the inflater's ways to object to damaged data
            throw TensorFileException.damaged(source, e);
        }
    }
}
