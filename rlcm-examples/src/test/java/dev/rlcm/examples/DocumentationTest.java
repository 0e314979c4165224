package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocumentationTest {
    private static final Path ROOT = Path.of(System.getProperty("rlcm.root"));
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern TAGGED = Pattern.compile("// tag::loop\\[\\]\\n(.*?)// end::loop", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("(?<!!)\\[[^\\]]*\\]\\(([^)#:]+)\\)");

    private static final String HEAD =
            """
            import dev.rlcm.backend.*;
            import dev.rlcm.lora.*;
            import dev.rlcm.onnx.*;
            import dev.rlcm.onnx.pipeline.*;
            import dev.rlcm.onnx.pipeline.encoders.*;
            import dev.rlcm.parallel.*;
            import dev.rlcm.policy.*;
            import dev.rlcm.ppo.*;
            import dev.rlcm.random.*;
            import dev.rlcm.reward.*;
            import dev.rlcm.rewards.*;
            import dev.rlcm.train.*;
            import java.net.URI;
            import java.nio.file.Path;
            import java.util.List;
            import org.apache.commons.math3.stat.StatUtils;
            import org.nd4j.linalg.api.ndarray.INDArray;
            import org.slf4j.*;

            abstract class Block%d {
                final Logger log = LoggerFactory.getLogger("readme");
                ConsistencyPolicy policy;
                Path modelDirectory;
                Path clipDirectory;
                Path bertDirectory;
                Backend backend;
                Prompts prompts;
                int epochs;
                Path adapterFile;

                void run() throws Exception {
            """;

    @Test
    void everyJavaBlockOfTheReadmeCompiles(@TempDir Path directory) throws IOException {
        List<String> blocks = JAVA_BLOCK
                .matcher(Files.readString(ROOT.resolve("README.md")))
                .results()
                .map(match -> match.group(1))
                .toList();
        assertThat(blocks).isNotEmpty();
        List<Source> sources = IntStream.range(0, blocks.size())
                .mapToObj(i -> new Source("Block" + i, HEAD.formatted(i) + blocks.get(i) + "}}"))
                .toList();
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> options = List.of("-proc:none", "-d", directory.toString(), "-classpath", classPath);
        StringWriter messages = new StringWriter();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        boolean compiled =
                compiler.getTask(messages, null, null, options, null, sources).call();
        assertThat(compiled).as(messages.toString()).isTrue();
    }

    @Test
    void theLoopOfTheReadmeIsTheOneThatRuns() throws IOException {
        Path example = ROOT.resolve("rlcm-examples/src/main/java/dev/rlcm/examples/HandComposedLoop.java");
        Matcher loop = TAGGED.matcher(Files.readString(example));
        assertThat(loop.find()).isTrue();
        assertThat(Files.readString(ROOT.resolve("README.md")))
                .contains("```java\n" + loop.group(1).stripIndent() + "```");
    }

    @Test
    void everyLinkToAFileOfThisRepositoryLeadsSomewhere() throws IOException {
        List<Path> pages = new ArrayList<>();
        try (Stream<Path> top = Files.list(ROOT);
                Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            Stream.concat(top, docs)
                    .filter(file -> file.toString().endsWith(".md"))
                    .forEach(pages::add);
        }
        assertThat(pages).contains(ROOT.resolve("README.md"));
        List<String> broken = new ArrayList<>();
        for (Path page : pages) {
            for (MatchResult link :
                    LINK.matcher(Files.readString(page)).results().toList()) {
                if (!Files.exists(page.resolveSibling(link.group(1)))) {
                    broken.add(ROOT.relativize(page) + ": " + link.group(1));
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    /** Java source in memory. */
    private static final class Source extends SimpleJavaFileObject {
        private final String code;

        Source(String name, String code) {
            super(URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE);
            this.code = code;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return code;
        }
    }
}
