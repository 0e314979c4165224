/**
 * What pipelines and encoders are built from: one network with its configuration, caches of compiled sizes, JSON
 * files and copies of them. Internal. Start with {@code OnnxComponent}. Imports core, {@code dev.rlcm.onnx} and Jackson.
 */
@NullMarked
package dev.rlcm.onnx.pipeline.component;

import org.jspecify.annotations.NullMarked;
