package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.List;

/** GridSample: x [N,C,D...] read at the places of a grid [N,P...,r], differentiable by both. */
final class GridTranslations {
    private GridTranslations() {}

    static void register(OperatorTable table) {
        table.row("GridSample", GridTranslations::sample);
    }

    private static Value sample(OnnxNode node) {
        Value x = node.in(0);
        Value grid = node.in(1);
        int axes = x.rank() - 2;
        String mode = node.text("mode", "linear");
        boolean nearest = mode.equals("nearest");
        if (!nearest && !mode.equals("linear") && !mode.equals("bilinear")) {
            throw new GraphException("mode " + mode + " is not supported, only linear and nearest");
        }
        int places = Math.toIntExact(grid.shape().size() / axes / x.dim(0));
        List<Value> positions = new ArrayList<>();
        for (int i = 0; i < axes; i++) {
            // The grid's last axis counts the spatial axes from the last one on.
            Value normalised = grid.reshape(x.dim(0), places, axes)
                    .slice(2, axes - 1 - i, axes - i)
                    .reshape(x.dim(0), 1, places);
            Value position = position(node, normalised, x.dim(i + 2));
            positions.add(nearest ? position.unary(Op.ROUND) : position);
        }
        Value flat = x.reshape(x.dim(0), x.dim(1), Math.toIntExact(x.shape().size() / x.dim(0) / x.dim(1)));
        boolean zeros = node.text("padding_mode", "zeros").equals("zeros");
        Value sum = corner(x, flat, positions, 0, zeros);
        for (int corner = 1; corner < 1 << axes && !nearest; corner++) {
            sum = sum.add(corner(x, flat, positions, corner, zeros));
        }
        int[] dims = grid.shape().toArray();
        int[] result = new int[x.rank()];
        result[0] = x.dim(0);
        result[1] = x.dim(1);
        System.arraycopy(dims, 1, result, 2, axes);
        return sum.reshape(result);
    }

    /** In elements: -1 and 1 are the centres of the outer elements or, unless corners are aligned, their outer edges. */
    private static Value position(OnnxNode node, Value normalised, int extent) {
        boolean aligned = node.flag("align_corners", false);
        Value shifted = normalised.add(1);
        Value position = aligned
                ? shifted.mul((extent - 1) / 2.0)
                : shifted.mul(extent / 2.0).sub(0.5);
        double low = aligned ? 0 : -0.5;
        return switch (node.text("padding_mode", "zeros")) {
            case "zeros" -> position;
            case "border" -> position.clip(0, extent - 1.0);
            case "reflection" -> reflected(position, low, extent - 1 - low).clip(0, extent - 1.0);
            default -> throw new GraphException("unknown padding_mode " + node.text("padding_mode", ""));
        };
    }

    /** Back and forth between two ends: low + range - |(|x - low| mod 2 range) - range|. */
    private static Value reflected(Value x, double low, double high) {
        double range = high - low;
        if (range <= 0) {
            return x.mul(0);
        }
        Value phase = Value.of(Op.MOD, Attributes.NONE, x.sub(low).abs(), x.like(2 * range));
        return phase.sub(range).abs().neg().add(low + range);
    }

    /** The elements at one corner of the cells that the positions are in, times their shares; all if there is no share. */
    private static Value corner(Value x, Value flat, List<Value> positions, int corner, boolean zeros) {
        Value weight = x.like(1);
        Value index = Value.scalar(DataType.INT64, 0);
        for (int i = 0; i < positions.size(); i++) {
            Value position = positions.get(i);
            int extent = x.dim(i + 2);
            boolean upper = (corner >> i & 1) == 1;
            Value floor = position.unary(Op.FLOOR);
            Value fraction = position.sub(floor);
            Value share = upper ? fraction : fraction.neg().add(1);
            Value at = upper ? floor.add(1) : floor;
            Value inside = at.greaterOrEqual(at.like(0)).and(at.lessOrEqual(at.like(extent - 1.0)));
            weight = weight.mul(zeros ? inside.where(share, share.like(0)) : share);
            Value place = at.clip(0, extent - 1.0).cast(DataType.INT64);
            index = index.mul(index.like(extent)).add(place);
        }
        Value targets = index.expand(Shape.of(flat.dim(0), flat.dim(1), index.dim(2)));
        return Value.of(Op.GATHER_ELEMENTS, Attributes.of("axis", 2), flat, targets)
                .mul(weight);
    }
}
