/**
 * Compares what training costs with other libraries that a JVM can train with: start with {@link
 * dev.rlcm.peers.ComparePeers}. Each library runs in a process of its own, so that memory can be told apart. May import everything.
 */
@NullMarked
package dev.rlcm.peers;

import org.jspecify.annotations.NullMarked;
