/**
 * How the networks of a latent diffusion model are trained on a folder of captioned pictures: the stages {@link
 * dev.rlcm.examples.pretraining.TrainVae} and {@link dev.rlcm.examples.pretraining.TrainTeacher}, after which the main {@code Distill} makes
 * the consistency model; and {@link dev.rlcm.examples.pretraining.TrainClip}, which makes a judge of its pictures. The architecture is that of
 * ONNX files, whose weights are trained on or drawn anew. Start with {@link dev.rlcm.examples.pretraining.StageRun}, what the stages have in
 * common. Imports {@code options}, {@code report}, {@code run} and {@code quality} of the examples.
 */
@NullMarked
package dev.rlcm.examples.pretraining;

import org.jspecify.annotations.NullMarked;
