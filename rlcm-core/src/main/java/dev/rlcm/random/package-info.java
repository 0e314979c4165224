/**
 * Reproducible randomness: {@link dev.rlcm.random.RandomStreams}, from whose keys every random draw of this library
 * comes. Imports the JDK only.
 */
@NullMarked
package dev.rlcm.random;

import org.jspecify.annotations.NullMarked;
