package dev.rlcm.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.onnx.CudaOptions;
import dev.rlcm.onnx.CudaOptions.Form;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

final class CompareFormsTest {
    private static final Set<Form> DEFAULTS = CudaOptions.defaults().forms();

    @ParameterizedTest
    @EnumSource(Form.class)
    void everyFormIsMeasuredOnAndOff(Form form) {
        Map<String, CudaOptions> settings = CompareForms.settings();
        assertThat(settings.values()).first().isEqualTo(CudaOptions.defaults());
        Set<Form> changed = EnumSet.copyOf(DEFAULTS);
        if (!changed.remove(form)) {
            changed.add(form);
        }
        assertThat(settings).containsValue(CudaOptions.defaults().withForms(changed));
    }

    @Test
    void wordsForFormsAreTakenFromLeftToRight() {
        assertThat(CudaSettings.forms(List.of("default"))).isEqualTo(DEFAULTS);
        assertThat(CudaSettings.forms(List.of("all", "-Group_Norm")))
                .isEqualTo(EnumSet.complementOf(EnumSet.of(Form.GROUP_NORM)));
        assertThat(CudaSettings.forms(List.of("all", "none", "products"))).containsExactly(Form.PRODUCTS);
        assertThatThrownBy(() -> CudaSettings.forms(List.of("flash")))
                .hasMessageContaining("skip_layer_norm")
                .hasMessageEndingWith("got flash");
    }

    @Test
    void unknownSettingsAreRefusedBeforeAnythingRuns() {
        CompareForms main = new CompareForms();
        CommandLine line = new CommandLine(main);
        line.parseArgs("--only", "default,faster");
        assertThatThrownBy(main::call).hasMessageContaining("no attention").hasMessageEndingWith("got faster");
    }
}
