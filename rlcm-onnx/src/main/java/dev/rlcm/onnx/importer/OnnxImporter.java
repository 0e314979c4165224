package dev.rlcm.onnx.importer;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxTensors;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Builds the graph of a model: binds its symbolic dimensions, walks the nodes its outputs need in order, translates each
 * by {@link OperatorTable} and folds what is constant at once, so that shape arithmetic disappears. Model-local functions
 * and the live branch of an {@code If} are inlined, loops unrolled. A node that cannot be translated makes what depends on it
 * unknown, and the walk goes on, so that one message lists all of them.
 */
public final class OnnxImporter {
    /** Nesting of branches and functions beyond any real export; recursion in a hostile file ends here. */
    private static final int MAX_NESTING = 50;

    /** Nodes after inlining, beyond any real export; functions that multiply in a hostile file end here. */
    private static final int MAX_NODES = 5_000_000;

    private final ModelProto model;
    private final OnnxTensors tensors;
    private final Map<String, FunctionProto> functions = new HashMap<>();
    private final EagerFolding folding = new EagerFolding();
    private final Set<String> trained;
    private final Sequences sequences = new Sequences();
    private final UnsupportedNodes unsupported = new UnsupportedNodes();
    private ModuleScopes scopes = ModuleScopes.NONE;
    private int translated;

    private OnnxImporter(ModelProto model, OnnxTensors tensors, Set<String> trained) {
        this.model = model;
        this.tensors = tensors;
        this.trained = trained;
        model.getFunctionsList().forEach(f -> functions.put(f.getDomain() + "::" + f.getName(), f));
    }

    /**
     * Imports a model.
     *
     * @param trained initializers that are not folded with others, so that the graph holds them as they are stored
     */
    public static Graph importModel(ModelProto model, OnnxTensors tensors, InputBinding binding, Set<String> trained) {
        try {
            return new OnnxImporter(model, tensors, trained).importGraph(binding);
        } catch (GraphException e) {
            Set<String> conflicts = binding.conflicts(model.getGraph().getInputList());
            if (conflicts.isEmpty()) {
                throw e;
            }
            throw new GraphException(
                    e.getMessage() + "\nthe inputs' shapes disagree on the dimensions " + conflicts, e);
        }
    }

    private Graph importGraph(InputBinding binding) {
        GraphProto graph = model.getGraph();
        ImportScope scope = ImportScope.root(opsets(model.getOpsetImportList()));
        List<NodeProto> live = LiveNodes.of(graph.getNodeList(), outputNames(graph));
        unsupported.scan(live, functions);
        Set<String> constants = new HashSet<>();
        graph.getInitializerList().forEach(t -> constants.add(t.getName()));
        List<Value> inputs = inputs(binding, graph, constants);
        inputs.forEach(input -> scope.define(input.label(), input));
        defineInitializers(graph, live, scope);
        scopes = ModuleScopes.of(live, constants);
        translate(live, scope);
        unsupported.report();
        Map<String, Value> outputs = new LinkedHashMap<>();
        for (String name : outputNames(graph)) {
            if (sequences.isSequence(scope.value(name))) {
                throw new GraphException("output '" + name + "' is a sequence; make its elements outputs");
            }
            outputs.put(name, scope.value(name));
        }
        return new Graph(inputs, outputs);
    }

    /** Unknown operators come first: there is no point in giving extents to a model that cannot be imported. */
    private List<Value> inputs(InputBinding binding, GraphProto graph, Set<String> constants) {
        try {
            return binding.bind(graph.getInputList().stream()
                    .filter(i -> !constants.contains(i.getName()))
                    .toList());
        } catch (GraphException e) {
            unsupported.report();
            throw e;
        }
    }

    private void defineInitializers(GraphProto graph, List<NodeProto> live, ImportScope scope) {
        Set<String> used = new HashSet<>(outputNames(graph));
        live.forEach(node -> used.addAll(LiveNodes.reads(node)));
        for (TensorProto tensor : graph.getInitializerList()) {
            if (used.contains(tensor.getName())) {
                Value constant = initializer(tensor);
                scope.define(tensor.getName(), constant);
                if (trained.contains(tensor.getName())) {
                    folding.keep(constant);
                }
            }
        }
        if (graph.getSparseInitializerList().stream()
                .anyMatch(t -> used.contains(t.getValues().getName()))) {
            throw new GraphException("sparse initializers are not supported; export the model with dense weights");
        }
    }

    private Value initializer(TensorProto tensor) {
        try {
            return Value.constant(tensors.read(tensor), tensor.getName());
        } catch (GraphException e) {
            unsupported.addTensor(tensor.getName(), String.valueOf(e.getMessage()));
            return ImportScope.UNKNOWN;
        }
    }

    private void translate(List<NodeProto> nodes, ImportScope scope) {
        translated += nodes.size() + 1;
        if (translated > MAX_NODES) {
            throw new GraphException("the model has more than " + MAX_NODES + " nodes");
        }
        for (NodeProto node : nodes) {
            List<Value> results = translate(node, scope);
            for (int i = 0; i < Math.min(results.size(), node.getOutputCount()); i++) {
                if (!node.getOutput(i).isEmpty()) {
                    scope.define(node.getOutput(i), folding.fold(results.get(i)));
                }
            }
        }
    }

    private List<Value> translate(NodeProto proto, ImportScope scope) {
        List<@Nullable Value> operands = operands(proto, scope);
        List<Value> unknown = Collections.nCopies(proto.getOutputCount(), ImportScope.UNKNOWN);
        if (operands.contains(ImportScope.UNKNOWN)) {
            return unknown;
        }
        Map<String, AttributeProto> attributes = attributes(proto, scope);
        String label = NodeLabels.of(proto, operands, scope.path, scopes);
        OnnxNode node = new OnnxNode(proto, scope.opset(proto.getDomain()), operands, attributes, tensors, label);
        try {
            FunctionProto function = functions.get(proto.getDomain() + "::" + proto.getOpType());
            if (function != null) {
                return call(function, node, attributes, scope);
            }
            if (ControlFlow.isBranch(proto) || ControlFlow.isLoop(proto)) {
                return ControlFlow.inline(node, (body, inputs) -> inline(body, inputs, scope));
            }
            if (Sequences.handles(proto)) {
                return List.of(sequences.apply(node));
            }
            Optional<Translation> row = OperatorTable.find(proto.getDomain(), proto.getOpType());
            if (row.isPresent()) {
                demandTensors(node, operands);
                return row.get().translate(node);
            }
            unsupported.addUnknown(proto, scope.path);
        } catch (GraphException | IllegalArgumentException | ArithmeticException e) {
            if (translated > MAX_NODES) {
                throw e;
            }
            unsupported.add(proto, scope.path, String.valueOf(e.getMessage()), node.toString());
        } catch (IndexOutOfBoundsException | NullPointerException e) {
            throw new IllegalStateException("the importer fails at " + node + "; please report this with the model", e);
        }
        return unknown;
    }

    private void demandTensors(OnnxNode node, List<@Nullable Value> operands) {
        if (!node.op().equals("Identity") && operands.stream().anyMatch(v -> v != null && sequences.isSequence(v))) {
            throw new GraphException("takes tensors, got a sequence");
        }
    }

    /** The outputs of a branch or of one step of a loop, which sees the names around it. */
    private List<Value> inline(GraphProto body, List<Value> inputs, ImportScope scope) {
        OnnxNode.demandCount("operands for a body of " + body.getInputCount(), body.getInputCount(), inputs.size());
        ImportScope inner = enter(scope.branch());
        for (int i = 0; i < body.getInputCount(); i++) {
            inner.define(body.getInput(i).getName(), inputs.get(i));
        }
        List<NodeProto> live = LiveNodes.of(body);
        defineInitializers(body, live, inner);
        translate(live, inner);
        return inner.values(outputNames(body));
    }

    private List<Value> call(
            FunctionProto function, OnnxNode node, Map<String, AttributeProto> given, ImportScope scope) {
        Map<String, AttributeProto> arguments = new HashMap<>();
        function.getAttributeProtoList().forEach(a -> arguments.put(a.getName(), a));
        arguments.putAll(given);
        ImportScope inner = enter(scope.function(caller(node), opsets(function.getOpsetImportList()), arguments));
        for (int i = 0; i < function.getInputCount(); i++) {
            if (node.has(i)) {
                inner.define(function.getInput(i), node.in(i));
            } else {
                inner.omit(function.getInput(i));
            }
        }
        translate(LiveNodes.of(function.getNodeList(), function.getOutputList()), inner);
        return inner.values(function.getOutputList());
    }

    private static String caller(OnnxNode node) {
        return node.label().isEmpty() ? node.name() : node.label();
    }

    private static ImportScope enter(ImportScope scope) {
        if (scope.depth > MAX_NESTING) {
            throw new GraphException("branches or functions are nested more than " + MAX_NESTING + " deep");
        }
        return scope;
    }

    private List<@Nullable Value> operands(NodeProto proto, ImportScope scope) {
        List<@Nullable Value> operands = new ArrayList<>();
        for (String name : proto.getInputList()) {
            operands.add(name.isEmpty() || scope.omits(name) ? null : scope.value(name));
        }
        return operands;
    }

    private static Map<String, AttributeProto> attributes(NodeProto proto, ImportScope scope) {
        Map<String, AttributeProto> attributes = new HashMap<>();
        for (AttributeProto attribute : proto.getAttributeList()) {
            if (attribute.getRefAttrName().isEmpty()) {
                attributes.put(attribute.getName(), attribute);
            } else {
                scope.argument(attribute.getRefAttrName()).ifPresent(a -> attributes.put(attribute.getName(), a));
            }
        }
        return attributes;
    }

    private static Map<String, Integer> opsets(List<OperatorSetIdProto> imports) {
        Map<String, Integer> opsets = new HashMap<>();
        for (OperatorSetIdProto set : imports) {
            opsets.put(set.getDomain().equals("ai.onnx") ? "" : set.getDomain(), (int) set.getVersion());
        }
        return opsets;
    }

    private static List<String> outputNames(GraphProto graph) {
        return graph.getOutputList().stream().map(ValueInfoProto::getName).toList();
    }
}
