package dev.rlcm.peers;

import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A TorchScript file, run by libtorch. */
final class LibtorchPeer implements Peer {
    private static final int CONDITION = 256;
    private static final int CHANNELS = 4;
    private static final int TIMESTEP = 500;

    private final JitModule net;
    private final IValueVector inputs;
    private final Tensor upstream;

    /** Loads the native libraries, which unpacks them into JavaCPP's cache. */
    static void unpack() {
        Loader.load(torch.class);
    }

    /** @param file as torch_unet.py traces it */
    LibtorchPeer(Path file, Network network, int rows, int threads) {
        torch.set_num_threads(threads);
        this.net = torch.load(file.toString());
        net.eval();
        this.inputs = new IValueVector(
                new IValue(torch.randn(rows, CHANNELS, network.side, network.side)),
                new IValue(torch.full(new long[] {rows}, new Scalar(TIMESTEP)).to(torch.ScalarType.Long)),
                new IValue(torch.randn(rows, network.words, network.contextWidth)),
                new IValue(torch.randn(rows, CONDITION)));
        this.upstream = torch.randn(rows, CHANNELS, network.side, network.side);
    }

    @Override
    public long forward() {
        try (PointerScope scope = new PointerScope();
                NoGradGuard guard = new NoGradGuard()) {
            long start = System.nanoTime();
            net.forward(inputs).toTensor();
            return System.nanoTime() - start;
        }
    }

    /** Gradients add up over updates, which costs nothing that could be measured. */
    @Override
    public long update() {
        try (PointerScope scope = new PointerScope()) {
            long start = System.nanoTime();
            net.forward(inputs).toTensor().mul(upstream).sum().backward();
            return System.nanoTime() - start;
        }
    }

    @Override
    public void close() {
        net.close();
    }
}
