package dev.rlcm.onnx.exporter;

import static dev.rlcm.onnx.exporter.OnnxAttributes.flag;
import static dev.rlcm.onnx.exporter.OnnxAttributes.integer;
import static dev.rlcm.onnx.exporter.OnnxAttributes.ints;
import static dev.rlcm.onnx.exporter.OnnxAttributes.real;
import static dev.rlcm.onnx.exporter.OnnxAttributes.text;

import ai.onnx.proto.OnnxMl.AttributeProto;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxTypes;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** How each operator of the graph is written in the operators of the ONNX standard: one row per operator. */
final class ExportTable {
    private static final Map<Op, Consumer<Emitter>> ROWS = new EnumMap<>(Op.class);

    private ExportTable() {}

    static {
        same(Op.ADD, "Add");
        same(Op.SUB, "Sub");
        same(Op.MUL, "Mul");
        same(Op.DIV, "Div");
        same(Op.POW, "Pow");
        same(Op.MIN, "Min");
        same(Op.MAX, "Max");
        same(Op.EQUAL, "Equal");
        same(Op.LESS, "Less");
        same(Op.LESS_OR_EQUAL, "LessOrEqual");
        same(Op.GREATER, "Greater");
        same(Op.GREATER_OR_EQUAL, "GreaterOrEqual");
        same(Op.AND, "And");
        same(Op.OR, "Or");
        same(Op.XOR, "Xor");
        same(Op.WHERE, "Where");
        same(Op.NOT, "Not");
        same(Op.NEG, "Neg");
        same(Op.ABS, "Abs");
        same(Op.SIGN, "Sign");
        same(Op.EXP, "Exp");
        same(Op.LOG, "Log");
        same(Op.SQRT, "Sqrt");
        same(Op.SIN, "Sin");
        row(Op.COS, ExportForms::cos);
        same(Op.ATAN, "Atan");
        same(Op.TANH, "Tanh");
        same(Op.SIGMOID, "Sigmoid");
        same(Op.ERF, "Erf");
        same(Op.FLOOR, "Floor");
        same(Op.CEIL, "Ceil");
        same(Op.ROUND, "Round");
        same(Op.STOP_GRADIENT, "Identity");
        same(Op.IS_NAN, "IsNaN");
        same(Op.RELU, "Relu");
        same(Op.SOFTPLUS, "Softplus");
        row(Op.MOD, ExportForms::mod);
        row(Op.CLIP, ExportForms::clip);
        row(Op.LEAKY_RELU, e -> e.result("LeakyRelu", all(e), real("alpha", of(e))));
        row(Op.ELU, e -> e.result("Elu", all(e), real("alpha", of(e))));
        row(Op.CAST, e -> e.result("Cast", all(e), integer("to", OnnxTypes.toOnnx(of(e).type("to")))));

        row(Op.AFTER, ExportForms::after);
        row(Op.RESHAPE, e -> e.result("Reshape", List.of(e.in(0), e.ints(of(e).ints("shape"))), allowZero(e)));
        row(Op.TRANSPOSE, e -> e.result("Transpose", all(e), ints("perm", of(e))));
        row(Op.EXPAND, e -> e.result("Expand", List.of(e.in(0), e.ints(of(e).ints("shape")))));
        row(Op.SLICE, ExportForms::slice);
        row(Op.CONCAT, e -> e.result("Concat", all(e), integer("axis", of(e))));
        row(Op.PAD, ExportForms::pad);
        row(Op.GATHER, e -> e.result("Gather", all(e), integer("axis", of(e))));
        row(Op.GATHER_ELEMENTS, e -> e.result("GatherElements", all(e), integer("axis", of(e))));
        row(Op.GATHER_ND, e -> e.result("GatherND", all(e), integer("batch_dims", of(e))));
        row(
                Op.SCATTER_ELEMENTS,
                e -> e.result("ScatterElements", all(e), integer("axis", of(e)), text("reduction", of(e))));
        row(Op.SCATTER_ND, e -> e.result("ScatterND", all(e), text("reduction", of(e))));
        row(Op.TRILU, e -> e.result("Trilu", List.of(e.in(0), e.integer(of(e).integer("k"))), flag("upper", of(e))));
        row(Op.RESIZE, ExportForms::resize);

        row(
                Op.REDUCE_SUM,
                e -> e.result("ReduceSum", List.of(e.in(0), e.ints(of(e).ints("axes"))), flag("keepdims", of(e))));
        reduction(Op.REDUCE_MEAN, "ReduceMean");
        reduction(Op.REDUCE_MAX, "ReduceMax");
        reduction(Op.REDUCE_MIN, "ReduceMin");
        reduction(Op.REDUCE_PROD, "ReduceProd");
        row(
                Op.ARG_MAX,
                e -> e.result(
                        "ArgMax",
                        all(e),
                        integer("axis", of(e)),
                        flag("keepdims", of(e)),
                        flag("select_last_index", of(e).flag("last"))));
        row(Op.TOP_K, ExportForms::topK);
        row(
                Op.CUM_SUM,
                e -> e.result(
                        "CumSum",
                        List.of(e.in(0), e.integer(of(e).integer("axis"))),
                        flag("exclusive", of(e)),
                        flag("reverse", of(e))));

        row(Op.MATMUL, ExportForms::matmul);
        row(
                Op.CONV,
                e -> e.result(
                        "Conv",
                        all(e),
                        ints("strides", of(e)),
                        ints("pads", of(e)),
                        ints("dilations", of(e)),
                        integer("group", of(e))));
        row(
                Op.CONV_TRANSPOSE,
                e -> e.result(
                        "ConvTranspose",
                        all(e),
                        ints("strides", of(e)),
                        ints("pads", of(e)),
                        ints("dilations", of(e)),
                        integer("group", of(e)),
                        ints("output_padding", of(e))));
        row(
                Op.MAX_POOL,
                e -> e.result(
                        "MaxPool", all(e), ints("kernel_shape", of(e)), ints("strides", of(e)), ints("pads", of(e))));
        row(
                Op.AVERAGE_POOL,
                e -> e.result(
                        "AveragePool",
                        all(e),
                        ints("kernel_shape", of(e)),
                        ints("strides", of(e)),
                        ints("pads", of(e)),
                        flag("count_include_pad", of(e))));
        row(Op.SOFTMAX, e -> e.result("Softmax", all(e), integer("axis", of(e))));
        row(Op.LOG_SOFTMAX, e -> e.result("LogSoftmax", all(e), integer("axis", of(e))));
        row(Op.INSTANCE_NORM, e -> e.result("InstanceNormalization", all(e), real("epsilon", of(e))));
        row(Op.LAYER_NORM, e -> e.result("LayerNormalization", all(e), integer("axis", of(e)), real("epsilon", of(e))));
    }

    static void emit(Emitter emitter) {
        Consumer<Emitter> row = ROWS.get(emitter.value().op());
        if (row == null) {
            throw new GraphException("no ONNX form of " + emitter.value());
        }
        row.accept(emitter);
    }

    private static void row(Op op, Consumer<Emitter> form) {
        ROWS.put(op, form);
    }

    private static void same(Op op, String type) {
        row(op, e -> e.result(type, all(e)));
    }

    private static void reduction(Op op, String type) {
        row(op, e -> e.result(type, all(e), ints("axes", of(e)), flag("keepdims", of(e))));
    }

    private static List<String> all(Emitter e) {
        return List.of(e.operands());
    }

    private static Attributes of(Emitter e) {
        return e.value().attributes();
    }

    /** By default a 0 in a target shape means "as in the operand". */
    private static AttributeProto[] allowZero(Emitter e) {
        Value v = e.value();
        boolean empty = Arrays.stream(v.shape().toArray()).anyMatch(d -> d == 0);
        return empty ? new AttributeProto[] {integer("allowzero", 1)} : new AttributeProto[0];
    }
}
