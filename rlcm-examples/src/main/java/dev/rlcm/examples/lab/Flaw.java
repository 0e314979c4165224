package dev.rlcm.examples.lab;

import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.reward.Sample;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;

/** A way to make a picture worse, beyond dispute. */
enum Flaw {
    /** As if of a third to a half of the size. */
    BLURRED {
        @Override
        Sample spoil(Sample sample, Sample scene, LatentModel model, RandomGenerator random) {
            int side = (int) (sample.width() * random.nextDouble(0.33, 0.5));
            BufferedImage small = resized(sample.toBufferedImage(), side);
            return pixels(sample, resized(small, sample.width()));
        }
    },
    /** With a third to two thirds of its contrast, around its mean. */
    FADED {
        @Override
        Sample spoil(Sample sample, Sample scene, LatentModel model, RandomGenerator random) {
            float mean = 0;
            for (float value : sample.pixels()) {
                mean += value / sample.pixels().length;
            }
            float[] grey = new float[sample.pixels().length];
            Arrays.fill(grey, mean);
            return mixed(sample, grey, random.nextDouble(0.33, 0.67));
        }
    },
    NOISY {
        @Override
        Sample spoil(Sample sample, Sample scene, LatentModel model, RandomGenerator random) {
            float[] pixels = sample.pixels().clone();
            double deviation = random.nextDouble(0.04, 0.12);
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = (float) Math.max(0, Math.min(1, random.nextGaussian(pixels[i], deviation)));
            }
            return Sample.of("", sample.height(), sample.width(), pixels);
        }
    },
    /** The animal is half gone, or nearly. */
    VANISHING {
        @Override
        Sample spoil(Sample sample, Sample scene, LatentModel model, RandomGenerator random) {
            return mixed(sample, scene.pixels(), random.nextDouble(0.1, 0.5));
        }
    },
    /** There is no animal. */
    EMPTY {
        @Override
        Sample spoil(Sample sample, Sample scene, LatentModel model, RandomGenerator random) {
            return scene;
        }
    },
    /** What the VAE makes of latents that are a little wrong: outlines waver, eyes and legs are lost. */
    MALFORMED {
        @Override
        Sample spoil(Sample sample, Sample scene, LatentModel model, RandomGenerator random) throws IOException {
            TensorData latents = model.encode(List.of(sample));
            double deviation = random.nextDouble(0.2, 0.6);
            TensorData wrong = TensorData.generate(
                    latents.type(), latents.shape(), i -> random.nextGaussian(latents.getDouble(i), deviation));
            return model.decode(List.of(""), wrong).get(0);
        }
    },
    /** Under a film of some colour. */
    TINTED {
        @Override
        Sample spoil(Sample sample, Sample scene, LatentModel model, RandomGenerator random) {
            float[] film = new float[sample.pixels().length];
            int plane = film.length / 3;
            for (int channel = 0; channel < 3; channel++) {
                Arrays.fill(film, channel * plane, (channel + 1) * plane, random.nextFloat());
            }
            return mixed(sample, film, random.nextDouble(0.5, 0.85));
        }
    },
    /** What the model draws for the same prompt, in one to four steps. */
    DRAWN_BY_THE_MODEL {
        @Override
        Sample spoil(Sample sample, Sample scene, LatentModel model, RandomGenerator random) {
            int steps = 1 << random.nextInt(3);
            double guidance = random.nextDouble(1, 4);
            return model.generate(List.of(sample.prompt()), steps, guidance, random.nextLong())
                    .get(0);
        }
    };

    /**
     * The picture with the flaw.
     *
     * @param scene the picture without its animal
     * @param model draws pictures of this size
     */
    abstract Sample spoil(Sample sample, Sample scene, LatentModel model, RandomGenerator random) throws IOException;

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
            pixels[i] = (rgb[i % rgb.length] >> 16 - 8 * (i / rgb.length) & 0xff) / 255f;
        }
        return Sample.of("", size.height(), size.width(), pixels);
    }

    /** The share of the picture, and for the rest other pixels. */
    private static Sample mixed(Sample sample, float[] other, double share) {
        float[] pixels = new float[other.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) (share * sample.pixels()[i] + (1 - share) * other[i]);
        }
        return Sample.of("", sample.height(), sample.width(), pixels);
    }
}
