//! Runs one check after the other and prints a line of JSON for each.

use serde_json::{Value, json};
use std::{error::Error, future::Future, process::ExitCode, time::Duration};

/// No check takes longer than this: what hangs is a failure with a name.
const PATIENCE: Duration = Duration::from_secs(40);

pub type Failure = Box<dyn Error + Send + Sync>;
/// What a check found out and the reader wants to know, as a JSON object.
pub type Outcome = Result<Value, Failure>;

#[derive(Default)]
pub struct Report {
    failed: bool,
}

impl Report {
    pub async fn check(&mut self, name: &str, checking: impl Future<Output = Outcome>) {
        let outcome = match tokio::time::timeout(PATIENCE, checking).await {
            Ok(outcome) => outcome,
            Err(late) => Err(late.into()),
        };
        let mut line = outcome.unwrap_or_else(|failure| json!({ "error": format!("{failure:?}") }));
        let ok = line.get("error").is_none();
        line["ok"] = json!(ok);
        line["check"] = json!(name);
        self.failed |= !ok;
        println!("{line}");
    }

    pub fn exit_code(&self) -> ExitCode {
        if self.failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

/// A check that has nothing to add.
pub fn passed() -> Outcome {
    Ok(json!({}))
}

/// Fails the check when `holds` is false.
pub fn ensure(holds: bool, what: impl Into<String>) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(what.into().into()) }
}
