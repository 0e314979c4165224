/**
 * The paper's experiments on the embedded models. Start with {@link dev.rlcm.examples.reproduction.Reproduction}; {@code Study} says
 * what is compared with what. Imports {@code examples.options}, {@code examples.run} and {@code examples.report}.
 */
@NullMarked
package dev.rlcm.examples.reproduction;

import org.jspecify.annotations.NullMarked;
