package dev.rlcm.examples.distill;

import dev.rlcm.backend.Backend;
import dev.rlcm.distill.Student;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.onnx.pipeline.PipelineOptions;
import dev.rlcm.onnx.pipeline.StudentDirectory;
import dev.rlcm.precision.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A model directory, all of whose UNet's weights are trained. */
record DirectoryOutput(Student student, Path directory) implements StudentOutput {
    /** Writes the directory, whose model computes what the teacher does until something else is saved. */
    static DirectoryOutput create(
            LatentDiffusionModel teacher,
            Path directory,
            int solverSteps,
            boolean guided,
            PipelineOptions loading,
            Backend backend)
            throws IOException {
        if (Files.exists(directory.resolve("unet/model.onnx"))) {
            throw new IllegalArgumentException(
                    directory + " already holds a model; give another --out, or --resume the run that wrote it");
        }
        StudentDirectory.create(teacher.directory(), directory, solverSteps, guided);
        return open(teacher, directory, loading, backend);
    }

    /** Begins with another student's UNet in place of the teacher's. */
    DirectoryOutput from(Path other, LatentDiffusionModel teacher, PipelineOptions loading, Backend backend)
            throws IOException {
        ModelDirectory.open(other).copyDenoiserTo(directory);
        return open(teacher, directory, loading, backend);
    }

    /** The directory as a run has left it. */
    static DirectoryOutput open(LatentDiffusionModel teacher, Path directory, PipelineOptions loading, Backend backend)
            throws IOException {
        ModelDirectory created =
                ModelDirectory.open(directory, directory, teacher.directory().reading());
        LatentConsistencyModel model = LatentConsistencyModel.load(
                        created, backend, loading.withPrecision(Precision.FLOAT32))
                .trainable();
        return new DirectoryOutput(Student.weights(model, model.weights()), directory);
    }

    @Override
    public void save(Map<String, TensorData> weights) throws IOException {
        StudentDirectory.save(directory, weights);
    }
}
