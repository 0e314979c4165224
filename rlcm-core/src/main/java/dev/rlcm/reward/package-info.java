/**
 * Rewards: black-box functions from generated pictures to numbers. Start with {@link dev.rlcm.reward.RewardFunction}
 * and {@link dev.rlcm.reward.Sample}. A {@link dev.rlcm.reward.Prompt} carries metadata to the reward; {@link
 * dev.rlcm.reward.RewardPool} evaluates a reward while the caller goes on sampling; {@link dev.rlcm.reward.RewardMix} makes one
 * of several. Imports the JDK, nd4j-api and commons-math3 only.
 */
@NullMarked
package dev.rlcm.reward;

import org.jspecify.annotations.NullMarked;
