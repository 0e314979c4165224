/** Argument checks that all packages share. Internal: hosts have no use for it. Imports the JDK only. */
@NullMarked
package dev.rlcm.check;

import org.jspecify.annotations.NullMarked;
