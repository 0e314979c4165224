package dev.rlcm.rewrite.folding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Reference;
import dev.rlcm.rewrite.SameFunction;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class IdentitiesTest {
    private final Value x = Value.input("x", DataType.FLOAT32, Shape.of(2, 3));
    private final Value mask = Value.input("mask", DataType.BOOL, Shape.of(2, 3));

    private static Value of(Op op, Value... operands) {
        return Value.of(op, Attributes.NONE, operands);
    }

    private static Value filled(DataType type, double number, int... dims) {
        return Value.constant(TensorData.generate(type, Shape.of(dims), i -> number));
    }

    private void assertIsX(Value value) {
        assertThat(ConstantFolding.fold(value)).isSameAs(x);
    }

    private static void assertStays(Value value) {
        assertThat(ConstantFolding.fold(value)).isSameAs(value);
    }

    @Test
    void neutralElementsDisappear() {
        for (Value zero : List.of(x.like(0), filled(DataType.FLOAT32, 0, 3), filled(DataType.FLOAT32, 0, 2, 3))) {
            assertIsX(x.add(zero));
            assertIsX(zero.add(x));
            assertIsX(x.sub(zero));
        }
        for (Value one : List.of(x.like(1), filled(DataType.FLOAT32, 1, 3), filled(DataType.FLOAT32, 1, 2, 3))) {
            assertIsX(x.mul(one));
            assertIsX(one.mul(x));
            assertIsX(x.div(one));
            assertIsX(x.pow(one));
        }
        Value yes = Value.scalar(DataType.BOOL, 1);
        Value no = Value.scalar(DataType.BOOL, 0);
        assertThat(ConstantFolding.fold(mask.and(yes))).isSameAs(mask);
        assertThat(ConstantFolding.fold(of(Op.OR, no, mask))).isSameAs(mask);
    }

    @Test
    void nothingElseDisappears() {
        assertStays(x.like(0).sub(x));
        assertStays(x.like(1).div(x));
        assertStays(x.like(1).pow(x));
        assertStays(x.mul(0)); // x may be infinite
        assertStays(x.like(0).mul(x));
        assertStays(x.add(1));
        assertStays(x.mul(-1));
        assertStays(x.add(Value.constant(TensorData.floats(Shape.of(3), 0, 0, 1))));
        assertStays(mask.and(Value.scalar(DataType.BOOL, 0)));
        assertStays(of(Op.XOR, mask, Value.scalar(DataType.BOOL, 0)));
    }

    @Test
    void anOperandThatWidensTheResultIsNotNeutral() {
        assertStays(x.add(filled(DataType.FLOAT32, 0, 4, 1, 1)));
        assertStays(x.add(filled(DataType.FLOAT32, 0, 1, 2, 3)));
        assertStays(filled(DataType.FLOAT32, 1, 1, 1, 1).mul(x));
        Value column = Value.input("column", DataType.FLOAT32, Shape.of(2, 1));
        assertStays(column.sub(filled(DataType.FLOAT32, 0, 3)));
        assertStays(column.div(filled(DataType.FLOAT32, 1, 3)));
        assertStays(column.pow(filled(DataType.FLOAT32, 1, 3)));
    }

    @Test
    void aConstantConditionChoosesABranchOfTheSameShape() {
        Value yes = Value.scalar(DataType.BOOL, 1);
        Value no = Value.scalar(DataType.BOOL, 0);
        Value scalar = x.like(7);
        assertIsX(yes.where(x, scalar));
        assertIsX(no.where(scalar, x));
        assertIsX(mask.where(x, x));
        assertStays(no.where(x, scalar));
        assertStays(filled(DataType.BOOL, 1, 4, 2, 3).where(x, scalar));
        assertStays(mask.where(x, scalar));
    }

    @Test
    void operatorsOntoTheSameTypeOrShapeDisappear() {
        assertIsX(Value.of(Op.CAST, Attributes.of("to", DataType.FLOAT32), x));
        assertStays(x.cast(DataType.FLOAT64));
        assertIsX(Value.of(Op.EXPAND, Attributes.of("shape", new int[] {2, 3}), x));
        assertStays(x.expand(Shape.of(1, 2, 3)));
        assertIsX(Value.of(Op.RESHAPE, Attributes.of("shape", new int[] {2, 3}), x));
        assertIsX(Value.of(Op.TRANSPOSE, Attributes.of("perm", new int[] {0, 1}), x));
        assertIsX(Value.of(Op.CONCAT, Attributes.of("axis", 0), x));
        assertIsX(Value.of(
                Op.PAD, Attributes.of("pads", new int[4], "mode", "reflect").with("value", 0.0), x));
        assertStays(x.pad(1, 0, 0, 0));
    }

    @Test
    void aSliceOfEverythingDisappearsUnlessItReverses() {
        assertIsX(slice(new int[] {0, 0}, new int[] {2, 3}, 1));
        assertStays(slice(new int[] {0, 2}, new int[] {2, 3}, -1));
        assertStays(slice(new int[] {0, 1}, new int[] {2, 2}, 1));
    }

    private Value slice(int[] starts, int[] sizes, int step) {
        Attributes bounds = Attributes.of("starts", starts, "sizes", sizes);
        return Value.of(Op.SLICE, bounds.with("steps", new int[] {1, step}), x);
    }

    @Test
    void twoReshapesAreOneOrNone() {
        Value once = ConstantFolding.fold(x.reshape(6).reshape(3, 2));
        assertThat(once.op()).isEqualTo(Op.RESHAPE);
        assertThat(once.in(0)).isSameAs(x);
        assertThat(once.shape()).isEqualTo(Shape.of(3, 2));
        assertIsX(x.reshape(6).reshape(2, 3));
    }

    @Property
    void twoTransposesAreOneOfTheSameValues(
            @ForAll @IntRange(max = 5) int first, @ForAll @IntRange(max = 5) int second) {
        int[][] perms = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        Value cube = Value.input("cube", DataType.FLOAT64, Shape.of(2, 3, 4));
        Value twice = cube.transpose(perms[first]).transpose(perms[second]);
        Value once = ConstantFolding.fold(twice);
        assertThat(once == cube || once.in(0) == cube).isTrue();

        Map<String, TensorData> feed = Map.of("cube", TensorData.generate(DataType.FLOAT64, cube.shape(), i -> i));
        Reference.assertSame(
                Reference.run(new Graph(List.of(cube), Map.of("y", once)), feed).get("y"),
                Reference.run(Graph.of("y", twice), feed).get("y"),
                "transposes " + first + " and " + second);
    }

    @Test
    void aComposedNodeKeepsTheLabelOfTheOuterOne() {
        Value outer = Value.of(Op.RESHAPE, Attributes.of("shape", new int[] {3, 2}), List.of(x.reshape(6)), "outer");
        assertThat(ConstantFolding.fold(outer).label()).isEqualTo("outer");
    }

    @Test
    void transposesMeetAcrossAReshapeOfTheLeadingAxes() {
        Value matrices = Value.input("m", DataType.FLOAT32, Shape.of(6, 4, 5));
        Value heads = matrices.transposed().reshape(2, 3, 5, 4);
        Value joined = ConstantFolding.fold(heads.transpose(0, 2, 1, 3));
        assertThat(joined.attributes().ints("perm")).containsExactly(0, 3, 1, 2);
        assertThat(joined.in(0).is(Op.RESHAPE)).isTrue();
        assertThat(joined.in(0).in(0)).isSameAs(matrices);
        assertThat(ConstantFolding.fold(matrices.reshape(2, 3, 4, 5)
                        .transposed()
                        .reshape(6, 5, 4)
                        .transposed()))
                .isEqualTo(ConstantFolding.fold(matrices.reshape(2, 3, 4, 5).reshape(6, 4, 5)));
        assertStays(matrices.transposed().reshape(3, 2, 20).transposed());
        assertStays(matrices.transpose(1, 0, 2).reshape(2, 2, 6, 5).transpose(0, 2, 1, 3));
    }

    @Property(tries = 30)
    void mergedTransposesGiveTheSameNumbers(
            @ForAll @IntRange(min = 1, max = 3) int heads,
            @ForAll @IntRange(min = 1, max = 4) int rows,
            @ForAll @IntRange(min = 1, max = 4) int columns) {
        Shape shape = Shape.of(2 * heads, rows, columns);
        Value m = Value.input("m", DataType.FLOAT32, shape);
        Value y = m.transposed().reshape(2, heads, columns, rows).transpose(0, 2, 1, 3);
        Graph plain = Graph.of("y", y);
        SameFunction.check(plain, ConstantFolding.apply(plain), 0);
    }
}
