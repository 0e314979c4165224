package dev.rlcm.peers;

/** A library that can train a network: the same sizes, rows and adapter for all. Not thread-safe. */
interface Peer extends AutoCloseable {
    /** Runs the network without gradients; returns how long that took, in nanoseconds. */
    long forward();

    /** Runs it forward and backward for the gradients of the adapter; returns how long that took, in nanoseconds. */
    long update();

    @Override
    void close();
}
