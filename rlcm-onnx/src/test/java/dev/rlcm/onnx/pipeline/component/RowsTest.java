package dev.rlcm.onnx.pipeline.component;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.pipeline.component.Rows.Chunk;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RowsTest {
    @Property
    void chunksCoverEveryRowOnceInFewSizes(
            @ForAll @IntRange(min = 1, max = 500) int total, @ForAll @IntRange(min = 1, max = 70) int most) {
        int next = 0;
        for (Chunk chunk : Rows.chunks(total, most)) {
            assertThat(chunk.from()).isEqualTo(next);
            assertThat(chunk.size()).isBetween(1, most);
            assertThat(Integer.bitCount(chunk.size())).isEqualTo(1);
            next = chunk.to();
        }
        assertThat(next).isEqualTo(total);
    }

    @Test
    void stackingSlicesGivesTheBatchBack() {
        TensorData batch = TensorData.generate(DataType.FLOAT32, Shape.of(3, 2, 2), i -> i);
        List<TensorData> rows = List.of(row(batch, 0), row(batch, 1), row(batch, 2));
        TensorData stacked = Rows.stack(rows);
        assertThat(stacked.shape()).isEqualTo(batch.shape());
        assertThat(stacked.toFloats()).containsExactly(batch.toFloats());
        assertThat(Rows.slice(batch, 1, 3).toFloats()).containsExactly(4, 5, 6, 7, 8, 9, 10, 11);
    }

    private static TensorData row(TensorData batch, int i) {
        return Rows.slice(batch, i, i + 1).reshape(Shape.of(2, 2));
    }
}
