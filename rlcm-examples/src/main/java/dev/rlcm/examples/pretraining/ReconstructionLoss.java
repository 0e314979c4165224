package dev.rlcm.examples.pretraining;

import dev.rlcm.check.Check;
import dev.rlcm.graph.Value;

/**
 * How far a variational autoencoder's copy is from the picture: the mean absolute difference, and the weighted sum of
 *
 * @param edges the mean absolute differences of the horizontal and of the vertical differences of neighbouring pixels, which keeps edges
 *     sharp
 * @param squares the mean squared difference, by which the signal-to-noise ratio is measured
 * @param divergence the Kullback-Leibler divergence of the latents' distribution from the unit normal, mean per element (Kingma and
 *     Welling, arXiv:1312.6114, appendix B)
 */
record ReconstructionLoss(double edges, double squares, double divergence) {
    ReconstructionLoss {
        Check.notNegative("edges", edges);
        Check.notNegative("squares", squares);
        Check.notNegative("divergence", divergence);
    }

    /** What the embedded model was trained with: 0.3, 2 and 5e-4. */
    static ReconstructionLoss defaults() {
        return new ReconstructionLoss(0.3, 2, 5e-4);
    }

    /**
     * The loss, FLOAT32 [].
     *
     * @param copy [B,3,H,W]
     * @param picture the same, in [-1, 1]
     * @param latents of the picture
     */
    Value of(Value copy, Value picture, Vae.Distribution latents) {
        Value difference = copy.sub(picture);
        return difference
                .abs()
                .mean()
                .add(steps(difference, 2).add(steps(difference, 3)).mul(edges))
                .add(difference.square().mean().mul(squares))
                .add(divergence(latents).mul(divergence));
    }

    /** The mean absolute difference of neighbours along an axis. */
    private static Value steps(Value image, int axis) {
        int extent = image.dim(axis);
        return image.slice(axis, 1, extent)
                .sub(image.slice(axis, 0, extent - 1))
                .abs()
                .mean();
    }

    /** (mean^2 + variance - 1 - log variance) / 2, averaged over all elements. */
    private static Value divergence(Vae.Distribution latents) {
        Value logVariance = latents.logVariance();
        return latents.mean()
                .square()
                .add(logVariance.exp())
                .sub(1)
                .sub(logVariance)
                .mean()
                .mul(0.5);
    }
}
