package dev.rlcm.onnx.pipeline;

import java.util.Set;

/**
 * What a model takes from one of its text encoders. Hidden states of several encoders are put beside each other, [S, D1 + D2], or one after
 * the other, [S1 + S2, D], filled up with zeros to the widest; pooled vectors are put one after the other.
 *
 * @param encoder its folder; that of the tokenizer has the same number
 * @param layer which hidden states are taken
 * @param tokens the most tokens of a prompt that the family's pipelines take, whatever the encoder can
 * @param uses what else there is to say
 * @param template what stands around every prompt
 */
public record TextSource(String encoder, Layer layer, int tokens, Set<Use> uses, Template template) {
    /**
     * Text around a prompt, as a language model's chat has it.
     *
     * @param before the prompt
     * @param after it
     */
    public record Template(String before, String after) {
        private static final Template NONE = new Template("", "");

        String of(String prompt) {
            return before + prompt + after;
        }
    }

    /** Which hidden states of an encoder. */
    public enum Layer {
        /** None. */
        NONE,
        /** The last, with the final norm. */
        LAST,
        /** Those before the last layer, without norm. */
        PENULTIMATE,
        /** Those after a quarter, a half and three quarters of the layers, beside each other: [S, 3 D]. */
        QUARTERS
    }

    /** How an encoder is used besides its hidden states. */
    public enum Use {
        /** The vector of the whole text is taken too. */
        POOLED,
        /** The hidden states are new tokens, after those of the encoders before it. */
        NEW_TOKENS,
        /** The encoder and the network are told which tokens are padding. */
        MASKED,
        /** Prompts are taken in lower case, without spaces around them. */
        LOWER_CASE,
        /**
         * The encoder reads {@link TextInput#INSTRUCTION}, if the tokenizer's folder has it, before the prompt. The first token's state is
         * kept, and those of as many last tokens as make up the number (SANA, arXiv:2410.10629, section 2.3); the negative prompt has no
         * instruction.
         */
        INSTRUCTED,
        /** A model may do without it: its states are zeros. */
        OPTIONAL
    }

    static TextSource of(String encoder, Layer layer, Use... uses) {
        return new TextSource(encoder, layer, Integer.MAX_VALUE, Set.of(uses), Template.NONE);
    }

    TextSource withTokens(int most) {
        return new TextSource(encoder, layer, most, uses, template);
    }

    TextSource within(String before, String after) {
        return new TextSource(encoder, layer, tokens, uses, new Template(before, after));
    }

    boolean is(Use use) {
        return uses.contains(use);
    }

    /** The folder of its tokenizer. */
    public String tokenizer() {
        return encoder.replace("text_encoder", "tokenizer");
    }
}
