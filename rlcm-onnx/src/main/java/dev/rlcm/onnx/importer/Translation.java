package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Value;
import java.util.List;

/** What a node means as graph expressions: one value per result it declares. */
interface Translation {
    List<Value> translate(OnnxNode node);
}
