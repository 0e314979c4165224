package dev.rlcm.peers;

import dev.rlcm.examples.bench.Passes;
import dev.rlcm.onnx.OrtOptions;
import java.io.IOException;

/** This library. Its update includes the loss, and an optimiser's step outside the measured time. */
final class RlcmPeer implements Peer {
    private final Passes passes;

    RlcmPeer(Network network, int rows, OrtOptions options) throws IOException {
        this.passes = network == Network.EMOJI
                ? Passes.embedded(rows, options)
                : Passes.skeleton(network.directory(), rows, network.rank, options);
    }

    @Override
    public long forward() {
        return passes.forward();
    }

    @Override
    public long update() {
        return passes.update();
    }

    @Override
    public void close() {
        passes.close();
    }
}
