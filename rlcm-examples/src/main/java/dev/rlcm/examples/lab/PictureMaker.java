package dev.rlcm.examples.lab;

import dev.rlcm.examples.lab.Sprites.Sprite;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.awt.Graphics2D;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Draws an animal in a scene, 64 x 64 pixels, with its caption: a drawn background, and on it a sprite of 0.76 to 0.95 of the picture,
 * flipped at random, shifted by at most 2.5 pixels, and changed slightly in brightness and colour. What is drawn depends on the seed and the
 * index alone.
 *
 * <p>Thread-safe.
 */
public final class PictureMaker {
    private static final int SIDE = Backdrops.SIDE;

    /** Pictures are drawn in this many times their size in each direction, and averaged. */
    private static final int OVERSAMPLING = 4;

    private final Sprites sprites;
    private final RandomStreams random;

    private PictureMaker(Sprites sprites, RandomStreams random) {
        this.sprites = sprites;
        this.random = random;
    }

    /**
     * Reads the emoji in a folder, into which npm fetches them if they are not there.
     *
     * @param all whether faces, kinds and colours of the animals are drawn too
     * @throws IOException if they can neither be read nor fetched
     */
    public static PictureMaker load(Path artwork, boolean all, long seed) throws IOException {
        return new PictureMaker(
                Sprites.load(artwork, all), RandomStreams.seeded(seed).at("picture"));
    }

    /** How many animals there are. */
    public int animals() {
        return sprites.byAnimal().size();
    }

    /** A picture of a random animal in a random scene, with a random caption, which may leave out the scene. */
    public Sample random(int index) {
        RandomGenerator generator = random.at("random").at(index).generator();
        String animal = pick(sprites.animals(), generator);
        Scene scene = pick(List.of(Scene.values()), generator);
        Sprite sprite = pick(sprites.byAnimal().get(animal), generator);
        Prompt caption = Captions.random(animal, scene, generator);
        return draw(sprite, scene, generator).withPrompt(described(caption, sprite));
    }

    /** The next picture of every animal in every scene in turn, with the model's own prompt for a caption. */
    public Sample inTurn(int index) {
        RandomGenerator generator = random.at("in turn").at(index).generator();
        Scene scene = Scene.values()[index % Scene.values().length];
        String animal = sprites.animals()
                .get(index / Scene.values().length % sprites.byAnimal().size());
        Sprite sprite = pick(sprites.byAnimal().get(animal), generator);
        return draw(sprite, scene, generator).withPrompt(described(Captions.plain(animal, scene), sprite));
    }

    /**
     * An animal's plain emoji in every style, at the same place of the same scene, and that scene without an animal.
     *
     * @param pictures by style; what differs is the style alone
     */
    public record Styles(Map<EmojiStyle, Sample> pictures, Sample scene) {}

    /** The animal whose number is the index, and again from the first one behind the last; with the model's own prompt for a caption. */
    public Styles inAllStyles(int index) {
        RandomStreams streams = random.at("all styles").at(index);
        String animal = sprites.animals().get(index % sprites.byAnimal().size());
        Scene scene = pick(List.of(Scene.values()), streams.at("scene").generator());
        Prompt caption = Captions.plain(animal, scene);
        Map<EmojiStyle, Sample> pictures = new EnumMap<>(EmojiStyle.class);
        for (Sprite sprite : sprites.byAnimal().get(animal)) {
            // The plain emoji come first.
            pictures.computeIfAbsent(sprite.style(), style -> draw(
                            sprite, scene, streams.at("picture").generator())
                    .withPrompt(described(caption, sprite)));
        }
        return new Styles(
                pictures, draw(null, scene, streams.at("picture").generator()).withPrompt(caption));
    }

    private static Prompt described(Prompt caption, Sprite sprite) {
        return caption.with("style", sprite.style().toString()).with("emoji", sprite.emoji());
    }

    /** @param sprite none for the scene alone */
    private static Sample draw(@Nullable Sprite sprite, Scene scene, RandomGenerator generator) {
        int side = SIDE * OVERSAMPLING;
        BufferedImage canvas = Rasters.transparent(side, side);
        Graphics2D graphics = Rasters.smooth(canvas);
        graphics.scale(OVERSAMPLING, OVERSAMPLING);
        scene.paint(graphics, generator);
        if (sprite != null) {
            graphics.drawImage(recoloured(sprite.image(), generator), placement(sprite.image(), generator), null);
        }
        graphics.dispose();
        return averaged(canvas);
    }

    private static AffineTransform placement(BufferedImage sprite, RandomGenerator generator) {
        double size = SIDE * generator.nextDouble(0.76, 0.95);
        double scale = size / Math.max(sprite.getWidth(), sprite.getHeight());
        int direction = generator.nextBoolean() ? 1 : -1;
        AffineTransform placement = AffineTransform.getTranslateInstance(
                SIDE / 2.0 + generator.nextDouble(-2.5, 2.5), SIDE / 2.0 + generator.nextDouble(-2.5, 2.5));
        placement.scale(direction * scale, scale);
        placement.translate(-sprite.getWidth() / 2.0, -sprite.getHeight() / 2.0);
        return placement;
    }

    private static BufferedImage recoloured(BufferedImage sprite, RandomGenerator generator) {
        double brightness = generator.nextDouble(0.96, 1.04);
        double[] gains =
                generator.doubles(3, 0.98, 1.02).map(gain -> gain * brightness).toArray();
        BufferedImage copy = Rasters.premultiplied(sprite);
        int[] pixels = ((DataBufferInt) copy.getRaster().getDataBuffer()).getData();
        for (int i = 0; i < pixels.length; i++) {
            int alpha = pixels[i] >>> 24;
            int colour = alpha << 24;
            for (int channel = 0; channel < 3; channel++) {
                int shift = 16 - 8 * channel;
                long level = Math.round((pixels[i] >> shift & 0xff) * gains[channel]);
                colour |= (int) Math.min(level, alpha) << shift; // premultiplied, so never above alpha
            }
            pixels[i] = colour;
        }
        return copy;
    }

    private static Sample averaged(BufferedImage canvas) {
        int[] rgb = ((DataBufferInt) canvas.getRaster().getDataBuffer()).getData();
        float[] pixels = new float[3 * SIDE * SIDE];
        int width = SIDE * OVERSAMPLING;
        for (int channel = 0; channel < 3; channel++) {
            for (int i = 0; i < rgb.length; i++) {
                int target = i / width / OVERSAMPLING * SIDE + i % width / OVERSAMPLING;
                pixels[channel * SIDE * SIDE + target] += (rgb[i] >> (16 - 8 * channel)) & 0xff;
            }
        }
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] /= 255f * OVERSAMPLING * OVERSAMPLING;
        }
        return Sample.of("", SIDE, SIDE, pixels);
    }

    private static <T> T pick(List<T> from, RandomGenerator generator) {
        return from.get(generator.nextInt(from.size()));
    }
}
