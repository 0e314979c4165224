package dev.rlcm.testing;

import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropagationMode;
import net.jqwik.api.lifecycle.PropertyAttributes;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;

/**
 * Runs every property as many times more often than it says as the system property {@code rlcm.tries} says, which the Maven
 * profile {@code thorough} sets. Registered for all properties in {@code META-INF/services}.
 */
public final class ManyTries implements AroundPropertyHook {
    private static final int FACTOR = Integer.getInteger("rlcm.tries", 1);

    /** What jqwik takes for a property that does not say. */
    private static final int DEFAULT_TRIES = 1000;

    @Override
    public PropertyExecutionResult aroundProperty(PropertyLifecycleContext context, PropertyExecutor property) {
        PropertyAttributes attributes = context.attributes();
        int tries = attributes.tries().orElse(DEFAULT_TRIES);
        if (FACTOR > 1 && tries > 1) {
            attributes.setTries(tries * FACTOR);
        }
        return property.execute();
    }

    @Override
    public PropagationMode propagateTo() {
        return PropagationMode.ALL_DESCENDANTS;
    }
}
