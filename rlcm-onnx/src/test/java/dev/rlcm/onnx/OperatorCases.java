package dev.rlcm.onnx;

import dev.rlcm.onnx.format.OnnxDomains;
import dev.rlcm.onnx.importer.OperatorTable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Nodes of every operator that can be imported, written as each opset writes them. */
final class OperatorCases {
    private static final int OLDEST = 7;
    private static final int NEWEST = 23;

    /** Opsets that changed each standard operator; the first one is the newest up to 7. */
    static final Map<String, int[]> VERSIONS = readVersions();

    private record Entry(String domain, String type, int from, int to, UnaryOperator<NodeCase> form) {
        NodeCase at(int opset) {
            NodeCase node = NodeCase.of(type, opset);
            return form.apply(domain.isEmpty() ? node : node.microsoft());
        }
    }

    private final List<Entry> entries = new ArrayList<>();

    private OperatorCases() {}

    static OperatorCases all() {
        OperatorCases cases = new OperatorCases();
        ElementwiseCases.addTo(cases);
        ShapeCases.addTo(cases);
        IndexCases.addTo(cases);
        ReductionCases.addTo(cases);
        NeuralCases.addTo(cases);
        WindowCases.addTo(cases);
        ResizeCases.addTo(cases);
        ContribCases.addTo(cases);
        return cases;
    }

    /** A form that all opsets from 7 to 23 have. */
    OperatorCases of(String type, UnaryOperator<NodeCase> form) {
        return between(OLDEST, NEWEST, type, form);
    }

    OperatorCases until(int opset, String type, UnaryOperator<NodeCase> form) {
        return between(OLDEST, opset, type, form);
    }

    OperatorCases from(int opset, String type, UnaryOperator<NodeCase> form) {
        return between(opset, NEWEST, type, form);
    }

    OperatorCases between(int from, int to, String type, UnaryOperator<NodeCase> form) {
        entries.add(new Entry("", type, from, to, form));
        return this;
    }

    /** An operator of ONNX Runtime's own. */
    OperatorCases contrib(String type, UnaryOperator<NodeCase> form) {
        entries.add(new Entry(OnnxDomains.MICROSOFT, type, 17, 17, form));
        return this;
    }

    /** Each entry once for every version of its operator in its range. */
    List<NodeCase> nodes() {
        List<NodeCase> nodes = new ArrayList<>();
        for (Entry entry : entries) {
            opsets(entry).forEach(opset -> nodes.add(entry.at(opset)));
        }
        return nodes;
    }

    /** By operator, as in {@link OperatorTable#keys}, the opsets in which it is tested. */
    Map<String, List<Integer>> tested() {
        Map<String, List<Integer>> tested = new HashMap<>();
        for (Entry entry : entries) {
            String key = entry.domain.isEmpty() ? entry.type : entry.domain + "::" + entry.type;
            tested.computeIfAbsent(key, k -> new ArrayList<>()).addAll(opsets(entry));
        }
        return tested;
    }

    private static List<Integer> opsets(Entry entry) {
        int[] versions = entry.domain.isEmpty() ? VERSIONS.getOrDefault(entry.type, new int[] {17}) : new int[] {17};
        List<Integer> opsets = new ArrayList<>();
        for (int i = 0; i < versions.length; i++) {
            int first = Math.max(OLDEST, Math.max(entry.from, versions[i]));
            int last = Math.min(entry.to, i + 1 < versions.length ? versions[i + 1] - 1 : NEWEST);
            if (first <= last) {
                opsets.add(first);
            }
        }
        return opsets;
    }

    private static Map<String, int[]> readVersions() {
        Map<String, int[]> versions = new HashMap<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                OperatorCases.class.getResourceAsStream("operator-versions.txt"), StandardCharsets.UTF_8))) {
            lines.lines().filter(line -> !line.startsWith("#")).forEach(line -> {
                String[] words = line.split(" ");
                versions.put(
                        words[0],
                        Arrays.stream(words).skip(1).mapToInt(Integer::parseInt).toArray());
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return versions;
    }
}
