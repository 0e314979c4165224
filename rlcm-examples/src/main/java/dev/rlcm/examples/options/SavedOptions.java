package dev.rlcm.examples.options;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.io.FileErrors;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * Takes the options that are not on the command line from the file of {@code --config} or from a {@code --preset}: JSON objects
 * from the options' names, without dashes, to their values. Picocli asks for defaults when it has read the command line, so
 * that these two are known by then.
 */
final class SavedOptions implements IDefaultValueProvider {
    private static final ObjectMapper JSON = new ObjectMapper();

    private @Nullable Map<String, String> values;

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        if (!(argument instanceof OptionSpec option) || option.versionHelp() || option.usageHelp()) {
            return null;
        }
        Map<String, String> known = values;
        if (known == null) {
            known = read(argument.command());
            values = known;
        }
        return known.get(name(option));
    }

    private static String name(OptionSpec option) {
        return option.longestName().substring("--".length());
    }

    private static Map<String, String> read(CommandSpec command) {
        Path config = value(command, "--config");
        Preset preset = value(command, "--preset");
        if (config != null && preset != null) {
            throw misuse(command, "--config and --preset both give values; use one of them");
        }
        try {
            return config != null
                    ? read(command, config)
                    : preset != null ? values(command, preset.toString(), resource(preset)) : Map.of();
        } catch (FileSystemException e) {
            throw misuse(command, FileErrors.reason(e));
        } catch (IOException e) {
            throw misuse(command, e.getMessage());
        }
    }

    private static Map<String, String> read(CommandSpec command, Path config) throws IOException {
        return values(command, config.toString(), Files.readAllBytes(config));
    }

    private static byte[] resource(Preset preset) throws IOException {
        try (InputStream in = Objects.requireNonNull(SavedOptions.class.getResourceAsStream(preset.resource()))) {
            return in.readAllBytes();
        }
    }

    private static Map<String, String> values(CommandSpec command, String source, byte[] json) throws IOException {
        Map<String, Object> entries;
        try {
            entries = JSON.readValue(json, new TypeReference<LinkedHashMap<String, Object>>() {});
        } catch (JsonProcessingException e) {
            throw misuse(command, source + " is not a configuration: " + e.getOriginalMessage());
        }
        Map<String, String> values = new LinkedHashMap<>();
        entries.forEach((name, value) -> {
            if (command.findOption("--" + name) == null) {
                throw misuse(
                        command, source + " has the setting \"" + name + "\", which " + command.name() + " has not");
            }
            values.put(name, text(value));
        });
        return values;
    }

    private static String text(@Nullable Object value) {
        return value instanceof List<?> several
                ? several.stream().map(String::valueOf).collect(Collectors.joining(","))
                : String.valueOf(value);
    }

    private static <T> @Nullable T value(CommandSpec command, String name) {
        OptionSpec option = command.findOption(name);
        return option == null ? null : option.getValue();
    }

    private static ParameterException misuse(CommandSpec command, String message) {
        return new ParameterException(command.commandLine(), message);
    }
}
