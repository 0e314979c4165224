/**
 * ONNX in and out: reading models into graphs, writing graphs as models, and running graphs with ONNX Runtime. Start with
 * {@link dev.rlcm.onnx.OnnxModels} and {@link dev.rlcm.onnx.OrtBackend}; inside, with {@code OnnxImporter} and
 * {@code OnnxExporter}, which are two tables: operator type to graph expression and back. Imports core, the ONNX protobuf
 * classes and ONNX Runtime.
 */
@NullMarked
package dev.rlcm.onnx;

import org.jspecify.annotations.NullMarked;
