/**
 * The parts of the ONNX file format that reading and writing share: types, tensors, external data. Internal. Imports
 * core and the ONNX protobuf classes.
 */
@NullMarked
package dev.rlcm.onnx.format;

import org.jspecify.annotations.NullMarked;
