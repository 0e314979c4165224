package dev.rlcm.spark;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The library part of this module knows core alone. That no other module knows Spark is a rule of the examples' test. */
@AnalyzeClasses(packages = "dev.rlcm.spark", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule theLibraryKnowsCoreAlone = noClasses()
            .that()
            .resideInAPackage("dev.rlcm.spark")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.rlcm.spark.job..", "dev.rlcm.onnx..", "dev.rlcm.rewards..", "dev.rlcm.examples..");

    @ArchTest
    static final ArchRule packagesAreFreeOfCycles =
            slices().matching("dev.rlcm.spark.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule nothingWritesToStandardStreams =
            noClasses().that().resideInAPackage("dev.rlcm.spark..").should(ACCESS_STANDARD_STREAMS);
}
