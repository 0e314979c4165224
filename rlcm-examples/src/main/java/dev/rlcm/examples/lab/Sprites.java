package dev.rlcm.examples.lab;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Animals cut out of emoji.
 *
 * @param byAnimal at least one for each animal
 */
record Sprites(Map<String, List<Sprite>> byAnimal) {
    /**
     * A cut-out.
     *
     * @param image with premultiplied alpha, cropped to what can be seen
     */
    record Sprite(String animal, EmojiStyle style, String emoji, BufferedImage image) {}

    /**
     * Rasterises the artwork in a folder, where npm puts it if need be.
     *
     * @param all whether faces, kinds and colours count too, or only the plain emoji of each animal
     */
    static Sprites load(Path folder, boolean all) throws IOException {
        Artwork artwork = Artwork.in(folder);
        Map<String, List<Sprite>> byAnimal = new LinkedHashMap<>();
        for (Artwork.Animal animal : Artwork.animals()) {
            List<Sprite> sprites = new ArrayList<>();
            for (String emoji : all ? animal.emoji() : animal.emoji().subList(0, 1)) {
                for (EmojiStyle style : EmojiStyle.values()) {
                    artwork.draw(style, emoji)
                            .map(Rasters::cropped)
                            .ifPresent(image -> sprites.add(new Sprite(animal.name(), style, emoji, image)));
                }
            }
            byAnimal.put(animal.name(), sprites);
        }
        return new Sprites(byAnimal);
    }

    List<String> animals() {
        return List.copyOf(byAnimal.keySet());
    }
}
