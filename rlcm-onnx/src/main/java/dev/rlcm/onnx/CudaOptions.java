package dev.rlcm.onnx;

import dev.rlcm.backend.AttentionForms;
import dev.rlcm.onnx.exporter.Dialect;
import dev.rlcm.onnx.exporter.Forms;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * How ONNX Runtime's CUDA provider runs a graph; see {@code docs/gpu.md} for what each choice should gain and how to measure it.
 *
 * @param convolutions how cuDNN's algorithm for a convolution is chosen, at the first run of a graph
 * @param ampleWorkspace whether a convolution may take as much memory as its fastest algorithm wants, otherwise 32 MB
 * @param channelsLast whether convolutions run with channels last, as tensor cores like it, at the price of transposes; ONNX
 *     Runtime's {@code prefer_nhwc}
 * @param tf32 whether FLOAT32 products and convolutions may round their operands to 11 bits, several times faster
 * @param memoryLimit bytes that the arena of one executable may take, positive; the sampler and the trainer have one each
 * @param forms what is written for kernels that only some devices have
 * @param attentionSlice scores, in elements, whose gradients are computed at a time, at least 1; see {@link AttentionForms}
 * @param others further options by ONNX Runtime's names; they win over those above
 */
public record CudaOptions(
        ConvolutionSearch convolutions,
        boolean ampleWorkspace,
        boolean channelsLast,
        boolean tf32,
        long memoryLimit,
        Set<Form> forms,
        long attentionSlice,
        Map<String, String> others) {
    /** 32 MB in FLOAT16, of the 50 MB of second-level cache of an H100; not measured yet. */
    private static final long DEFAULT_SLICE = 1 << 24;

    /** ONNX Runtime's ways to choose among cuDNN's algorithms. */
    public enum ConvolutionSearch {
        /** By cuDNN's estimate. */
        HEURISTIC,
        /** By trying all: slow to start, and tries take memory, but the fastest afterwards. */
        EXHAUSTIVE,
        /** One that needs little workspace. */
        DEFAULT
    }

    /** Operators of ONNX Runtime's own that may stand for others, in the order of the gain that is expected of them. */
    public enum Form {
        /** {@code MultiHeadAttention}: flash or memory-efficient kernels, and no transposes of heads. */
        ATTENTION(Forms.attention()),
        /** {@code FusedMatMul}: transposes and factors within products. */
        PRODUCTS(Forms.products()),
        /**
         * {@code GroupNorm}: group norm and SiLU in one, with channels last. Adds in no fixed order, so that equal runs differ by
         * rounding: the ratios of a first minibatch too, since an update computes its norms from parts.
         */
        GROUP_NORM(Forms.groupNorms()),
        /** {@code QuickGelu}, {@code Gelu}, {@code BiasGelu}, {@code FastGelu}: activations, with the bias before them. */
        ACTIVATIONS(Forms.biasedActivations()),
        /**
         * {@code SkipLayerNormalization}: a residual sum and its norm in one. In 16 bits its variance is that of rounded squares,
         * which rows far from zero spoil.
         */
        SKIP_LAYER_NORM(Forms.skipNorms());

        private final dev.rlcm.onnx.exporter.Form written;

        Form(dev.rlcm.onnx.exporter.Form written) {
            this.written = written;
        }
    }

    public CudaOptions {
        if (memoryLimit < 1) {
            throw new IllegalArgumentException("memoryLimit must be positive, got " + memoryLimit);
        }
        if (attentionSlice < 1) {
            throw new IllegalArgumentException("attentionSlice must be at least 1, got " + attentionSlice);
        }
        forms = Set.copyOf(forms);
        others = Map.copyOf(others);
    }

    /**
     * Heuristic search with ample workspace, channels first, FLOAT32 without short cuts, all the memory there is, slices of 2^24
     * scores, and all forms but those that cost reproducibility or precision, {@link Form#GROUP_NORM} and
     * {@link Form#SKIP_LAYER_NORM}.
     */
    public static CudaOptions defaults() {
        return new CudaOptions(
                ConvolutionSearch.HEURISTIC,
                true,
                false,
                false,
                Long.MAX_VALUE,
                EnumSet.of(Form.ATTENTION, Form.PRODUCTS, Form.ACTIVATIONS),
                DEFAULT_SLICE,
                Map.of());
    }

    public CudaOptions withConvolutions(ConvolutionSearch value) {
        return new CudaOptions(value, ampleWorkspace, channelsLast, tf32, memoryLimit, forms, attentionSlice, others);
    }

    public CudaOptions withAmpleWorkspace(boolean value) {
        return new CudaOptions(convolutions, value, channelsLast, tf32, memoryLimit, forms, attentionSlice, others);
    }

    public CudaOptions withChannelsLast(boolean value) {
        return new CudaOptions(convolutions, ampleWorkspace, value, tf32, memoryLimit, forms, attentionSlice, others);
    }

    public CudaOptions withTf32(boolean value) {
        return new CudaOptions(
                convolutions, ampleWorkspace, channelsLast, value, memoryLimit, forms, attentionSlice, others);
    }

    public CudaOptions withMemoryLimit(long value) {
        return new CudaOptions(convolutions, ampleWorkspace, channelsLast, tf32, value, forms, attentionSlice, others);
    }

    public CudaOptions withForms(Set<Form> value) {
        return new CudaOptions(
                convolutions, ampleWorkspace, channelsLast, tf32, memoryLimit, value, attentionSlice, others);
    }

    public CudaOptions withAttentionSlice(long value) {
        return new CudaOptions(convolutions, ampleWorkspace, channelsLast, tf32, memoryLimit, forms, value, others);
    }

    public CudaOptions withOthers(Map<String, String> value) {
        return new CudaOptions(
                convolutions, ampleWorkspace, channelsLast, tf32, memoryLimit, forms, attentionSlice, value);
    }

    /** What graphs for the device are written in. */
    Dialect dialect() {
        return Dialect.of(Arrays.stream(Form.values())
                .filter(forms::contains)
                .map(form -> form.written)
                .toList());
    }

    AttentionForms attentionForms() {
        return new AttentionForms(forms.contains(Form.ATTENTION), OptionalLong.of(attentionSlice));
    }

    /** All of it in ONNX Runtime's names. The arena grows by what is asked for, not to the next power of two. */
    Map<String, String> toProvider() {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("cudnn_conv_algo_search", convolutions.name());
        options.put("cudnn_conv_use_max_workspace", flag(ampleWorkspace));
        options.put("prefer_nhwc", flag(channelsLast));
        options.put("use_tf32", flag(tf32));
        options.put("arena_extend_strategy", "kSameAsRequested");
        if (memoryLimit != Long.MAX_VALUE) {
            options.put("gpu_mem_limit", Long.toString(memoryLimit));
        }
        options.putAll(others);
        return options;
    }

    private static String flag(boolean value) {
        return value ? "1" : "0";
    }
}
