package dev.rlcm.train;

import dev.rlcm.backend.Backend;
import dev.rlcm.policy.Policy;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.PpoConfig;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What a run was made with, by name and in a form that people can read: checkpoints keep it, so that a run is not continued as
 * another one unnoticed. Immutable.
 *
 * @param essential what a checkpoint must share with the run that it is restored into
 * @param tunable what someone may change on purpose between the two; a difference is worth a warning
 */
public record RunSettings(Map<String, String> essential, Map<String, String> tunable) {
    private static final int MOST_SHOWN = 120;
    private static final String CUSTOM = "custom";

    /** What {@link Object#toString} says of a lambda. */
    private static final Pattern LAMBDA = Pattern.compile("[\\w.$]+\\$\\$Lambda[\\w$/]*@[0-9a-f]+");

    /** Nothing is known, and so nothing is compared. */
    public static final RunSettings NONE = new RunSettings(Map.of(), Map.of());

    /** Copies the maps, their order included. */
    public RunSettings {
        essential = Collections.unmodifiableMap(new LinkedHashMap<>(essential));
        tunable = Collections.unmodifiableMap(new LinkedHashMap<>(tunable));
    }

    /**
     * The settings that policy, optimiser and estimator know: {@link Policy#description}, which estimator gives
     * the advantages, and, tunable, those of {@link PpoConfig} and what decides how the backend computes convolutions.
     */
    public static RunSettings of(Policy policy, PpoConfig ppo, AdvantageEstimator credit) {
        RunSettings settings = NONE;
        for (Map.Entry<String, String> entry : policy.description().entrySet()) {
            settings = settings.withEssential("policy." + entry.getKey(), entry.getValue());
        }
        settings = settings.withEssential("advantages", credit);
        for (RecordComponent component : PpoConfig.class.getRecordComponents()) {
            settings = settings.withTunable("ppo." + component.getName(), value(component, ppo));
        }
        Backend backend = policy.backend();
        return settings.withTunable("backend.convolutions", backend.convolutionForms())
                .withTunable("backend.memory", backend.memoryPolicy());
    }

    private static Object value(RecordComponent component, Object owner) {
        try {
            return component.getAccessor().invoke(owner);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new AssertionError("the accessors of a public record can be called", e);
        }
    }

    /** With one more essential setting, written as {@code toString} does; functions without a name are all "custom". */
    public RunSettings withEssential(String name, Object value) {
        return new RunSettings(with(essential, name, value), tunable);
    }

    /** With one more tunable setting, likewise. */
    public RunSettings withTunable(String name, Object value) {
        return new RunSettings(essential, with(tunable, name, value));
    }

    private static Map<String, String> with(Map<String, String> settings, String name, Object value) {
        Map<String, String> more = new LinkedHashMap<>(settings);
        more.put(name, text(value));
        return more;
    }

    /** What {@link Object#toString} says of a lambda, alone or inside of something else, differs from run to run. */
    private static String text(Object value) {
        Class<?> type = value.getClass();
        String text = value.toString();
        boolean unnamed = text.equals(type.getName() + "@" + Integer.toHexString(System.identityHashCode(value)));
        boolean anonymous = type.isHidden() || type.isSynthetic() || (unnamed && type.isAnonymousClass());
        return anonymous
                ? CUSTOM
                : unnamed ? type.getSimpleName() : LAMBDA.matcher(text).replaceAll(CUSTOM);
    }

    /**
     * How a checkpoint's essential settings differ from these: {@code seed is 3 in the checkpoint, 4 in this run}. A setting
     * that only one of the two has is not compared.
     */
    List<String> essentialDifferences(RunSettings saved) {
        return differences(saved.essential, essential);
    }

    /** The same of the tunable settings. */
    List<String> tunableDifferences(RunSettings saved) {
        return differences(saved.tunable, tunable);
    }

    private static List<String> differences(Map<String, String> saved, Map<String, String> present) {
        List<String> differences = new ArrayList<>();
        present.forEach((name, value) -> {
            String before = saved.get(name);
            if (before != null && !before.equals(value)) {
                differences.add(name + " is " + shown(before) + " in the checkpoint, " + shown(value) + " in this run");
            }
        });
        return differences;
    }

    private static String shown(String value) {
        return value.length() <= MOST_SHOWN ? value : value.substring(0, MOST_SHOWN) + "...";
    }
}
