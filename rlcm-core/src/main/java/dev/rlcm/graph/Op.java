package dev.rlcm.graph;

/**
 * The operators of the graph. They have ONNX semantics (opset 17 where a version matters), in a normal form: everything
 * that ONNX may pass as a constant input (axes, target shapes, pads, slice bounds) is an attribute here, axes are not
 * negative, and every operator has one result. Attributes are given in braces; an asterisk marks an optional input.
 */
public enum Op {
    /** A graph input {name}. */
    INPUT,
    /** A tensor that never changes {value}. */
    CONSTANT,

    /** (x [not a scalar], y): x, but not before y has been computed; for values that are cheaper to compute late. */
    AFTER,

    // Elementwise on broadcast operands (a, b)
    ADD,
    SUB,
    MUL,
    DIV,
    POW,
    MIN,
    MAX,
    /** Python-style remainder: the sign of the divisor. */
    MOD,
    EQUAL,
    LESS,
    LESS_OR_EQUAL,
    GREATER,
    GREATER_OR_EQUAL,
    AND,
    OR,
    XOR,
    /** (condition, a, b), all broadcast. */
    WHERE,

    // Elementwise on one operand
    NOT,
    NEG,
    ABS,
    SIGN,
    EXP,
    LOG,
    SQRT,
    SIN,
    COS,
    ATAN,
    TANH,
    SIGMOID,
    ERF,
    FLOOR,
    CEIL,
    /** Half to even. */
    ROUND,
    IS_NAN,
    RELU,
    /** {alpha}. */
    LEAKY_RELU,
    /** {alpha}. */
    ELU,
    SOFTPLUS,
    /** {min, max}: reals, possibly infinite. */
    CLIP,
    /** {to}: a DataType. */
    CAST,
    /** x itself, but constant to differentiation. */
    STOP_GRADIENT,
    /** x sigmoid(alpha x) {alpha}: SiLU for 1, quick GELU for 1.702. */
    SWISH,
    /** {approximate}: "none" (erf) or "tanh". */
    GELU,

    // Shape
    /** {shape}: fully resolved. */
    RESHAPE,
    /** {perm}. */
    TRANSPOSE,
    /** {shape}: the result's shape. */
    EXPAND,
    /** {starts, sizes, steps}: one entry per axis; a step may be negative. */
    SLICE,
    /** Any number of inputs {axis}. */
    CONCAT,
    /** {pads}: begins then ends, not negative; {mode}: "constant", "reflect" or "edge"; {value}. */
    PAD,
    /** (data, indices) {axis}. */
    GATHER,
    /** (data, indices) {axis}. */
    GATHER_ELEMENTS,
    /** (data, indices) {batch_dims}. */
    GATHER_ND,
    /** (data, indices, updates) {axis, reduction}: "none", "add" or "mul". */
    SCATTER_ELEMENTS,
    /** (data, indices, updates) {reduction}: "none", "add" or "mul". */
    SCATTER_ND,
    /** {upper, k}. */
    TRILU,
    /** Nearest-neighbour enlargement {scales}: one integer factor per axis, y[i] = x[i / scale]. */
    RESIZE,

    // Reductions {axes, keepdims}
    REDUCE_SUM,
    REDUCE_MEAN,
    REDUCE_MAX,
    REDUCE_MIN,
    REDUCE_PROD,
    /** {axis, keepdims, last}: INT64; the first of equal maxima unless last. */
    ARG_MAX,
    /**
     * {axis, k, largest}: INT64, the places of the k largest (or smallest) elements, best first, the first of equals
     * before the others.
     */
    TOP_K,
    /** {axis, exclusive, reverse}. */
    CUM_SUM,

    // Linear algebra and neural-network operators
    /** (a, b) {transA, transB}: NumPy's matmul; the flags swap an operand's last two axes first. */
    MATMUL,
    /** (x [B,C,...], w [M,C/group,...], bias* [M]) {strides, pads, dilations, group}. */
    CONV,
    /** (x [B,C,...], w [C,M/group,...], bias* [M]) {strides, pads, dilations, group, output_padding}. */
    CONV_TRANSPOSE,
    /** {kernel_shape, strides, pads}. */
    MAX_POOL,
    /** {kernel_shape, strides, pads, count_include_pad}. */
    AVERAGE_POOL,
    /** {axis}. */
    SOFTMAX,
    /** {axis}. */
    LOG_SOFTMAX,
    /** (x [B,C,...], scale [C], bias [C]) {epsilon}. */
    INSTANCE_NORM,
    /** (x [B,C,...], scale [C], bias [C]) {groups, epsilon}. */
    GROUP_NORM,
    /** (x, scale, bias*) {axis, epsilon}: normalises over the axes from {axis} on. */
    LAYER_NORM,
    /** softmax(scale q k^T + mask) v of (q [...,L,D], k [...,S,D], v [...,S,E], mask* to [...,L,S]) {scale}. */
    ATTENTION
}
