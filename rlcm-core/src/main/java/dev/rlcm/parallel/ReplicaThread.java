package dev.rlcm.parallel;

import java.util.OptionalInt;

/** A thread that works for one replica. */
final class ReplicaThread extends Thread {
    private final int replica;

    /** @param replica its index */
    ReplicaThread(Runnable task, int replica) {
        super(task, "rlcm-replica-" + replica);
        this.replica = replica;
        setDaemon(true);
    }

    /** The replica that the calling thread works for, or nothing if it is another thread. */
    static OptionalInt current() {
        return Thread.currentThread() instanceof ReplicaThread thread
                ? OptionalInt.of(thread.replica)
                : OptionalInt.empty();
    }
}
