package dev.rlcm.examples.bench;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.reward.Sample;
import dev.rlcm.rewrite.Rewriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A skeleton with classifier-free guidance, evaluated on 2B rows for B as a teacher is: the second half is unconditional. */
final class GuidedSkeleton implements ConsistencyModel {
    private static final String SCALE = "guidance_scale";
    private static final String UNCONDITIONAL = "unconditional.";

    private final SkeletonModel skeleton;

    GuidedSkeleton(SkeletonModel skeleton) {
        this.skeleton = skeleton;
    }

    @Override
    public Shape latentShape() {
        return skeleton.latentShape();
    }

    @Override
    public Graph denoiser(int batch) {
        Graph doubled = skeleton.denoiser(2 * batch);
        List<Value> inputs = new ArrayList<>();
        Map<Value, Value> replaced = new HashMap<>();
        for (Value whole : doubled.inputs()) {
            Shape half = whole.shape().with(0, batch);
            Value first = Value.input(whole.label(), whole.type(), half);
            inputs.add(first);
            boolean shared = whole.label().equals(SAMPLE) || whole.label().equals(TIMESTEP);
            Value second = shared ? first : Value.input(UNCONDITIONAL + whole.label(), whole.type(), half);
            if (!shared) {
                inputs.add(second);
            }
            replaced.put(whole, Value.concat(0, List.of(first, second)));
        }
        Map.Entry<String, Value> output = Rewriter.rewrite(doubled, value -> replaced.getOrDefault(value, value))
                .outputs()
                .entrySet()
                .iterator()
                .next();
        Value scale = Value.input(SCALE, DataType.FLOAT32, Shape.of(batch));
        inputs.add(scale);
        Value conditional = output.getValue().slice(0, 0, batch);
        Value unconditional = output.getValue().slice(0, batch, 2 * batch);
        Value guided = unconditional.add(conditional.sub(unconditional).mul(scale.reshape(batch, 1, 1, 1)));
        return new Graph(inputs, Map.of(output.getKey(), guided));
    }

    @Override
    public List<Map<String, TensorData>> condition(List<String> prompts, double guidanceScale) {
        List<Map<String, TensorData>> rows = new ArrayList<>();
        for (Map<String, TensorData> row : skeleton.condition(prompts, guidanceScale)) {
            Map<String, TensorData> both = new LinkedHashMap<>(row);
            row.forEach((name, tensor) -> both.put(UNCONDITIONAL + name, tensor));
            both.put(SCALE, TensorData.floats(Shape.SCALAR, (float) guidanceScale));
            rows.add(both);
        }
        return rows;
    }

    @Override
    public List<Sample> decode(List<String> prompts, TensorData latents) {
        return skeleton.decode(prompts, latents);
    }
}
