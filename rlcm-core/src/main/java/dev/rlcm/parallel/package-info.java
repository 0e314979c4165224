/**
 * Several devices as one: {@link dev.rlcm.parallel.ReplicatedBackend} makes one backend of several, and {@link
 * dev.rlcm.parallel.Replicas} spreads work over them so that the result does not depend on their number. Imports backend, check
 * and graph.
 */
@NullMarked
package dev.rlcm.parallel;

import org.jspecify.annotations.NullMarked;
