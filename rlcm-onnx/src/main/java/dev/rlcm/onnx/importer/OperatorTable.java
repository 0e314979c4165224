package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxDomains;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Every ONNX operator that can be imported, by domain and type. The rows stand in the files named after families. */
public final class OperatorTable {
    private static final Map<String, Translation> ROWS = new OperatorTable().build();

    private final Map<String, Translation> rows = new HashMap<>();

    private OperatorTable() {}

    private Map<String, Translation> build() {
        ElementwiseTranslations.register(this);
        FunctionTranslations.register(this);
        ActivationTranslations.register(this);
        ShapeTranslations.register(this);
        TilingTranslations.register(this);
        IndexTranslations.register(this);
        ConstantTranslations.register(this);
        ReductionTranslations.register(this);
        MatrixTranslations.register(this);
        WindowTranslations.register(this);
        PoolTranslations.register(this);
        QuantTranslations.register(this);
        NormTranslations.register(this);
        AttentionTranslations.register(this);
        ResizeTranslations.register(this);
        GridTranslations.register(this);
        ContribTranslations.register(this);
        ContribAttention.register(this);
        ChannelsLast.register(this);
        return Map.copyOf(rows);
    }

    static Optional<Translation> find(String domain, String type) {
        return Optional.ofNullable(ROWS.get(key(domain, type)));
    }

    /** All operators: the type, or domain::type outside of the standard domain. */
    public static Set<String> keys() {
        return ROWS.keySet();
    }

    /** An operator with one result. */
    OperatorTable row(String type, Function<OnnxNode, Value> translation) {
        return rows("", type, node -> List.of(translation.apply(node)));
    }

    /** An operator with one result of ONNX Runtime's own domain. */
    OperatorTable contrib(String type, Function<OnnxNode, Value> translation) {
        return rows(OnnxDomains.MICROSOFT, type, node -> List.of(translation.apply(node)));
    }

    /** An operator with several results. */
    OperatorTable rows(String domain, String type, Translation translation) {
        if (rows.put(key(domain, type), translation) != null) {
            throw new IllegalStateException("two translations of " + type);
        }
        return this;
    }

    private static String key(String domain, String type) {
        return domain.isEmpty() || domain.equals("ai.onnx") ? type : domain + "::" + type;
    }
}
