package dev.rlcm.policy;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.lora.AdaptedGraph;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.parallel.Replicas;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** Samples a model with an adapter injected, one graph for all steps, compiled on every replica of the backend. */
final class LoraPolicy implements ConsistencyPolicy {
    private final ConsistencyModel model;
    private final Schedule schedule;
    private final RolloutPlan plan;
    private final LoraAdapter adapter;
    private final Backend backend;
    private final Replicas<Denoiser> replicas;

    LoraPolicy(ConsistencyModel model, Schedule schedule, RolloutPlan plan, LoraAdapter adapter, Backend backend) {
        check(schedule);
        this.model = model;
        this.schedule = schedule;
        this.plan = plan;
        this.adapter = adapter;
        this.backend = backend;
        Graph base = model.denoiser(plan.batch());
        Graph adapted = adapt(base).graph();
        Graph lowered = Lowering.of(backend).forward(adapted);
        this.replicas = Replicas.of(backend, replica -> new Denoiser(base, adapted, replica, lowered));
    }

    /** One replica of the network with its buffers. */
    private final class Denoiser implements Replicas.Replica {
        private final BatchFeed feed;
        private final Map<String, TensorData> output;
        private final Executable executable;

        Denoiser(Graph base, Graph adapted, Backend replica, Graph lowered) {
            this.feed = new BatchFeed(
                    base.inputs(), Set.of(ConsistencyModel.SAMPLE, ConsistencyModel.TIMESTEP), adapter.tensors());
            Map.Entry<String, Value> result =
                    adapted.outputs().entrySet().iterator().next();
            this.output = Map.of(
                    result.getKey(),
                    TensorData.zeros(result.getValue().type(), result.getValue().shape()));
            this.executable = replica.compile(lowered); // last, so that nothing that fails leaves it open
        }

        /** Takes all steps of at most one batch of episodes; unused rows repeat stale data and are ignored. */
        List<Episode> sample(List<Episode> episodes) {
            for (int row = 0; row < episodes.size(); row++) {
                feed.set(episodes.get(row).conditioning(), row);
            }
            float[] modelOutput = new float[latentSize()];
            for (int k = 0; k < schedule.evaluations(); k++) {
                GaussianStep step = schedule.steps().get(k);
                float[] timesteps = new float[plan.batch()];
                Arrays.fill(timesteps, (float) step.timestep());
                feed.set(ConsistencyModel.TIMESTEP, 0, timesteps);
                for (int row = 0; row < episodes.size(); row++) {
                    feed.set(ConsistencyModel.SAMPLE, row, episodes.get(row).networkInput(step));
                }
                executable.run(feed.tensors(), output);
                FloatBuffer result = output.values().iterator().next().floats();
                for (Episode episode : episodes) {
                    result.get(modelOutput);
                    episode.advance(k, modelOutput, plan.reduction());
                }
            }
            return episodes;
        }

        @Override
        public void close() {
            executable.close();
        }
    }

    /** Where one action ends the next one has to begin: a trajectory has one state between them. */
    private static void check(Schedule schedule) {
        int first = schedule.firstAction();
        List<GaussianStep> actions = schedule.steps().subList(first, first + schedule.actions());
        if (!actions.stream().allMatch(GaussianStep::isStochastic)) {
            throw new IllegalArgumentException(
                    "a schedule must not have deterministic steps between stochastic ones, got " + schedule.steps());
        }
    }

    private AdaptedGraph adapt(Graph base) {
        return LoraInjection.inject(base, adapter);
    }

    @Override
    public Rollout rollout(RolloutRequest request) {
        List<Prompt> prompts = request.prompts();
        List<Map<String, TensorData>> conditioning = condition(prompts);
        List<Trajectory> trajectories = new ArrayList<>();
        int batches = (prompts.size() + plan.batch() - 1) / plan.batch();
        replicas.inOrder(
                batches,
                (replica, i) -> {
                    int start = i * plan.batch();
                    int end = Math.min(prompts.size(), start + plan.batch());
                    return finished(replica.sample(episodes(request, conditioning, start, end)));
                },
                batch -> {
                    trajectories.addAll(batch);
                    request.onBatch()
                            .accept(batch.stream().map(Trajectory::sample).toList());
                });
        return new Rollout(trajectories);
    }

    private List<Episode> episodes(
            RolloutRequest request, List<Map<String, TensorData>> conditioning, int start, int end) {
        return IntStream.range(start, end)
                .mapToObj(i -> new Episode(
                        request.prompts().get(i),
                        conditioning.get(i),
                        schedule,
                        new EpisodeNoise(request.noise(), i, latentSize())))
                .toList();
    }

    private List<Trajectory> finished(List<Episode> episodes) {
        List<Sample> samples = decode(episodes);
        return IntStream.range(0, samples.size())
                .mapToObj(i -> episodes.get(i).finish(samples.get(i)))
                .toList();
    }

    private List<Map<String, TensorData>> condition(List<Prompt> prompts) {
        List<Map<String, TensorData>> rows =
                model.condition(prompts.stream().map(Prompt::text).toList(), plan.guidanceScale());
        if (rows.size() != prompts.size()) {
            throw new IllegalArgumentException("the model must condition on every prompt, got " + rows.size()
                    + " rows for " + prompts.size() + " prompts");
        }
        BatchFeed first = replicas.all().get(0).feed;
        for (int i = 0; i < rows.size(); i++) {
            first.check(rows.get(i), prompts.get(i).text());
        }
        return rows;
    }

    private int latentSize() {
        return (int) model.latentShape().size();
    }

    private List<Sample> decode(List<Episode> episodes) {
        TensorData latents = TensorData.zeros(DataType.FLOAT32, denoiserShape(episodes.size()));
        FloatBuffer buffer = latents.floats();
        episodes.forEach(episode -> buffer.put(episode.finalLatent()));
        List<Sample> samples = model.decode(
                episodes.stream().map(episode -> episode.prompt().text()).toList(), latents);
        if (samples.size() != episodes.size()) {
            throw new IllegalArgumentException("the model must decode every latent, got " + samples.size()
                    + " pictures of " + episodes.size() + " latents");
        }
        return IntStream.range(0, samples.size())
                .mapToObj(i -> samples.get(i).withPrompt(episodes.get(i).prompt()))
                .toList();
    }

    private Shape denoiserShape(int batch) {
        int[] latent = model.latentShape().toArray();
        int[] dims = new int[latent.length + 1];
        dims[0] = batch;
        System.arraycopy(latent, 0, dims, 1, latent.length);
        return Shape.of(dims);
    }

    @Override
    public LoraAdapter adapter() {
        return adapter;
    }

    @Override
    public Schedule schedule() {
        return schedule;
    }

    @Override
    public RolloutPlan plan() {
        return plan;
    }

    @Override
    public PolicyGraph graph(int rows) {
        Graph base = model.denoiser(rows);
        AdaptedGraph adapted = adapt(base);
        return PolicyGraph.of(adapted.graph(), adapted.factors(), plan.reduction())
                .withBase(base)
                .withDecoder(() -> model.decoder(rows));
    }

    @Override
    public Map<String, String> description() {
        Map<String, String> description = new LinkedHashMap<>();
        description.put("lora", adapter.config().toString());
        description.put("layers", Integer.toString(adapter.sites().size()));
        description.put("evaluations", Integer.toString(schedule.evaluations()));
        description.put("schedule", schedule.toString());
        description.put("guidance", Double.toString(plan.guidanceScale()));
        description.put("reduction", plan.reduction().toString());
        return description;
    }

    @Override
    public Backend backend() {
        return backend;
    }

    @Override
    public void close() {
        replicas.close();
    }
}
