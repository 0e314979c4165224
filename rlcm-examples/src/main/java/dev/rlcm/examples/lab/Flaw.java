package dev.rlcm.examples.lab;

import dev.rlcm.reward.Sample;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.Locale;
import java.util.random.RandomGenerator;

/** A way to make a picture worse, beyond dispute. */
enum Flaw {
    /** As if of a third to a half of the size. */
    BLURRED {
        @Override
        Sample spoil(Sample sample, Sample scene, RandomGenerator random) {
            int side = (int) (sample.width() * random.nextDouble(0.33, 0.5));
            BufferedImage small = resized(sample.toBufferedImage(), side);
            return pixels(sample, resized(small, sample.width()));
        }
    },
    /** With a third to two thirds of its contrast, around its mean. */
    FADED {
        @Override
        Sample spoil(Sample sample, Sample scene, RandomGenerator random) {
            return mixed(sample, mean(sample), random.nextDouble(0.33, 0.67));
        }
    },
    /** With 1.5 to 2.5 times its contrast, around its mean. */
    GARISH {
        @Override
        Sample spoil(Sample sample, Sample scene, RandomGenerator random) {
            return mixed(sample, mean(sample), random.nextDouble(1.5, 2.5));
        }
    },
    /** Lighter or darker, by a power of 0.4 to 0.65 or its inverse. */
    BADLY_LIT {
        @Override
        Sample spoil(Sample sample, Sample scene, RandomGenerator random) {
            double power = random.nextDouble(0.4, 0.65);
            double exponent = random.nextBoolean() ? power : 1 / power;
            float[] pixels = new float[sample.pixels().length];
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = (float) Math.pow(bounded(sample.pixels()[i]), exponent);
            }
            return Sample.of("", sample.height(), sample.width(), pixels);
        }
    },
    NOISY {
        @Override
        Sample spoil(Sample sample, Sample scene, RandomGenerator random) {
            float[] pixels = sample.pixels().clone();
            double deviation = random.nextDouble(0.04, 0.12);
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = bounded(random.nextGaussian(pixels[i], deviation));
            }
            return Sample.of("", sample.height(), sample.width(), pixels);
        }
    },
    /** The animal is half gone, or nearly. */
    VANISHING {
        @Override
        Sample spoil(Sample sample, Sample scene, RandomGenerator random) {
            return mixed(sample, scene.pixels(), random.nextDouble(0.1, 0.5));
        }
    },
    /** There is no animal. */
    EMPTY {
        @Override
        Sample spoil(Sample sample, Sample scene, RandomGenerator random) {
            return scene;
        }
    },
    /** Under a film of some colour. */
    TINTED {
        @Override
        Sample spoil(Sample sample, Sample scene, RandomGenerator random) {
            float[] film = new float[sample.pixels().length];
            int plane = film.length / 3;
            for (int channel = 0; channel < 3; channel++) {
                Arrays.fill(film, channel * plane, (channel + 1) * plane, random.nextFloat());
            }
            return mixed(sample, film, random.nextDouble(0.5, 0.85));
        }
    };

    /**
     * The picture with the flaw.
     *
     * @param scene the picture without its animal
     */
    abstract Sample spoil(Sample sample, Sample scene, RandomGenerator random);

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static BufferedImage resized(BufferedImage image, int side) {
        BufferedImage target = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = Rasters.smooth(target);
        graphics.drawImage(image, 0, 0, side, side, null);
        graphics.dispose();
        return target;
    }

    private static Sample pixels(Sample size, BufferedImage image) {
        int[] rgb = image.getRGB(0, 0, size.width(), size.height(), null, 0, size.width());
        float[] pixels = new float[3 * rgb.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = ((rgb[i % rgb.length] >> (16 - 8 * (i / rgb.length))) & 0xff) / 255f;
        }
        return Sample.of("", size.height(), size.width(), pixels);
    }

    private static float[] mean(Sample sample) {
        double sum = 0;
        for (float value : sample.pixels()) {
            sum += value;
        }
        float[] grey = new float[sample.pixels().length];
        Arrays.fill(grey, (float) (sum / grey.length));
        return grey;
    }

    /** The share of the picture, which may be above 1, and for the rest other pixels. */
    private static Sample mixed(Sample sample, float[] other, double share) {
        float[] pixels = new float[other.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = bounded(share * sample.pixels()[i] + (1 - share) * other[i]);
        }
        return Sample.of("", sample.height(), sample.width(), pixels);
    }

    private static float bounded(double value) {
        return (float) Math.max(0, Math.min(1, value));
    }
}
