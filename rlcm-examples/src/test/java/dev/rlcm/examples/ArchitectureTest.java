package dev.rlcm.examples;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.core.domain.properties.HasModifiers.Predicates.modifier;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.codeUnits;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.Architectures;
import java.net.URI;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.NullMarked;
import org.slf4j.Logger;

/** The rules between the modules: examples to rewards to onnx to core, and nothing else. */
@AnalyzeClasses(packages = "dev.rlcm", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String EXAMPLES = "dev.rlcm.examples..";
    private static final String REWARDS = "dev.rlcm.rewards..";
    private static final String ONNX = "dev.rlcm.onnx..";

    @ArchTest
    static final ArchRule modulesDependDownwardsOnly = Architectures.layeredArchitecture()
            .consideringOnlyDependenciesInAnyPackage("dev.rlcm..")
            .layer("examples")
            .definedBy(EXAMPLES)
            .layer("rewards")
            .definedBy(REWARDS)
            .layer("onnx")
            .definedBy(ONNX)
            .whereLayer("examples")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("rewards")
            .mayOnlyBeAccessedByLayers("examples")
            .whereLayer("onnx")
            .mayOnlyBeAccessedByLayers("rewards", "examples");

    @ArchTest
    static final ArchRule coreKnowsNoOtherModule = noClasses()
            .that()
            .resideOutsideOfPackages(EXAMPLES, REWARDS, ONNX)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(EXAMPLES, REWARDS, ONNX, "ai.onnx..", "ai.onnxruntime..", "ai.djl..");

    @ArchTest
    static final ArchRule onlyTheOnnxModuleKnowsOnnxRuntime = noClasses()
            .that()
            .resideOutsideOfPackage(ONNX)
            .and()
            .doNotHaveSimpleName("PlainRuntime") // what the library is compared with
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("ai.onnx..", "ai.onnxruntime..", "ai.djl..");

    @ArchTest
    static final ArchRule nobodyKnowsSpark = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.rlcm.spark..", "org.apache.spark..", "org.apache.hadoop..", "scala..");

    @ArchTest
    static final ArchRule packagesAreFreeOfCycles =
            slices().matching("dev.rlcm.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule librariesDoNotWriteToStandardStreams =
            noClasses().that().resideOutsideOfPackage(EXAMPLES).should(ACCESS_STANDARD_STREAMS);

    @ArchTest
    static final ArchRule noGenericExceptionIsThrown = NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS;

    @ArchTest
    static final ArchRule loggingGoesThroughSlf4j = NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;

    @ArchTest
    static final ArchRule everyLoggerHasTheSameName = fields().that()
            .haveRawType(Logger.class)
            .should()
            .haveName("log")
            .andShould()
            .bePrivate();

    /**
     * What is public only because several rooms of the house use it. Hosts do not: none of these types stands in a
     * signature of the host API.
     */
    private static final DescribedPredicate<JavaClass> INTERNAL = resideInAnyPackage(
                    "dev.rlcm.rewrite..",
                    "dev.rlcm.compilation",
                    "dev.rlcm.check",
                    "dev.rlcm.onnx.importer",
                    "dev.rlcm.onnx.exporter",
                    "dev.rlcm.onnx.format",
                    "dev.rlcm.onnx.pipeline.text",
                    "dev.rlcm.onnx.pipeline.component")
            .or(simpleName("SessionWeights"))
            .or(simpleName("Resources"))
            .or(simpleName("Denoiser"))
            .or(simpleName("Replicas"))
            .or(simpleName("TextEncoder"))
            .or(simpleName("TextInput"))
            .or(simpleName("TextSource"))
            .or(simpleName("TextShape"))
            .or(simpleName("Family"))
            .or(simpleName("ClassLabels"))
            .or(simpleName("Resources"))
            .or(resideInAPackage(EXAMPLES))
            .as("internal");

    @ArchTest
    static final ArchRule internalTypesAreInNoPublicSignature = codeUnits()
            .that()
            .arePublic()
            .and()
            .areDeclaredInClassesThat(
                    DescribedPredicate.<JavaClass>not(INTERNAL).and(modifier(JavaModifier.PUBLIC)))
            .should(new ArchCondition<JavaCodeUnit>("name no internal type") {
                @Override
                public void check(JavaCodeUnit unit, ConditionEvents events) {
                    unit.getAllInvolvedRawTypes().stream()
                            .filter(INTERNAL)
                            .map(type -> unit.getFullName() + " names " + type.getName())
                            .forEach(message -> events.add(SimpleConditionEvent.violated(unit, message)));
                }
            });

    @ArchTest
    static void noPackageIsInTwoModules(JavaClasses classes) {
        Map<String, Set<String>> places = new TreeMap<>();
        for (JavaClass type : classes) {
            places.computeIfAbsent(type.getPackageName(), name -> new TreeSet<>())
                    .add(place(type));
        }
        assertThat(places.values().stream().flatMap(Set::stream).distinct())
                .as("the modules seen")
                .hasSize(4);
        assertThat(places)
                .allSatisfy((name, modules) -> assertThat(modules).as(name).hasSize(1));
    }

    @ArchTest
    static void everyPackageIsNullMarked(JavaClasses classes) {
        assertThat(classes.stream()
                        .map(JavaClass::getPackage)
                        .distinct()
                        .filter(p -> !p.isAnnotatedWith(NullMarked.class))
                        .map(JavaPackage::getName))
                .as("packages without @NullMarked package-info")
                .isEmpty();
    }

    /** The jar or folder that holds a class. */
    private static String place(JavaClass type) {
        URI uri = type.getSource().orElseThrow().getUri();
        String file = type.getName().replace('.', '/') + ".class";
        return uri.toString().replace(file, "");
    }
}
