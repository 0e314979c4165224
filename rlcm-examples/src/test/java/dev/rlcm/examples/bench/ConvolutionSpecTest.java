package dev.rlcm.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConvolutionSpecTest {
    @ParameterizedTest
    @CsvSource({"2x4x6x8, 8", "2x4x6x8:up, 16", "2x4x6x8:down, 4", "2x4x6x8:pointwise, 8"})
    void aConvolutionIsWrittenAsItIsRead(String text, int size) {
        ConvolutionSpec spec = ConvolutionSpec.parse(text);
        assertThat(spec).hasToString(text);
        Graph graph = ConvolutionStacks.single(spec);
        assertThat(graph.input("x").shape()).isEqualTo(Shape.of(2, 4, 8, 8));
        assertThat(graph.output("y").shape()).isEqualTo(Shape.of(2, 6, size, size));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "2x4x6", "2x4x6x8:left", "2x4x6x8:"})
    void anythingElseIsRefused(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConvolutionSpec.parse(text))
                .withMessageContaining(ConvolutionSpec.FORMAT);
    }
}
