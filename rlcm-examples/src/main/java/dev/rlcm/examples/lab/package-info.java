/**
 * How the embedded models are made. Start with {@link dev.rlcm.examples.lab.PictureMaker}, which draws the pictures that they are trained
 * on; the stages' mains are beside it. Imports {@code dev.rlcm.supervised} and {@code train}, ONNX models and rewards, {@code options},
 * {@code models} and {@code run} of the examples, Jackson, JSVG and Java2D.
 */
@NullMarked
package dev.rlcm.examples.lab;

import org.jspecify.annotations.NullMarked;
