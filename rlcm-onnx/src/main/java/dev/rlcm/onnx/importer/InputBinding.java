package dev.rlcm.onnx.importer;

import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxTypes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives every graph input a static shape.
 *
 * @param dims extents of symbolic dimensions, by name
 * @param shapes whole shapes, by input name; they bind the symbolic dimensions of their inputs too
 */
public record InputBinding(Map<String, Integer> dims, Map<String, Shape> shapes) {
    private static final Logger log = LoggerFactory.getLogger(InputBinding.class);

    List<Value> bind(List<ValueInfoProto> declared) {
        Set<String> names = new TreeSet<>();
        declared.forEach(i -> names.add(i.getName()));
        for (String name : shapes.keySet()) {
            if (!names.contains(name)) {
                throw new GraphException("no input named '" + name + "' to give a shape to; there are " + names);
            }
        }
        Map<String, Integer> bound = new HashMap<>(dims);
        Set<String> conflicts = unify(declared, bound);
        bound.keySet().removeAll(conflicts);
        if (!conflicts.isEmpty()) {
            log.warn("the given shapes have several extents for {}, which the model calls by one name", conflicts);
        }
        Set<String> unbound = new TreeSet<>();
        List<Value> inputs = new ArrayList<>();
        for (ValueInfoProto input : declared) {
            TypeProto.Tensor type = OnnxTypes.tensorType(input);
            DataType elements = OnnxTypes.fromOnnx(type.getElemType());
            Shape shape = shapes.get(input.getName());
            inputs.add(Value.input(input.getName(), elements, shape != null ? shape : resolve(input, bound, unbound)));
        }
        if (!unbound.isEmpty()) {
            throw new GraphException("dimensions without an extent: " + unbound
                    + "; give symbolic ones a size by name, and unnamed ones by their inputs' whole shapes");
        }
        return inputs;
    }

    /**
     * The symbolic dimensions to which the given shapes give several extents. Exports that call unlike
     * things by one name run all the same; where that is a mistake, some operator will not take the shapes.
     */
    Set<String> conflicts(List<ValueInfoProto> declared) {
        return unify(declared, new HashMap<>(dims));
    }

    /** Binds names by the given shapes; those that would have several extents are returned. */
    private Set<String> unify(List<ValueInfoProto> declared, Map<String, Integer> bound) {
        Set<String> conflicts = new TreeSet<>();
        for (ValueInfoProto input : declared) {
            if (shapes.containsKey(input.getName())) {
                unify(input, shapes.get(input.getName()), bound, conflicts);
            }
        }
        return conflicts;
    }

    private static void unify(ValueInfoProto input, Shape shape, Map<String, Integer> bound, Set<String> conflicts) {
        if (!OnnxTypes.tensorType(input).hasShape()) {
            return;
        }
        List<Dimension> declared = OnnxTypes.tensorType(input).getShape().getDimList();
        boolean fits = declared.size() == shape.rank();
        for (int i = 0; fits && i < shape.rank(); i++) {
            Dimension dim = declared.get(i);
            if (OnnxTypes.isFixed(dim)) {
                fits = dim.getDimValue() == shape.dim(i);
            } else if (dim.hasDimParam() && !dim.getDimParam().isEmpty()) {
                if (bound.merge(dim.getDimParam(), shape.dim(i), (old, now) -> old) != shape.dim(i)) {
                    conflicts.add(dim.getDimParam());
                }
            }
        }
        if (!fits) {
            throw new GraphException("input '" + input.getName() + "' is declared as " + OnnxTypes.dims(input)
                    + ", cannot take shape " + shape);
        }
    }

    private static Shape resolve(ValueInfoProto input, Map<String, Integer> bound, Set<String> unbound) {
        if (!OnnxTypes.tensorType(input).hasShape()) {
            unbound.add("(rank of input " + input.getName() + ")");
            return Shape.SCALAR;
        }
        List<Dimension> declared = OnnxTypes.tensorType(input).getShape().getDimList();
        long[] dims = new long[declared.size()];
        for (int i = 0; i < dims.length; i++) {
            Dimension dim = declared.get(i);
            if (OnnxTypes.isFixed(dim)) {
                dims[i] = dim.getDimValue();
            } else if (bound.containsKey(dim.getDimParam())) {
                dims[i] = bound.get(dim.getDimParam());
            } else {
                unbound.add(
                        dim.getDimParam().isEmpty()
                                ? "(axis " + i + " of input " + input.getName() + ")"
                                : dim.getDimParam());
            }
        }
        try {
            return Shape.of(dims);
        } catch (IllegalArgumentException e) {
            throw new GraphException("input '" + input.getName() + "': " + e.getMessage(), e);
        }
    }
}
