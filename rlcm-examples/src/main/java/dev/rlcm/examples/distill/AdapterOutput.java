package dev.rlcm.examples.distill;

import dev.rlcm.distill.Student;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraFormat;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** An adapter of the teacher's own network. */
record AdapterOutput(Student student, LoraAdapter adapter, Path file, LoraFormat format) implements StudentOutput {
    static AdapterOutput create(
            LatentDiffusionModel teacher, LoraConfig lora, Path file, LoraFormat format, long seed) {
        ConsistencyModel network = teacher.unguided();
        LoraAdapter adapter = LoraAdapter.initial(
                lora,
                LoraInjection.sites(network.denoiser(1), lora),
                RandomStreams.seeded(seed).at("lora"));
        return new AdapterOutput(Student.adapter(network, adapter), adapter, file, format);
    }

    @Override
    public void save(Map<String, TensorData> weights) throws IOException {
        LoraAdapter.of(adapter.config(), adapter.sites(), weights).save(file, format);
    }
}
