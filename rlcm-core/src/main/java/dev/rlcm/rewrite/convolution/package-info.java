/**
 * Convolutions with fewer multiplications: {@link dev.rlcm.rewrite.convolution.FilteringPlan} chooses, {@link
 * dev.rlcm.rewrite.convolution.MinimalFiltering} writes the form. Imports graph, rewrite and rewrite.lowering.
 */
@NullMarked
package dev.rlcm.rewrite.convolution;

import org.jspecify.annotations.NullMarked;
