package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.onnx.pipeline.check.CheckSettings;
import dev.rlcm.onnx.pipeline.check.ModelCheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SanaTest extends FamilyTest {
    SanaTest() {
        super("sana", 4.5, "to_q", "to_k", "to_v", "to_out.0");
    }

    @Override
    PipelineOptions options() {
        return WIDE;
    }

    @Override
    FlowMatchingModel load(ModelDirectory from) throws IOException {
        return FlowMatchingModel.load(from, backend, options());
    }

    @Override
    Schedule deterministic(int evaluations) {
        return ((FlowMatchingModel) model).schedule().withNoiseLevel(0).steps(evaluations);
    }

    @Test
    void promptsAreReadInLowerCase() {
        TensorData shouted = states(model, " A Red FOX ");
        assertThat(shouted.toFloats())
                .containsExactly(states(model, "a red fox").toFloats());
    }

    @Test
    void theInstructionIsReadFromTheModelAndMayBeMissing(@TempDir Path temp) throws IOException {
        Path copy = Models.copy(model.directory().root(), temp.resolve("model"));
        Path instruction = copy.resolve("tokenizer/" + TextInput.INSTRUCTION);
        Files.delete(instruction);
        TensorData plain = states(load(ModelDirectory.open(copy)), "a red fox");
        assertThat(plain.shape()).isEqualTo(states(model, "a red fox").shape());
        assertThat(plain.toFloats()).isNotEqualTo(states(model, "a red fox").toFloats());
        assertThat(ModelCheck.of(copy, CheckSettings.defaults().withSize(64, 96)))
                .anyMatch(finding -> finding.toString().contains("instruction.txt is missing"));

        Files.writeString(instruction, "the house ".repeat(5000));
        assertThatThrownBy(() -> load(ModelDirectory.open(copy)))
                .hasMessageContaining("instruction.txt a prompt has 10012 tokens, the text encoder takes 8192");
    }

    @Test
    void otherKindsOfModelsRefuseIt() {
        assertThatThrownBy(() -> LatentConsistencyModel.load(model.directory(), backend, options()))
                .hasMessageContaining("is of a DPMSolverMultistepScheduler; load the model by FlowMatchingModel");
        assertThatThrownBy(() -> TrigFlowModel.load(model.directory(), backend, options()))
                .hasMessageContaining("load the model by FlowMatchingModel");
    }

    private TensorData states(LatentModel of, String prompt) {
        return of.condition(List.of(prompt), 4.5).get(0).get(ConditioningInput.STATES);
    }
}
