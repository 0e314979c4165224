package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.exporter.OnnxAttributes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Functions and branches disappear at import; what cannot be imported is reported at once. */
class ControlFlowTest {
    @TempDir
    private Path directory;

    private static NodeProto node(String domain, String type, String output, List<String> inputs, AttributeProto... a) {
        return NodeProto.newBuilder()
                .setDomain(domain)
                .setOpType(type)
                .setName(type + "_" + output)
                .addAllInput(inputs)
                .addOutput(output)
                .addAllAttribute(List.of(a))
                .build();
    }

    private static NodeProto node(String type, String output, String... inputs) {
        return node("", type, output, List.of(inputs));
    }

    private static OperatorSetIdProto opset(String domain, int version) {
        return OperatorSetIdProto.newBuilder()
                .setDomain(domain)
                .setVersion(version)
                .build();
    }

    /** A function from a to b. */
    private static FunctionProto unary(String name, OperatorSetIdProto opset, NodeProto... nodes) {
        return FunctionProto.newBuilder()
                .setDomain("local")
                .setName(name)
                .addInput("a")
                .addOutput("b")
                .addAllNode(List.of(nodes))
                .addOpsetImport(opset)
                .build();
    }

    /** Starts from the model of a node that uses x0, and adds nodes. */
    private Graph load(List<NodeProto> nodes, FunctionProto... functions) throws IOException {
        ModelProto.Builder model = NodeCase.of("Neg", 17).feed(2).model().toBuilder();
        model.addOpsetImport(opset("local", 1)).addAllFunctions(List.of(functions));
        model.getGraphBuilder()
                .clearNode()
                .addAllNode(nodes)
                .clearOutput()
                .addOutput(ValueInfoProto.newBuilder().setName("y"));
        Path file = directory.resolve("model.onnx");
        Files.write(file, model.build().toByteArray());
        return OnnxModels.load(file, Map.of());
    }

    private static float[] run(Graph graph) {
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            TensorData x = TensorData.floats(Shape.of(2), 1, -2);
            return backend.compile(graph).run(Map.of("x0", x)).get("y").toFloats();
        }
    }

    @Test
    void modelLocalFunctionsAreInlinedWithTheirAttributes() throws IOException {
        AttributeProto slope = AttributeProto.newBuilder()
                .setName("alpha")
                .setRefAttrName("slope")
                .setType(AttributeProto.AttributeType.FLOAT)
                .build();
        FunctionProto function = FunctionProto.newBuilder()
                .setDomain("local")
                .setName("Bent")
                .addInput("a")
                .addInput("unused")
                .addOutput("c")
                .addAttributeProto(OnnxAttributes.real("slope", 0.5))
                .addNode(node("", "LeakyRelu", "b", List.of("a"), slope))
                .addNode(node("Neg", "c", "b"))
                .addOpsetImport(opset("", 17))
                .build();
        NodeProto byDefault = node("local", "Bent", "m", List.of("x0", ""));
        NodeProto given = node("local", "Bent", "y", List.of("m"), OnnxAttributes.real("slope", 0.25));
        assertThat(run(load(List.of(byDefault, given), function))).containsExactly(0.25f, -1f);
    }

    @Test
    void functionsOfAnOpsetThatIsNotKnownAreRefused() {
        FunctionProto function = unary("Old", opset("", 6), node("Relu", "b", "a"));
        assertThatThrownBy(() -> load(List.of(node("local", "Old", "y", List.of("x0"))), function))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("Old_y")
                .hasMessageContaining("written in opset 6");
    }

    @Test
    void functionsThatUseNoneOfOnnxOperatorsNeedNotNameAnOpset() throws IOException {
        FunctionProto inner = unary("Inner", opset("", 17), node("Neg", "b", "a"));
        FunctionProto outer = unary("Outer", opset("local", 1), node("local", "Inner", "b", List.of("a")));
        assertThat(run(load(List.of(node("local", "Outer", "y", List.of("x0"))), inner, outer)))
                .containsExactly(-1, 2);
    }

    @Test
    void recursiveFunctionsAreRefused() {
        FunctionProto function = unary("Endless", opset("", 17), node("local", "Endless", "b", List.of("a")));
        assertThatThrownBy(() -> load(List.of(node("local", "Endless", "y", List.of("x0"))), function))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("nested more than");
    }

    @Test
    void theLiveBranchOfAConstantConditionIsInlined() throws IOException {
        GraphProto negated = GraphProto.newBuilder()
                .addNode(node("Neg", "n", "x0"))
                .addOutput(ValueInfoProto.newBuilder().setName("n"))
                .build();
        GraphProto unknown = GraphProto.newBuilder()
                .addNode(node("Unheard", "u", "x0"))
                .addOutput(ValueInfoProto.newBuilder().setName("u"))
                .build();
        NodeProto size = node("Size", "size", "x0");
        NodeProto condition = node("Equal", "condition", "size", "size");
        NodeProto branch = node(
                "", "If", "y", List.of("condition"), branch("then_branch", negated), branch("else_branch", unknown));
        assertThat(run(load(List.of(size, condition, branch)))).containsExactly(-1, 2);
    }

    @Test
    void nodesMayStandInAnyOrder() throws IOException {
        assertThat(run(load(List.of(node("Abs", "y", "b"), node("Sub", "b", "a", "x0"), node("Neg", "a", "x0")))))
                .containsExactly(2, 4);
    }

    private static AttributeProto branch(String name, GraphProto graph) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.GRAPH)
                .setG(graph)
                .build();
    }

    @Test
    void allUnknownOperatorsAreReportedAtOnceAndUnusedOnesIgnored() throws IOException {
        assertThatThrownBy(() -> load(List.of(
                        node("Unheard", "a", "x0"),
                        node("Unheard", "b", "a"),
                        node("com.example", "Strange", "y", List.of("b")))))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("Unheard x2 (Unheard_a, Unheard_b)")
                .hasMessageContaining("com.example.Strange x1");
        assertThat(run(load(List.of(node("Unheard", "dead", "x0"), node("Neg", "y", "x0")))))
                .containsExactly(-1, 2);
    }

    @Test
    void formsThatCannotBeImportedAreReportedTogetherWithUnknownOperators() {
        NodeProto log = node("Log", "l", "x0");
        NodeProto max = node("", "ArgMax", "i", List.of("l"), OnnxAttributes.integer("axis", 5));
        NodeProto after = node("Cast", "c", "i");
        NodeProto random = node("RandomNormalLike", "r", "x0");
        NodeProto grid = node("", "Reshape", "g", List.of("x0", "x0"));
        NodeProto sum = node("Sum", "y", "c", "r", "g");
        assertThatThrownBy(() -> load(List.of(log, max, after, random, grid, sum)))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("what cannot be imported (3)")
                .hasMessageContaining("RandomNormalLike x1 (RandomNormalLike_r): draws random numbers")
                .hasMessageContaining("ArgMax x1 (ArgMax_i): axis 5 is out of range")
                .hasMessageContaining("Reshape x1 (Reshape_g)");
    }

    @Test
    void unknownOperatorsInsideOfFunctionsAreNamedWithTheirCaller() {
        FunctionProto function = unary(
                "Block",
                opset("", 17),
                node("", "ArgMax", "m", List.of("a"), OnnxAttributes.integer("axis", 5)),
                node("Cast", "b", "m"));
        assertThatThrownBy(() -> load(List.of(node("local", "Block", "y", List.of("x0"))), function))
                .hasMessageContaining("Block_y/ArgMax_m");
    }

    @Test
    void loopsOfAFixedNumberOfStepsAreUnrolled() throws IOException {
        GraphProto body = GraphProto.newBuilder()
                .addInput(ValueInfoProto.newBuilder().setName("step"))
                .addInput(ValueInfoProto.newBuilder().setName("going"))
                .addInput(ValueInfoProto.newBuilder().setName("state"))
                .addNode(node("Add", "next", "state", "x0"))
                .addNode(node("Identity", "on", "going"))
                .addOutput(ValueInfoProto.newBuilder().setName("on"))
                .addOutput(ValueInfoProto.newBuilder().setName("next"))
                .addOutput(ValueInfoProto.newBuilder().setName("next"))
                .build();
        NodeProto trips = node("", "Constant", "trips", List.of(), OnnxAttributes.integer("value_int", 3));
        NodeProto loop = node("", "Loop", "end", List.of("trips", "", "x0"), branch("body", body)).toBuilder()
                .addOutput("all")
                .build();
        NodeProto last = node("", "ReduceSum", "total", List.of("all"), OnnxAttributes.flag("keepdims", false));
        assertThat(run(load(List.of(trips, loop, last, node("Add", "y", "end", "total")))))
                .containsExactly(4 - 9, -8 - 9); // states 2x, 3x, 4x with x = (1, -2)
    }

    /** Branches, loops and lists whose parts do not fit each other are the model's fault, and said to be. */
    @Test
    void controlFlowThatIsNotValidIsRefused() {
        GraphProto body = GraphProto.newBuilder()
                .addInput(ValueInfoProto.newBuilder().setName("step"))
                .addInput(ValueInfoProto.newBuilder().setName("going"))
                .addNode(node("Identity", "on", "going"))
                .addOutput(ValueInfoProto.newBuilder().setName("on"))
                .build();
        GraphProto empty = GraphProto.getDefaultInstance();
        NodeProto one = node("", "Constant", "one", List.of(), OnnxAttributes.integer("value_int", 1));
        NodeProto none = node("", "Constant", "none", List.of(), OnnxAttributes.ints("value_ints"));
        NodeProto list = node("SequenceEmpty", "list");
        List<NodeProto> invalid = List.of(
                node("", "Loop", "y", List.of("one"), branch("body", body)),
                node("", "Loop", "y", List.of("one", "", "x0"), branch("body", body)),
                node("", "Loop", "y", List.of("none", ""), branch("body", body)),
                node("", "Loop", "y", List.of("one", ""), branch("body", empty)),
                node("", "Scan", "y", List.of("x0"), branch("body", body)),
                node(
                        "",
                        "Scan",
                        "y",
                        List.of("x0"),
                        OnnxAttributes.integer("num_scan_inputs", 1),
                        OnnxAttributes.ints("scan_input_axes", 0, 0),
                        branch("body", body)),
                node("SequenceErase", "y", "list"),
                node("SequenceAt", "y", "list", "none"),
                node("SplitToSequence", "y", "x0", "none"));
        for (NodeProto node : invalid) {
            assertThatThrownBy(() -> load(List.of(one, none, list, node)))
                    .as("%s", node.getOpType())
                    .isInstanceOf(GraphException.class)
                    .hasMessageContaining(node.getOpType() + " x1");
        }
    }

    @Test
    void scansGoOverSlicesInEitherDirection() throws IOException {
        GraphProto body = GraphProto.newBuilder()
                .addInput(ValueInfoProto.newBuilder().setName("sum"))
                .addInput(ValueInfoProto.newBuilder().setName("element"))
                .addNode(node("Add", "next", "sum", "element"))
                .addNode(node("Identity", "seen", "next"))
                .addOutput(ValueInfoProto.newBuilder().setName("next"))
                .addOutput(ValueInfoProto.newBuilder().setName("seen"))
                .build();
        NodeProto zero = node("", "Constant", "zero", List.of(), OnnxAttributes.real("value_float", 0));
        NodeProto scan = node(
                        "",
                        "Scan",
                        "last",
                        List.of("zero", "x0"),
                        OnnxAttributes.integer("num_scan_inputs", 1),
                        OnnxAttributes.ints("scan_input_directions", 1),
                        branch("body", body))
                .toBuilder()
                .addOutput("y")
                .build();
        assertThat(run(load(List.of(zero, scan)))).containsExactly(-2, -1);
    }

    @Test
    void sequencesOfKnownLengthDisappear() throws IOException {
        NodeProto one = node("", "Constant", "one", List.of(), OnnxAttributes.integer("value_int", 1));
        NodeProto split = node("SplitToSequence", "parts", "x0", "one");
        NodeProto second = node("SequenceAt", "second", "parts", "one");
        NodeProto longer = node("SequenceInsert", "longer", "parts", "second");
        NodeProto shorter = node("SequenceErase", "shorter", "longer", "one");
        NodeProto joined =
                node("", "ConcatFromSequence", "joined", List.of("shorter"), OnnxAttributes.integer("axis", 0));
        NodeProto length = node("SequenceLength", "length", "shorter");
        NodeProto real = node("", "Cast", "real", List.of("length"), OnnxAttributes.integer("to", 1));
        assertThat(run(load(List.of(
                        one,
                        split,
                        second,
                        longer,
                        shorter,
                        joined,
                        length,
                        real,
                        node("Mul", "y", "joined", "real")))))
                .containsExactly(2, -4);
    }

    @Test
    void aSequenceWhereATensorIsNeededIsNamed() {
        assertThatThrownBy(() -> load(List.of(node("SequenceConstruct", "s", "x0"), node("Neg", "y", "s"))))
                .hasMessageContaining("takes tensors, got a sequence");
    }

    @Test
    void aNodeThatDoesNotFitIsNamedWithItsOperands() {
        assertThatThrownBy(() -> load(List.of(node("MatMul", "m", "x0", "x0"), node("Reshape", "y", "m", "x0"))))
                .hasMessageContaining("Reshape 'Reshape_y' of [FLOAT32[], FLOAT32[2]]")
                .hasMessageContaining("must be a constant");
    }
}
