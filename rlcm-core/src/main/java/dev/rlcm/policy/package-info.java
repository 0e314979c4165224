/**
 * Consistency models as policies. Start with {@link dev.rlcm.policy.ConsistencyModel}. Imports the graph and rewards'
 * samples.
 */
@NullMarked
package dev.rlcm.policy;

import org.jspecify.annotations.NullMarked;
