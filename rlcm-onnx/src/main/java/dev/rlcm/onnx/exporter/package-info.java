/**
 * Graphs as ONNX models, in standard operators or in the dialect that ONNX Runtime runs fastest on a device. Internal. Start with
 * {@code OnnxExporter}, then {@code ExportTable}, which has the standard's operators, and {@code Forms}, which has the others. Imports
 * core and {@code onnx.format}.
 */
@NullMarked
package dev.rlcm.onnx.exporter;

import org.jspecify.annotations.NullMarked;
