/**
 * Reverse-mode differentiation of graphs. Start with {@link dev.rlcm.autodiff.Gradients}, the driver; the mathematics is
 * in {@code GradientRules}, one row per operator. Both import the graph only; {@link
 * dev.rlcm.autodiff.GradientChecker}, which compares them with centred differences, runs graphs and so, with its
 * {@code DirectionalCheck}, also imports the backend interfaces.
 */
@NullMarked
package dev.rlcm.autodiff;

import org.jspecify.annotations.NullMarked;
