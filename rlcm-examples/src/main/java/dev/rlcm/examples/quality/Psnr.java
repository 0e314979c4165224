package dev.rlcm.examples.quality;

import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.stream.IntStream;

/** Peak signal-to-noise ratio. */
public final class Psnr {
    private Psnr() {}

    /**
     * How far copies are from their originals, in dB: 10 log10(1 / MSE), with the mean squared error over all pixels of all pictures, whose
     * levels are in [0, 1]; infinite for equal pictures.
     *
     * @param copies as many as there are originals, of the same sizes
     */
    public static double of(List<Sample> originals, List<Sample> copies) {
        double meanSquare = IntStream.range(0, originals.size())
                .mapToDouble(
                        i -> meanSquare(originals.get(i).pixels(), copies.get(i).pixels()))
                .average()
                .orElseThrow();
        return -10 * Math.log10(meanSquare);
    }

    private static double meanSquare(float[] left, float[] right) {
        double sum = 0;
        for (int i = 0; i < left.length; i++) {
            double difference = (double) left[i] - right[i];
            sum += difference * difference;
        }
        return sum / left.length;
    }
}
