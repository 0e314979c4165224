package dev.rlcm.examples.models;

import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;

/** The lists of prompts that the examples bring along: the embedded model's, and those of Oertell et al., 2024, section 5. */
public enum PromptSet {
    /** What the embedded model was trained on. */
    EMOJI("45 animals in 7 scenes") {
        @Override
        Stream<String> texts() throws IOException {
            return lines("emoji");
        }
    },
    /** Of the aesthetic task. */
    ANIMALS("45 animals") {
        @Override
        Stream<String> texts() throws IOException {
            return lines("simple_animals");
        }
    },
    /** Of the compression and incompression tasks: ImageNet's names, synonyms included. */
    IMAGENET_ANIMALS("ImageNet's 398 animals") {
        @Override
        Stream<String> texts() throws IOException {
            return lines("imagenet_animals");
        }
    },
    /** Of the alignment task: "an ant playing chess". */
    ANIMAL_ACTIVITIES("45 animals with 3 activities") {
        @Override
        Stream<String> texts() throws IOException {
            List<String> activities = lines("activities").toList();
            return lines("simple_animals")
                    .flatMap(animal -> activities.stream().map(activity -> withArticle(animal) + " " + activity));
        }
    };

    private final String description;

    PromptSet(String description) {
        this.description = description;
    }

    abstract Stream<String> texts() throws IOException;

    /** The prompts, in a fixed order. */
    public Prompts prompts() throws IOException {
        return new Prompts(texts().toList());
    }

    public String description() {
        return description;
    }

    /** Of these animals, those that begin with a vowel letter begin with a vowel. */
    private static String withArticle(String animal) {
        return ("aeiou".indexOf(animal.charAt(0)) >= 0 ? "an " : "a ") + animal;
    }

    private static Stream<String> lines(String name) throws IOException {
        String resource = "/prompts/" + name + ".txt";
        try (InputStream in = Objects.requireNonNull(PromptSet.class.getResourceAsStream(resource), resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines();
        }
    }

    /** As the command line has it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
