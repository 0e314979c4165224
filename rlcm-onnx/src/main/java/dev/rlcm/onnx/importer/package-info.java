/**
 * ONNX models as graphs. Internal. Start with {@code OnnxImporter}, then {@code OperatorTable}, whose rows stand in
 * the files named after families of operators. Imports core and {@code onnx.format}.
 */
@NullMarked
package dev.rlcm.onnx.importer;

import org.jspecify.annotations.NullMarked;
