/**
 * The graph: an immutable DAG of typed {@link dev.rlcm.graph.Value}s with ONNX operator semantics and static shapes.
 * Start with {@link dev.rlcm.graph.Value}, then {@link dev.rlcm.graph.Graph} and {@link dev.rlcm.graph.Op}. Imports the
 * JDK only.
 */
@NullMarked
package dev.rlcm.graph;

import org.jspecify.annotations.NullMarked;
