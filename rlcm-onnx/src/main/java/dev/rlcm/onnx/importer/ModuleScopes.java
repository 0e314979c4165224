package dev.rlcm.onnx.importer;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds the modules that the scopes in TorchScript's node names stand for. That exporter leaves out modules that hold
 * others but are never called themselves, and numbers further calls of one module: {@code /to_q_1/MatMul} may be the second
 * call of {@code unet.attn1.to_q}. The names of the weights and biases that are read inside a scope tell the module. A scope
 * that reads none is placed with the nearest one around it, or with the one that works with the same weight.
 */
final class ModuleScopes {
    static final ModuleScopes NONE = new ModuleScopes(Map.of());

    /** Paths of modules by scope, both of the form {@code a/b} and {@code a.b}. */
    private final Map<String, String> paths;

    private ModuleScopes(Map<String, String> paths) {
        this.paths = paths;
    }

    /**
     * @param nodes those of the main graph, in order
     * @param initializers the names of its weights
     */
    static ModuleScopes of(List<NodeProto> nodes, Set<String> initializers) {
        Map<String, Set<String>> claims = new LinkedHashMap<>();
        Map<String, String> sources = new HashMap<>();
        Map<String, String> firstUsers = new HashMap<>();
        Map<String, String> repeated = new LinkedHashMap<>();
        for (NodeProto node : nodes) {
            if (node.getOpType().equals("Identity") && node.getInputCount() == 1) {
                String read = node.getInput(0);
                sources.put(node.getOutput(0), sources.getOrDefault(read, read));
            }
            String scope = scope(NodeLabels.cleaned(node.getName()));
            if (scope.isEmpty()) {
                continue;
            }
            for (String read : node.getInputList()) {
                String weight = sources.getOrDefault(read, read);
                if (!initializers.contains(weight)) {
                    continue;
                }
                int dot = weight.lastIndexOf('.');
                if (dot > 0) {
                    claim(scope, weight.substring(0, dot), claims);
                } else if (NodeLabels.isLayer(node)) {
                    String first = firstUsers.putIfAbsent(weight, scope);
                    if (first != null && isRepetition(scope, first)) {
                        repeated.put(scope, first);
                    }
                }
            }
        }
        ModuleScopes named = new ModuleScopes(settled(claims));
        Map<String, String> all = new HashMap<>(named.paths);
        repeated.forEach((scope, first) -> all.putIfAbsent(scope, named.path(first)));
        return new ModuleScopes(all);
    }

    /** The label with the module's path in the place of its scope; the label itself if the module is not known. */
    String place(String label) {
        String scope = scope(label);
        String path = path(scope);
        return scope.isEmpty() || path.equals(dotted(scope))
                ? label
                : "/" + path + label.substring(label.lastIndexOf('/'));
    }

    private String path(String scope) {
        for (int end = scope.length();
                end > 0;
                end = Math.max(scope.lastIndexOf('/', end - 1), scope.lastIndexOf('.', end - 1))) {
            String path = paths.get(scope.substring(0, end));
            if (path != null) {
                return path + dotted(scope.substring(end));
            }
        }
        return dotted(scope);
    }

    private static String scope(String label) {
        int end = label.lastIndexOf('/');
        return label.startsWith("/") && end > 0 ? label.substring(1, end) : "";
    }

    private static String dotted(String scope) {
        return scope.replace('/', '.');
    }

    /** Records where the scope and those around it are if the module is one of the scope's name. */
    private static void claim(String scope, String module, Map<String, Set<String>> claims) {
        String[] parts = scope.split("/", -1);
        Map<String, String> found = new LinkedHashMap<>();
        String rest = module;
        int end = scope.length();
        for (int i = parts.length - 1; i >= 0; i--) {
            String path = endingWith(rest, parts[i]);
            if (path.isEmpty() || (i == parts.length - 1 && !path.equals(module))) {
                return;
            }
            int length = path.endsWith(parts[i])
                    ? parts[i].length()
                    : withoutNumber(parts[i]).length();
            found.put(scope.substring(0, end), path);
            for (int dot = parts[i].lastIndexOf('.'); dot > 0; dot = parts[i].lastIndexOf('.', dot - 1)) {
                found.put(
                        scope.substring(0, end - parts[i].length() + dot),
                        path.substring(0, path.length() - length + dot));
            }
            rest = path.substring(0, Math.max(0, path.length() - length - 1));
            end -= parts[i].length() + 1;
            if (i > 0 && parts[i].startsWith(withoutNumber(parts[i - 1]) + ".")) {
                end -= parts[i - 1].length() + 1;
                i--;
            }
        }
        found.forEach((s, path) ->
                claims.computeIfAbsent(s, k -> new LinkedHashSet<>()).add(path));
    }

    /** The longest beginning of a path that ends with that part of a scope, or an empty string. */
    private static String endingWith(String path, String part) {
        for (int end = path.length(); end > 0; end = path.lastIndexOf('.', end - 1)) {
            String beginning = "." + path.substring(0, end);
            if (beginning.endsWith("." + part) || beginning.endsWith("." + withoutNumber(part))) {
                return path.substring(0, end);
            }
        }
        return "";
    }

    /** Equal weights may have one name: a scope keeps its own path, and nobody else's. */
    private static Map<String, String> settled(Map<String, Set<String>> claims) {
        Map<String, String> paths = new HashMap<>();
        Map<String, String> owners = new HashMap<>();
        claims.forEach((scope, candidates) -> {
            if (candidates.contains(dotted(scope))) {
                paths.put(scope, dotted(scope));
                owners.put(dotted(scope), scope);
            }
        });
        claims.forEach((scope, candidates) -> {
            String path = candidates.iterator().next();
            String owner = owners.getOrDefault(path, scope);
            if (candidates.size() == 1 && isRepetition(scope, owner)) {
                paths.putIfAbsent(scope, path);
            }
        });
        return paths;
    }

    private static boolean isRepetition(String scope, String first) {
        return unnumbered(scope).equals(unnumbered(first));
    }

    private static List<String> unnumbered(String scope) {
        List<String> parts = new ArrayList<>();
        for (String part : scope.split("/", -1)) {
            String plain = withoutNumber(part);
            if (!parts.isEmpty() && plain.startsWith(parts.get(parts.size() - 1) + ".")) {
                parts.remove(parts.size() - 1);
            }
            parts.add(plain);
        }
        return parts;
    }

    private static String withoutNumber(String part) {
        return part.replaceFirst("_\\d+$", "");
    }
}
