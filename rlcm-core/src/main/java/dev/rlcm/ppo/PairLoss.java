package dev.rlcm.ppo;

import dev.rlcm.check.Check;
import dev.rlcm.graph.Value;
import dev.rlcm.policy.PolicyGraph;

/**
 * A loss of a pair of trajectories of one prompt. It compares how much the policy has come to prefer the first one to the second
 * with how much the reward prefers it.
 *
 * <p>The preference is the margin h = sum of the {@linkplain #score scores} of the first one's rows - sum of those of the second
 * one's. Since d loss / d theta = slope x d h / d theta, margins are evaluated first, by a forward pass, and then the gradient is
 * that of the rows' scores, each times plus or minus the slope of its pair. So the rows of a pair need not fit into one run of the
 * graph, and how they are split does not change the result. Implementations are stateless.
 */
public interface PairLoss {
    /**
     * The loss.
     *
     * @param margin h
     * @param difference advantage of the first trajectory - advantage of the second, both clamped
     */
    double loss(double margin, double difference);

    /** d loss / d margin, for the same arguments. */
    double slope(double margin, double difference);

    /** The score of each row, [B]; margins are sums of scores. It is log pi - log pi_old unless an implementation says otherwise. */
    default Value score(PolicyTerms terms) {
        return terms.logProb().sub(terms.oldLogProb());
    }

    /**
     * The squared error of a regression: (eta h - (A_1 - A_2))^2, with margins of log pi - log pi_old. Where it is 0 the policy is
     * the old one reweighted by exp(A / eta): a mirror-descent step. Gao et al., 2024, arXiv:2404.16767, Algorithm 1 (REBEL);
     * Oertell et al., 2024, train with it too. Every pair is regressed on its own margin, in minibatches of any size; the
     * published code of Oertell et al. sums the log-probabilities of a whole minibatch, which is the same for one pair only.
     *
     * @param eta positive: the smaller, the further an update is to go; 1 in the reference. Log-probabilities that are averaged
     *     over a latent of D elements are D times smaller than the paper's sums
     */
    static PairLoss rebel(double eta) {
        Check.positive("eta", eta);
        return new PairLoss() {
            @Override
            public double loss(double margin, double difference) {
                double error = eta * margin - difference;
                return error * error;
            }

            @Override
            public double slope(double margin, double difference) {
                return 2 * eta * (eta * margin - difference);
            }

            @Override
            public String toString() {
                return "rebel(" + eta + ")";
            }
        };
    }

    /**
     * Preference learning: -log sigmoid(beta h), h being the margin of the trajectory with the larger advantage over the other one,
     * of log pi - log pi_base. Only which one is better counts; equals teach nothing. Rafailov et al., 2023, arXiv:2305.18290,
     * equation 7. On {@linkplain RowSource#noised noised pictures} it is Diffusion-DPO (Wallace et al., 2023, arXiv:2311.12908,
     * equation 14), where the log-probability is a squared error of denoising.
     *
     * @param beta positive: the larger, the nearer to the base model the policy stays
     */
    static PairLoss dpo(double beta) {
        Check.positive("beta", beta);
        return new PairLoss() {
            @Override
            public double loss(double margin, double difference) {
                double against = -beta * margin * Math.signum(difference);
                return difference == 0 ? 0 : Math.max(against, 0) + Math.log1p(Math.exp(-Math.abs(against)));
            }

            @Override
            public double slope(double margin, double difference) {
                double sign = Math.signum(difference); // 0 if there is no preference
                return -beta * sign / (1 + Math.exp(beta * margin * sign));
            }

            @Override
            public Value score(PolicyTerms terms) {
                PolicyGraph policy = terms.policy();
                return terms.logProb().sub(policy.logProb(policy.baseMean()));
            }

            @Override
            public String toString() {
                return "dpo(" + beta + ")";
            }
        };
    }
}
