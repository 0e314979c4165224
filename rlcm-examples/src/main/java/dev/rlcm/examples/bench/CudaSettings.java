package dev.rlcm.examples.bench;

import dev.rlcm.onnx.CudaOptions;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Option;

/** What is worth measuring on and off on a CUDA device; without effect on the CPU. */
final class CudaSettings {
    private static final CudaOptions DEFAULTS = CudaOptions.defaults();

    @Option(
            names = "--cuda-forms",
            split = ",",
            paramLabel = "FORM",
            description =
                    "Forms that graphs are written in for CUDA: attention, products, group_norm, activations,"
                            + " skip_layer_norm, or default, all, none; -FORM leaves out one. Default: attention,products,activations.")
    private List<String> forms = List.of("default");

    @Option(
            names = "--attention-slice",
            paramLabel = "SCORES",
            description =
                    "Scores of an attention whose gradients are computed at a time on CUDA. Default: ${DEFAULT-VALUE}.")
    private long attentionSlice = DEFAULTS.attentionSlice();

    @Option(names = "--channels-last", description = "On CUDA: convolutions with channels last (prefer_nhwc).")
    private boolean channelsLast;

    @Option(
            names = "--convolution-search",
            paramLabel = "HOW",
            description = "On CUDA, cuDNN's algorithms by: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private CudaOptions.ConvolutionSearch search = DEFAULTS.convolutions();

    @Option(names = "--little-workspace", description = "On CUDA: convolutions take 32 MB of workspace at most.")
    private boolean littleWorkspace;

    @Option(
            names = "--cuda-option",
            paramLabel = "NAME=VALUE",
            description = "Any other option of ONNX Runtime's CUDA provider, for example sdpa_kernel=2.")
    private Map<String, String> others = new LinkedHashMap<>();

    CudaOptions toCudaOptions() {
        return DEFAULTS.withForms(forms(forms))
                .withAttentionSlice(attentionSlice)
                .withChannelsLast(channelsLast)
                .withConvolutions(search)
                .withAmpleWorkspace(!littleWorkspace)
                .withOthers(others);
    }

    /** The forms that a list of words means, taken from left to right. */
    static Set<CudaOptions.Form> forms(List<String> words) {
        Set<CudaOptions.Form> chosen = EnumSet.noneOf(CudaOptions.Form.class);
        for (String word : words) {
            String name = word.toLowerCase(Locale.ROOT);
            switch (name) {
                case "default" -> chosen.addAll(DEFAULTS.forms());
                case "all" -> chosen.addAll(EnumSet.allOf(CudaOptions.Form.class));
                case "none" -> chosen.clear();
                default -> {
                    if (name.startsWith("-")) {
                        chosen.remove(form(name.substring(1)));
                    } else {
                        chosen.add(form(name));
                    }
                }
            }
        }
        return chosen;
    }

    private static CudaOptions.Form form(String name) {
        for (CudaOptions.Form form : CudaOptions.Form.values()) {
            if (form.name().toLowerCase(Locale.ROOT).equals(name)) {
                return form;
            }
        }
        throw new IllegalArgumentException("--cuda-forms must be of default, all, none, or names of "
                + List.of(CudaOptions.Form.values()).toString().toLowerCase(Locale.ROOT) + ", got " + name);
    }
}
