/**
 * Reproducible randomness: {@link dev.rlcm.random.RandomStreams}, from whose keys every random draw of this library
 * comes, and {@link dev.rlcm.random.Noise}, which a rollout draws from. Imports the JDK only.
 */
@NullMarked
package dev.rlcm.random;

import org.jspecify.annotations.NullMarked;
