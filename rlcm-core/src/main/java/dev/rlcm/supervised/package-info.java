/**
 * Training by a loss over batches of data: whole weights of a network, or an adapter. Start with {@link
 * dev.rlcm.supervised.SupervisedTask}, which says what is learned, and {@link dev.rlcm.supervised.SupervisedTrainer}, the loop. {@link
 * dev.rlcm.supervised.ContrastiveBatch} is a loss for encoders of two kinds. Imports graph, compilation, backend, optim and io.
 */
@NullMarked
package dev.rlcm.supervised;

import org.jspecify.annotations.NullMarked;
