//! Every event that Perennial says or hears, with the bus that it is said on and the one function that core gives it to; and
//! events that only look like them.

use perennial_core::announcement::{
    self, Announcement, Function as Owner, Request, SOURCE, Stage, happened, object_found,
    object_missing, pipeline_due, recipient, run_due,
};
use perennial_core::names::{PipelineName, RunId};
use serde_json::{Value, json};

/// What people may want to know of, and no function takes.
const NEWS: [&str; 22] = [
    "Upload Rejected",
    "Upload Withdrawn",
    "Configuration Rejected",
    "Nothing To Train",
    "Budget Reached",
    "Approval Needed",
    "Trial Passed",
    "Run Promoted",
    "Run Declined",
    "Run Failed",
    "Run Cancelled",
    "Pipeline Paused",
    "Alias Moved",
    "Alias Not Moved",
    "Deployment Gone",
    "Deployment Strays",
    "Deletion Planned",
    "Model Deleted",
    "Commitment Holds",
    "Unserving Planned",
    "Champion Unserved",
    "Throughput Remains",
];

/// An event, the bus that it is said on, and who is to take it.
pub(super) struct Route {
    pub(super) event: Value,
    pub(super) bus: String,
    pub(super) owner: Option<Owner>,
    /// Whether anybody says it; the others only look like those that are said.
    pub(super) is_said: bool,
}

/// Who is neither Perennial nor AWS.
pub(super) const SOMEONE: &str = "someone";

/// The bus that AWS's services speak on.
const OF_AWS: &str = "default";

impl Route {
    /// What people may want to know of.
    pub(super) fn news(kind: &str, bus: &str) -> Self {
        Self {
            event: envelope(SOURCE, &happened(kind, json!({}))),
            bus: bus.to_owned(),
            owner: None,
            is_said: true,
        }
    }
}

pub(super) fn named(event: &Value) -> String {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str);
    let about = text("/detail/object/key").or(text("/detail/stage"));
    let of = text("/source").unwrap_or_default();
    let kind = text("/detail-type").unwrap_or_default();
    match about {
        Some(about) => format!("“{kind}” of {of} ({about})"),
        None => format!("“{kind}” of {of}"),
    }
}

fn envelope(source: &str, said: &Announcement) -> Value {
    json!({
        "version": "0", "id": "1", "source": source, "detail-type": said.detail_type, "account": "123456789012",
        "time": "2026-11-20T12:00:00Z", "region": "us-east-1", "resources": [], "detail": said.detail,
    })
}

/// Every kind of event, with each stage and each place of an object.
pub(super) fn routes(bucket: &str, bus: &str, installation: &str) -> Vec<Route> {
    let mut routes = objects(bucket, bus);
    let mut own = |said: Announcement| {
        let owner = recipient(&said.detail_type, &said.detail);
        routes.push(Route {
            event: envelope(SOURCE, &said),
            bus: bus.to_owned(),
            owner,
            is_said: true,
        });
    };
    // Names that are valid by construction; without them, nothing below is checked, and the tests say so.
    if let Ok(pipeline) = PipelineName::parse("p") {
        let run = RunId::from_parts(0, 1);
        for stage in Stage::ALL {
            own(run_due(&pipeline, &run, stage));
            own(pipeline_due(&pipeline, stage));
        }
        for request in requests(&pipeline, &run) {
            own(request.announcement());
        }
    }
    for kind in ["Upload Accepted", "Evaluation Complete"]
        .into_iter()
        .chain(NEWS)
    {
        own(happened(kind, json!({})));
    }
    let job = format!("{installation}-p-01jdpx4k9m3s7v2c8e5g6h1n0q-t1");
    for (source, kind, name) in [
        (
            "aws.bedrock",
            "Model Customization Job State Change",
            "jobName",
        ),
        (
            "aws.bedrock",
            "Batch Inference Job State Change",
            "batchJobName",
        ),
        (
            "aws.sagemaker",
            "SageMaker Training Job State Change",
            "TrainingJobName",
        ),
    ] {
        let said = happened(kind, json!({ name: job }));
        routes.push(Route {
            owner: announcement::recipient(kind, &said.detail),
            event: envelope(source, &said),
            bus: OF_AWS.to_owned(),
            is_said: true,
        });
    }
    // The same events from somebody else, and others that look like them, are nobody's.
    let mut others = Vec::new();
    for route in &routes {
        for (member, word) in [("source", SOMEONE), ("detail-type", "Something Else")] {
            let mut event = route.event.clone();
            event[member] = json!(word);
            others.push(Route {
                event,
                bus: route.bus.clone(),
                owner: None,
                is_said: false,
            });
        }
    }
    routes.append(&mut others);
    routes.push(Route {
        event: envelope("aws.bedrock", &happened("Evaluation Complete", json!({}))),
        bus: OF_AWS.to_owned(),
        owner: None,
        is_said: false,
    });
    routes
}

fn objects(bucket: &str, bus: &str) -> Vec<Route> {
    let mut routes = Vec::new();
    let read = ["pipelines/p.toml", "data/p/a b+%.jsonl", "eval/p/q.jsonl"];
    let written = [
        "reports/p/x.txt",
        "shards/p/x",
        "answers/p/x",
        "work/p/x",
        "media/p/x.png",
        "other",
        // What begins as a place does and is none.
        "pipelines-old/p.toml",
        "database/p/x.jsonl",
        "evaluation/p/q.jsonl",
    ];
    for key in read.into_iter().chain(written) {
        let owner = read.contains(&key).then_some(Owner::Ingest);
        for kind in ["Object Created", "Object Deleted"] {
            for (name, owner) in [(bucket, owner), ("another-bucket", None)] {
                let detail = json!({ "bucket": { "name": name }, "object": { "key": key } });
                routes.push(Route {
                    event: envelope("aws.s3", &happened(kind, detail)),
                    bus: OF_AWS.to_owned(),
                    owner,
                    is_said: true,
                });
            }
        }
        for said in [object_found(key, "v", 1), object_missing(key)] {
            routes.push(Route {
                event: envelope(SOURCE, &said),
                bus: bus.to_owned(),
                owner,
                is_said: true,
            });
        }
    }
    routes
}

/// One of each; the match makes a new kind of request stand here too.
fn requests(pipeline: &PipelineName, run: &RunId) -> Vec<Request> {
    let (pipeline, run) = (pipeline.clone(), run.clone());
    let mut all = vec![Request::Start { pipeline }];
    while let Some(last) = all.last() {
        let next = match last.clone() {
            Request::Start { pipeline } => Request::Approve {
                pipeline,
                run: run.clone(),
            },
            Request::Approve { pipeline, run } => Request::Cancel { pipeline, run },
            Request::Cancel { pipeline, .. } => Request::Pause { pipeline },
            Request::Pause { pipeline } => Request::Resume { pipeline },
            Request::Resume { pipeline } => Request::Rollback {
                pipeline,
                to: None,
                from: None,
            },
            Request::Rollback { pipeline, .. } => Request::Release { pipeline },
            Request::Release { .. } => Request::Cleanup {},
            Request::Cleanup {} => Request::Sync {},
            Request::Sync {} => break,
        };
        all.push(next);
    }
    all
}
