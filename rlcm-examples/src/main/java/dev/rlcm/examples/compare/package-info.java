/**
 * RLCM and DDPO side by side. Start with {@link dev.rlcm.examples.compare.ContenderRun}. Imports {@code
 * examples.options}, {@code examples.run} and {@code examples.report}.
 */
@NullMarked
package dev.rlcm.examples.compare;

import org.jspecify.annotations.NullMarked;
