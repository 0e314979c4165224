package dev.rlcm.graph;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.function.IntToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * A dense row-major tensor in memory: type, shape and little-endian bytes in a direct or memory-mapped buffer.
 *
 * <p>The bytes are shared, not copied: the caller that wraps a buffer may go on writing to it. That is how a LoRA adapter's
 * weights reach a running session. A tensor that is a constant of a graph must not change. Reading is thread-safe.
 */
public final class TensorData {
    /** Bytes that lie in a file. */
    @FunctionalInterface
    public interface FileBytes {
        /** A copy of {@code length} of them, or the mapped ones if they cannot be read any more. */
        ByteBuffer read(int from, int length);
    }

    private final DataType type;
    private final Shape shape;
    private final ByteBuffer bytes;
    private final @Nullable FileBytes again;

    private TensorData(DataType type, Shape shape, ByteBuffer bytes, @Nullable FileBytes again) {
        this.type = type;
        this.shape = shape;
        this.bytes = bytes;
        this.again = again;
    }

    /** A zero-filled tensor in a new direct buffer. */
    public static TensorData zeros(DataType type, Shape shape) {
        long length = byteLength(type, shape);
        if (length > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a tensor holds at most 2 GiB, " + type + shape + " needs " + length);
        }
        return new TensorData(type, shape, direct((int) length), null);
    }

    /**
     * Wraps the bytes from the buffer's position to its limit, without copying.
     *
     * @throws IllegalArgumentException if their number is not that of the type and shape
     */
    public static TensorData wrap(DataType type, Shape shape, ByteBuffer bytes) {
        return wrapped(type, shape, bytes, null);
    }

    /**
     * As {@link #wrap(DataType, Shape, ByteBuffer)}, of bytes that are mapped from a file.
     *
     * @param again copies some of the same bytes from the file, for {@link #rows}
     */
    public static TensorData mapped(DataType type, Shape shape, ByteBuffer bytes, FileBytes again) {
        return wrapped(type, shape, bytes, again);
    }

    private static TensorData wrapped(DataType type, Shape shape, ByteBuffer bytes, @Nullable FileBytes again) {
        if (bytes.remaining() != byteLength(type, shape)) {
            throw new IllegalArgumentException(
                    type + " " + shape + " takes " + byteLength(type, shape) + " bytes, got " + bytes.remaining());
        }
        return new TensorData(type, shape, bytes.slice().order(ByteOrder.LITTLE_ENDIAN), again);
    }

    public static TensorData floats(Shape shape, float... values) {
        TensorData data = zeros(DataType.FLOAT32, shape).sized(values.length);
        data.bytes.asFloatBuffer().put(values);
        return data;
    }

    public static TensorData doubles(Shape shape, double... values) {
        TensorData data = zeros(DataType.FLOAT64, shape).sized(values.length);
        data.bytes.asDoubleBuffer().put(values);
        return data;
    }

    public static TensorData longs(Shape shape, long... values) {
        TensorData data = zeros(DataType.INT64, shape).sized(values.length);
        data.bytes.asLongBuffer().put(values);
        return data;
    }

    /** A tensor of any type whose element i is the function's value, converted as {@link #setDouble} does. */
    public static TensorData generate(DataType type, Shape shape, IntToDoubleFunction values) {
        TensorData data = zeros(type, shape);
        for (int i = 0; i < shape.size(); i++) {
            data.setDouble(i, values.applyAsDouble(i));
        }
        return data;
    }

    /** A rank-0 tensor of any type. */
    public static TensorData scalar(DataType type, double value) {
        return generate(type, Shape.SCALAR, i -> value);
    }

    public DataType type() {
        return type;
    }

    public Shape shape() {
        return shape;
    }

    /** Number of elements. */
    public int size() {
        return (int) shape.size();
    }

    /** The shared bytes, little-endian, position 0; a new view at every call. */
    public ByteBuffer bytes() {
        return bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Some rows along the first axis, for whoever reads them once, such as to compute another weight. If the tensor is mapped from a
     * file they are copied from there, since pages of the mapping that were touched would stay in memory. Otherwise they are a
     * view.
     *
     * @param from the first row
     * @param to the row behind the last one
     */
    public TensorData rows(int from, int to) {
        int rowBytes = bytes.capacity() / shape.dim(0);
        int start = from * rowBytes;
        int length = (to - from) * rowBytes;
        return wrap(
                type, shape.with(0, to - from), again == null ? bytes.slice(start, length) : again.read(start, length));
    }

    /**
     * The shared elements as floats.
     *
     * @throws IllegalStateException if the type is not FLOAT32
     */
    public FloatBuffer floats() {
        if (type != DataType.FLOAT32) {
            throw new IllegalStateException("expected a FLOAT32 tensor, this is " + this);
        }
        return bytes().asFloatBuffer();
    }

    /**
     * The elements converted to another type, in new memory unless they have it already. Real numbers are rounded to
     * nearest even; what is beyond the range of FLOAT16 or FLOAT32 becomes infinite.
     */
    public TensorData cast(DataType to) {
        if (to == type) {
            return this;
        }
        TensorData result = zeros(to, shape);
        if (type == DataType.FLOAT32 && to.isHalf()) {
            HalfPrecision.convert(floats(), result.bytes().asShortBuffer(), to == DataType.BFLOAT16);
        } else if (type.isHalf() && to == DataType.FLOAT32) {
            HalfPrecision.convert(bytes().asShortBuffer(), result.floats(), type == DataType.BFLOAT16);
        } else if (type.isFloating()) {
            for (int i = 0; i < size(); i++) {
                result.setDouble(i, getDouble(i));
            }
        } else {
            for (int i = 0; i < size(); i++) {
                result.setLong(i, getLong(i));
            }
        }
        return result;
    }

    /** The same bytes under another shape of the same size. */
    public TensorData reshape(Shape newShape) {
        if (newShape.size() != shape.size()) {
            throw new IllegalArgumentException("cannot reshape " + this + " to " + newShape);
        }
        return new TensorData(type, newShape, bytes, again);
    }

    /** Element i in row-major order, as a double; booleans are 0 and 1. */
    public double getDouble(int i) {
        return switch (type) {
            case FLOAT32 -> bytes.getFloat(i * 4);
            case FLOAT64 -> bytes.getDouble(i * 8);
            case FLOAT16 -> HalfPrecision.float16ToFloat(bytes.getShort(i * 2));
            case BFLOAT16 -> HalfPrecision.bfloat16ToFloat(bytes.getShort(i * 2));
            default -> getLong(i);
        };
    }

    /** Element i in row-major order, as a long; real numbers are truncated towards zero. */
    public long getLong(int i) {
        return switch (type) {
            case INT64 -> bytes.getLong(i * 8);
            case INT32 -> bytes.getInt(i * 4);
            case INT16 -> bytes.getShort(i * 2);
            case INT8 -> bytes.get(i);
            case UINT8 -> bytes.get(i) & 0xff;
            case BOOL -> bytes.get(i) == 0 ? 0 : 1;
            default -> (long) getDouble(i);
        };
    }

    /** Stores a value as ONNX's Cast converts it: integers truncate towards zero, booleans are "not zero". */
    public void setDouble(int i, double value) {
        switch (type) {
            case FLOAT32 -> bytes.putFloat(i * 4, (float) value);
            case FLOAT64 -> bytes.putDouble(i * 8, value);
            case FLOAT16 -> bytes.putShort(i * 2, HalfPrecision.doubleToFloat16(value));
            case BFLOAT16 -> bytes.putShort(i * 2, HalfPrecision.doubleToBfloat16(value));
            case BOOL -> bytes.put(i, (byte) (value == 0 ? 0 : 1));
            default -> setLong(i, (long) value);
        }
    }

    /** Stores an integer, truncated to the type's width. */
    public void setLong(int i, long value) {
        switch (type) {
            case INT64 -> bytes.putLong(i * 8, value);
            case INT32 -> bytes.putInt(i * 4, (int) value);
            case INT16 -> bytes.putShort(i * 2, (short) value);
            case INT8, UINT8 -> bytes.put(i, (byte) value);
            default -> setDouble(i, value);
        }
    }

    public float[] toFloats() {
        float[] values = new float[size()];
        if (type == DataType.FLOAT32) {
            bytes.asFloatBuffer().get(values);
        } else {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) getDouble(i);
            }
        }
        return values;
    }

    public double[] toDoubles() {
        double[] values = new double[size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = getDouble(i);
        }
        return values;
    }

    public long[] toLongs() {
        long[] values = new long[size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = getLong(i);
        }
        return values;
    }

    /** For example {@code FLOAT32[2,4,16,16]}. */
    @Override
    public String toString() {
        return type.toString() + shape;
    }

    private TensorData sized(int length) {
        if (length != shape.size()) {
            throw new IllegalArgumentException(shape + " takes " + shape.size() + " values, got " + length);
        }
        return this;
    }

    private static long byteLength(DataType type, Shape shape) {
        return Math.multiplyExact(shape.size(), type.bytes());
    }

    private static ByteBuffer direct(int length) {
        return ByteBuffer.allocateDirect(length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
