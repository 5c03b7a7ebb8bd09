import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.postgresql.PGConnection;

/** pgjdbc through the wire door: one line of JSON for each check. Run from source, by java 11 or newer. */
public final class PgjdbcChecks {
    /** No check waits longer than this for anything: what hangs is a failure with a name. */
    private static final int PATIENCE_SECONDS = 20;

    private static final String SLEEPING =
            "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and pid = ";

    /** What a check found out and the reader wants to know. */
    private interface Check {
        Map<String, String> run() throws Exception;
    }

    private interface WithConnection {
        void run(Connection connection) throws Exception;
    }

    private static boolean failed = false;

    public static void main(String[] arguments) {
        check("connects over verified TLS", on(PgjdbcChecks::connects));
        check("does not trust a server certificate of another CA", PgjdbcChecks::distrusts);
        check("runs a query with parameters", on(PgjdbcChecks::queries));
        check("runs a prepared statement again and again", on(PgjdbcChecks::prepares));
        check("rolls a transaction back", on(PgjdbcChecks::rollsBack));
        check("reads a large result", on(PgjdbcChecks::readsMuch));
        check("copies rows in and out", on(PgjdbcChecks::copies));
        check("cancels a running query", on(PgjdbcChecks::cancels));
        check("reports an error with its SQLSTATE and goes on", on(PgjdbcChecks::errs));
        check("pipelines queries", on(PgjdbcChecks::pipelines));
        check("receives a notification", on(PgjdbcChecks::isNotified));
        check("negotiates TLS directly", PgjdbcChecks::negotiatesDirectly);
        check("is refused with a wrong token", () -> refusal(System.getenv("WRONG_TOKEN")));
        check("is refused with an expired token", () -> refusal(System.getenv("EXPIRED_TOKEN")));
        System.exit(failed ? 1 : 0);
    }

    private static Properties settings() {
        Properties settings = new Properties();
        settings.setProperty("user", System.getenv("PGUSER"));
        settings.setProperty("password", System.getenv("PGPASSWORD"));
        settings.setProperty("sslmode", "verify-full");
        settings.setProperty("sslrootcert", System.getenv("PGSSLROOTCERT"));
        settings.setProperty("socketTimeout", Integer.toString(PATIENCE_SECONDS));
        return settings;
    }

    private static Connection connect(Properties settings) throws SQLException {
        Map<String, String> env = System.getenv();
        String at = env.get("PGHOST") + ":" + env.get("PGPORT") + "/" + env.get("PGDATABASE");
        return DriverManager.getConnection("jdbc:postgresql://" + at, settings);
    }

    private static Connection connectWith(String setting, String value) throws SQLException {
        Properties settings = settings();
        settings.setProperty(setting, value);
        return connect(settings);
    }

    private static Check on(WithConnection check) {
        return () -> {
            try (Connection connection = connect(settings())) {
                check.run(connection);
            }
            return Map.of();
        };
    }

    private static void connects(Connection connection) throws Exception {
        int pid = connection.unwrap(PGConnection.class).getBackendPID();
        ensure(pid == number(connection, "select pg_backend_pid()"), "BackendKeyData has another process id");
    }

    private static Map<String, String> distrusts() throws Exception {
        try (Connection connection = connectWith("sslrootcert", System.getenv("OTHER_CA"))) {
            throw new AssertionError("the connection was made");
        } catch (SQLException refused) {
            ensure(refused.getCause() instanceof javax.net.ssl.SSLException, String.valueOf(refused.getCause()));
            return Map.of();
        }
    }

    private static void queries(Connection connection) throws Exception {
        try (var query = connection.prepareStatement("select ?::int + 1, ?::text, null::text")) {
            query.setInt(1, 41);
            query.setString(2, "žluťoučký");
            ResultSet row = query.executeQuery();
            ensure(row.next() && row.getInt(1) == 42, "number");
            ensure(row.getString(2).equals("žluťoučký") && row.getString(3) == null, "text");
        }
    }

    private static void prepares(Connection connection) throws Exception {
        // After five uses (prepareThreshold) pgjdbc keeps the statement on the server.
        try (var square = connection.prepareStatement("select ?::int * ?::int")) {
            for (int n = 0; n < 10; n++) {
                square.setInt(1, n);
                square.setInt(2, n);
                ResultSet row = square.executeQuery();
                ensure(row.next() && row.getInt(1) == n * n, "the square of " + n);
            }
        }
        ensure(number(connection, "select count(*) from pg_prepared_statements") > 0, "nothing was prepared");
    }

    private static void rollsBack(Connection connection) throws Exception {
        execute(connection, "create temp table t (n int)");
        connection.setAutoCommit(false);
        execute(connection, "insert into t values (1)");
        connection.rollback();
        ensure(number(connection, "select count(*) from t") == 0, "the row stayed");
    }

    private static void readsMuch(Connection connection) throws Exception {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(1000); // a portal, suspended every 1000 rows
            ResultSet rows =
                    statement.executeQuery("select n, repeat('x', 200) from generate_series(1, 50000) n");
            long sum = 0;
            while (rows.next()) sum += rows.getInt(1);
            ensure(sum == 50000L * 50001 / 2, "the sum is " + sum);
        }
    }

    private static void copies(Connection connection) throws Exception {
        execute(connection, "create temp table t (n int, word text)");
        byte[] lines = IntStream.range(0, 20000)
                .mapToObj(n -> n + "\tword\\t" + n + "\n")
                .collect(Collectors.joining())
                .getBytes(StandardCharsets.UTF_8);
        var copy = connection.unwrap(PGConnection.class).getCopyAPI();
        ensure(copy.copyIn("copy t from stdin", new ByteArrayInputStream(lines)) == 20000, "rows");
        var out = new ByteArrayOutputStream();
        copy.copyOut("copy (select * from t order by n) to stdout", out);
        ensure(Arrays.equals(out.toByteArray(), lines), "what came out is not what went in");
    }

    private static void cancels(Connection connection) throws Exception {
        int pid = connection.unwrap(PGConnection.class).getBackendPID();
        try (Statement sleep = connection.createStatement();
                Connection watcher = connect(settings())) {
            var cancelled = CompletableFuture.runAsync(() -> {
                try {
                    while (number(watcher, SLEEPING + pid) == 0) Thread.onSpinWait();
                    sleep.cancel();
                } catch (SQLException failure) {
                    throw new IllegalStateException(failure);
                }
            });
            expectError(() -> sleep.execute("select pg_sleep(120)"), "57014");
            cancelled.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
        ensure(number(connection, "select 1") == 1, "select 1");
    }

    private static void errs(Connection connection) throws Exception {
        expectError(() -> number(connection, "select 1 / 0"), "22012");
        ensure(number(connection, "select 1") == 1, "select 1");
    }

    private static void pipelines(Connection connection) throws Exception {
        execute(connection, "create temp table t (n int)");
        try (var insert = connection.prepareStatement("insert into t values (?)")) {
            for (int n = 0; n < 1000; n++) {
                insert.setInt(1, n);
                insert.addBatch();
            }
            ensure(Arrays.stream(insert.executeBatch()).allMatch(count -> count == 1), "counts");
        }
        ensure(number(connection, "select sum(n) from t") == 999 * 1000 / 2, "sum");
    }

    private static void isNotified(Connection connection) throws Exception {
        execute(connection, "listen interop_jdbc");
        try (Connection sender = connect(settings())) {
            execute(sender, "select pg_notify('interop_jdbc', 'hello')");
        }
        var received = connection.unwrap(PGConnection.class).getNotifications(PATIENCE_SECONDS * 1000);
        ensure(received.length == 1 && received[0].getParameter().equals("hello"), "no notification");
    }

    private static Map<String, String> negotiatesDirectly() throws Exception {
        try (Connection connection = connectWith("sslNegotiation", "direct")) {
            ensure(number(connection, "select 1") == 1, "select 1");
        }
        return Map.of();
    }

    private static Map<String, String> refusal(String token) throws Exception {
        try (Connection connection = connectWith("password", token)) {
            throw new AssertionError("the connection was made");
        } catch (SQLException refused) {
            return Map.of("sqlstate", refused.getSQLState(), "message", refused.getMessage());
        }
    }

    private static int number(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getInt(1);
        }
    }

    private static void execute(Connection connection, String command) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(command);
        }
    }

    private interface Action {
        void run() throws SQLException;
    }

    private static void expectError(Action action, String sqlState) {
        try {
            action.run();
        } catch (SQLException error) {
            ensure(sqlState.equals(error.getSQLState()), "SQLSTATE " + error.getSQLState() + ": " + error);
            return;
        }
        throw new AssertionError("no error");
    }

    private static void ensure(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    private static void check(String name, Check check) {
        var line = new LinkedHashMap<String, String>();
        line.put("check", quoted(name));
        try {
            check.run().forEach((fact, value) -> line.put(fact, quoted(value)));
            line.put("ok", "true");
        } catch (Exception | AssertionError failure) {
            failed = true;
            line.put("ok", "false");
            line.put("error", quoted(failure.toString()));
        }
        System.out.println(line.entrySet().stream()
                .map(fact -> quoted(fact.getKey()) + ":" + fact.getValue())
                .collect(Collectors.joining(",", "{", "}")));
    }

    private static String quoted(String text) {
        var json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') json.append('\\').append(c);
            else if (c < ' ') json.append(String.format("\\u%04x", (int) c));
            else json.append(c);
        }
        return json.append('"').toString();
    }
}
