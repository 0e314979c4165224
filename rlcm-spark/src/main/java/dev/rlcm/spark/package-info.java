/**
 * Training on an Apache Spark cluster. Start with {@link dev.rlcm.spark.ClusterTraining}; {@link dev.rlcm.spark.ClusterSetup} is
 * what a host writes. Imports core and Spark.
 */
@NullMarked
package dev.rlcm.spark;

import org.jspecify.annotations.NullMarked;
