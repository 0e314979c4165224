package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.graph.DataType;
import dev.rlcm.onnx.OnnxSignature.Dim;
import dev.rlcm.onnx.OnnxSignature.Port;
import dev.rlcm.onnx.pipeline.ClassLabels;
import dev.rlcm.onnx.pipeline.Denoiser;
import dev.rlcm.onnx.pipeline.ModelDirectory.LatentSize;
import dev.rlcm.onnx.pipeline.TextShape;
import dev.rlcm.onnx.pipeline.check.LatentCheck.Latents;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/** The interface of the denoiser: its inputs, their types and shapes, and how they fit the other components. */
final class DenoiserCheck {
    private static final String STATES = "encoder_hidden_states";
    private static final String GUIDANCE = "timestep_cond";
    private static final String CLASSES = "class_labels";

    private static final Map<String, String> FOREIGN = new LinkedHashMap<>();

    static {
        FOREIGN.put(CLASSES, "of a class-conditional model");
        FOREIGN.put("down_block_", "of a ControlNet");
        FOREIGN.put("mid_block_", "of a ControlNet");
    }

    private final Layout layout;
    private final CheckSettings settings;
    private final Optional<TextShape> text;
    private final Latents latents;
    private final Findings findings;

    private DenoiserCheck(
            Layout layout, CheckSettings settings, Optional<TextShape> text, Latents latents, Findings findings) {
        this.layout = layout;
        this.settings = settings;
        this.text = text;
        this.latents = latents;
        this.findings = findings;
    }

    /**
     * The denoiser, if its interface can be used.
     *
     * @param text the sizes of what a prompt becomes, if they are known
     */
    static Optional<Denoiser> run(
            Layout layout, CheckSettings settings, Optional<TextShape> text, Latents latents, Findings findings) {
        DenoiserCheck check = new DenoiserCheck(layout, settings, text, latents, findings);
        return layout.model(layout.denoiser())
                .flatMap(model -> findings.attempt(layout.denoiser(), () -> check.check(model)))
                .flatMap(denoiser -> denoiser);
    }

    private Optional<Denoiser> check(OnnxComponent model) {
        JsonFile config = layout.denoiserConfiguration();
        String sample = model.inputs().contains(Denoiser.SAMPLE) ? Denoiser.SAMPLE : "hidden_states";
        boolean known = checkNames(model, sample);
        checkTypes(model);
        if (!known) {
            return Optional.empty();
        }
        checkTimestep(model, sample);
        checkGuidance(model, config);
        boolean batchFits = checkBatch(model, sample);
        boolean sizeFits = checkSize(model, sample);
        boolean statesFit = checkStates(model, config);
        if (!batchFits || !sizeFits || !statesFit || text.isEmpty()) {
            return Optional.empty();
        }
        Optional<ClassLabels> classes =
                findings.attempt("model", () -> ClassLabels.read(layout.configurationOrEmpty(Layout.INDEX), config));
        if (classes.isPresent() && model.inputs().contains(CLASSES)) {
            findings.info("model", "prompts are numbers or names of classes: " + classes.get());
        }
        return latents.size()
                .flatMap(size -> classes.flatMap(labels -> findings.attempt(
                        layout.denoiser(),
                        () -> Denoiser.open(
                                model, layout.family(), config, size, latents.scale(), text.get(), labels, true))));
    }

    private boolean checkNames(OnnxComponent model, String sample) {
        List<String> required = Denoiser.required(sample, layout.family());
        List<String> missing =
                required.stream().filter(name -> !model.inputs().contains(name)).toList();
        List<String> unknown = model.inputs().stream()
                .filter(name -> !required.contains(name) && !isKnown(name))
                .toList();
        if (!missing.isEmpty()) {
            findings.error(
                    layout.denoiser(),
                    "has no input " + String.join(", ", missing) + " among " + model.inputs(),
                    "export it with Optimum or diffusers' script, which give the inputs these names");
        }
        for (String name : unknown) {
            String origin = FOREIGN.entrySet().stream()
                    .filter(entry -> name.startsWith(entry.getKey()))
                    .map(entry -> ", which is " + entry.getValue())
                    .findFirst()
                    .orElse("");
            findings.error(
                    layout.denoiser(),
                    "has the input " + name + origin + "; the pipeline has nothing to feed to it",
                    "export the network as Optimum does, or write the pipeline around it with ConsistencyModel");
        }
        return missing.isEmpty() && unknown.isEmpty();
    }

    private boolean isKnown(String input) {
        boolean isForeign = input.equals(CLASSES) && !layout.family().texts().isEmpty();
        return Denoiser.knownInputs().contains(input) && !isForeign;
    }

    private void checkTypes(OnnxComponent model) {
        boolean half = Stream.concat(model.signature().inputs().stream(), model.signature().outputs().stream())
                .map(Port::type)
                .anyMatch(type -> type == DataType.FLOAT16 || type == DataType.BFLOAT16);
        if (half) {
            findings.warn(
                    layout.denoiser(),
                    "has 16-bit inputs or outputs; on the CPU most of its operators run in float32 between conversions",
                    "on the CPU use a float32 export, which is faster; on a GPU this is right");
        }
        if (model.signature().outputs().size() != 1) {
            findings.error(
                    layout.denoiser(),
                    "has the outputs "
                            + model.signature().outputs().stream()
                                    .map(Port::name)
                                    .toList() + ", expected one",
                    "export the UNet alone");
        }
    }

    private void checkTimestep(OnnxComponent model, String sample) {
        List<Dim> dims = model.signature().input(Denoiser.TIMESTEP).dims();
        boolean perRow = dims.size() == 1
                && dims.get(0).extent().isEmpty()
                && dims.get(0).symbol().equals(batchSymbol(model, sample));
        if (dims.size() > 1) {
            findings.error(
                    layout.denoiser(),
                    "timestep has " + dims.size() + " axes: " + dims,
                    "export it as a scalar or [batch_size]");
        } else if (!perRow) {
            findings.info(
                    layout.denoiser(),
                    "timestep is declared " + (dims.isEmpty() ? "as a scalar" : dims)
                            + ", one for all rows; its graph will be rewritten to take one for each row");
        }
    }

    private static String batchSymbol(OnnxComponent model, String input) {
        List<Dim> sample = model.signature().input(input).dims();
        return sample.isEmpty() ? "" : sample.get(0).symbol();
    }

    private void checkGuidance(OnnxComponent model, JsonFile config) {
        if (!layout.denoiser().equals("unet") || layout.family().form().isOfPixels()) {
            return;
        }
        boolean embedded = model.inputs().contains(GUIDANCE);
        OptionalInt width = config.count("time_cond_proj_dim");
        if (!embedded) {
            findings.warn(
                    layout.denoiser(),
                    "has no timestep_cond: the guidance scale changes nothing, since there is one evaluation a step"
                            + " and no embedding of the scale",
                    width.isPresent()
                            ? "the configuration has time_cond_proj_dim, so the export dropped the input: export again"
                                    + " with a recent Optimum"
                            : "fine if the guidance is distilled into the weights, as an LCM adapter's is");
            return;
        }
        OptionalInt declared = model.dim(GUIDANCE, 1);
        if (declared.isPresent() && width.isPresent() && declared.getAsInt() != width.getAsInt()) {
            findings.error(
                    layout.denoiser(),
                    "timestep_cond has " + declared.getAsInt() + " columns, the configuration says time_cond_proj_dim "
                            + width.getAsInt(),
                    "take the configuration of the model that was exported");
        } else if (declared.isEmpty() && width.isEmpty()) {
            findings.error(
                    layout.denoiser(),
                    "neither timestep_cond nor time_cond_proj_dim in the configuration tells the width of the guidance"
                            + " embedding",
                    "add time_cond_proj_dim, usually 256, to " + config.path());
        }
    }

    private boolean checkBatch(OnnxComponent model, String sample) {
        OptionalInt fixed = model.dim(sample, 0);
        boolean fits = true;
        for (int batch : new int[] {settings.batch(), settings.minibatch()}) {
            if (fixed.isPresent() && fixed.getAsInt() != batch) {
                findings.error(
                        layout.denoiser(),
                        "is exported for batches of " + fixed.getAsInt() + ", asked for is " + batch,
                        "use a batch and minibatch of " + fixed.getAsInt() + ", or export with dynamic axes");
                fits = false;
            }
        }
        return fits;
    }

    private boolean checkSize(OnnxComponent model, String sample) {
        if (latents.size().isEmpty() || layout.family().form().packing() > 1) {
            return latents.size().isPresent(); // packed latents have no height and width to compare
        }
        LatentSize size = latents.size().get();
        int[] wanted = {size.height(), size.width()};
        for (int axis = 2; axis < 4; axis++) {
            OptionalInt fixed = model.dim(sample, axis);
            if (fixed.isPresent() && fixed.getAsInt() != wanted[axis - 2]) {
                findings.error(
                        layout.denoiser(),
                        "is exported for latents "
                                + model.signature().input(sample).dims() + ", asked for is " + size.height()
                                + " x " + size.width(),
                        "choose the size it was exported for, or export with dynamic axes");
                return false;
            }
        }
        return true;
    }

    private boolean checkStates(OnnxComponent model, JsonFile config) {
        if (layout.family().texts().isEmpty()) {
            return true;
        }
        OptionalInt declared = model.dim(STATES, 2);
        OptionalInt configured = Stream.of("caption_channels", "cross_attention_dim", "joint_attention_dim")
                .filter(config::has)
                .findFirst()
                .map(config::count)
                .orElse(OptionalInt.empty());
        OptionalInt width = declared.isPresent() ? declared : configured;
        boolean fits = true;
        if (text.isPresent()) {
            int given = text.get().width();
            if (width.isPresent() && width.getAsInt() != given) {
                findings.error(
                        layout.denoiser(),
                        "attends to text of width " + width.getAsInt() + ", the text encoder gives " + given,
                        "use the text encoder of the model that was exported");
                fits = false;
            }
            OptionalInt tokens = model.dim(STATES, 1);
            int length = text.get().tokens();
            if (tokens.isPresent() && tokens.getAsInt() != length) {
                findings.error(
                        layout.denoiser(),
                        "is exported for " + tokens.getAsInt() + " tokens, prompts have " + length,
                        "set model_max_length of the tokenizer to " + tokens.getAsInt() + ", or export again");
                fits = false;
            }
        }
        return fits;
    }
}
