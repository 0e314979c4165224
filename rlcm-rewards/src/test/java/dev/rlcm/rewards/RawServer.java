package dev.rlcm.rewards;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A server on the loopback that sees, and sends, the bytes themselves. */
final class RawServer implements AutoCloseable {
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final ServerSocket server;

    @FunctionalInterface
    interface Exchange<T> {
        /** @param request its line and headers, in lower case, and its body, as they are */
        T with(Socket socket, String request) throws IOException;
    }

    RawServer() throws IOException {
        this(0);
    }

    /** @param port 0 for any that is free */
    RawServer(int port) throws IOException {
        server = new ServerSocket(port, 0, InetAddress.getLoopbackAddress());
    }

    URI address(String path) {
        return URI.create("http://localhost:" + server.getLocalPort() + path);
    }

    /** Serves the next connection. */
    <T> Future<T> serve(Exchange<T> exchange) {
        return threads.submit(() -> {
            try (Socket socket = server.accept()) {
                return exchange.with(socket, request(socket.getInputStream()));
            }
        });
    }

    /** Serves the next connections, one after the other, with one reply each. */
    void serveEach(String... replies) {
        threads.submit(() -> {
            for (String reply : replies) {
                try (Socket socket = server.accept()) {
                    request(socket.getInputStream());
                    send(socket, reply);
                }
            }
            return null;
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
        return text + new String(in.readNBytes(length), StandardCharsets.UTF_8);
    }

    static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().flush();
    }

    /** @param status and further headers, each after a line break */
    static String reply(String status, String body) {
        return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body;
    }

    /** Whether the client has ended the connection; waits until it does. */
    static boolean isLeft(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketException e) {
            return true; // "Connection reset"
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        threads.shutdownNow();
    }
}
