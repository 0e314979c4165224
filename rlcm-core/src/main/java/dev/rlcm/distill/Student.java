package dev.rlcm.distill;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.rewrite.OpenWeights;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * What is distilled into: a network some of whose weights are inputs. Not thread-safe: do not train and sample at once. Holds
 * nothing native.
 */
public final class Student {
    private final ConsistencyModel model;
    private final UnaryOperator<Graph> opening;
    private final Map<String, TensorData> parameters;

    private Student(ConsistencyModel model, UnaryOperator<Graph> opening, Map<String, TensorData> parameters) {
        this.model = model;
        this.opening = opening;
        this.parameters = Collections.unmodifiableMap(parameters);
    }

    /**
     * A network that learns by an adapter.
     *
     * @param base as a rule the teacher's network without guidance
     * @param adapter live, not copied
     * @throws GraphException if the network lacks a layer of the adapter
     */
    public static Student adapter(ConsistencyModel base, LoraAdapter adapter) {
        LoraInjection.inject(base.denoiser(1), adapter); // now, not when somebody trains
        return new Student(
                base, graph -> LoraInjection.inject(graph, adapter).graph(), new LinkedHashMap<>(adapter.tensors()));
    }

    /**
     * A network that learns by whole weights, beginning with copies of those it has.
     *
     * @param weights the names of constants of {@link ConsistencyModel#denoiser}, of type FLOAT32
     * @throws GraphException if the network has no such constant, or one of another type
     */
    public static Student weights(ConsistencyModel model, Collection<String> weights) {
        List<String> names = List.copyOf(weights);
        Map<String, TensorData> constants = OpenWeights.of(model.denoiser(1));
        Map<String, TensorData> parameters = new LinkedHashMap<>();
        for (String name : names) {
            TensorData constant = constants.get(name);
            if (constant == null || constant.type() != DataType.FLOAT32) {
                throw new GraphException("the weight " + name + " must be a FLOAT32 constant of the network, got "
                        + (constant == null ? "none" : constant + "; load the model in FLOAT32"));
            }
            parameters.put(name, TensorData.floats(constant.shape(), constant.toFloats()));
        }
        return new Student(model, graph -> OpenWeights.open(graph, names), parameters);
    }

    /** The live numbers that are trained, FLOAT32 in direct buffers, by the names of the network's inputs. */
    public Map<String, TensorData> parameters() {
        return parameters;
    }

    /** The model whose network this is, without what was learned. */
    public ConsistencyModel model() {
        return model;
    }

    /** The network for a batch, see {@link ConsistencyModel#denoiser}, with the parameters as further inputs. */
    public Graph network(int batch) {
        return opening.apply(model.denoiser(batch));
    }
}
