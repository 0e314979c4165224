/**
 * Tensors in files and gradients of any ONNX file, for {@link dev.rlcm.examples.DifferentiateOnnx}.
 */
@NullMarked
package dev.rlcm.examples.gradients;

import org.jspecify.annotations.NullMarked;
