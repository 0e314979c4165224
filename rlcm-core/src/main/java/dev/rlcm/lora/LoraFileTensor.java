package dev.rlcm.lora;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraKey.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/** A tensor of an adapter's file: a factor, all of whose values are finite, or an alpha. */
record LoraFileTensor(Path file, LoraKey key, TensorData data) {
    /**
     * Checks what can be said of a tensor without its layer.
     *
     * @throws IOException if the values are not finite floating-point numbers, or if an alpha is not one number of at least 0
     */
    static LoraFileTensor checked(Path file, LoraKey key, TensorData data) throws IOException {
        LoraFileTensor tensor = new LoraFileTensor(file, key, data);
        if (key.part() == Part.ALPHA) {
            tensor.checkAlpha();
        } else {
            tensor.checkFactor();
        }
        return tensor;
    }

    private void checkAlpha() throws IOException {
        if (data.size() != 1 || !(data.getDouble(0) >= 0) || Double.isInfinite(data.getDouble(0))) {
            String given = data.size() == 1 ? String.valueOf(data.getDouble(0)) : data.toString();
            throw failure("must be one finite number that is not negative, got " + given);
        }
    }

    private void checkFactor() throws IOException {
        if (!data.type().isFloating()) {
            throw failure("must be of a floating-point type, got " + data);
        }
        for (int i = 0; i < data.size(); i++) {
            if (!Float.isFinite((float) data.getDouble(i))) {
                throw failure(Arrays.toString(index(i)) + " is " + data.getDouble(i)
                        + ", which is not a finite FLOAT32 number; the training that wrote it has diverged, take an"
                        + " earlier adapter");
            }
        }
    }

    private int[] index(int flat) {
        int[] index = new int[data.shape().rank()];
        for (int axis = index.length - 1, rest = flat;
                axis >= 0;
                rest /= data.shape().dim(axis), axis--) {
            index[axis] = rest % data.shape().dim(axis);
        }
        return index;
    }

    /** The rank that a factor A has, its first extent. */
    int rank(LoraSite site) throws IOException {
        if (data.shape().rank() < 2 || data.shape().dim(0) == 0) {
            throw failure("must have the shape " + site.shapeA(1) + " or that of a higher rank, got " + data.shape());
        }
        return data.shape().dim(0);
    }

    /** A factor of that shape; tools differ in whether they spell out a kernel of 1x1. */
    TensorData factor(Shape shape) throws IOException {
        Shape own = data.shape();
        boolean fits = own.size() == shape.size()
                && own.rank() >= 2
                && own.dim(0) == shape.dim(0)
                && own.dim(1) == shape.dim(1);
        if (!fits) {
            throw failure("does not fit the model: it must have the shape " + shape + ", got " + own);
        }
        return data.reshape(shape);
    }

    /**
     * The part of a factor B that is of one of several layers which the file has as one.
     *
     * @throws IOException if it has fewer rows
     */
    LoraFileTensor rows(int from, int to) throws IOException {
        Shape own = data.shape();
        if (own.rank() < 2 || own.dim(0) < to) {
            checkRows(to);
        }
        int columns = (int) (own.size() / own.dim(0));
        TensorData part =
                TensorData.generate(data.type(), own.with(0, to - from), i -> data.getDouble(from * columns + i));
        return new LoraFileTensor(file, key, part);
    }

    /** A factor B with the lower half of its rows above the upper one. */
    LoraFileTensor withHalvesSwapped() {
        return new LoraFileTensor(file, key, OriginalLayers.withHalvesSwapped(data));
    }

    /** Checks that a factor B has as many rows as the layers that it is of. */
    void checkRows(int expected) throws IOException {
        if (data.shape().rank() < 2 || data.shape().dim(0) != expected) {
            throw failure("does not fit the model: it must have " + expected + " rows, got " + data.shape());
        }
    }

    private IOException failure(String problem) {
        return new IOException(file + ": " + key.name() + " " + problem);
    }
}
