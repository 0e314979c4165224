package dev.rlcm.examples.options;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.RewardMix;
import dev.rlcm.rewards.ChatCaptioner;
import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What to train for. */
public final class RewardOptions {
    private static final String KEY = "RLCM_CAPTIONER_KEY";

    @Option(
            names = "--reward",
            paramLabel = "EXPRESSION",
            converter = RewardExpression.Converter.class,
            completionCandidates = RewardExpression.Scales.class,
            description =
                    "A reward, or a sum such as \"0.7*clipscore + 0.3*aesthetic\", whose terms may be clip(NAME, LOW,"
                            + " HIGH), atleast(NAME, ENOUGH) or rank(NAME). Rewards and their scales, higher is better:"
                            + " ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private RewardExpression reward = RewardExpression.of(Task.INCOMPRESSIBILITY);

    @Option(
            names = "--clip",
            paramLabel = "DIR",
            description =
                    "ONNX export of a CLIP model, for clipscore, aesthetic (openai/clip-vit-large-patch14, under LAION's"
                            + " predictor) and alignment. Default: small ones for the embedded model's pictures.")
    private @Nullable Path clip;

    @Option(
            names = "--captioner",
            paramLabel = "URL",
            description = "Server of a vision-language model with OpenAI's chat-completions protocol (vLLM, llama.cpp,"
                    + " Ollama), for alignment, such as http://localhost:8000/v1. A key is taken from the environment"
                    + " variable " + KEY + ". Default: none; CLIP chooses among --captions.")
    private @Nullable URI captioner;

    @Option(
            names = "--caption-model",
            paramLabel = "NAME",
            description = "How that server calls the model. Default: ${DEFAULT-VALUE}.")
    private String captionModel = "llava-hf/llava-1.5-7b-hf";

    @Option(
            names = "--captions",
            paramLabel = "FILE",
            description = "What CLIP chooses a picture's caption from, one a line, for alignment without --captioner."
                    + " Default: the 315 prompts of the embedded model, every animal in every scene.")
    private @Nullable Path captions;

    @Option(
            names = "--bert",
            paramLabel = "DIR",
            description = "ONNX export of a BERT, RoBERTa or DeBERTa, which compares captions with prompts. Default:"
                    + " all-MiniLM-L6-v2, which the examples bring along.")
    private @Nullable Path bert;

    @Option(
            names = "--bert-layer",
            paramLabel = "N",
            description = "Its layer that is compared. Default: ${DEFAULT-VALUE}, that of deberta-xlarge-mnli.")
    private int bertLayer = 40;

    @Mixin
    private final ServerOptions servers = new ServerOptions();

    private final Map<Task, RewardFunction> created = new EnumMap<>(Task.class);

    public RewardExpression expression() {
        return reward;
    }

    /** The reward by its name, the same one whenever it is asked for. */
    public RewardFunction create(Task which, Backend backend) throws IOException {
        RewardFunction known = created.get(which);
        if (known == null) {
            known = which.factory.create(backend, this).named(which.toString());
            created.put(which, known);
        }
        return known;
    }

    /** The whole expression, as it stands. */
    public RewardMix mix(Backend backend) throws IOException {
        List<RewardExpression.Term> terms = reward.terms();
        RewardMix mix = RewardMix.of(terms.get(0).weight(), create(terms.get(0), backend));
        for (RewardExpression.Term term : terms.subList(1, terms.size())) {
            mix = mix.and(term.weight(), create(term, backend));
        }
        return mix;
    }

    private RewardFunction create(RewardExpression.Term term, Backend backend) throws IOException {
        return term.shape().apply(create(term.reward(), backend));
    }

    ServerOptions servers() {
        return servers;
    }

    Optional<Path> clip() {
        return Optional.ofNullable(clip);
    }

    Optional<ChatCaptioner> captioner() {
        String key = System.getenv().getOrDefault(KEY, "");
        return Optional.ofNullable(captioner)
                .map(server -> ChatCaptioner.of(server, captionModel).withApiKey(key));
    }

    /** The lines of the file, or the embedded model's prompts. */
    List<String> captions() throws IOException {
        return (captions == null ? EmbeddedModel.prompts() : Prompts.lines(captions)).all();
    }

    Optional<Path> bert() {
        return Optional.ofNullable(bert);
    }

    int bertLayer() {
        return bertLayer;
    }

    /** For reports. */
    public void summarise(Map<String, Object> entries) {
        entries.put("reward", reward.toString());
        if (clip != null) {
            entries.put("clip", clip.toString());
        }
        if (captioner != null) {
            entries.put("captioner", captioner.toString());
            entries.put("caption-model", captionModel);
        }
        if (captions != null) {
            entries.put("captions", captions.toString());
        }
        if (bert != null) {
            entries.put("bert", bert.toString());
            entries.put("bert-layer", bertLayer);
        }
        servers.summarise(entries);
    }
}
