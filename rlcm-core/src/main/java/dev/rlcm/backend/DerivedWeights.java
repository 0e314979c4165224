package dev.rlcm.backend;

import dev.rlcm.graph.TensorData;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.WeakHashMap;
import java.util.function.Supplier;

/**
 * The weights that graphs for a backend hold in the place of a model's own, such as rotated and transformed kernels. A
 * backend has one of these, so that a sampler and a trainer share a copy. It keeps nothing alive: a derived weight is freed with
 * the last graph or executable that holds it. Thread-safe.
 */
public final class DerivedWeights {
    private final Map<TensorData, Map<Object, WeakReference<TensorData>>> forms = new WeakHashMap<>();

    /**
     * A form of a weight, computed unless some graph holds it already.
     *
     * @param weight must not change
     * @param form tells one form of the weight from another by {@code equals}
     * @param computation makes the form; must not refer to this object
     * @throws BackendException if there is no room for it
     */
    public synchronized TensorData of(TensorData weight, Object form, Supplier<TensorData> computation) {
        Map<Object, WeakReference<TensorData>> known = forms.computeIfAbsent(weight, w -> new HashMap<>());
        WeakReference<TensorData> reference = known.get(form);
        TensorData derived = reference == null ? null : reference.get();
        if (derived == null) {
            derived = computed(form, computation);
            known.put(form, new WeakReference<>(derived));
        }
        return derived;
    }

    private static TensorData computed(Object form, Supplier<TensorData> computation) {
        try {
            return computation.get();
        } catch (OutOfMemoryError e) { // the limit on direct buffers, not the heap: nothing was allocated
            throw new BackendException(
                    "a weight does not fit (" + form + "): " + e.getMessage()
                            + "; raise -XX:MaxDirectMemorySize, or choose a MemoryPolicy that takes less",
                    e);
        }
    }

    /** What is in memory now: bytes by the text of the form, in its order. */
    public synchronized Map<String, Long> bytes() {
        Map<String, Long> bytes = new TreeMap<>();
        for (Map<Object, WeakReference<TensorData>> known : forms.values()) {
            known.forEach((form, reference) -> {
                TensorData derived = reference.get();
                if (derived != null) {
                    bytes.merge(form.toString(), (long) derived.bytes().remaining(), Long::sum);
                }
            });
        }
        return bytes;
    }
}
