/**
 * Tensor files (safetensors, NumPy's npy and npz) and atomic writes. Start with {@link dev.rlcm.io.Safetensors}. Files
 * are taken as hostile: every length is checked against the file's size before anything is allocated, and whatever is
 * wrong with a file's content is a {@link dev.rlcm.io.TensorFileException}. Imports {@code dev.rlcm.graph} and Jackson.
 */
@NullMarked
package dev.rlcm.io;

import org.jspecify.annotations.NullMarked;
