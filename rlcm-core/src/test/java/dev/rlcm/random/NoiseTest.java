package dev.rlcm.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class NoiseTest {
    @Test
    void groupsShareTheirBeginningsAndNothingElse() {
        Noise own = RandomStreams.seeded(3);
        Noise common = own.withCommonBeginnings(2);
        for (int trajectory = 0; trajectory < 6; trajectory++) {
            assertThat(common.draw(trajectory, 0, 4)).isEqualTo(own.draw(trajectory / 2 * 2, 0, 4));
            assertThat(common.draw(trajectory, 1, 4)).isEqualTo(own.draw(trajectory, 1, 4));
        }
        assertThat(common.draw(2, 0, 4)).isNotEqualTo(common.draw(1, 0, 4));
        assertThatThrownBy(() -> own.withCommonBeginnings(0)).hasMessage("size must be at least 1, got 0");
    }
}
