package dev.rlcm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoraTargetsTest {
    private static final LoraSite QUERY = new LoraSite("down.0.attn1.to_q", 8, 8);
    private static final LoraSite FEED_FORWARD = new LoraSite("down.0.ff.net.2", 8, 8);
    private static final LoraSite PROJECTION = new LoraSite("down.0.proj_in", 8, 8, Shape.of(1, 1));
    private static final LoraSite CONVOLUTION = new LoraSite("down.0.resnets.1.conv1", 8, 8, Shape.of(3, 3));
    private static final List<LoraSite> ALL = List.of(QUERY, FEED_FORWARD, PROJECTION, CONVOLUTION);

    private static List<LoraSite> chosen(String... targets) {
        LoraTargets matcher = LoraTargets.of(targets);
        return ALL.stream().filter(matcher::include).toList();
    }

    @Test
    void presetsNest() {
        assertThat(ALL.stream().filter(LoraTargets.ATTENTION::include)).containsExactly(QUERY);
        assertThat(ALL.stream().filter(LoraTargets.ALL_LINEAR::include))
                .containsExactly(QUERY, FEED_FORWARD, PROJECTION);
        assertThat(ALL.stream().filter(LoraTargets.ALL::include)).containsExactlyElementsOf(ALL);
    }

    @Test
    void namesMatchWholePartsAtTheEndOfThePath() {
        assertThat(chosen("net.2")).containsExactly(FEED_FORWARD);
        assertThat(chosen("down.0.proj_in")).containsExactly(PROJECTION);
        assertThat(chosen("et.2", "q", "down", "down.0.attn1")).isEmpty();
    }

    @Test
    void globsMatchTheWholePath() {
        assertThat(chosen("*.ff.*")).containsExactly(FEED_FORWARD);
        assertThat(chosen("down.?.resnets.*conv?")).containsExactly(CONVOLUTION);
        assertThat(chosen("ff.*")).isEmpty();
    }

    @Test
    void aDotInANameOrGlobIsADot() {
        assertThat(LoraTargets.of("down*ff.net.2").include(new LoraSite("down.ff.netx2", 1, 1)))
                .isFalse();
    }

    @Test
    void regularExpressionsMatchTheWholePath() {
        assertThat(chosen("regex:.*\\.(to_q|conv\\d)")).containsExactly(QUERY, CONVOLUTION);
        assertThat(chosen("regex:to_q")).isEmpty();
    }

    @Test
    void targetsAddUp() {
        assertThat(chosen("attention", "conv1")).containsExactly(QUERY, CONVOLUTION);
        assertThat(chosen("conv1", "all-linear")).containsExactlyElementsOf(ALL);
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(LoraTargets::of).hasMessageContaining("got []");
        assertThatThrownBy(() -> LoraTargets.of("to_q", " ")).hasMessageContaining("at least one module");
        assertThatThrownBy(() -> LoraTargets.of("regex:("))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("regex:(");
    }
}
