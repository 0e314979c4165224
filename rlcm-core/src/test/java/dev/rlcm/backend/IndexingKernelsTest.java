package dev.rlcm.backend;

import static dev.rlcm.backend.Evaluation.doubles;
import static dev.rlcm.backend.Evaluation.longs;
import static dev.rlcm.backend.Evaluation.reals;
import static dev.rlcm.backend.Evaluation.vector;
import static dev.rlcm.backend.Evaluation.wholes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import org.junit.jupiter.api.Test;

/** Most numbers are the examples of the ONNX operator specification. */
class IndexingKernelsTest {
    private static final Value TABLE = reals(Shape.of(3, 2), 1.0, 1.2, 2.3, 3.4, 4.5, 5.7);

    @Test
    void gatherTakesRows() {
        Value rows = TABLE.gather(0, wholes(Shape.of(2, 2), 0, 1, 1, 2));
        assertThat(rows.shape()).isEqualTo(Shape.of(2, 2, 2));
        assertThat(doubles(rows)).containsExactly(1.0, 1.2, 2.3, 3.4, 2.3, 3.4, 4.5, 5.7);
    }

    @Test
    void gatherTakesColumnsAndCountsNegativeIndicesFromTheEnd() {
        assertThat(doubles(TABLE.gather(1, wholes(-1)))).containsExactly(1.2, 3.4, 5.7);
        assertThat(doubles(TABLE.gather(1, wholes(Shape.SCALAR, 0)))).containsExactly(1.0, 2.3, 4.5);
    }

    @Test
    void indexOutOfRangeNamesTheNodeAndTheIndex() {
        assertThatThrownBy(() -> doubles(TABLE.gather(0, wholes(3))))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("GATHER")
                .hasMessageContaining("index 3 is out of range for extent 3");
    }

    @Test
    void gatherElementsTakesOneElementForEachIndex() {
        Value square = wholes(Shape.of(2, 2), 1, 2, 3, 4);
        Value y = Value.of(Op.GATHER_ELEMENTS, Attributes.of("axis", 1), square, wholes(Shape.of(2, 2), 0, 0, 1, 0));
        assertThat(longs(y)).containsExactly(1, 1, 4, 3);
        Value nine = wholes(Shape.of(3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9);
        Value z =
                Value.of(Op.GATHER_ELEMENTS, Attributes.of("axis", 0), nine, wholes(Shape.of(2, 3), 1, -1, 0, 2, 0, 0));
        assertThat(longs(z)).containsExactly(4, 8, 3, 7, 2, 3);
    }

    @Test
    void gatherNdTakesElementsOrSlices() {
        Value square = wholes(Shape.of(2, 2), 0, 1, 2, 3);
        assertThat(longs(gatherNd(0, square, wholes(Shape.of(2, 2), 0, 0, 1, 1))))
                .containsExactly(0, 3);
        assertThat(longs(gatherNd(0, square, wholes(Shape.of(2, 1), 1, 0)))).containsExactly(2, 3, 0, 1);
    }

    @Test
    void gatherNdKeepsBatchAxes() {
        Value cube = wholes(Shape.of(2, 2, 2), 0, 1, 2, 3, 4, 5, 6, 7);
        assertThat(longs(gatherNd(1, cube, wholes(Shape.of(2, 1), 1, 0)))).containsExactly(2, 3, 4, 5);
    }

    @Test
    void scatterElementsReplacesOrAdds() {
        Attributes axis = Attributes.of("axis", 1);
        Value data = vector(1, 2, 3, 4, 5).reshape(1, 5);
        Value indices = wholes(Shape.of(1, 2), 1, 3);
        Value updates = vector(1.1, 2.1).reshape(1, 2);
        assertThat(doubles(Value.of(Op.SCATTER_ELEMENTS, axis.with("reduction", "none"), data, indices, updates)))
                .containsExactly(1.0, 1.1, 3.0, 2.1, 5.0);
        Value twice = wholes(Shape.of(1, 2), 1, -4);
        assertThat(doubles(Value.of(Op.SCATTER_ELEMENTS, axis.with("reduction", "add"), data, twice, updates)))
                .containsExactly(1.0, 2 + 1.1 + 2.1, 3.0, 4.0, 5.0);
    }

    @Test
    void scatterNdReplacesOrAdds() {
        Value data = wholes(1, 2, 3, 4, 5, 6, 7, 8);
        Value indices = wholes(Shape.of(4, 1), 4, 3, 1, 7);
        Value updates = wholes(9, 10, 11, 12);
        assertThat(longs(scatterNd("none", data, indices, updates))).containsExactly(1, 11, 3, 10, 9, 6, 7, 12);
        Value same = wholes(Shape.of(4, 1), 0, 0, 0, 0);
        assertThat(longs(scatterNd("add", data, same, updates))).containsExactly(43, 2, 3, 4, 5, 6, 7, 8);
    }

    @Test
    void scatterNdWritesSlicesAndLeavesItsInputAlone() {
        Value updated = scatterNd("none", TABLE, wholes(Shape.of(1, 1), -1), reals(Shape.of(1, 2), 8, 9));
        assertThat(doubles(updated)).containsExactly(1.0, 1.2, 2.3, 3.4, 8, 9);
        assertThat(doubles(updated.sub(TABLE).slice(0, 0, 2))).containsOnly(0);
    }

    private static Value gatherNd(int batch, Value data, Value indices) {
        return Value.of(Op.GATHER_ND, Attributes.of("batch_dims", batch), data, indices);
    }

    private static Value scatterNd(String reduction, Value data, Value indices, Value updates) {
        return Value.of(Op.SCATTER_ND, Attributes.of("reduction", reduction), data, indices, updates);
    }
}
