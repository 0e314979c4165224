package dev.rlcm.rewards;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Safetensors;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A chain of linear layers without activations, multiplied out: x to weight . x + bias. */
record AffineHead(double[] weight, double bias) {
    private static final Pattern WEIGHT = Pattern.compile("layers\\.(\\d+)\\.weight");

    /** @param source of the tensors, for messages */
    static AffineHead of(Safetensors tensors, Path source) {
        List<Integer> layers = tensors.tensors().keySet().stream()
                .map(WEIGHT::matcher)
                .filter(Matcher::matches)
                .map(name -> Integer.valueOf(name.group(1)))
                .sorted((left, right) -> right - left)
                .toList();
        if (layers.isEmpty()) {
            throw new IllegalArgumentException(source + " has no layers.N.weight, but "
                    + tensors.tensors().keySet().stream().limit(8).toList());
        }
        double[] product = {1};
        double bias = 0;
        for (int layer : layers) {
            TensorData weight = tensors.tensor("layers." + layer + ".weight");
            TensorData shift = tensors.tensor("layers." + layer + ".bias");
            boolean fits = weight.shape().rank() == 2
                    && weight.shape().dim(0) == product.length
                    && shift.shape().size() == product.length;
            if (!fits) {
                throw new IllegalArgumentException(source + ": layer " + layer + " has a weight " + weight.shape()
                        + " and a bias " + shift.shape() + ", needed are [" + product.length + ", in] and ["
                        + product.length + "]");
            }
            for (int out = 0; out < product.length; out++) {
                bias += product[out] * shift.getDouble(out);
            }
            product = times(product, weight);
        }
        return new AffineHead(product, bias);
    }

    private static double[] times(double[] row, TensorData matrix) {
        double[] result = new double[matrix.shape().dim(1)];
        for (int i = 0; i < row.length; i++) {
            for (int j = 0; j < result.length; j++) {
                result[j] += row[i] * matrix.getDouble(i * result.length + j);
            }
        }
        return result;
    }

    double apply(double[] x) {
        checkWidth(x.length);
        return Cosines.dot(weight, x) + bias;
    }

    /** The same of a batch, [B, D] to [B]. */
    Value apply(Value x) {
        checkWidth(x.dim(1));
        Value weights = Value.constant(TensorData.generate(x.type(), Shape.of(1, weight.length), i -> weight[i]));
        return x.mul(weights).sum(false, 1).add(bias);
    }

    private void checkWidth(int width) {
        if (width != weight.length) {
            throw new IllegalArgumentException("the predictor takes embeddings of " + weight.length
                    + " elements, the image encoder gives " + width + "; give the CLIP model that it was trained on");
        }
    }
}
