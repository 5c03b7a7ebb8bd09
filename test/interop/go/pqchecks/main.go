// lib/pq, by way of database/sql, through the wire door. PGHOST, PGPORT, PGUSER, PGPASSWORD … say where that is.
package main

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"github.com/lib/pq"
	"postern.dev/interop/report"
)

func open(options string) *sql.DB {
	connector, err := pq.NewConnector(conninfo(options))
	if err != nil {
		panic(err)
	}
	return sql.OpenDB(connector)
}

func conninfo(options string) string {
	return "sslmode=verify-full " + options
}

// on makes a check of a function that needs a database.
func on(check func(context.Context, *sql.DB) error) func(context.Context) (report.Facts, error) {
	return func(ctx context.Context) (report.Facts, error) {
		db := open("")
		defer db.Close()
		return nil, check(ctx, db)
	}
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// expect runs a query that gives one value and compares that.
func expect[T comparable](ctx context.Context, on querier, wanted T, query string, args ...any) error {
	var got T
	if err := on.QueryRowContext(ctx, query, args...).Scan(&got); err != nil {
		return err
	}
	if got != wanted {
		return fmt.Errorf("%s: %v, not %v", query, got, wanted)
	}
	return nil
}

func connects(ctx context.Context, db *sql.DB) error {
	return expect(ctx, db, os.Getenv("PGUSER"), "select current_user")
}

func distrusts(ctx context.Context) (report.Facts, error) {
	err := open("sslrootcert=" + os.Getenv("OTHER_CA")).PingContext(ctx)
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		return nil, fmt.Errorf("not refused for its CA: %w", err)
	}
	return nil, nil
}

func queries(ctx context.Context, db *sql.DB) error {
	if err := expect(ctx, db, 42, "select $1::int + 1", 41); err != nil {
		return err
	}
	return expect(ctx, db, "žluťoučký", "select $1::text", "žluťoučký")
}

func prepares(ctx context.Context, db *sql.DB) error {
	square, err := db.PrepareContext(ctx, "select $1::int * $1::int")
	if err != nil {
		return err
	}
	defer square.Close()
	for n := range 10 {
		var got int
		if err := square.QueryRowContext(ctx, n).Scan(&got); err != nil || got != n*n {
			return fmt.Errorf("the square of %d is %d: %w", n, got, err)
		}
	}
	return nil
}

func rollsBack(ctx context.Context, db *sql.DB) error {
	db.SetMaxOpenConns(1) // the temporary table is there on one connection only
	if _, err := db.ExecContext(ctx, "create temp table t (n int)"); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "insert into t values (1)"); err != nil {
		return err
	}
	if err := tx.Rollback(); err != nil {
		return err
	}
	return expect(ctx, db, 0, "select count(*) from t")
}

func readsMuch(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "select n, repeat('x', 200) from generate_series(1, 50000) n")
	if err != nil {
		return err
	}
	defer rows.Close()
	sum := 0
	for rows.Next() {
		var n int
		var filler string
		if err := rows.Scan(&n, &filler); err != nil {
			return err
		}
		sum += n
	}
	if err := rows.Err(); err != nil || sum != 50000*50001/2 {
		return fmt.Errorf("the sum is %d: %w", sum, err)
	}
	return nil
}

// lib/pq has no COPY out.
func copiesIn(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "create temp table t (n int, word text) on commit drop"); err != nil {
		return err
	}
	in, err := tx.PrepareContext(ctx, pq.CopyIn("t", "n", "word"))
	if err != nil {
		return err
	}
	for n := range 20000 {
		if _, err := in.ExecContext(ctx, n, fmt.Sprintf("word\t%d", n)); err != nil {
			return err
		}
	}
	if _, err := in.ExecContext(ctx); err != nil {
		return err
	}
	if err := in.Close(); err != nil {
		return err
	}
	return expect(ctx, tx, 20000, "select count(*) from t where word = 'word' || chr(9) || n")
}

func cancels(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var pid int
	if err := conn.QueryRowContext(ctx, "select pg_backend_pid()").Scan(&pid); err != nil {
		return err
	}
	// lib/pq turns the end of a context into a CancelRequest.
	sleep, cancel := context.WithCancel(ctx)
	defer cancel()
	slept := make(chan error, 1)
	go func() {
		_, err := conn.ExecContext(sleep, "select pg_sleep(120)")
		slept <- err
	}()
	const sleeping = "select count(*) from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'"
	for expect(ctx, db, 1, sleeping, pid) != nil && ctx.Err() == nil {
	}
	cancel()
	if err := <-slept; err == nil {
		return errors.New("the query was not cancelled")
	}
	for expect(ctx, db, 0, sleeping, pid) != nil && ctx.Err() == nil {
	}
	return ctx.Err()
}

func errs(ctx context.Context, db *sql.DB) error {
	db.SetMaxOpenConns(1)
	_, err := db.ExecContext(ctx, "select 1 / 0")
	var answer *pq.Error
	if !errors.As(err, &answer) || answer.Code != "22012" {
		return fmt.Errorf("expected SQLSTATE 22012: %w", err)
	}
	return expect(ctx, db, 1, "select 1")
}

func isNotified(ctx context.Context, db *sql.DB) error {
	listener := pq.NewListener(conninfo(""), 0, 0, nil)
	defer listener.Close()
	if err := listener.Listen("interop_pq"); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "select pg_notify('interop_pq', 'hello')"); err != nil {
		return err
	}
	select {
	case notification := <-listener.Notify:
		if notification == nil || notification.Extra != "hello" {
			return fmt.Errorf("%+v", notification)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func isRefused(token string) func(context.Context) (report.Facts, error) {
	return func(ctx context.Context) (report.Facts, error) {
		err := open("password=" + token).PingContext(ctx)
		var answer *pq.Error
		if !errors.As(err, &answer) {
			return nil, fmt.Errorf("not refused by the server: %w", err)
		}
		return report.Facts{"sqlstate": string(answer.Code), "message": answer.Message}, nil
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
		{Name: "copies rows in", Run: on(copiesIn)},
		{Name: "cancels a running query", Run: on(cancels)},
		{Name: "reports an error with its SQLSTATE and goes on", Run: on(errs)},
		{Name: "receives a notification", Run: on(isNotified)},
		{Name: "is refused with a wrong token", Run: isRefused(os.Getenv("WRONG_TOKEN"))},
		{Name: "is refused with an expired token", Run: isRefused(os.Getenv("EXPIRED_TOKEN"))},
	})
}
