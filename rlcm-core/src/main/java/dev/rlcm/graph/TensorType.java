package dev.rlcm.graph;

/** Element type and shape of a value. */
public record TensorType(DataType type, Shape shape) {
    @Override
    public String toString() {
        return type.toString() + shape;
    }
}
