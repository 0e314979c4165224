/**
 * Prompts as token ids. Internal. Start with {@code PromptTokenizer}. Imports core, the tokenizers library, Jackson
 * and {@code pipeline.component}.
 */
@NullMarked
package dev.rlcm.onnx.pipeline.text;

import org.jspecify.annotations.NullMarked;
