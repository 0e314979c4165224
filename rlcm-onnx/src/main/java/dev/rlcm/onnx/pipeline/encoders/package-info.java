/**
 * The encoders of CLIP and BERT, for rewards. Start with {@link dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder} and
 * {@link dev.rlcm.onnx.pipeline.encoders.BertEncoder}. Imports core, {@code dev.rlcm.onnx}, {@code pipeline.component}
 * and {@code pipeline.text}.
 */
@NullMarked
package dev.rlcm.onnx.pipeline.encoders;

import org.jspecify.annotations.NullMarked;
