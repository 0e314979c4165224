/** The runnable main: {@link dev.rlcm.spark.job.TrainOnSpark}. Imports the options of the examples and what they use. */
@NullMarked
package dev.rlcm.spark.job;

import org.jspecify.annotations.NullMarked;
