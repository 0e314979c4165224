package dev.rlcm;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.NullMarked;

/** The package rules of this module, which the package-info files tell in words. */
@AnalyzeClasses(packages = "dev.rlcm", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    /** The JDK, nullness annotations and argument checks. */
    private static final List<String> ALWAYS = List.of("java..", "org.jspecify..", "dev.rlcm.check");

    @ArchTest
    static final ArchRule packagesAreFreeOfCycles =
            slices().matching("dev.rlcm.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule graphKnowsTheJdkOnly = only("graph");

    @ArchTest
    static final ArchRule checkKnowsTheJdkOnly = only("check");

    @ArchTest
    static final ArchRule mdpKnowsNoOtherPackage = only("mdp", "org.apache.commons.math3..");

    @ArchTest
    static final ArchRule randomKnowsTheJdkOnly = only("random");

    @ArchTest
    static final ArchRule rewriteKnowsTheGraphOnly = only("rewrite", "dev.rlcm.graph");

    @ArchTest
    static final ArchRule rewritesKnowTheGraphAndEachOther = classes()
            .that()
            .resideInAPackage("dev.rlcm.rewrite..")
            .should()
            .onlyDependOnClassesThat(JavaClass.Predicates.resideInAnyPackage(
                            "java..", "org.jspecify..", "dev.rlcm.graph", "dev.rlcm.rewrite..")
                    .or(primitiveArrays()));

    @ArchTest
    static final ArchRule precisionKnowsTheGraphAndTheRewriter =
            only("precision", "dev.rlcm.graph", "dev.rlcm.rewrite");

    @ArchTest
    static final ArchRule compilationKnowsWhatItLowersBy = only(
            "compilation",
            "dev.rlcm.graph",
            "dev.rlcm.autodiff",
            "dev.rlcm.backend",
            "dev.rlcm.rewrite",
            "dev.rlcm.rewrite.convolution",
            "dev.rlcm.rewrite.folding",
            "dev.rlcm.rewrite.lowering",
            "org.slf4j..");

    /** The order that CONTRIBUTING.md states; what trains may use what samples, never the other way round. */
    @ArchTest
    static final ArchRule trainingBuildsOnPpoOnPolicyOnLora = Architectures.layeredArchitecture()
            .consideringOnlyDependenciesInAnyPackage("dev.rlcm..")
            .layer("lora")
            .definedBy("dev.rlcm.lora")
            .layer("policy")
            .definedBy("dev.rlcm.policy")
            .layer("ppo")
            .definedBy("dev.rlcm.ppo")
            .layer("train")
            .definedBy("dev.rlcm.train")
            .layer("distill")
            .definedBy("dev.rlcm.distill")
            .whereLayer("lora")
            .mayOnlyBeAccessedByLayers("policy", "ppo", "train", "distill")
            .whereLayer("policy")
            .mayOnlyBeAccessedByLayers("ppo", "train", "distill")
            .whereLayer("ppo")
            .mayOnlyBeAccessedByLayers("train")
            .whereLayer("train")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("distill")
            .mayNotBeAccessedByAnyLayer();

    @ArchTest
    static final ArchRule parallelKnowsTheGraphAndTheBackend = only("parallel", "dev.rlcm.graph", "dev.rlcm.backend");

    @ArchTest
    static final ArchRule supervisedKnowsNoPolicy = only(
            "supervised",
            "dev.rlcm.graph",
            "dev.rlcm.compilation",
            "dev.rlcm.backend",
            "dev.rlcm.optim",
            "dev.rlcm.io");

    @ArchTest
    static final ArchRule optimKnowsTheGraphOnly = only("optim", "dev.rlcm.graph", "org.slf4j");

    @ArchTest
    static final ArchRule ioKnowsTheGraphAndJackson = only("io", "dev.rlcm.graph", "com.fasterxml.jackson..");

    @ArchTest
    static final ArchRule rewardKnowsTheGraphAndNumericLibraries =
            only("reward", "dev.rlcm.graph", "org.nd4j.linalg..", "org.apache.commons.math3..");

    @ArchTest
    static final ArchRule backendKnowsTheGraphAndNd4j = only("backend", "dev.rlcm.graph", "org.nd4j.linalg..");

    @ArchTest
    static final ArchRule autodiffKnowsTheGraphAndItsCheckerTheBackend =
            only("autodiff", "dev.rlcm.graph", "dev.rlcm.backend");

    @ArchTest
    static final ArchRule gradientsThemselvesRunNothing = noClasses()
            .that()
            .resideInAPackage("dev.rlcm.autodiff")
            .and()
            .haveNameNotMatching(".*\\.(GradientChecker|DirectionalCheck)(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.rlcm.backend");

    @ArchTest
    static final ArchRule nothingWritesToStandardStreams = NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;

    @ArchTest
    static final ArchRule noGenericExceptionIsThrown = NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS;

    @ArchTest
    static final ArchRule loggingGoesThroughSlf4j = NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;

    @ArchTest
    static void everyPackageIsNullMarked(JavaClasses classes) {
        assertThat(classes).isNotEmpty();
        List<String> unmarked = classes.stream()
                .map(JavaClass::getPackage)
                .distinct()
                .filter(p -> !p.isAnnotatedWith(NullMarked.class))
                .map(JavaPackage::getName)
                .toList();
        assertThat(unmarked).as("packages without @NullMarked package-info").isEmpty();
    }

    /** The package may depend on itself, on what is always allowed, and on the given packages. */
    private static ArchRule only(String name, String... others) {
        String own = "dev.rlcm." + name;
        List<String> allowed = new ArrayList<>(ALWAYS);
        allowed.add(own);
        allowed.addAll(List.of(others));
        return classes()
                .that()
                .resideInAPackage(own)
                .should()
                .onlyDependOnClassesThat(JavaClass.Predicates.resideInAnyPackage(allowed.toArray(String[]::new))
                        .or(primitiveArrays()));
    }

    private static DescribedPredicate<JavaClass> primitiveArrays() {
        return DescribedPredicate.describe(
                "arrays of primitives", type -> type.getBaseComponentType().isPrimitive());
    }
}
