package dev.rlcm.examples.pretraining;

import dev.rlcm.graph.Shape;
import dev.rlcm.onnx.pipeline.ImageFolder;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A folder's pictures in batches, in another random order every epoch. The last ones of the folder are held out of training. Pictures are
 * read when they are asked for. Not thread-safe.
 */
final class PictureBatches {
    private final ImageFolder folder;
    private final int rows;
    private final int heldOut;
    private final RandomStreams random;
    private final Sample first;
    private long epoch = -1;
    private int[] order = {};

    /**
     * Reads the first picture.
     *
     * @param rows pictures in a batch, at least 1
     * @param heldOut batches that are held out
     * @throws IllegalArgumentException if nothing is left to train on
     */
    PictureBatches(ImageFolder folder, int rows, int heldOut, RandomStreams random) throws IOException {
        if (rows < 1 || folder.size() / rows <= heldOut) {
            throw new IllegalArgumentException(folder.folder() + " has " + folder.size() + " pictures, which are no "
                    + (heldOut + 1) + " batches of " + rows + ": " + heldOut
                    + " are held out to measure with; give more pictures or a smaller --batch");
        }
        this.folder = folder;
        this.rows = rows;
        this.heldOut = heldOut;
        this.random = random;
        this.first = folder.read(0);
    }

    /**
     * Checks that the folder says something about every picture.
     *
     * @throws IllegalArgumentException if it does not, naming the first such picture
     */
    void requireCaptions() {
        for (ImageFolder.Entry entry : folder.entries()) {
            if (entry.caption().text().isBlank()) {
                throw new IllegalArgumentException(folder.folder().resolve(entry.fileName())
                        + " has no caption; write metadata.jsonl with a line such as {\"file_name\": \""
                        + entry.fileName() + "\", \"text\": \"a cat\"} for every picture");
            }
        }
    }

    /** Of a batch of pictures, [B,3,H,W]. */
    Shape shape() {
        return Shape.of(rows, 3, first.height(), first.width());
    }

    private int trained() {
        return folder.size() - heldOut * rows;
    }

    /** How many pictures the folder has. */
    int size() {
        return folder.size();
    }

    /** The pictures of a batch of training, by its number from 0. */
    List<Sample> batch(long index) {
        return read(indices(index));
    }

    /** Which pictures these are. */
    int[] indices(long index) {
        int batches = trained() / rows;
        if (index / batches != epoch) {
            epoch = index / batches;
            order = random.at(epoch).permutation(trained());
        }
        int from = (int) (index % batches) * rows;
        return Arrays.copyOfRange(order, from, from + rows);
    }

    /** The pictures of a batch that is held out, by its number. */
    List<Sample> heldOut(int index) {
        return read(heldOutIndices(index));
    }

    /** Which pictures these are. */
    int[] heldOutIndices(int index) {
        int from = trained() + index * rows;
        return IntStream.range(from, from + rows).toArray();
    }

    /** The caption of a picture, without reading that. */
    String caption(int index) {
        return folder.entries().get(index).caption().text();
    }

    /** The pictures of these numbers in the folder, which must be of one size. */
    List<Sample> read(int... indices) {
        List<Sample> samples = new ArrayList<>();
        try {
            for (int index : indices) {
                Sample sample = folder.read(index);
                if (sample.height() != first.height() || sample.width() != first.width()) {
                    throw new IllegalArgumentException(folder.folder() + " holds pictures of different sizes, " + first
                            + " and " + sample + "; crop and resize them");
                }
                samples.add(sample);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return samples;
    }

    /** For checkpoints, which are resumed with the same pictures only; not where they lie. */
    @Override
    public String toString() {
        return folder.size() + " in batches of " + rows;
    }
}
