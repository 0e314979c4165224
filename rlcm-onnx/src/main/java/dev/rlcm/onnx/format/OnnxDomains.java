package dev.rlcm.onnx.format;

/** Names of operator domains. The standard domain's name is empty. */
public final class OnnxDomains {
    /** ONNX Runtime's own operators. */
    public static final String MICROSOFT = "com.microsoft";

    private OnnxDomains() {}
}
