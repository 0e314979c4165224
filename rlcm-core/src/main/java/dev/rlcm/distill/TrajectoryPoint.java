package dev.rlcm.distill;

/**
 * A state on one of the teacher's trajectories, and where that trajectory ends.
 *
 * @param prompt the caption
 * @param guidance the teacher's guidance scale, at least 1
 * @param step which of the schedule's distillation steps starts at the state, from 0 for the least noise
 * @param state x_t, [C,h,w] flattened, as the denoiser works on; shared, not copied, not to be changed
 * @param end x_0 of the same trajectory, of the same size; shared by its points, not to be changed
 */
public record TrajectoryPoint(String prompt, double guidance, int step, float[] state, float[] end) {
    public TrajectoryPoint {
        if (state.length != end.length) {
            throw new IllegalArgumentException(
                    "a state of " + state.length + " numbers cannot lie on a trajectory that ends in " + end.length);
        }
    }
}
