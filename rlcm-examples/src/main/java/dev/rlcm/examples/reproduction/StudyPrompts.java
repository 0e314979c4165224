package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.models.PromptSet;
import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;

/**
 * The embedded model's prompts, divided: training draws four fifths of the animals in five of the seven scenes. The other animals in
 * the other scenes are unseen in both respects (the paper's Fig. 8).
 */
final class StudyPrompts {
    /** Every how many animals one is held out. */
    private static final int ANIMAL = 5;

    private static final List<String> UNSEEN_SCENES = List.of("at sunset", "on sand");

    private StudyPrompts() {}

    static Prompts seen() throws IOException {
        return prompts((animal, scene) -> animal % ANIMAL != ANIMAL - 1 && !UNSEEN_SCENES.contains(scene));
    }

    static Prompts unseen() throws IOException {
        return prompts((animal, scene) -> animal % ANIMAL == ANIMAL - 1 && UNSEEN_SCENES.contains(scene));
    }

    private static Prompts prompts(BiPredicate<Integer, String> chosen) throws IOException {
        List<String> animals = PromptSet.ANIMALS.prompts().all();
        List<String> prompts = new ArrayList<>();
        for (String prompt : PromptSet.EMOJI.prompts().all()) {
            String[] words = prompt.split(" ", 3); // an ant, on grass
            if (chosen.test(animals.indexOf(words[1]), words[2])) {
                prompts.add(prompt);
            }
        }
        return new Prompts(prompts);
    }
}
