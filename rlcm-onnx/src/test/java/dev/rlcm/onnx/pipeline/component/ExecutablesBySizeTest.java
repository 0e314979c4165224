package dev.rlcm.onnx.pipeline.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Executable;
import dev.rlcm.graph.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExecutablesBySizeTest {
    private final List<String> events = new ArrayList<>();
    private final ExecutablesBySize executables = new ExecutablesBySize(Recorded::new);

    @Test
    void aSizeIsCompiledOnceAndClosedOnceWithTheOthers() {
        Executable two = executables.of(2);
        executables.of(3);
        assertThat(executables.of(2)).isSameAs(two);
        executables.close();
        executables.close();
        assertThat(events).containsExactlyInAnyOrder("compile 2", "compile 3", "close 2", "close 3");
    }

    @Test
    void nothingIsCompiledAfterClosing() {
        executables.close();
        assertThatThrownBy(() -> executables.of(2))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the model is closed; load it again");
        assertThat(events).isEmpty();
    }

    private final class Recorded implements Executable {
        private final int size;

        Recorded(int size) {
            this.size = size;
            events.add("compile " + size);
        }

        @Override
        public Map<String, TensorData> run(Map<String, TensorData> inputs) {
            throw new UnsupportedOperationException("not run in this test");
        }

        @Override
        public void run(Map<String, TensorData> inputs, Map<String, TensorData> outputs) {
            throw new UnsupportedOperationException("not run in this test");
        }

        @Override
        public void close() {
            events.add("close " + size);
        }
    }
}
