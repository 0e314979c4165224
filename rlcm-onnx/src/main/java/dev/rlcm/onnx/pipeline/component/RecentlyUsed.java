package dev.rlcm.onnx.pipeline.component;

import java.util.LinkedHashMap;
import java.util.Map;

/** The values of the texts that were asked for last. Not thread-safe. */
public final class RecentlyUsed<V> extends LinkedHashMap<String, V> {
    private static final long serialVersionUID = 1;

    private final int capacity;

    public RecentlyUsed(int capacity) {
        super(16, 0.75f, true);
        this.capacity = capacity;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
        return size() > capacity;
    }
}
