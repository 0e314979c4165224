package dev.rlcm.random;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * A tree of independent random streams, each named by a path such as seed 42, "noise", trajectory 3, step 1.
 *
 * <p>A path always gives the same draws, whatever else was drawn before, in whatever order or thread: a rollout of four
 * equals four rollouts of one, and a resumed run continues bit for bit. The path is hashed with SHA-256, whose first 64
 * bits seed Java's {@code L64X128MixRandom} (Steele and Vigna 2021, doi:10.1145/3485525). Normal draws are {@link
 * RandomGenerator#nextGaussian()}.
 *
 * <p>Immutable, serialisable and thread-safe; a generator made from it is neither, and belongs to its caller.
 */
public final class RandomStreams implements Noise, Serializable {
    private static final long serialVersionUID = 1;

    private static final RandomGeneratorFactory<RandomGenerator> ALGORITHM =
            RandomGeneratorFactory.of("L64X128MixRandom");

    private final byte[] key;
    private final String path;

    private RandomStreams(byte[] key, String path) {
        this.key = key;
        this.path = path;
    }

    /** The root of the tree of that seed. */
    public static RandomStreams seeded(long seed) {
        return new RandomStreams(new byte[0], "").at(seed);
    }

    /** The child of that name; names and indices never collide. */
    public RandomStreams at(String purpose) {
        return child((byte) 's', purpose.getBytes(StandardCharsets.UTF_8), purpose);
    }

    /** The child of that index: an epoch, a trajectory, a step. Any value will do. */
    public RandomStreams at(long index) {
        return child((byte) 'i', ByteBuffer.allocate(Long.BYTES).putLong(index).array(), Long.toString(index));
    }

    /** A generator at the start of this stream; every call starts again. */
    public RandomGenerator generator() {
        // Not create(byte[]): until Java 19 it loses most bits of the seed to sign extension (JDK-8282144).
        return ALGORITHM.create(ByteBuffer.wrap(key).getLong());
    }

    /** The first n standard normal draws of this stream, float32. */
    public float[] gaussians(int n) {
        RandomGenerator generator = generator();
        float[] draws = new float[n];
        for (int i = 0; i < n; i++) {
            draws[i] = (float) generator.nextGaussian();
        }
        return draws;
    }

    /** The draws of the stream {@code at(trajectory).at(draw)}. */
    @Override
    public float[] draw(int trajectory, int draw, int size) {
        return at(trajectory).at(draw).gaussians(size);
    }

    /** A uniformly random order of {@code 0 .. n - 1}. */
    public int[] permutation(int n) {
        RandomGenerator generator = generator();
        int[] order = new int[n];
        for (int i = 0; i < n; i++) { // Fisher and Yates, inside out
            int j = generator.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    private RandomStreams child(byte kind, byte[] name, String label) {
        try {
            MessageDigest hash = MessageDigest.getInstance("SHA-256");
            hash.update(key); // 32 bytes, so that where the name starts is unambiguous
            hash.update(kind);
            return new RandomStreams(hash.digest(name), path.isEmpty() ? label : path + "/" + label);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RandomStreams that && Arrays.equals(key, that.key);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(key);
    }

    /** The path, for example {@code 42/noise/3/1}. */
    @Override
    public String toString() {
        return path;
    }
}
