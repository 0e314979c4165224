package dev.rlcm.examples.lab;

import dev.rlcm.examples.lab.PictureMaker.Styles;
import dev.rlcm.examples.lab.Preference.Worse;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.ForwardStep;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.random.Noise;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Pairs of pictures, the first prettier than the second. All have been through the model's VAE, so that its blur tells nothing.
 *
 * <ul>
 *   <li>The shaded 3D style is better than the flat ones, of the same animal at the same place of the same scene.
 *   <li>A picture, real or drawn by the model, is better than itself with a {@link Flaw}.
 *   <li>A real picture is better than what the VAE makes of it when its latents are a little wrong, and than what the model draws for the
 *       same prompt.
 *   <li>What the model redraws of a picture, beginning at noise (SDEdit, arXiv:2108.01073), is the worse the more noise there was.
 *   <li>What the model draws in four steps is better than in one, from the same noise.
 * </ul>
 */
final class PreferenceMaker {
    /** Each real picture that it is about is in one pair of this kind. */
    static final String DRAWN = "drawn by the model";

    private static final String STYLE = "3D above flat";
    private static final String MALFORMED = "malformed";
    private static final String REDRAWN = "redrawn by the model";
    private static final String ONE_STEP = "in one step instead of four";

    /** Every ninth animal is held out. */
    private static final int HELD_OUT = 9;

    /** As the main job draws. */
    private static final int STEPS = 4;

    private static final double GUIDANCE = 3;

    private final PictureMaker maker;
    private final LatentConsistencyModel model;
    private final RandomStreams random;

    PreferenceMaker(PictureMaker maker, LatentConsistencyModel model, RandomStreams random) {
        this.maker = maker;
        this.model = model;
        this.random = random;
    }

    /** The pairs of a scene, of the animal whose number is the index, and again from the first one behind the last. */
    List<Preference> compare(int index) throws IOException {
        RandomStreams streams = random.at("preference").at(index);
        Styles styles = maker.inAllStyles(index);
        List<Sample> originals = new ArrayList<>(styles.pictures().values());
        originals.add(styles.scene());
        TensorData latents = model.encode(originals);
        List<Sample> decoded = decoded(styles.scene().prompt(), latents);
        List<Sample> copies = decoded.subList(0, styles.pictures().size());
        Sample scene = decoded.get(copies.size());
        int chosen = streams.at("chosen").generator().nextInt(copies.size());
        float[] latent = Rows.slice(latents, chosen, chosen + 1).toFloats();

        Pairs pairs = new Pairs(index % maker.animals() % HELD_OUT == 0);
        int shaded = List.copyOf(styles.pictures().keySet()).indexOf(EmojiStyle.FLUENT_3D);
        for (int i = 0; i < copies.size(); i++) {
            if (shaded >= 0 && shaded != i) {
                pairs.add(STYLE, copies.get(shaded), copies.get(i));
            }
            pairs.addFlaws(copies.get(i), scene);
        }
        Sample drawn = compareDrawn(copies.get(chosen), latent, streams, pairs);
        pairs.addFlaws(drawn, scene);
        return pairs.all;
    }

    /** Of one scene. */
    private static final class Pairs {
        private final boolean isHeldOut;
        private final List<Preference> all = new ArrayList<>();

        Pairs(boolean isHeldOut) {
            this.isHeldOut = isHeldOut;
        }

        void add(String kind, Sample better, Sample worse) {
            all.add(Preference.of(kind, better, worse, isHeldOut));
        }

        void addFlaws(Sample picture, Sample scene) {
            for (Flaw flaw : Flaw.values()) {
                Worse spoiled = random -> flaw.spoil(picture, scene, random);
                all.add(new Preference(flaw.toString(), picture, spoiled, isHeldOut));
            }
        }
    }

    /** Returns what the model draws for the prompt of the picture. */
    private Sample compareDrawn(Sample picture, float[] latent, RandomStreams streams, Pairs pairs) {
        List<String> prompt = List.of(picture.prompt());
        RandomStreams noise = streams.at("noise");
        List<TensorData> latents = new ArrayList<>();
        latents.add(malformed(latent, streams.at(MALFORMED)));
        latents.add(model.latents(prompt, model.schedule().steps(STEPS), GUIDANCE, noise));
        latents.add(model.latents(prompt, model.schedule().steps(1), GUIDANCE, noise));
        for (int skipped = STEPS - 1; skipped > 0; skipped--) {
            latents.add(redrawn(prompt, latent, skipped, noise));
        }
        TensorData rows = Rows.stack(
                latents.stream().map(each -> each.reshape(model.latentShape())).toList());
        List<Sample> decoded = decoded(picture.prompt(), rows);
        Sample drawn = decoded.get(1);
        pairs.add(MALFORMED, picture, decoded.get(0));
        pairs.add(DRAWN, picture, drawn);
        pairs.add(ONE_STEP, drawn, decoded.get(2));
        List<Sample> byNoise = new ArrayList<>(decoded.subList(3, decoded.size()));
        byNoise.add(0, picture);
        for (int i = 2; i < byNoise.size(); i++) {
            pairs.add(REDRAWN, byNoise.get(i - 2), byNoise.get(i)); // of neighbours nobody can tell
        }
        return drawn;
    }

    /** Noise on each element, and a shift of each channel: outlines waver, eyes and legs are lost, colours are off. */
    private TensorData malformed(float[] latent, RandomStreams streams) {
        RandomGenerator generator = streams.generator();
        double deviation = generator.nextDouble(0.2, 0.6);
        double shift = generator.nextDouble(0, 0.4);
        int channels = model.latentShape().dim(0);
        float[] shifts = streams.at("shift").gaussians(channels);
        float[] wrong = streams.at("noise").gaussians(latent.length);
        for (int i = 0; i < wrong.length; i++) {
            wrong[i] = (float) (latent[i] + deviation * wrong[i] + shift * shifts[i * channels / wrong.length]);
        }
        return TensorData.floats(model.latentShape(), wrong);
    }

    /** @param skipped how many of the steps there is too little noise for */
    private TensorData redrawn(List<String> prompt, float[] latent, int skipped, RandomStreams noise) {
        Schedule whole = model.schedule().steps(STEPS);
        Schedule rest = new Schedule(whole.steps().subList(skipped, STEPS), whole.decode(), 1);
        ForwardStep entry = model.schedule().forwardSteps(STEPS).get(skipped);
        Noise begun = (row, draw, size) ->
                draw == 0 ? entry.noised(latent, noise.draw(row, draw, size)) : noise.draw(row, draw, size);
        return model.latents(prompt, rest, GUIDANCE, begun);
    }

    private List<Sample> decoded(String prompt, TensorData latents) {
        return model.decode(Collections.nCopies(latents.shape().dim(0), prompt), latents);
    }
}
