package dev.rlcm.spark;

import dev.rlcm.reward.Prompt;
import java.io.Serializable;
import java.util.LinkedHashMap;

/** A prompt on its way between processes; the values of its metadata must be serialisable. */
record PromptData(String text, LinkedHashMap<String, Object> metadata) implements Serializable {
    static PromptData of(Prompt prompt) {
        return new PromptData(prompt.text(), new LinkedHashMap<>(prompt.metadata()));
    }

    Prompt toPrompt() {
        return new Prompt(text, metadata);
    }
}
