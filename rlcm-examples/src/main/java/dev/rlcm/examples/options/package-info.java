/**
 * The command line of the mains, by groups of options. Start with {@link dev.rlcm.examples.options.TrainOptions}.
 * Imports the libraries, picocli and {@code examples.models}.
 */
@NullMarked
package dev.rlcm.examples.options;

import org.jspecify.annotations.NullMarked;
