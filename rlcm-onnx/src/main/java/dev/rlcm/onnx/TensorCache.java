package dev.rlcm.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.rlcm.graph.TensorData;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * ONNX Runtime's handles of tensors that are used again and again, such as an adapter's weights. A tensor is cached from
 * its second use on and as long as the caller holds it, so tensors used once cost nothing here. Thread-safe.
 */
final class TensorCache {
    private static final class Key extends WeakReference<TensorData> {
        private final int hash;

        private Key(TensorData data, @Nullable ReferenceQueue<TensorData> queue) {
            super(data, queue);
            this.hash = System.identityHashCode(data);
        }

        @Override
        public int hashCode() {
            return hash;
        }

        @Override
        public boolean equals(Object other) {
            return this == other || (other instanceof Key key && get() != null && key.get() == get());
        }
    }

    /** A tensor seen before, with its handle once it is seen again. */
    private static final class Entry {
        private @Nullable OnnxTensor handle;
    }

    private final OrtEnvironment environment;
    private final ReferenceQueue<TensorData> dropped = new ReferenceQueue<>();
    private final Map<Key, Entry> entries = new HashMap<>();

    TensorCache(OrtEnvironment environment) {
        this.environment = environment;
    }

    /** The handle of a tensor; one that is not kept here is added to the list of those to close after the run. */
    synchronized OnnxTensor handle(TensorData data, List<OnnxTensor> temporary) throws OrtException {
        expunge();
        Entry entry = entries.get(new Key(data, null));
        if (entry != null) {
            if (entry.handle == null) {
                entry.handle = OrtTensors.wrap(environment, data);
            }
            return entry.handle;
        }
        OnnxTensor handle = OrtTensors.wrap(environment, data);
        temporary.add(handle);
        entries.put(new Key(data, dropped), new Entry());
        return handle;
    }

    synchronized void close() {
        entries.values().forEach(TensorCache::close);
        entries.clear();
    }

    private void expunge() {
        for (Object key = dropped.poll(); key != null; key = dropped.poll()) {
            Entry entry = entries.remove(key);
            if (entry != null) {
                close(entry);
            }
        }
    }

    private static void close(Entry entry) {
        if (entry.handle != null) {
            entry.handle.close();
        }
    }
}
