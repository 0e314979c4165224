package dev.rlcm.rewards;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardException.Kind;
import dev.rlcm.rewards.JsonPost.Reply;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/**
 * A server that runs models for rewards: where it is, its key, and how it may be asked. Failures that a later attempt may mend
 * are tried again: no connection or one that breaks, a timeout, and the statuses 408, 429 and 5xx. {@code Retry-After} is
 * honoured, redirects are refused, answers are bounded to a megabyte, and keys are never printed.
 *
 * <p>A server that is away, which is one that no connection can be made to or that says 502 or 503, pauses whoever asks it once
 * the attempts are used up: one line is logged when that begins and one when it ends.
 *
 * <p>Rewards that use one server should share one object of this class, since limits and pauses hold for each object.
 * Thread-safe; owns nothing.
 */
public final class ModelServer {
    private final URI address;
    private final ApiKey key;
    private final RequestLimits limits;
    private final Pacing pacing;
    private final Outage outage;
    private final Semaphore permits;

    private ModelServer(URI address, ApiKey key, RequestLimits limits, Pacing pacing) {
        this.address = address;
        this.key = key;
        this.limits = limits;
        this.pacing = pacing;
        this.outage = new Outage(address, limits.longestOutage(), pacing);
        this.permits = new Semaphore(limits.concurrency(), true);
    }

    /**
     * A server without a key, asked within the default limits.
     *
     * @param address http or https, such as {@code http://localhost:8000/v1}
     * @throws IllegalArgumentException if it is no such address, or has a user, a query or a fragment, where secrets would get
     *     into messages
     */
    public static ModelServer at(URI address) {
        if (address.getHost() == null || !("http".equals(address.getScheme()) || "https".equals(address.getScheme()))) {
            throw new IllegalArgumentException("server must be an http or https address such as"
                    + " http://localhost:8000/v1, got " + withoutSecrets(address));
        }
        if (address.getRawUserInfo() != null || address.getRawQuery() != null || address.getRawFragment() != null) {
            throw new IllegalArgumentException("server must be an address without user, query and fragment, got one at "
                    + address.getHost() + "; give keys by withApiKey");
        }
        return new ModelServer(address, ApiKey.NONE, RequestLimits.defaults(), Pacing.REAL);
    }

    private static String withoutSecrets(URI address) {
        return address.toString().replaceAll("[?#].*", "").replaceAll("//[^/@]*@", "//");
    }

    /**
     * The same server with a key, which is sent as a bearer token; empty for none.
     *
     * @throws IllegalArgumentException if it is more than one word of ASCII characters
     */
    public ModelServer withApiKey(String value) {
        return new ModelServer(address, ApiKey.of(value), limits, pacing);
    }

    public ModelServer withLimits(RequestLimits value) {
        return new ModelServer(address, key, value, pacing);
    }

    /** For tests. */
    ModelServer withPacing(Pacing value) {
        return new ModelServer(address, key, limits, value);
    }

    public URI address() {
        return address;
    }

    public RequestLimits limits() {
        return limits;
    }

    /** Whether requests wait for this server, because it was away when it was last asked. Any thread may ask. */
    public boolean isAway() {
        return outage.isWaitedFor();
    }

    /** The time that a call with all its pictures has, from now on. */
    Deadline deadline() {
        return new Deadline(limits.deadline(), pacing, outage);
    }

    /**
     * Posts until there is an answer.
     *
     * @param path below the address; empty for the address itself
     * @param asker the reward's name, for messages
     * @return a success's body, without the key
     * @throws RewardException if the attempts or the deadline are used up, or another attempt would fail too
     */
    String post(String path, JsonNode body, String asker, Deadline deadline) throws InterruptedException {
        JsonPost post = new JsonPost(endpoint(path), key);
        int counted = 0;
        for (int failures = 1; ; failures++) {
            Reply reply = send(post, body, asker, deadline);
            if (!reply.isAway()) {
                outage.answered();
            } else if (reply.status() > 0) {
                outage.reached();
            }
            if (reply.failure().isEmpty()) {
                return reply.text();
            }
            RewardException failure = failure(post.endpoint(), reply, asker);
            if (!failure.kind().isTransient()) {
                throw failure;
            }
            Optional<Duration> retryAfter = reply.retryAfter().flatMap(text -> RetryAfter.parse(text, pacing.now()));
            counted += retryAfter.isPresent() ? 0 : 1;
            if (reply.isAway() && (counted >= limits.attempts() || outage.isOpen())) {
                if (!outage.found(reply.toString(), limits.longestPause())) {
                    throw failure;
                }
                pacing.sleep(limits.longestPause());
                continue;
            }
            if (counted >= limits.attempts()) {
                throw failure;
            }
            Duration pause = longer(limits.pause(failures, pacing.jitter()), retryAfter.orElse(Duration.ZERO));
            if (pause.compareTo(deadline.left()) >= 0) {
                throw failure;
            }
            pacing.sleep(pause);
        }
    }

    private Reply send(JsonPost post, JsonNode body, String asker, Deadline deadline) throws InterruptedException {
        permits.acquire();
        try {
            Duration left = deadline.left();
            if (left.isNegative() || left.isZero()) {
                throw RewardException.of(
                        Kind.TIMED_OUT,
                        asker,
                        post.endpoint() + ": the deadline of " + deadline + " for all pictures of a call is over; allow"
                                + " more by RequestLimits.withDeadline");
            }
            return post.send(body, left.compareTo(limits.timeout()) < 0 ? left : limits.timeout());
        } finally {
            permits.release();
        }
    }

    private URI endpoint(String path) {
        String base = address.toString();
        return path.isEmpty() ? address : URI.create(base + (base.endsWith("/") ? "" : "/") + path);
    }

    private static RewardException failure(URI endpoint, Reply reply, String asker) {
        String remedy =
                switch (reply.status()) {
                    case 401, 403 -> "; give the server's key by withApiKey";
                    case 404 -> "; correct the address, which ends with /v1 for most chat servers, or the model's name";
                    default -> "";
                };
        return RewardException.of(reply.failure().orElseThrow(), asker, endpoint + ": " + reply + remedy);
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) >= 0 ? one : other;
    }

    /** Without the key. */
    @Override
    public String toString() {
        return address.toString();
    }
}
