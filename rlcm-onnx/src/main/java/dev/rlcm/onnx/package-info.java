/**
 * ONNX in and out, and graphs run by ONNX Runtime. Start with {@link dev.rlcm.onnx.OnnxModels} and {@link
 * dev.rlcm.onnx.OrtBackend}. The ways in and out stand in {@code onnx.importer} and {@code onnx.exporter}, which are
 * two tables: operator type to graph expression and back. Imports core, the ONNX protobuf classes and ONNX Runtime.
 */
@NullMarked
package dev.rlcm.onnx;

import org.jspecify.annotations.NullMarked;
