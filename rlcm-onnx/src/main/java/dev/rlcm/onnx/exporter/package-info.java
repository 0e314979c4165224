/**
 * Graphs as ONNX models, in standard operators or in the dialect that ONNX Runtime runs fastest. Internal. Start with
 * {@code OnnxExporter}, then {@code ExportTable}. Imports core and {@code onnx.format}.
 */
@NullMarked
package dev.rlcm.onnx.exporter;

import org.jspecify.annotations.NullMarked;
