/** What the main {@link dev.rlcm.examples.Distill} is made of. Start with {@link dev.rlcm.examples.distill.DistillationRun}. */
@NullMarked
package dev.rlcm.examples.distill;

import org.jspecify.annotations.NullMarked;
