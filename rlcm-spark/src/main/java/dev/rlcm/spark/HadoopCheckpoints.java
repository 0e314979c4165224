package dev.rlcm.spark;

import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.Options.CreateOpts;
import org.apache.hadoop.fs.Options.Rename;

/**
 * Files of a training on any file system that Hadoop knows: {@code hdfs://}, {@code s3a://}, {@code file://}. A file is written
 * beside its place and renamed, which is atomic where the file system's renaming is.
 */
public final class HadoopCheckpoints {
    private final Configuration configuration;

    /** @param configuration as {@code JavaSparkContext.hadoopConfiguration()} gives it */
    public HadoopCheckpoints(Configuration configuration) {
        this.configuration = configuration;
    }

    /** Something that is saved to a local file. */
    @FunctionalInterface
    public interface Writer {
        void write(Path file) throws IOException;
    }

    /** Whether there is a file of that URI. */
    public boolean exists(String uri) throws IOException {
        return files(uri).util().exists(place(uri));
    }

    /**
     * Writes a file, atomically: an adapter by {@code adapter::save}, a checkpoint by {@code trainer::save}.
     *
     * @throws IOException if it cannot be written
     */
    public void write(String uri, Writer writer) throws IOException {
        Path local = Files.createTempDirectory("rlcm-").resolve("file.safetensors");
        org.apache.hadoop.fs.Path target = place(uri);
        org.apache.hadoop.fs.Path beside =
                new org.apache.hadoop.fs.Path(target.getParent(), "." + target.getName() + "." + UUID.randomUUID());
        FileContext files = files(uri);
        try {
            writer.write(local);
            try (FSDataOutputStream out =
                    files.create(beside, EnumSet.of(CreateFlag.CREATE), CreateOpts.createParent())) {
                Files.copy(local, out);
            }
            files.rename(beside, target, Rename.OVERWRITE);
        } finally {
            files.delete(beside, false); // gone already unless something failed
            delete(local);
        }
    }

    /**
     * Continues a training where its checkpoint was written, see {@link Trainer#resume}.
     *
     * @throws IOException if it cannot be read or is of another run
     */
    public void resume(String uri, Trainer trainer) throws IOException {
        Path local = Files.createTempDirectory("rlcm-").resolve("checkpoint.safetensors");
        try {
            try (var in = files(uri).open(place(uri))) {
                Files.copy(in, local);
            }
            trainer.resume(local);
        } finally {
            delete(local);
        }
    }

    private FileContext files(String uri) throws IOException {
        return FileContext.getFileContext(place(uri).toUri(), configuration);
    }

    private static org.apache.hadoop.fs.Path place(String uri) {
        return new org.apache.hadoop.fs.Path(uri);
    }

    private static void delete(Path local) throws IOException {
        Files.deleteIfExists(local);
        Files.deleteIfExists(local.getParent());
    }
}
