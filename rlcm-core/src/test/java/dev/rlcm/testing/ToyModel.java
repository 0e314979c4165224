package dev.rlcm.testing;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.precision.Precision;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A two-layer network on latents [2,2,2], small enough for the reference backend. */
public final class ToyModel implements ConsistencyModel {
    private static final int LATENT = 8;
    private static final int WIDTH = 6;

    private final Value first = constant("first", Shape.of(LATENT, WIDTH), 0.5);
    private final Value time = constant("time", Shape.of(1, WIDTH), 0.5);
    private final Value second = constant("second", Shape.of(WIDTH, LATENT), 0.5);

    private final Precision precision;

    public ToyModel() {
        this(Precision.FLOAT32);
    }

    ToyModel(Precision precision) {
        this.precision = precision;
    }

    private static Value constant(String name, Shape shape, double std) {
        float[] draws = RandomStreams.seeded(7).at(name).gaussians((int) shape.size());
        return Value.constant(TensorData.generate(DataType.FLOAT32, shape, i -> std * draws[i]), name);
    }

    @Override
    public Shape latentShape() {
        return Shape.of(2, 2, 2);
    }

    @Override
    public Graph denoiser(int batch) {
        Value sample = Value.input(SAMPLE, DataType.FLOAT32, Shape.of(batch, 2, 2, 2));
        Value timestep = Value.input(TIMESTEP, DataType.FLOAT32, Shape.of(batch));
        Value prompt = Value.input("prompt", DataType.FLOAT32, Shape.of(batch, WIDTH));
        Value hidden = linear("/net/to_q/MatMul", sample.reshape(batch, LATENT), first)
                .add(timestep.reshape(batch, 1).div(1000).mul(time))
                .add(prompt)
                .tanh();
        Value output = linear("/net/to_out.0/MatMul", hidden, second).reshape(sample.shape());
        return precision.of(new Graph(List.of(sample, timestep, prompt), Map.of("out", output)));
    }

    private static Value linear(String label, Value x, Value weight) {
        return Value.of(Op.MATMUL, Attributes.of("transA", false, "transB", false), List.of(x, weight), label);
    }

    @Override
    public List<Map<String, TensorData>> condition(List<String> prompts, double guidanceScale) {
        return prompts.stream()
                .map(prompt -> RandomStreams.seeded(8).at(prompt).gaussians(WIDTH))
                .map(row -> Map.of("prompt", TensorData.floats(Shape.of(WIDTH), row)))
                .toList();
    }

    /** Pictures of 1 x 2 pixels: the first six elements of the latent. */
    @Override
    public List<Sample> decode(List<String> prompts, TensorData latents) {
        List<Sample> samples = new ArrayList<>();
        float[] values = latents.toFloats();
        for (int i = 0; i < prompts.size(); i++) {
            samples.add(Sample.of(prompts.get(i), 1, 2, Arrays.copyOfRange(values, i * LATENT, i * LATENT + 6)));
        }
        return samples;
    }
}
