//! tokio-postgres with rustls through the wire door.

mod door;
mod report;

use door::{Door, connect, connect_and_listen};
use futures_util::{SinkExt, TryStreamExt, future::try_join_all, pin_mut};
use report::{Failure, Outcome, Report, ensure, passed};
use serde_json::json;
use std::{env, io::Cursor, process::ExitCode};
use tokio_postgres::{Client, config::SslNegotiation, error::SqlState};

async fn connects(door: &Door) -> Outcome {
    // rustls offers no way not to verify: the certificate's name and CA were checked.
    let row = connect(door)
        .await?
        .query_one("select current_user::text", &[])
        .await?;
    ensure(row.get::<_, String>(0) == env::var("PGUSER")?, "another user")?;
    passed()
}

async fn distrusts(door: &Door) -> Outcome {
    let failure = connect(&door.trusting(&env::var("OTHER_CA")?)?)
        .await
        .err()
        .ok_or("connected")?;
    ensure(
        format!("{failure:?}").contains("InvalidCertificate"),
        format!("{failure:?}"),
    )?;
    passed()
}

async fn queries(door: &Door) -> Outcome {
    let query = "select $1::int4 + 1, $2::text, null::text";
    let row = connect(door)
        .await?
        .query_one(query, &[&41i32, &"žluťoučký"])
        .await?;
    ensure(row.get::<_, i32>(0) == 42, "number")?;
    ensure(row.get::<_, String>(1) == "žluťoučký", "text")?;
    ensure(row.get::<_, Option<String>>(2).is_none(), "null")?;
    passed()
}

async fn prepares(door: &Door) -> Outcome {
    let client = connect(door).await?;
    let square = client.prepare("select $1::int4 * $1::int4").await?;
    for n in 0..10i32 {
        ensure(
            client.query_one(&square, &[&n]).await?.get::<_, i32>(0) == n * n,
            "square",
        )?;
    }
    passed()
}

async fn rolls_back(door: &Door) -> Outcome {
    let mut client = connect(door).await?;
    client.batch_execute("create temp table t (n int)").await?;
    let transaction = client.transaction().await?;
    transaction.batch_execute("insert into t values (1)").await?;
    transaction.rollback().await?;
    let row = client.query_one("select count(*) from t", &[]).await?;
    ensure(row.get::<_, i64>(0) == 0, "the row stayed")?;
    passed()
}

async fn reads_much(door: &Door) -> Outcome {
    let mut client = connect(door).await?;
    let transaction = client.transaction().await?;
    let portal = transaction
        .bind("select n, repeat('x', 200) from generate_series(1, 50000) n", &[])
        .await?;
    let mut sum = 0i64;
    loop {
        let rows = transaction.query_portal(&portal, 1000).await?;
        if rows.is_empty() {
            break;
        }
        sum += rows
            .iter()
            .map(|row| i64::from(row.get::<_, i32>(0)))
            .sum::<i64>();
    }
    ensure(sum == 50000 * 50001 / 2, format!("the sum is {sum}"))?;
    passed()
}

async fn copies(door: &Door) -> Outcome {
    let client = connect(door).await?;
    client
        .batch_execute("create temp table t (n int, word text)")
        .await?;
    let lines: Vec<u8> = (0..20000)
        .flat_map(|n| format!("{n}\tword\\t{n}\n").into_bytes())
        .collect();
    let sink = client.copy_in("copy t from stdin").await?;
    pin_mut!(sink);
    for chunk in lines.chunks(8000) {
        sink.send(Cursor::new(chunk.to_vec())).await?;
    }
    ensure(sink.finish().await? == 20000, "rows")?;
    let out = client
        .copy_out("copy (select * from t order by n) to stdout")
        .await?;
    let copied: Vec<_> = out.try_collect().await?;
    ensure(copied.concat() == lines, "what came out is not what went in")?;
    passed()
}

async fn cancels(door: &Door) -> Outcome {
    let (client, watcher) = (connect(door).await?, connect(door).await?);
    let pid: i32 = client.query_one("select pg_backend_pid()", &[]).await?.get(0);
    let cancel = async {
        let sleeping = "select count(*) from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'";
        while watcher.query_one(sleeping, &[&pid]).await?.get::<_, i64>(0) == 0 {}
        client.cancel_token().cancel_query(door.tls()).await?;
        Ok::<_, Failure>(())
    };
    let (slept, cancelled) = tokio::join!(client.batch_execute("select pg_sleep(120)"), cancel);
    cancelled?;
    ensure(
        slept.err().ok_or("not cancelled")?.code() == Some(&SqlState::QUERY_CANCELED),
        "SQLSTATE",
    )?;
    still_works(&client).await
}

async fn errs(door: &Door) -> Outcome {
    let client = connect(door).await?;
    let failure = client.query("select 1 / 0", &[]).await.err().ok_or("no error")?;
    ensure(
        failure.code().map(SqlState::code) == Some("22012"),
        format!("{failure:?}"),
    )?;
    still_works(&client).await
}

async fn still_works(client: &Client) -> Outcome {
    ensure(
        client.query_one("select 1", &[]).await?.get::<_, i32>(0) == 1,
        "select 1",
    )?;
    passed()
}

async fn pipelines(door: &Door) -> Outcome {
    let client = connect(door).await?;
    let query = client.prepare("select $1::int4").await?;
    // Futures that are polled together are sent together, without waiting for answers in between.
    let (client, query) = (&client, &query);
    let rows = try_join_all((0..100i32).map(|n| async move { client.query_one(query, &[&n]).await })).await?;
    ensure(rows.iter().map(|row| row.get::<_, i32>(0)).eq(0..100), "answers")?;
    passed()
}

async fn is_notified(door: &Door) -> Outcome {
    let (listener, mut notifications) = connect_and_listen(door).await?;
    listener.batch_execute("listen interop_tokio").await?;
    connect(door)
        .await?
        .batch_execute("select pg_notify('interop_tokio', 'hello')")
        .await?;
    let notification = notifications.recv().await.ok_or("the connection ended")?;
    ensure(
        (notification.channel(), notification.payload()) == ("interop_tokio", "hello"),
        "content",
    )?;
    passed()
}

async fn negotiates_directly(door: &Door) -> Outcome {
    let mut direct = door.clone();
    direct.config.ssl_negotiation(SslNegotiation::Direct);
    still_works(&connect(&direct).await?).await
}

async fn is_refused(door: &Door, token: &str) -> Outcome {
    let mut door = door.clone();
    door.config.password(token);
    let failure = connect(&door).await.err().ok_or("connected")?;
    let failure = failure.downcast::<tokio_postgres::Error>()?;
    let answer = failure.as_db_error().ok_or(format!("{failure:?}"))?;
    Ok(json!({ "sqlstate": answer.code().code(), "message": answer.message() }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let door = Door::from_environment()?;
    let mut report = Report::default();
    report.check("connects over verified TLS", connects(&door)).await;
    report
        .check(
            "does not trust a server certificate of another CA",
            distrusts(&door),
        )
        .await;
    report.check("runs a query with parameters", queries(&door)).await;
    report
        .check("runs a prepared statement again and again", prepares(&door))
        .await;
    report.check("rolls a transaction back", rolls_back(&door)).await;
    report.check("reads a large result", reads_much(&door)).await;
    report.check("copies rows in and out", copies(&door)).await;
    report
        .check("cancels a running query over TLS", cancels(&door))
        .await;
    report
        .check("reports an error with its SQLSTATE and goes on", errs(&door))
        .await;
    report.check("pipelines queries", pipelines(&door)).await;
    report.check("receives a notification", is_notified(&door)).await;
    report
        .check("negotiates TLS directly", negotiates_directly(&door))
        .await;
    report
        .check(
            "is refused with a wrong token",
            is_refused(&door, &env::var("WRONG_TOKEN")?),
        )
        .await;
    report
        .check(
            "is refused with an expired token",
            is_refused(&door, &env::var("EXPIRED_TOKEN")?),
        )
        .await;
    Ok(report.exit_code())
}
