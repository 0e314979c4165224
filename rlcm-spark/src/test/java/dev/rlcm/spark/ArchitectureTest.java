package dev.rlcm.spark;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Spark stands beside the other modules: none of them knows it, and the library part of this one knows core alone. */
@AnalyzeClasses(packages = "dev.rlcm", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule onlyThisModuleKnowsSpark = noClasses()
            .that()
            .resideOutsideOfPackage("dev.rlcm.spark..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.rlcm.spark..", "org.apache.spark..", "org.apache.hadoop..", "scala..");

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
