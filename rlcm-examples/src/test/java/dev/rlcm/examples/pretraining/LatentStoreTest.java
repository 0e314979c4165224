package dev.rlcm.examples.pretraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LatentStoreTest {
    private static final int PICTURES = 5;
    private static final int SIZE = 3;

    @TempDir
    Path directory;

    @Test
    void whatWasPutInIsThereWhenTheFileIsOpenedAgain() throws IOException {
        Path file = directory.resolve("latents.bin");
        try (LatentStore store = LatentStore.open(file, PICTURES, SIZE)) {
            assertThat(store.has(4)).isFalse();
            store.put(new int[] {4, 1}, FloatBuffer.wrap(new float[] {1, -2, 3, 4, 5, 0.5f}));
        }
        try (LatentStore store = LatentStore.open(file, PICTURES, SIZE)) {
            assertThat(store.get(4)).containsExactly(1, -2, 3);
            assertThat(store.get(1)).containsExactly(4, 5, 0.5f);
            for (int picture = 0; picture < PICTURES; picture++) {
                assertThat(store.has(picture)).isEqualTo(picture == 1 || picture == 4);
            }
        }
    }

    @Test
    void aFileOfOtherPicturesIsRefused() throws IOException {
        Path file = directory.resolve("latents.bin");
        LatentStore.open(file, PICTURES, SIZE).close();
        assertThatThrownBy(() -> LatentStore.open(file, PICTURES + 1, SIZE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("latents.bin has 65 bytes", "6 latents of 3 numbers take 78", "delete it");
    }
}
