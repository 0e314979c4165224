package dev.rlcm.examples.options;

import dev.rlcm.rewards.ChatJudge;
import dev.rlcm.rewards.ModelServer;
import dev.rlcm.rewards.RemoteReward;
import java.net.URI;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Servers that score pictures. */
public final class ServerOptions {
    private static final String JUDGE_KEY = "RLCM_JUDGE_KEY";
    private static final String REMOTE_KEY = "RLCM_REMOTE_KEY";

    @Option(
            names = "--judge",
            paramLabel = "URL",
            description =
                    "Server of a vision-language model with OpenAI's chat-completions protocol, for the reward judge,"
                            + " such as http://localhost:8000/v1. A key is taken from the environment variable "
                            + JUDGE_KEY
                            + ".")
    private @Nullable URI judge;

    @Option(
            names = "--judge-model",
            paramLabel = "NAME",
            description = "How that server calls the model. Default: ${DEFAULT-VALUE}.")
    private String judgeModel = "Qwen/Qwen2.5-VL-7B-Instruct";

    @Option(
            names = "--judge-rubric",
            paramLabel = "TEXT",
            description =
                    "What a good picture is, to be graded from 0 to 10, with {prompt} for the prompt. Default: whether"
                            + " the picture shows the prompt, by the probability of yes.")
    private @Nullable String judgeRubric;

    @Option(
            names = "--judge-parts",
            description = "Ask about each part of the prompt (between commas, and, with) and take the mean.")
    private boolean judgeParts;

    @Option(
            names = "--remote",
            paramLabel = "URL",
            description = "Server with the protocol of docs/remote-rewards.md, for the reward remote, such as"
                    + " http://localhost:8080/score. A key is taken from the environment variable " + REMOTE_KEY + ".")
    private @Nullable URI remote;

    ChatJudge judge() {
        if (judge == null) {
            throw new IllegalArgumentException("the reward judge needs --judge, the address of a server of a"
                    + " vision-language model such as http://localhost:8000/v1, and --judge-model");
        }
        if (judgeRubric != null && judgeParts) {
            throw new IllegalArgumentException("--judge-rubric and --judge-parts exclude each other; give one");
        }
        ModelServer server = ModelServer.at(judge).withApiKey(environment(JUDGE_KEY));
        if (judgeRubric != null) {
            return ChatJudge.grading(server, judgeModel, judgeRubric);
        }
        ChatJudge whole = ChatJudge.of(server, judgeModel);
        return judgeParts ? whole.withQuestions(ChatJudge::questionPerPart) : whole;
    }

    RemoteReward remote() {
        if (remote == null) {
            throw new IllegalArgumentException("the reward remote needs --remote, the address of a server such as"
                    + " http://localhost:8080/score; docs/remote-rewards.md says what it has to answer");
        }
        return RemoteReward.of(ModelServer.at(remote).withApiKey(environment(REMOTE_KEY)));
    }

    private static String environment(String variable) {
        return System.getenv().getOrDefault(variable, "");
    }

    /** For reports, without keys. */
    void summarise(Map<String, Object> entries) {
        if (judge != null) {
            entries.put("judge", judge.toString());
            entries.put("judge-model", judgeModel);
            if (judgeRubric != null) {
                entries.put("judge-rubric", judgeRubric);
            }
            if (judgeParts) {
                entries.put("judge-parts", true);
            }
        }
        if (remote != null) {
            entries.put("remote", remote.toString());
        }
    }
}
