package dev.rlcm.lora;

/** Key conventions of adapter files. */
public enum LoraFormat {
    /**
     * {@code unet.<path>.lora_A.weight}, or {@code transformer.} before the path, see {@link LoraConfig#component}; rank and alpha in
     * the file's metadata as diffusers 0.34 and later write and read them.
     */
    DIFFUSERS,
    /**
     * {@code base_model.model.<path>.lora_A.weight}; rank and alpha in {@code adapter_config.json} beside the file, which
     * PEFT wants to be named {@code adapter_model.safetensors}.
     */
    PEFT,
    /** {@code lora_unet_<path with underscores>.lora_down.weight} and an alpha for each layer: kohya, ComfyUI, A1111. */
    KOHYA,
    /**
     * As {@link #KOHYA}, with the layers' names in the code that the model was first published with, which kohya's tools take for
     * Stable Diffusion XL ({@code lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q}) and FLUX ({@code
     * lora_unet_double_blocks_0_img_attn_qkv}). Layers that are one there are joined, at a rank that is the sum of theirs; an adapter
     * has to have all of them. A transformer's adapter is taken to be FLUX's.
     */
    KOHYA_ORIGINAL,
    /**
     * As {@link #KOHYA_ORIGINAL}, with the names for Stable Diffusion 3 and 3.5 ({@code lora_unet_joint_blocks_0_x_block_attn_qkv}); by
     * its layers alone an adapter could be FLUX's as well.
     */
    KOHYA_SD3
}
