package dev.rlcm.onnx;

/**
 * What runs were given and gave back, each tensor once per run: what crosses the bus where the network is on another device. On
 * the CPU nothing is copied, and the figures say what a device would need. Weights do not count, since a device keeps them.
 *
 * @param runs how many runs there were
 * @param tensorsIn tensors given, each of which is a copy of its own
 * @param bytesIn their bytes
 * @param tensorsOut tensors given back
 * @param bytesOut their bytes
 */
public record Traffic(long runs, long tensorsIn, long bytesIn, long tensorsOut, long bytesOut) {
    /** No run at all. */
    public static final Traffic NONE = new Traffic(0, 0, 0, 0, 0);

    /** What came after an earlier count of the same runs. */
    public Traffic since(Traffic earlier) {
        return new Traffic(
                runs - earlier.runs,
                tensorsIn - earlier.tensorsIn,
                bytesIn - earlier.bytesIn,
                tensorsOut - earlier.tensorsOut,
                bytesOut - earlier.bytesOut);
    }

    Traffic plus(Traffic other) {
        return new Traffic(
                runs + other.runs,
                tensorsIn + other.tensorsIn,
                bytesIn + other.bytesIn,
                tensorsOut + other.tensorsOut,
                bytesOut + other.bytesOut);
    }
}
