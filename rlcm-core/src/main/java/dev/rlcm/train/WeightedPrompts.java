package dev.rlcm.train;

import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** See {@link PromptSource#weighted}. */
final class WeightedPrompts implements PromptSource {
    private final List<Prompt> prompts;
    private final double[] cumulative;

    WeightedPrompts(List<Prompt> prompts, double... weights) {
        if (prompts.isEmpty() || weights.length != prompts.size()) {
            throw new IllegalArgumentException("expected at least one prompt and one weight for each, got "
                    + prompts.size() + " prompts and " + weights.length + " weights");
        }
        for (int i = 0; i < weights.length; i++) {
            if (!(weights[i] >= 0) || Double.isInfinite(weights[i])) {
                throw new IllegalArgumentException("the weight of \""
                        + prompts.get(i).text() + "\" must be finite and not negative, got " + weights[i]);
            }
        }
        this.prompts = List.copyOf(prompts);
        this.cumulative = weights.clone();
        for (int i = 1; i < cumulative.length; i++) { // one after the other, so that every machine gets the same bits
            cumulative[i] += cumulative[i - 1];
        }
        if (!(total() > 0) || Double.isInfinite(total())) {
            throw new IllegalArgumentException("the sum of the weights must be positive and finite, got " + total());
        }
    }

    static WeightedPrompts uniform(List<Prompt> prompts) {
        double[] weights = new double[prompts.size()];
        Arrays.fill(weights, 1);
        return new WeightedPrompts(prompts, weights);
    }

    private double total() {
        return cumulative[cumulative.length - 1];
    }

    @Override
    public List<Prompt> draw(int epoch, int count, RandomStreams random) {
        RandomGenerator generator = random.at("prompts").generator();
        return IntStream.range(0, count)
                .mapToObj(i -> prompts.get(index(generator.nextDouble() * total())))
                .toList();
    }

    /** The first prompt whose cumulative weight exceeds the point, so that one of weight 0 is never drawn. */
    private int index(double point) {
        int at = 0;
        while (cumulative[at] <= point) {
            at++;
        }
        return at;
    }

    @Override
    public String name() {
        return Prompts.name(prompts.size(), prompts + Arrays.toString(cumulative));
    }
}
