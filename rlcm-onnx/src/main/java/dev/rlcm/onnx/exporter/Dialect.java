package dev.rlcm.onnx.exporter;

/** Which operators a graph is written in. */
public enum Dialect {
    /** Those of the ONNX standard only. */
    STANDARD,
    /** ONNX Runtime's own ones too. */
    RUNTIME,
    /** As {@link #RUNTIME}, in the forms that its kernels for CPUs are fastest at. */
    RUNTIME_CPU;

    boolean hasContrib() {
        return this != STANDARD;
    }
}
