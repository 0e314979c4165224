package dev.rlcm.lora;

/** Key conventions of adapter files. */
public enum LoraFormat {
    /**
     * {@code unet.<path>.lora_A.weight}, or {@code transformer.} before the path, see {@link LoraConfig#component}; rank and alpha in the file's metadata as diffusers 0.34 and later write and
     * read them.
     */
    DIFFUSERS,
    /**
     * {@code base_model.model.<path>.lora_A.weight}; rank and alpha in {@code adapter_config.json} beside the file, which
     * PEFT wants to be named {@code adapter_model.safetensors}.
     */
    PEFT,
    /** {@code lora_unet_<path with underscores>.lora_down.weight} and an alpha for each layer: kohya, ComfyUI, A1111. */
    KOHYA
}
