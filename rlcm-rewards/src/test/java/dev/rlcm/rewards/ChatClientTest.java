package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against servers that see, and send, the bytes themselves. */
@Timeout(60)
final class ChatClientTest {
    private static final byte[] JPEG = {1, 2, 3};
    private static final Duration LONG = Duration.ofMinutes(1);

    private final ExecutorService thread = Executors.newCachedThreadPool();
    private final List<Integer> pauses = new ArrayList<>();
    private ServerSocket server;

    @FunctionalInterface
    private interface Exchange<T> {
        /** @param head the request's line and headers, in lower case; its body was read */
        T with(Socket socket, String head) throws IOException;
    }

    @BeforeEach
    void listen() throws IOException {
        server = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        thread.shutdownNow();
    }

    /** Serves the next connection. */
    private <T> Future<T> serve(Exchange<T> exchange) {
        return thread.submit(() -> {
            try (Socket socket = server.accept()) {
                return exchange.with(socket, request(socket.getInputStream()));
            }
        });
    }

    private static String request(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("the request ends in its head: " + head);
            }
            head.append((char) next);
        }
        String text = head.toString().toLowerCase(Locale.ROOT);
        int length = Integer.parseInt(text.replaceAll("(?s).*\r\ncontent-length: (\\d+)\r\n.*", "$1"));
        assertThat(in.readNBytes(length)).hasSize(length);
        return text;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().flush();
    }

    private static void reply(Socket socket, String status, String body) throws IOException {
        send(socket, "HTTP/1.1 " + status + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
    }

    private static String answer(String text) {
        return "{\"choices\":[{\"message\":{\"content\":\"" + text + "\"},\"logprobs\":[1]}]}";
    }

    private ChatClient client(int attempts, Duration timeout) {
        URI address = URI.create("http://localhost:" + server.getLocalPort() + "/v1/");
        return new ChatClient(address, "llava", "key", attempts, timeout, pauses::add);
    }

    private static String ask(ChatClient client) throws InterruptedException {
        return client.answer(client.request("What is this?", JPEG, 8));
    }

    /** Whether the client has ended the connection; waits until it does. */
    private static boolean isLeft(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketException e) {
            return true; // "Connection reset"
        }
    }

    @Test
    void plainHttpIsVersion11WithoutAnOfferToUpgrade() throws Exception {
        Future<String> head = serve((socket, request) -> {
            reply(socket, "200 OK", answer(" a cat\\n"));
            return request;
        });
        assertThat(ask(client(1, LONG))).isEqualTo("a cat");
        assertThat(head.get())
                .startsWith("post /v1/chat/completions http/1.1\r\n")
                .contains("\r\nauthorization: bearer key\r\n")
                .doesNotContain("upgrade", "http2-settings");
    }

    @Test
    void theDeadlineCoversTheHeaders() throws Exception {
        Future<Boolean> left = serve((socket, request) -> isLeft(socket));
        assertThatThrownBy(() -> ask(client(1, Duration.ofMillis(200))))
                .hasMessageContaining("/v1/chat/completions: no complete answer within 0.2 s");
        assertThat(left.get()).isTrue();
    }

    @Test
    void theDeadlineCoversTheBody() throws Exception {
        Future<Boolean> left = serve((socket, request) -> {
            send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"choices\":");
            return isLeft(socket);
        });
        assertThatThrownBy(() -> ask(client(1, Duration.ofMillis(200))))
                .hasMessageContaining("no complete answer within 0.2 s");
        assertThat(left.get()).isTrue();
    }

    @Test
    void interruptingDropsTheConnection() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        Future<Boolean> left = serve((socket, request) -> {
            asked.countDown();
            return isLeft(socket);
        });
        Future<String> answer = thread.submit(() -> ask(client(1, LONG)));
        asked.await();
        answer.cancel(true);
        assertThat(left.get()).isTrue();
    }

    @Test
    void endlessAnswersAreCutAndRefused() {
        serve((socket, request) -> {
            send(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (true) {
                send(socket, "10\r\n<p>not JSON</p> \r\n");
            }
        });
        assertThatThrownBy(() -> ask(client(4, LONG)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("more than 1048576 bytes", "<p>not JSON</p>");
    }

    @Test
    void redirectsAreNotFollowed() {
        serve((socket, request) -> {
            send(socket, "HTTP/1.1 307 Elsewhere\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n");
            return true;
        });
        assertThatThrownBy(() -> ask(client(4, LONG))).hasMessageContaining("status 307");
        assertThat(pauses).isEmpty();
    }

    @Test
    void failuresThatALaterAttemptMayMendAreTriedAgain() throws Exception {
        thread.submit(() -> {
            serve((socket, request) -> {
                        reply(socket, "503 Loading", "loading the model");
                        return true;
                    })
                    .get();
            serve((socket, request) -> true).get(); // a lost connection
            return serve((socket, request) -> {
                        reply(socket, "200 OK", answer("a dog"));
                        return true;
                    })
                    .get();
        });
        assertThat(ask(client(3, LONG))).isEqualTo("a dog");
        assertThat(pauses).containsExactly(2, 3);
    }

    @Test
    void choicesComeWholeForWhatStandsBesideTheText() throws Exception {
        serve((socket, request) -> {
            reply(socket, "200 OK", answer("yes"));
            return true;
        });
        ChatClient client = client(1, LONG);
        assertThat(client.choice(client.request("?", JPEG, 1)).at("/logprobs/0").intValue())
                .isEqualTo(1);
    }
}
