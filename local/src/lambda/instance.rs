//! One function instance: a child process and its Runtime API.
//!
//! The process must not outlive the cloud. On a graceful stop it is killed. If the cloud is killed, its
//! Runtime API closes, at which every Lambda runtime ends; and its standard input, a pipe that only the cloud
//! holds, reaches its end, which [`exit_when_the_cloud_ends`] turns into an exit even in mid-invocation.

use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::oneshot;

use super::InvokeError;
use super::log::FunctionLog;
use super::runtime_api::{Invocation, RuntimeApi};
use crate::chaos::InHand;
use crate::options::FunctionCommand;

/// How long a process may take until it asks for its first event. AWS allows 10 s; a machine that also
/// compiles is slower.
const INIT_LIMIT: Duration = Duration::from_secs(60);

/// What every instance of a function is started with.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) function: String,
    pub(super) command: FunctionCommand,
    pub(super) env: Vec<(String, String)>,
    pub(super) log: FunctionLog,
    pub(super) tmp: PathBuf,
}

/// A running instance.
#[derive(Debug)]
pub(super) struct Instance {
    child: Child,
    api: RuntimeApi,
    tmp: PathBuf,
    _stdin: Option<ChildStdin>,
}

/// What an invocation is made of.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) function_arn: String,
    pub(super) timeout: Duration,
}

impl Instance {
    /// Starts a process and waits until it asks for an event (the cold start).
    pub(super) async fn start(launch: &Launch) -> Result<Self, InvokeError> {
        let init = |message: String| InvokeError::Init { message };
        let api = RuntimeApi::start()
            .await
            .map_err(|error| init(format!("its Runtime API cannot listen: {error}")))?;
        let tmp = launch
            .tmp
            .join(format!("{}-{}", launch.function, api.address.port()));
        tokio::fs::create_dir_all(&tmp).await.map_err(|error| {
            init(format!(
                "its /tmp cannot be made at {}: {error}",
                tmp.display()
            ))
        })?;
        let log = |error: std::io::Error| init(format!("its log cannot be opened: {error}"));
        let mut command = Command::new(&launch.command.program);
        command
            .args(&launch.command.args)
            .arg(&launch.function)
            .env_clear()
            .envs(kept_environment())
            .envs(launch.env.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("TMPDIR", &tmp)
            .current_dir(&tmp)
            .stdin(Stdio::piped())
            .stdout(launch.log.open().map_err(log)?)
            .stderr(launch.log.open().map_err(log)?)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| {
            init(format!(
                "{} cannot be started: {error}",
                launch.command.program.display()
            ))
        })?;
        let mut instance = Self {
            _stdin: child.stdin.take(),
            child,
            api,
            tmp,
        };
        instance.wait_until_ready().await.inspect_err(|_| {
            tracing::warn!(function = launch.function, "a function did not start");
        })?;
        Ok(instance)
    }

    async fn wait_until_ready(&mut self) -> Result<(), InvokeError> {
        let mut ready = self.api.ready.clone();
        let message = tokio::select! {
            asked = ready.wait_for(|ready| *ready) => {
                if asked.is_ok() {
                    return Ok(());
                }
                "its Runtime API ended".to_owned()
            }
            status = self.child.wait() => match self.api.init_error() {
                Some(reported) => reported,
                None => format!("its process ended before it asked for an event ({})", ended(status)),
            },
            () = tokio::time::sleep(INIT_LIMIT) => {
                format!("it did not ask for an event within {} s", INIT_LIMIT.as_secs())
            }
        };
        self.end().await;
        Err(InvokeError::Init { message })
    }

    /// Whether the process still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The process id, while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Hands over one event and waits for the answer. `None` if the process had ended before it fetched the
    /// event, so that another instance may take it. After a timeout or an exit the instance is of no more use.
    /// With an [`InHand`], the process may be killed meanwhile.
    pub(super) async fn invoke(
        &mut self,
        call: &Call,
        in_hand: Option<&mut InHand>,
    ) -> Option<Result<Bytes, InvokeError>> {
        let (answer, mut answered) = oneshot::channel();
        let (fetched, mut was_fetched) = oneshot::channel();
        let deadline_ms = crate::ledger::real_ms()
            + i64::try_from(call.timeout.as_millis()).unwrap_or(i64::MAX / 2);
        let invocation = Invocation {
            request_id: call.request_id.clone(),
            payload: call.payload.clone(),
            deadline_ms,
            function_arn: call.function_arn.clone(),
            trace_id: trace_id(&call.request_id),
            answer,
            fetched,
        };
        if self.api.invocations.try_send(invocation).is_err() {
            return None;
        }
        tokio::select! {
            biased;
            outcome = &mut answered => Some(outcome.unwrap_or_else(|_| Err(InvokeError::Exit {
                status: "its connection was lost".into(),
            }))),
            status = end_of(&mut self.child, in_hand) => {
                was_fetched.try_recv().ok()?;
                // An answer may have arrived just before the end.
                Some(answered.try_recv().unwrap_or_else(|_| Err(InvokeError::Exit { status: ended(status) })))
            }
            () = tokio::time::sleep(call.timeout) => {
                self.end().await;
                Some(Err(InvokeError::Timeout { seconds: call.timeout.as_secs() }))
            }
        }
    }

    /// Kills the process and clears its `/tmp`.
    pub(super) async fn end(&mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(%error, "the function's process had already ended");
        }
        if let Err(error) = tokio::fs::remove_dir_all(&self.tmp).await {
            tracing::debug!(%error, path = %self.tmp.display(), "a function's /tmp was not cleared");
        }
    }
}

/// Waits for the end of a process, and brings it about if that is its fate.
async fn end_of(
    child: &mut Child,
    in_hand: Option<&mut InHand>,
) -> std::io::Result<std::process::ExitStatus> {
    let Some(in_hand) = in_hand else {
        return child.wait().await;
    };
    in_hand.given();
    let death = tokio::select! {
        biased;
        status = child.wait() => return status,
        death = in_hand.end() => death,
    };
    child.start_kill()?;
    let status = child.wait().await;
    death.has_come();
    status
}

/// What a function inherits of the cloud's own environment: where programs are, and how to log.
fn kept_environment() -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    [
        "PATH",
        "LANG",
        "LD_LIBRARY_PATH",
        "RUST_LOG",
        "RUST_BACKTRACE",
        "LLVM_PROFILE_FILE",
    ]
    .into_iter()
    .filter_map(|name| Some((name, std::env::var_os(name)?)))
}

fn ended(status: std::io::Result<std::process::ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

/// An X-Ray trace header made from the request id
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html>).
pub(super) fn trace_id(request_id: &str) -> String {
    let hex: String = request_id.chars().filter(char::is_ascii_hexdigit).collect();
    let hex = format!("{hex:0<32}").to_lowercase();
    format!(
        "Root=1-{}-{};Parent={};Sampled=0",
        &hex[..8],
        &hex[8..32],
        &hex[16..32]
    )
}

/// Ends this process when the cloud that started it is gone. For the program that runs functions: call it
/// once, first. It reads standard input, which the cloud keeps open as long as it lives.
///
/// # Errors
/// If the watching thread cannot be started.
pub fn exit_when_the_cloud_ends() -> std::io::Result<()> {
    let watch = || {
        let mut rest = Vec::new();
        // Whatever ends the reading, the cloud is no longer there.
        let _ = std::io::stdin().read_to_end(&mut rest);
        std::process::exit(0);
    };
    std::thread::Builder::new()
        .name("cloud-watch".into())
        .spawn(watch)
        .map(drop)
}

#[cfg(test)]
mod tests {
    #[test]
    fn trace_ids_have_the_documented_form() {
        let id = super::trace_id("0198c5f2-77aa-7bbb-8ccc-0123456789ab");
        assert_eq!(
            id,
            "Root=1-0198c5f2-77aa7bbb8ccc0123456789ab;Parent=8ccc0123456789ab;Sampled=0"
        );
    }
}
