package dev.rlcm.onnx.exporter;

import ai.onnx.proto.OnnxMl.AttributeProto;
import com.google.protobuf.ByteString;
import dev.rlcm.graph.Attributes;

/** Builders of attributes for export. */
public final class OnnxAttributes {
    private OnnxAttributes() {}

    public static AttributeProto integer(String name, long value) {
        return builder(name, AttributeProto.AttributeType.INT).setI(value).build();
    }

    public static AttributeProto flag(String name, boolean value) {
        return integer(name, value ? 1 : 0);
    }

    public static AttributeProto real(String name, double value) {
        return builder(name, AttributeProto.AttributeType.FLOAT)
                .setF((float) value)
                .build();
    }

    public static AttributeProto text(String name, String value) {
        return builder(name, AttributeProto.AttributeType.STRING)
                .setS(ByteString.copyFromUtf8(value))
                .build();
    }

    public static AttributeProto ints(String name, int... values) {
        AttributeProto.Builder builder = builder(name, AttributeProto.AttributeType.INTS);
        for (int value : values) {
            builder.addInts(value);
        }
        return builder.build();
    }

    /** An integer attribute of the same name in the graph. */
    public static AttributeProto integer(String name, Attributes from) {
        return integer(name, from.integer(name));
    }

    public static AttributeProto flag(String name, Attributes from) {
        return flag(name, from.flag(name));
    }

    public static AttributeProto real(String name, Attributes from) {
        return real(name, from.real(name));
    }

    public static AttributeProto text(String name, Attributes from) {
        return text(name, from.text(name));
    }

    public static AttributeProto ints(String name, Attributes from) {
        return ints(name, from.ints(name));
    }

    private static AttributeProto.Builder builder(String name, AttributeProto.AttributeType type) {
        return AttributeProto.newBuilder().setName(name).setType(type);
    }
}
