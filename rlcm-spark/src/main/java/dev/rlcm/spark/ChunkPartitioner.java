package dev.rlcm.spark;

import org.apache.spark.Partitioner;

/** The key is the partition. */
final class ChunkPartitioner extends Partitioner {
    private static final long serialVersionUID = 1;

    private final int partitions;

    ChunkPartitioner(int partitions) {
        this.partitions = partitions;
    }

    @Override
    public int numPartitions() {
        return partitions;
    }

    @Override
    public int getPartition(Object key) {
        return (Integer) key;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ChunkPartitioner that && that.partitions == partitions;
    }

    @Override
    public int hashCode() {
        return partitions;
    }
}
