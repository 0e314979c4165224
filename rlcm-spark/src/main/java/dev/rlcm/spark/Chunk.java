package dev.rlcm.spark;

import java.io.Serializable;
import java.util.ArrayList;

/**
 * A minibatch.
 *
 * @param index its place in the optimiser step
 * @param partition where it is evaluated
 */
record Chunk(int index, int partition, ArrayList<RowReference> rows) implements Serializable {}
