package dev.rlcm.examples.lab;

import dev.rlcm.reward.Prompt;
import java.util.List;
import java.util.random.RandomGenerator;

/** The grammar of captions: {@code [an emoji of|a picture of] [a|an|the] ANIMAL [SCENE]}. */
final class Captions {
    private static final List<String> OPENINGS = List.of("an emoji of ", "a picture of ");

    private Captions() {}

    /** Such as "a cat on grass". */
    static Prompt plain(String animal, Scene scene) {
        return caption(article(animal) + animal + " " + scene.phrases.get(0), animal)
                .with("scene", scene.toString());
    }

    /** A third says nothing about the scene, and then the metadata does not either. */
    static Prompt random(String animal, Scene scene, RandomGenerator random) {
        String opening = random.nextInt(4) == 0 ? OPENINGS.get(random.nextInt(OPENINGS.size())) : "";
        List<String> articles = List.of(article(animal), "the ", "");
        String text = opening + articles.get(random.nextInt(articles.size())) + animal;
        if (random.nextInt(3) == 0) {
            return caption(text, animal);
        }
        String phrase = scene.phrases.get(random.nextInt(scene.phrases.size()));
        return caption(text + " " + phrase, animal).with("scene", scene.toString());
    }

    private static Prompt caption(String text, String animal) {
        return Prompt.of(text).with("animal", animal);
    }

    private static String article(String noun) {
        return "aeiou".indexOf(noun.charAt(0)) >= 0 ? "an " : "a ";
    }
}
