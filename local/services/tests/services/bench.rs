//! The bench: services in a temporary folder, with objects in memory and a clock that stands still.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use jiff::SignedDuration;
use perennial_local_services::{
    Caller, Clock, ManualClock, MemoryObjects, ObjectAccess, Outcome, Pace, ServiceName, Services,
    Span,
};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/job";
pub(crate) const MICRO: &str = "amazon.nova-micro-v1:0:128k";

pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) objects: Arc<MemoryObjects>,
    pub(crate) services: Services,
}

/// An answer: its status, its body, and what the trace would say.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) outcome: Outcome,
    pub(crate) lost: bool,
}

impl Reply {
    /// The body of a success.
    #[track_caller]
    pub(crate) fn good(self) -> Value {
        assert!(self.status < 300, "{} {}", self.status, self.body);
        self.body
    }

    /// The code and message of a refusal.
    #[track_caller]
    pub(crate) fn refused(self) -> (String, String) {
        assert!(self.status >= 400, "{} {}", self.status, self.body);
        (
            self.outcome.error_code.unwrap(),
            self.outcome.error_message.unwrap(),
        )
    }
}

/// Everything takes ten seconds.
pub(crate) fn pace() -> Pace {
    let ten = Span::fixed(Duration::from_secs(10));
    Pace {
        training: ten,
        deployment: ten,
        update: ten,
        batch: ten,
        deletion: ten,
    }
}

fn open(folder: &TempDir, objects: &Arc<MemoryObjects>, clock: &Arc<ManualClock>) -> Services {
    let objects: Arc<dyn ObjectAccess> = Arc::clone(objects) as _;
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    Services::open(folder.path(), objects, pace(), clock).unwrap()
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at("2026-11-20T10:00:00Z".parse().unwrap()));
        let objects = Arc::new(MemoryObjects::default());
        let services = open(&folder, &objects, &clock);
        Self {
            folder,
            clock,
            objects,
            services,
        }
    }

    /// As after a kill: what was in memory is gone, what was on disk is there.
    pub(crate) fn restarted(self) -> Self {
        let Self {
            folder,
            clock,
            objects,
            services,
        } = self;
        drop(services);
        let services = open(&folder, &objects, &clock);
        Self {
            folder,
            clock,
            objects,
            services,
        }
    }

    pub(crate) fn call(&self, service: ServiceName, request: Request<Bytes>) -> Reply {
        let caller = Caller {
            access_key: "AKIDTEST".to_owned(),
            function: None,
        };
        let answered = self.services.handle(service, &caller, &request);
        let body = answered.response.body();
        Reply {
            status: answered.response.status().as_u16(),
            body: serde_json::from_slice(body)
                .unwrap_or_else(|_| json!(String::from_utf8_lossy(body))),
            outcome: answered.outcome,
            lost: answered
                .response
                .extensions()
                .get::<perennial_local_services::LostAnswer>()
                .is_some(),
        }
    }

    pub(crate) fn bedrock(&self, method: &str, path: &str, body: &Value) -> Reply {
        let body = if body.is_null() {
            Bytes::new()
        } else {
            Bytes::from(body.to_string())
        };
        self.call(
            ServiceName::Bedrock,
            Request::builder()
                .method(method)
                .uri(path)
                .body(body)
                .unwrap(),
        )
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.bedrock("GET", path, &Value::Null)
    }

    pub(crate) fn target(&self, service: ServiceName, target: &str, body: &Value) -> Reply {
        let request = Request::builder()
            .method("POST")
            .uri("/")
            .header("x-amz-target", target);
        self.call(
            service,
            request.body(Bytes::from(body.to_string())).unwrap(),
        )
    }

    pub(crate) fn converse(&self, model: &str, prompt: &str) -> Reply {
        self.converse_body(
            model,
            &json!({ "messages": [{ "role": "user", "content": [{ "text": prompt }] }] }),
        )
    }

    pub(crate) fn converse_body(&self, model: &str, body: &Value) -> Reply {
        let uri = format!("/model/{}/converse", encoded(model));
        let request = Request::builder()
            .method("POST")
            .uri(uri)
            .body(Bytes::from(body.to_string()))
            .unwrap();
        self.call(ServiceName::BedrockRuntime, request)
    }

    /// Moves the clock and the services on, and gives the events.
    pub(crate) fn after(&self, seconds: i64) -> Vec<Value> {
        self.clock.advance(SignedDuration::from_secs(seconds));
        self.services.tick().unwrap()
    }

    pub(crate) fn put(&self, key: &str, content: &str) {
        self.objects
            .write("bucket", key, Bytes::from(content.to_owned()))
            .unwrap();
    }

    /// Starts a job under this name on good training data, and gives its ARN.
    pub(crate) fn job(&self, name: &str) -> String {
        self.put("train.jsonl", &training("label"));
        self.bedrock("POST", "/model-customization-jobs", &job_request(name))
            .good()["jobArn"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Trains a model under this name and gives its ARN.
    pub(crate) fn model(&self, name: &str) -> String {
        let job = self.job(name);
        self.after(30);
        let job = self
            .get(&format!("/model-customization-jobs/{}", encoded(&job)))
            .good();
        job["outputModelArn"].as_str().unwrap().to_owned()
    }

    /// Deploys a model under this name, waits until it is active, and gives its ARN.
    pub(crate) fn deployment(&self, name: &str, model: &str) -> String {
        let request = json!({ "modelDeploymentName": name, "modelArn": model });
        let created = self
            .bedrock(
                "POST",
                "/model-customization/custom-model-deployments",
                &request,
            )
            .good();
        self.after(30);
        created["customModelDeploymentArn"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// A request that AWS would take.
pub(crate) fn job_request(name: &str) -> Value {
    json!({
        "jobName": name,
        "customModelName": name,
        "roleArn": ROLE,
        "clientRequestToken": format!("token-{name}"),
        "baseModelIdentifier": MICRO,
        "customizationType": "FINE_TUNING",
        "trainingDataConfig": { "s3Uri": "s3://bucket/train.jsonl" },
        "outputDataConfig": { "s3Uri": "s3://bucket/out/" },
        "hyperParameters": { "epochCount": "2" },
        "customModelTags": [{ "key": "perennial:run", "value": name }],
    })
}

/// Ten records: `question n` is answered with `<answer>-n`.
pub(crate) fn training(answer: &str) -> String {
    let record = |n| {
        json!({ "schemaVersion": "bedrock-conversation-2024", "messages": [
            { "role": "user", "content": [{ "text": format!("question number {n}") }] },
            { "role": "assistant", "content": [{ "text": format!("{answer}-{n}") }] },
        ] })
        .to_string()
    };
    (0..10).map(record).collect::<Vec<_>>().join("\n")
}

/// As the SDKs write an identifier in a path.
pub(crate) fn encoded(identifier: &str) -> String {
    identifier.replace(':', "%3A").replace('/', "%2F")
}
