package dev.rlcm.graph;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The constant parameters of a node, by name: integers, reals, flags, texts, integer lists, a {@link DataType} or the
 * {@link TensorData} of a constant. Immutable; equality is by value (for tensors by identity).
 */
public final class Attributes {
    public static final Attributes NONE = new Attributes(new TreeMap<>());

    private final Map<String, Object> values;

    private Attributes(Map<String, Object> values) {
        this.values = Collections.unmodifiableMap(values);
    }

    public static Attributes of(String name, Object value) {
        return NONE.with(name, value);
    }

    public static Attributes of(String name1, Object value1, String name2, Object value2) {
        return of(name1, value1).with(name2, value2);
    }

    /** These attributes and one more; {@code int[]} values are copied. */
    public Attributes with(String name, Object value) {
        Map<String, Object> copy = new TreeMap<>(values);
        copy.put(name, value instanceof int[] ints ? Arrays.stream(ints).boxed().toList() : check(name, value));
        return new Attributes(copy);
    }

    private static Object check(String name, Object value) {
        if (value instanceof Integer
                || value instanceof Double
                || value instanceof Boolean
                || value instanceof String
                || value instanceof DataType
                || value instanceof TensorData) {
            return value;
        }
        throw new IllegalArgumentException("attribute " + name + " has unsupported " + value.getClass());
    }

    public boolean has(String name) {
        return values.containsKey(name);
    }

    public int integer(String name) {
        return get(name, Integer.class);
    }

    public double real(String name) {
        return get(name, Double.class);
    }

    public boolean flag(String name) {
        return get(name, Boolean.class);
    }

    public String text(String name) {
        return get(name, String.class);
    }

    public DataType type(String name) {
        return get(name, DataType.class);
    }

    public TensorData tensor(String name) {
        return get(name, TensorData.class);
    }

    public int[] ints(String name) {
        List<?> list = get(name, List.class);
        return list.stream().mapToInt(Integer.class::cast).toArray();
    }

    private <T> T get(String name, Class<T> kind) {
        Object value = values.get(name);
        if (!kind.isInstance(value)) {
            throw new GraphException("attribute " + name + " should be a " + kind.getSimpleName() + ", is " + value);
        }
        return kind.cast(value);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Attributes that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return Objects.hashCode(values);
    }

    @Override
    public String toString() {
        return values.toString();
    }
}
