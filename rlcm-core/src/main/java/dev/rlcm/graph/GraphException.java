package dev.rlcm.graph;

/** A graph that cannot be built, typed, differentiated or translated; the message names the node and its types. */
public final class GraphException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public GraphException(String message) {
        super(message);
    }

    public GraphException(String message, Throwable cause) {
        super(message, cause);
    }
}
