//! A local cloud in a process of its own, that a test may kill and start again, and ways to look at it from outside.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Nothing that these tests wait for takes longer, on a busy machine of two cores.
const PATIENCE: Duration = Duration::from_secs(150);

/// A local cloud and its folder. The process ends with it.
pub(crate) struct Cloud {
    dir: tempfile::TempDir,
    process: Child,
    /// Of `perennial local`, beyond those that every cloud here is started with.
    options: Vec<String>,
}

impl Cloud {
    /// Starts an empty cloud.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more options of `perennial local`.
    pub(crate) fn start_with(options: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let process = spawn(dir.path(), &options);
        let cloud = Self {
            dir,
            process,
            options,
        };
        cloud.wait_until_up();
        cloud
    }

    /// SIGKILL: nothing is saved, nothing is said.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again in the same folder.
    pub(crate) fn start_again(&mut self) {
        self.process = spawn(self.dir.path(), &self.options);
        self.wait_until_up();
    }

    /// The folder.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its address, `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        let endpoint = std::fs::read_to_string(self.dir().join("endpoint")).unwrap_or_default();
        endpoint.trim().trim_start_matches("http://").to_owned()
    }

    fn wait_until_up(&self) {
        wait("the local cloud answers", || {
            let address = self.address();
            (!address.is_empty() && control(&address, "GET", "health", None).is_ok()).then_some(())
        });
    }

    /// Copies a file into the drop folder.
    pub(crate) fn drop_file(&self, name: &str, body: impl AsRef<[u8]>) {
        let path = self.dir().join("drop").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, body).unwrap();
    }

    /// Pulls a lever of the control endpoint.
    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) {
        control(&self.address(), method, path, Some(body)).unwrap();
    }

    /// Looks at the control endpoint.
    pub(crate) fn look(&self, path: &str) -> Value {
        let answer = control(&self.address(), "GET", path, None).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// Runs a command against this cloud; its exit status and what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = program()
            .args(arguments)
            .arg("--local")
            .arg(self.dir())
            .output()
            .unwrap();
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap_or(-1), text)
    }

    /// The same with `--json`, read.
    pub(crate) fn json(&self, arguments: &[&str]) -> Option<Value> {
        let output = program()
            .args(arguments)
            .arg("--json")
            .arg("--local")
            .arg(self.dir())
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).ok()
    }

    /// The runs of a pipeline, the oldest first.
    pub(crate) fn runs(&self, pipeline: &str) -> Vec<Value> {
        let mut runs = match self.json(&["runs", pipeline]) {
            Some(Value::Array(runs)) => runs,
            _ => Vec::new(),
        };
        runs.reverse();
        runs
    }

    /// Waits until the pipeline's run number `n` (from 0) is in this stage, or past it.
    pub(crate) fn wait_for_stage(&self, pipeline: &str, n: usize, stage: &str) -> Value {
        wait(&format!("run {n} of {pipeline} is {stage}"), || {
            self.runs(pipeline)
                .into_iter()
                .nth(n)
                .filter(|run| run["stage"] == stage || !run["outcome"].is_null())
        })
    }

    /// Waits until the pipeline's run number `n` (from 0) has ended.
    pub(crate) fn wait_for_end(&self, pipeline: &str, n: usize) -> Value {
        let run = wait(&format!("run {n} of {pipeline} ends"), || {
            self.runs(pipeline)
                .into_iter()
                .nth(n)
                .filter(|run| !run["outcome"].is_null())
        });
        eprintln!("{} {}", run["outcome"], run["reason"]);
        run
    }

    /// Waits for a report that holds these words.
    pub(crate) fn wait_for_report(&self, key: &str, words: &str) -> String {
        wait(&format!("{key} says “{words}”"), || {
            self.object(&format!("reports/{key}"))
                .filter(|text| text.to_lowercase().contains(&words.to_lowercase()))
        })
    }

    /// An object of the bucket, by AWS's own SDK.
    pub(crate) fn object(&self, key: &str) -> Option<String> {
        let client = self.s3();
        runtime().block_on(async {
            let object = client
                .get_object()
                .bucket("perennial-local")
                .key(key)
                .send()
                .await
                .ok()?;
            let body = object.body.collect().await.ok()?.into_bytes();
            Some(String::from_utf8_lossy(&body).into_owned())
        })
    }

    /// Puts an object, by AWS's own SDK with its default signing and checksums.
    pub(crate) fn put(&self, key: &str, body: &[u8]) {
        let client = self.s3();
        let body = aws_sdk_s3::primitives::ByteStream::from(body.to_vec());
        runtime().block_on(async {
            client
                .put_object()
                .bucket("perennial-local")
                .key(key)
                .body(body)
                .send()
                .await
                .unwrap();
        });
    }

    /// Deletes an object.
    pub(crate) fn delete(&self, key: &str) {
        let client = self.s3();
        runtime().block_on(async {
            client
                .delete_object()
                .bucket("perennial-local")
                .key(key)
                .send()
                .await
                .unwrap();
        });
    }

    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.sdk())
            .force_path_style(true)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// For AWS's SDKs, as `perennial local env` says.
    pub(crate) fn sdk(&self) -> aws_config::SdkConfig {
        let output = program()
            .args(["local", "env", "--dir"])
            .arg(self.dir())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let of = |name: &str| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(&format!("export {name}=")))
                .unwrap();
            line.trim_matches('\'').trim_matches('"').to_owned()
        };
        let credentials = aws_credential_types::Credentials::new(
            of("AWS_ACCESS_KEY_ID"),
            of("AWS_SECRET_ACCESS_KEY"),
            None,
            None,
            "perennial local env",
        );
        let loader = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .endpoint_url(of("AWS_ENDPOINT_URL"))
            .region(aws_config::Region::new(of("AWS_REGION")))
            .credentials_provider(credentials);
        runtime().block_on(loader.load())
    }

    /// The customization jobs that there are, by name: jobs, not calls.
    pub(crate) fn jobs(&self) -> Vec<String> {
        let jobs = self.jobs_and_their_status();
        jobs.into_iter().map(|(name, _)| name).collect()
    }

    /// The same with what became of each.
    pub(crate) fn jobs_and_their_status(&self) -> Vec<(String, String)> {
        let client = aws_sdk_bedrock::Client::new(&self.sdk());
        runtime().block_on(async {
            let answer = client.list_model_customization_jobs().send().await.unwrap();
            let jobs = answer.model_customization_job_summaries();
            jobs.iter()
                .map(|job| (job.job_name().to_owned(), job.status().as_str().to_owned()))
                .collect()
        })
    }

    /// The batch inference jobs that there are, with what became of each.
    pub(crate) fn batch_jobs(&self) -> Vec<(String, String)> {
        let client = aws_sdk_bedrock::Client::new(&self.sdk());
        runtime().block_on(async {
            let answer = client.list_model_invocation_jobs().send().await.unwrap();
            let jobs = answer.invocation_job_summaries();
            let status = |job: &aws_sdk_bedrock::types::ModelInvocationJobSummary| {
                job.status().map(|status| status.as_str().to_owned())
            };
            jobs.iter()
                .map(|job| (job.job_name().to_owned(), status(job).unwrap_or_default()))
                .collect()
        })
    }

    /// What a deployment serves and how it is: its model's ARN and its status.
    pub(crate) fn deployment(&self, arn: &str) -> (String, String) {
        let client = aws_sdk_bedrock::Client::new(&self.sdk());
        runtime().block_on(async {
            let asked = client.get_custom_model_deployment();
            let found = asked
                .custom_model_deployment_identifier(arn)
                .send()
                .await
                .unwrap();
            (
                found.model_arn().to_owned(),
                found.status().as_str().to_owned(),
            )
        })
    }

    /// The custom models that there are, by ARN.
    pub(crate) fn models(&self) -> Vec<String> {
        let client = aws_sdk_bedrock::Client::new(&self.sdk());
        runtime().block_on(async {
            let answer = client.list_custom_models().send().await.unwrap();
            let found = answer.model_summaries();
            found
                .iter()
                .map(|model| model.model_arn().to_owned())
                .collect()
        })
    }

    /// The value of a parameter of Systems Manager.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let client = aws_sdk_ssm::Client::new(&self.sdk());
        runtime().block_on(async {
            let answer = client.get_parameter().name(name).send().await.ok()?;
            answer.parameter()?.value().map(str::to_owned)
        })
    }

    /// The deployments that there are, by name.
    pub(crate) fn deployments(&self) -> Vec<String> {
        let client = aws_sdk_bedrock::Client::new(&self.sdk());
        runtime().block_on(async {
            let answer = client.list_custom_model_deployments().send().await.unwrap();
            let found = answer.model_deployment_summaries();
            found
                .iter()
                .map(|deployment| deployment.custom_model_deployment_name().to_owned())
                .collect()
        })
    }
}

impl Cloud {
    /// The provisioned throughput that is there: its ARN and the model that it serves.
    pub(crate) fn throughputs(&self) -> Vec<(String, String)> {
        let client = aws_sdk_bedrock::Client::new(&self.sdk());
        runtime().block_on(async {
            let answer = client.list_provisioned_model_throughputs().send().await;
            let answer = answer.unwrap();
            let found = answer.provisioned_model_summaries().iter();
            found
                .map(|one| (one.provisioned_model_arn.clone(), one.model_arn.clone()))
                .collect()
        })
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let kept = perennial_tests::keep_permissions(self.dir(), env!("CARGO_TARGET_TMPDIR"));
        if std::thread::panicking() {
            self.dir.disable_cleanup(true);
            eprintln!("--- its folder is kept: {}", self.dir().display());
            for denied in perennial_tests::denied(self.dir()) {
                eprintln!("--- {denied}");
            }
            for name in [
                "ingest",
                "train",
                "evaluate",
                "promote",
                "reconcile",
                "cleanup",
                "chaos",
            ] {
                let log = std::fs::read_to_string(self.dir().join(format!("logs/{name}.log")))
                    .unwrap_or_default();
                if log.is_empty() {
                    continue;
                }
                let end: Vec<&str> = log.lines().rev().take(12).collect();
                eprintln!("--- {name}.log, the newest line first\n{}", end.join("\n"));
            }
            return;
        }
        kept.unwrap();
        let denied = perennial_tests::denied(self.dir());
        assert!(denied.is_empty(), "{}", denied.join("\n"));
    }
}

/// The program under test, without any setting of the machine that it runs on.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perennial"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("AWS_") || text.starts_with("PERENNIAL_") {
            command.env_remove(&name);
        }
    }
    command
}

fn spawn(dir: &Path, options: &[String]) -> Child {
    let _ = std::fs::remove_file(dir.join("endpoint"));
    program()
        .args(["local", "--port", "0", "--dir"])
        .arg(dir)
        .args(options)
        .arg("--trace")
        .arg(dir.join("trace.jsonl"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn control(
    address: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(90)))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    write!(
        stream,
        "{method} /_perennial/{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: \
         application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200") {
        Ok(answer)
    } else {
        Err(std::io::Error::other(answer))
    }
}

/// Looks again and again, until there is something to see.
pub(crate) fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "waited {PATIENCE:?} in vain until {what}"
        );
        std::thread::sleep(Duration::from_millis(150));
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// The shared real data, where they are.
pub(crate) fn shared_data(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data")
        .join(name);
    std::fs::read(path).ok()
}

/// A configuration for the small data of `perennial_tests`.
pub(crate) fn config(more: &str) -> String {
    perennial_tests::config(more)
        .replace("quiet_for = \"1m\"", "quiet_for = \"1s\"")
        .replace("at_most_every = \"1m\"", "at_most_every = \"1s\"")
}

/// A cloud with a pipeline `bot`, its questions and its training data.
pub(crate) fn with_data(more: &str) -> Cloud {
    let cloud = Cloud::start();
    cloud.drop_file("pipelines/bot.toml", config(more));
    cloud.drop_file("eval/bot/questions.jsonl", perennial_tests::evaluation());
    wait("the questions are in", || {
        cloud.object("reports/bot/uploads/eval/bot/questions.jsonl.json")
    });
    cloud.drop_file("data/bot/tickets.jsonl", perennial_tests::training());
    cloud
}
