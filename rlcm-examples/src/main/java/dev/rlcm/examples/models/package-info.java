/**
 * The embedded models, unpacked from the jar. Start with {@link dev.rlcm.examples.models.EmbeddedModel}.
 */
@NullMarked
package dev.rlcm.examples.models;

import org.jspecify.annotations.NullMarked;
