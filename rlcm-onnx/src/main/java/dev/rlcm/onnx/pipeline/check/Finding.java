package dev.rlcm.onnx.pipeline.check;

/**
 * Something that {@link ModelCheck} has to say about a model.
 *
 * @param severity whether it stops, hinders, or is good to know
 * @param component the folder or file it is about, such as {@code unet}; {@code model} for the whole
 * @param message what is so
 * @param remedy what to do about it; empty if there is nothing to do
 */
public record Finding(Severity severity, String component, String message, String remedy) {
    /** From worst to mildest. */
    public enum Severity {
        /** Loading, sampling or training will fail. */
        ERROR,
        /** It will run, but slower, with more memory or with other results than one may expect. */
        WARNING,
        /** What the model is and will need. */
        INFO
    }

    /** For example {@code ERROR unet: has no timestep; export it again}. */
    @Override
    public String toString() {
        return severity + " " + component + ": " + message + (remedy.isEmpty() ? "" : "\n    -> " + remedy);
    }
}
