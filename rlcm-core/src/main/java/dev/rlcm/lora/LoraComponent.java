package dev.rlcm.lora;

import dev.rlcm.check.Check;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A text encoder as adapter files call it: the keys of its layers begin with one of these names, diffusers' before a dot, kohya's before an
 * underscore.
 *
 * @param name diffusers' name, for example {@code text_encoder_2}
 * @param kohya kohya's names, for example {@code lora_te2}; at least one, of which the first is written
 */
public record LoraComponent(String name, List<String> kohya) {
    public LoraComponent {
        kohya = List.copyOf(kohya);
        Check.that(!kohya.isEmpty(), "kohya", "at least one name", kohya);
    }

    /** What kohya's keys begin with. */
    String kohyaPrefix() {
        return kohya.get(0) + "_";
    }

    /** A key without the name; empty if it is of another network. */
    public Optional<String> inside(String key) {
        List<String> prefixes = new ArrayList<>(List.of(name + "."));
        kohya.forEach(each -> prefixes.add(each + "_"));
        return prefixes.stream().filter(key::startsWith).findFirst().map(prefix -> key.substring(prefix.length()));
    }
}
