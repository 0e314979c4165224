package dev.rlcm.examples.pretraining;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Latents of a folder's pictures in a file, each since it was first made, so that no picture is encoded twice, not even by a run that goes on: a
 * byte for every picture, which is 1 if its latent is there, and behind these the latents, float32, little-endian.
 *
 * <p>Not thread-safe. Closing closes the file.
 */
final class LatentStore implements AutoCloseable {
    private final FileChannel channel;
    private final int pictures;
    private final int size;

    private LatentStore(FileChannel channel, int pictures, int size) {
        this.channel = channel;
        this.pictures = pictures;
        this.size = size;
    }

    /**
     * Opens the file, or makes one without latents.
     *
     * @param size elements of a latent
     * @throws IllegalArgumentException if the file is of other pictures or latents
     */
    static LatentStore open(Path file, int pictures, int size) throws IOException {
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        LatentStore store = new LatentStore(channel, pictures, size);
        try {
            store.prepare(file);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
        return store;
    }

    private void prepare(Path file) throws IOException {
        long whole = place(pictures);
        long found = channel.size();
        if (found == 0) {
            write(ByteBuffer.allocate(1), whole - 1); // the rest of the file is zeros, and takes no space
        } else if (found != whole) {
            throw new IllegalArgumentException(file + " has " + found + " bytes, " + pictures + " latents of " + size
                    + " numbers take " + whole + "; delete it to have them made again");
        }
    }

    private long place(int picture) {
        return pictures + (long) Float.BYTES * size * picture;
    }

    boolean has(int picture) throws IOException {
        ByteBuffer mark = ByteBuffer.allocate(1);
        channel.read(mark, picture);
        return mark.get(0) == 1;
    }

    /** A latent that is there. */
    float[] get(int picture) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * size).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, place(picture) + bytes.position()) < 0) {
                throw new IOException("the file of latents ends within latent " + picture + "; delete it");
            }
        }
        float[] latent = new float[size];
        bytes.flip().asFloatBuffer().get(latent);
        return latent;
    }

    /**
     * Puts latents in. All of them are written before any is said to be there, so that a batch is made again as a whole if writing ends in
     * the middle.
     *
     * @param latents one behind the other
     */
    void put(int[] latentsOf, FloatBuffer latents) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * size).order(ByteOrder.LITTLE_ENDIAN);
        for (int picture : latentsOf) {
            float[] latent = new float[size];
            latents.get(latent);
            bytes.clear().asFloatBuffer().put(latent);
            write(bytes, place(picture));
        }
        for (int picture : latentsOf) {
            write(ByteBuffer.wrap(new byte[] {1}), picture);
        }
    }

    private void write(ByteBuffer bytes, long place) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes, place + bytes.position());
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
