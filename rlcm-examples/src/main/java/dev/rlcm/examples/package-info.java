/**
 * The runnable mains, a screen each. Start with {@link dev.rlcm.examples.Train}. May import every module; nothing
 * imports it.
 */
@NullMarked
package dev.rlcm.examples;

import org.jspecify.annotations.NullMarked;
