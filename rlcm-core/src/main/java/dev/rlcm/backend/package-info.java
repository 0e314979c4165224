/**
 * Running graphs: a {@link dev.rlcm.backend.Backend} compiles a graph to an {@link dev.rlcm.backend.Executable}. Imports
 * the graph, and ND4J for the reference implementation.
 */
@NullMarked
package dev.rlcm.backend;

import org.jspecify.annotations.NullMarked;
