package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.reward.Sample;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/** A model with its network evaluated once a step, or twice with classifier-free guidance. Thread-safe. */
final class Network implements ConsistencyModel {
    private final LatentModel model;
    private final IntFunction<Graph> graphs;
    private final boolean isGuided;

    private Network(LatentModel model, IntFunction<Graph> graphs, boolean isGuided) {
        this.model = model;
        this.graphs = graphs;
        this.isGuided = isGuided;
    }

    static Network plain(LatentModel model) {
        return new Network(model, model.denoiser::graph, false);
    }

    static Network guided(LatentModel model) {
        return new Network(model, new GuidedDenoiser(model.denoiser)::graph, true);
    }

    @Override
    public Shape latentShape() {
        return model.latentShape();
    }

    @Override
    public Graph denoiser(int batch) {
        return graphs.apply(batch);
    }

    @Override
    public List<Map<String, TensorData>> condition(List<String> prompts, double guidanceScale) {
        Map<String, TensorData> shared = new LinkedHashMap<>();
        if (!prompts.isEmpty()) {
            add(shared, false, "", prompts.get(0), model.texts.encode(prompts.get(0)), guidanceScale);
        }
        if (isGuided) {
            add(shared, true, GuidedDenoiser.negative(""), "", model.negativeText(), guidanceScale);
            shared.put(GuidedDenoiser.SCALE, TensorData.floats(Shape.SCALAR, (float) guidanceScale));
        }
        List<Map<String, TensorData>> rows = new ArrayList<>();
        for (String prompt : prompts) {
            Map<String, TensorData> row = new LinkedHashMap<>(shared);
            add(row, true, "", prompt, model.texts.encode(prompt), guidanceScale);
            rows.add(row);
        }
        return rows;
    }

    private void add(
            Map<String, TensorData> row,
            boolean ofPrompt,
            String prefix,
            String prompt,
            TextRows text,
            double guidanceScale) {
        for (ConditioningInput input : model.denoiser.conditioning()) {
            if (input.isOfPrompt() == ofPrompt) {
                row.put(prefix + input.name(), input.source().row(prompt, text, guidanceScale));
            }
        }
    }

    @Override
    public List<Sample> decode(List<String> prompts, TensorData latents) {
        return model.decode(prompts, latents);
    }

    @Override
    public Graph decoder(int batch) {
        return model.decoder(batch);
    }
}
