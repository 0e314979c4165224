package dev.rlcm.examples.lab;

import java.awt.Graphics2D;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;

/** Where an animal is, and how captions say it. */
enum Scene {
    GRASS(Backdrops::grass, "on grass", "on the grass", "in the grass"),
    SEA(Backdrops::sea, "in the sea", "on the sea"),
    NIGHT(Backdrops::night, "at night", "in the night"),
    SAND(Backdrops::sand, "on sand", "on the sand"),
    SNOW(Backdrops::snow, "in the snow", "in snow", "on snow"),
    SUNSET(Backdrops::sunset, "at sunset", "in the sunset"),
    PLAIN(Backdrops::plain, "on a plain background", "plain background", "on plain");

    /** Paints the square of side {@link Backdrops#SIDE} from the origin on. */
    @FunctionalInterface
    interface Backdrop {
        void paint(Graphics2D graphics, RandomGenerator random);
    }

    private final Backdrop backdrop;

    /** The first is the one of the model's prompts. */
    final List<String> phrases;

    Scene(Backdrop backdrop, String... phrases) {
        this.backdrop = backdrop;
        this.phrases = List.of(phrases);
    }

    void paint(Graphics2D graphics, RandomGenerator random) {
        backdrop.paint(graphics, random);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
