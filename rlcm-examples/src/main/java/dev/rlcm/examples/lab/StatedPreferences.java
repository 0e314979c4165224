package dev.rlcm.examples.lab;

import dev.rlcm.examples.lab.PictureMaker.Styles;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Which pictures are prettier, as this project states it: the shaded 3D style is better than the flat ones, of the same animal at the same
 * place of the same scene, and every picture is better than itself with a {@link Flaw}.
 *
 * @param all in the order of the scenes they were made in
 */
record StatedPreferences(List<Preference> all) {
    private static final String STYLE = "3D above flat";

    /** Every fifth animal is held out. */
    private static final int HELD_OUT = 5;

    /**
     * Draws the pictures that are compared.
     *
     * @param scenes how many, an animal each
     * @param model whose pictures and latents are worse ones
     */
    static StatedPreferences draw(int scenes, PictureMaker maker, LatentModel model, RandomStreams random)
            throws IOException {
        List<Preference> all = new ArrayList<>();
        for (int i = 0; i < scenes; i++) {
            boolean isHeldOut = i % maker.animals() % HELD_OUT == 0;
            Styles styles = maker.inAllStyles(i);
            Sample best = styles.pictures().get(EmojiStyle.FLUENT_3D);
            for (EmojiStyle style : styles.pictures().keySet()) {
                Sample picture = styles.pictures().get(style);
                if (best != null && style != EmojiStyle.FLUENT_3D) {
                    all.add(new Preference(STYLE, best, picture, isHeldOut));
                }
                for (Flaw flaw : Flaw.values()) {
                    RandomStreams draws = random.at(i).at(style.toString()).at(flaw.toString());
                    Sample worse = flaw.spoil(picture, styles.scene(), model, draws.generator());
                    all.add(new Preference(flaw.toString(), picture, worse, isHeldOut));
                }
            }
        }
        return new StatedPreferences(List.copyOf(all));
    }

    Set<String> kinds() {
        Set<String> kinds = new LinkedHashSet<>();
        all.forEach(preference -> kinds.add(preference.kind()));
        return kinds;
    }

    List<Preference> of(String kind, boolean heldOut) {
        return stream(heldOut)
                .filter(preference -> preference.kind().equals(kind))
                .toList();
    }

    /** The pictures that are preferred to others with a flaw, each once. */
    List<Sample> real(boolean heldOut) {
        return stream(heldOut).map(Preference::better).distinct().toList();
    }

    private Stream<Preference> stream(boolean heldOut) {
        return all.stream().filter(preference -> preference.isHeldOut() == heldOut);
    }
}
