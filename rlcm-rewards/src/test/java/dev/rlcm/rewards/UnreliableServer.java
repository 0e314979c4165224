package dev.rlcm.rewards;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/**
 * A server of {@link RemoteReward}'s protocol, to be run as a process of its own, that drops, delays, limits, truncates and lies.
 * What it does to a request depends on the first picture's number alone, and whether it relents on how often it was asked. Ends
 * with its standard input.
 */
final class UnreliableServer {
    /** The truth about a picture: its number, which is the mean of its pixels' red and green, by a thousandth. */
    static final double SCALE = 0.001;

    private static final ObjectMapper JSON = new ObjectMapper();

    /** What happens to a request; all pictures of it are scored unless the comment says otherwise. */
    enum Whim {
        HONEST,
        /** Hangs up without an answer, twice. */
        HANGS_UP,
        /** Wants fewer requests, twice, and says when to come back. */
        LIMITS,
        /** Says that it is overloaded, once. */
        OVERLOADED,
        /** Hangs up in the middle of the answer, once. */
        TRUNCATES,
        /** Sends a byte now and then, once. */
        TRICKLES,
        /** Answers in another order. */
        SHUFFLES,
        /** Has no number for the fourth picture but a word. That one is not scored. */
        WORD_FOR_NUMBER,
        /** Has a number for the fourth picture that no double holds. That one is not scored. */
        HUGE_NUMBER,
        /** Has no score for the fourth picture. That one is not scored. */
        ONE_FEWER,
        /** Says that it cannot score the fourth picture. That one is not scored. */
        EXCUSES_ITSELF,
        /** Has one score more than pictures. No picture is scored, as in all that follow. */
        ONE_MORE,
        /** Has two scores for the first picture. */
        ONE_TWICE,
        /** Answers the request before this one. */
        ANSWERS_ANOTHER,
        /** Writes NaN, which is no JSON. */
        NOT_A_NUMBER,
        /** Sends half a JSON as if it were whole. */
        HALF_JSON,
        /** Sends a web page. */
        HTML,
        /** Sends 200 MB. */
        FLOOD,
        /** Sends the client elsewhere. */
        REDIRECTS,
        /** Fails for ever. */
        BROKEN;

        static Whim of(int firstPicture, int batch) {
            return values()[firstPicture / batch % values().length];
        }
    }

    private final Map<Integer, Integer> attempts = new ConcurrentHashMap<>();
    private final int batch;

    private UnreliableServer(int batch) {
        this.batch = batch;
    }

    /** @param args the number of pictures in a request. Prints its port */
    public static void main(String[] args) throws IOException {
        UnreliableServer server = new UnreliableServer(Integer.parseInt(args[0]));
        ExecutorService threads = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        });
        ServerSocket socket = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        threads.execute(() -> {
            while (true) {
                try {
                    Socket client = socket.accept();
                    threads.execute(() -> server.serve(client));
                } catch (IOException e) {
                    return;
                }
            }
        });
        System.out.println(socket.getLocalPort());
        while (System.in.read() >= 0) {
            // until whoever started this ends
        }
    }

    private void serve(Socket client) {
        try (client) {
            JsonNode request = JSON.readTree(request(client.getInputStream()));
            answer(request, client.getOutputStream());
        } catch (IOException | InterruptedException e) {
            // The client has had enough.
        }
    }

    private static byte[] request(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("no request");
            }
            head.append((char) next);
        }
        String length = head.toString().replaceAll("(?is).*\r\ncontent-length: (\\d+)\r\n.*", "$1");
        return in.readNBytes(Integer.parseInt(length));
    }

    private void answer(JsonNode request, OutputStream out) throws IOException, InterruptedException {
        List<ObjectNode> scores = new ArrayList<>();
        int first = number(request.path("pictures").get(0));
        for (JsonNode picture : request.path("pictures")) {
            scores.add(JSON.createObjectNode()
                    .put("id", picture.path("id").textValue())
                    .put("score", number(picture) * SCALE));
        }
        int attempt = attempts.merge(first, 1, Integer::sum);
        int fourth = Math.min(3, scores.size() - 1);
        switch (Whim.of(first, batch)) {
            case HONEST -> send(out, 200, json(scores));
            case HANGS_UP -> {
                if (attempt > 2) {
                    send(out, 200, json(scores));
                }
            }
            case LIMITS -> send(out, attempt > 2 ? 200 : 429, attempt > 2 ? json(scores) : "slowly");
            case OVERLOADED -> send(out, attempt > 1 ? 200 : 503, attempt > 1 ? json(scores) : "busy");
            case TRUNCATES -> {
                byte[] whole = response(200, json(scores)).getBytes(StandardCharsets.UTF_8);
                out.write(whole, 0, attempt > 1 ? whole.length : whole.length - 20);
            }
            case TRICKLES -> trickle(out, response(200, json(scores)), attempt > 1);
            case SHUFFLES -> {
                Collections.reverse(scores);
                send(out, 200, json(scores));
            }
            case WORD_FOR_NUMBER -> {
                scores.get(fourth).put("score", "0.5");
                send(out, 200, json(scores));
            }
            case HUGE_NUMBER -> {
                scores.get(fourth).put("score", 12345);
                send(out, 200, json(scores).replace(":12345", ":1e999"));
            }
            case ONE_FEWER -> {
                scores.remove(fourth);
                send(out, 200, json(scores));
            }
            case EXCUSES_ITSELF -> {
                scores.get(fourth).remove("score");
                scores.get(fourth).put("error", "no face found");
                send(out, 200, json(scores));
            }
            case ONE_MORE -> {
                scores.add(
                        JSON.createObjectNode().put("id", "99-0123456789abcdef").put("score", 1));
                send(out, 200, json(scores));
            }
            case ONE_TWICE -> {
                scores.add(scores.get(0));
                send(out, 200, json(scores));
            }
            case ANSWERS_ANOTHER -> {
                scores.forEach(score -> score.put("id", score.get("id").textValue() + "0"));
                send(out, 200, json(scores));
            }
            case NOT_A_NUMBER -> {
                scores.get(fourth).put("score", 12345);
                send(out, 200, json(scores).replace(":12345", ":NaN"));
            }
            case HALF_JSON -> send(
                    out, 200, json(scores).substring(0, json(scores).length() / 2));
            case HTML -> send(out, 200, "<html><body>It works!</body></html>");
            case FLOOD -> flood(out);
            case REDIRECTS -> out.write(
                    "HTTP/1.1 307 There\r\nConnection: close\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n"
                            .getBytes(StandardCharsets.UTF_8));
            case BROKEN -> send(out, 500, "out of memory");
        }
        out.flush();
    }

    private static int number(JsonNode picture) throws IOException {
        byte[] png = Base64.getDecoder().decode(picture.path("png").textValue());
        return number(ImageIO.read(new ByteArrayInputStream(png)));
    }

    static int number(BufferedImage image) {
        int[] pixels = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        return (int)
                IntStream.of(pixels).map(rgb -> rgb >> 8 & 0xffff).average().orElseThrow();
    }

    private static String json(List<ObjectNode> scores) {
        ArrayNode array = JSON.createArrayNode().addAll(scores);
        return JSON.createObjectNode()
                .put("version", ScoreExchange.VERSION)
                .<ObjectNode>set("scores", array)
                .toString();
    }

    private static String response(int status, String body) {
        String retry = status == 429 ? "Retry-After: 0\r\n" : "";
        return "HTTP/1.1 " + status + " X\r\n" + retry + "Connection: close\r\nContent-Length: " + body.length()
                + "\r\n\r\n" + body;
    }

    private static void send(OutputStream out, int status, String body) throws IOException {
        out.write(response(status, body).getBytes(StandardCharsets.UTF_8));
    }

    private static void trickle(OutputStream out, String response, boolean whole)
            throws IOException, InterruptedException {
        byte[] bytes = response.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < bytes.length && !whole; i++) {
            out.write(bytes[i]);
            out.flush();
            Thread.sleep(100);
        }
        out.write(bytes);
    }

    private static void flood(OutputStream out) throws IOException {
        out.write("HTTP/1.1 200 X\r\nContent-Length: 200000000\r\n\r\n".getBytes(StandardCharsets.UTF_8));
        byte[] megabyte = new byte[1_000_000];
        Arrays.fill(megabyte, (byte) ' ');
        for (int i = 0; i < 200; i++) {
            out.write(megabyte);
        }
    }
}
