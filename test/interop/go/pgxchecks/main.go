// pgx through the wire door. Its connections' facts come from PGHOST, PGPORT, PGUSER, PGPASSWORD … .
package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"postern.dev/interop/report"
)

func connect(ctx context.Context, options string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, "sslmode=verify-full "+options)
}

// on makes a check of a function that needs a connection.
func on(check func(context.Context, *pgx.Conn) error) func(context.Context) (report.Facts, error) {
	return func(ctx context.Context) (report.Facts, error) {
		conn, err := connect(ctx, "")
		if err != nil {
			return nil, err
		}
		defer conn.Close(ctx)
		return nil, check(ctx, conn)
	}
}

// expect runs a query that gives one value and compares that.
func expect[T comparable](ctx context.Context, conn *pgx.Conn, wanted T, query string, args ...any) error {
	var got T
	if err := conn.QueryRow(ctx, query, args...).Scan(&got); err != nil {
		return err
	}
	if got != wanted {
		return fmt.Errorf("%s: %v, not %v", query, got, wanted)
	}
	return nil
}

func connects(ctx context.Context, conn *pgx.Conn) error {
	return expect(ctx, conn, conn.PgConn().PID(), "select pg_backend_pid()")
}

func distrusts(ctx context.Context) (report.Facts, error) {
	_, err := connect(ctx, "sslrootcert="+os.Getenv("OTHER_CA"))
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		return nil, fmt.Errorf("not refused for its CA: %w", err)
	}
	return nil, nil
}

func queries(ctx context.Context, conn *pgx.Conn) error {
	if err := expect(ctx, conn, 42, "select $1::int + 1", 41); err != nil {
		return err
	}
	return expect(ctx, conn, "žluťoučký", "select $1::text", "žluťoučký")
}

func prepares(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Prepare(ctx, "square", "select $1::int * $1::int"); err != nil {
		return err
	}
	for n := range 10 {
		if err := expect(ctx, conn, n*n, "square", n); err != nil {
			return err
		}
	}
	return nil
}

func rollsBack(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "create temp table t (n int)"); err != nil {
		return err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "insert into t values (1)"); err != nil {
		return err
	}
	if err := tx.Rollback(ctx); err != nil {
		return err
	}
	return expect(ctx, conn, 0, "select count(*) from t")
}

func readsMuch(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, "select n, repeat('x', 200) from generate_series(1, 50000) n")
	if err != nil {
		return err
	}
	var n, sum int
	var filler string
	_, err = pgx.ForEachRow(rows, []any{&n, &filler}, func() error { sum += n; return nil })
	if err == nil && sum != 50000*50001/2 {
		err = fmt.Errorf("the sum is %d", sum)
	}
	return err
}

func copies(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "create temp table t (n int, word text)"); err != nil {
		return err
	}
	var lines bytes.Buffer
	rows := make([][]any, 20000)
	for n := range rows {
		rows[n] = []any{n, fmt.Sprintf("word\t%d", n)}
		fmt.Fprintf(&lines, "%d\tword\\t%d\n", n, n)
	}
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"n", "word"}, pgx.CopyFromRows(rows)); err != nil {
		return err
	}
	var out bytes.Buffer
	if _, err := conn.PgConn().CopyTo(ctx, &out, "copy (select * from t order by n) to stdout"); err != nil {
		return err
	}
	if !bytes.Equal(out.Bytes(), lines.Bytes()) {
		return errors.New("what came out is not what went in")
	}
	return nil
}

func cancels(ctx context.Context, conn *pgx.Conn) error {
	watcher, err := connect(ctx, "")
	if err != nil {
		return err
	}
	defer watcher.Close(ctx)
	slept := make(chan error, 1)
	go func() {
		_, err := conn.Exec(ctx, "select pg_sleep(120)")
		slept <- err
	}()
	const sleeping = "select count(*) from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'"
	for expect(ctx, watcher, 1, sleeping, conn.PgConn().PID()) != nil && ctx.Err() == nil {
	}
	if err := conn.PgConn().CancelRequest(ctx); err != nil {
		return err
	}
	if err := hasCode(<-slept, "57014"); err != nil {
		return err
	}
	return expect(ctx, conn, 1, "select 1")
}

func errs(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "select 1 / 0")
	if err := hasCode(err, "22012"); err != nil {
		return err
	}
	return expect(ctx, conn, 1, "select 1")
}

func hasCode(err error, code string) error {
	var answer *pgconn.PgError
	if !errors.As(err, &answer) || answer.Code != code {
		return fmt.Errorf("expected SQLSTATE %s: %w", code, err)
	}
	return nil
}

func pipelines(ctx context.Context, conn *pgx.Conn) error {
	batch := &pgx.Batch{}
	for n := range 100 {
		batch.Queue("select $1::int", n)
	}
	results := conn.SendBatch(ctx, batch)
	for n := range 100 {
		var got int
		if err := results.QueryRow().Scan(&got); err != nil || got != n {
			return fmt.Errorf("answer %d is %d: %w", n, got, err)
		}
	}
	return results.Close()
}

func isNotified(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "listen interop_pgx"); err != nil {
		return err
	}
	sender, err := connect(ctx, "")
	if err != nil {
		return err
	}
	defer sender.Close(ctx)
	if _, err := sender.Exec(ctx, "select pg_notify('interop_pgx', 'hello')"); err != nil {
		return err
	}
	notification, err := conn.WaitForNotification(ctx)
	if err != nil {
		return err
	}
	if notification.Payload != "hello" || notification.PID != sender.PgConn().PID() {
		return fmt.Errorf("%+v", notification)
	}
	return nil
}

func negotiatesDirectly(ctx context.Context) (report.Facts, error) {
	conn, err := connect(ctx, "sslnegotiation=direct")
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	return nil, expect(ctx, conn, 1, "select 1")
}

func isRefused(token string) func(context.Context) (report.Facts, error) {
	return func(ctx context.Context) (report.Facts, error) {
		_, err := connect(ctx, "password="+token)
		var answer *pgconn.PgError
		if !errors.As(err, &answer) {
			return nil, fmt.Errorf("not refused by the server: %w", err)
		}
		return report.Facts{"sqlstate": answer.Code, "message": answer.Message}, nil
	}
}

func main() {
	report.Run([]report.Check{
		{Name: "connects over verified TLS", Run: on(connects)},
		{Name: "does not trust a server certificate of another CA", Run: distrusts},
		{Name: "runs a query with parameters", Run: on(queries)},
		{Name: "runs a prepared statement again and again", Run: on(prepares)},
		{Name: "rolls a transaction back", Run: on(rollsBack)},
		{Name: "reads a large result", Run: on(readsMuch)},
		{Name: "copies rows in and out", Run: on(copies)},
		{Name: "cancels a running query over TLS", Run: on(cancels)},
		{Name: "reports an error with its SQLSTATE and goes on", Run: on(errs)},
		{Name: "pipelines queries", Run: on(pipelines)},
		{Name: "receives a notification", Run: on(isNotified)},
		{Name: "negotiates TLS directly", Run: negotiatesDirectly},
		{Name: "is refused with a wrong token", Run: isRefused(os.Getenv("WRONG_TOKEN"))},
		{Name: "is refused with an expired token", Run: isRefused(os.Getenv("EXPIRED_TOKEN"))},
	})
}
