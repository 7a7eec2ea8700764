//! A chain: which upload belongs to which stage, what is bought, and that a first stage is not bought twice.

mod common;

use common::*;
use perennial_core::config::Config;
use perennial_core::limits::RecordShape;
use perennial_core::manifest::{Manifest, ManifestEntry, compile_digest};
use perennial_core::money::Usd;
use perennial_core::names::Purpose;
use perennial_core::pretrained::{Pretrained, TRUSTED_DAYS, digest};
use perennial_core::prices::first_stage;
use perennial_core::routing::{Route, route};
use perennial_core::run::{
    Also, Effect, Event, FirstPrepared, KeptWeights, Outcome, Prepared, Run, RunState, Seen, Terms,
    decide, effects,
};
use perennial_core::upload::UploadKind;

const CHAIN: &str = r#"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1"
instance_type = "ml.g5.2xlarge"
max_run = "6h"
[training.hyperparameters]
epochs = 1
seed = 7
[[stage]]
technique = "continued-pre-training"
from = ["documents/"]
hyperparameters = { packing = 2048 }
[[stage]]
technique = "fine-tuning"
hyperparameters = { epochs = 3 }
[budget.prices]
training_per_hour = 2
"#;

fn chain() -> Config {
    Config::parse(CHAIN).expect("valid")
}

fn routed() -> Route {
    route(&chain(), "us-east-1").expect("it is supported")
}

fn entry(object: &str, shard: &str) -> ManifestEntry {
    ManifestEntry {
        object: object.into(),
        version: "v".into(),
        shard: shard.into(),
        bytes: 0,
        records: 10,
        sequence: 1,
        content: String::new(),
    }
}

fn manifest(shards: &[(&str, &str)]) -> Manifest {
    Manifest {
        pipeline: name(),
        training: shards
            .iter()
            .map(|(key, shard)| entry(key, shard))
            .collect(),
        evaluation: vec![entry("eval/bot/q", "q")],
        holdout: None,
    }
}

fn first(kept: Option<&str>) -> FirstPrepared {
    FirstPrepared {
        digest: "f1".into(),
        training_key: "work/bot/documents.jsonl".into(),
        records: 40,
        duplicates: 0,
        left_out: 0,
        left_out_of: Vec::new(),
        cost: if kept.is_some() { Usd::ZERO } else { usd(12) },
        kept: kept.map(|weights| KeptWeights {
            weights: weights.into(),
            run: run_id(9),
        }),
    }
}

fn opened() -> Run {
    Run {
        config: chain(),
        route: routed(),
        ..run(1, RunState::Preparing)
    }
}

fn sealed(kept: Option<&str>) -> Event {
    Event::Prepared(Box::new(Prepared {
        first: Some(Box::new(first(kept))),
        ..prepared()
    }))
}

fn step(run: &Run, event: &Event) -> (Run, Vec<Also>) {
    let terms = Terms {
        now: at(1),
        month_reserved: run.reserved,
        by: "me",
    };
    let decision = decide(run, event, terms).unwrap_or_else(|| panic!("{event:?} does not apply"));
    (decision.run, decision.also)
}

fn found() -> Event {
    Event::TrainingFound {
        job: "arn:job".into(),
    }
}

fn weights() -> Event {
    Event::WeightsSeen {
        weights: "s3://bucket/work/bot/w/".into(),
    }
}

/// The run in its first stage's training.
fn pretraining() -> Run {
    let (run, _) = step(&opened(), &sealed(None));
    step(&run, &found()).0
}

#[test]
fn documents_belong_to_the_first_stage_and_everything_else_to_the_last() {
    let route = routed();
    let shape = |key: &str| route.of(key).limits.shape;
    assert_eq!(shape("data/bot/documents/a.md"), RecordShape::Documents);
    for other in [
        "data/bot/a.jsonl",
        "data/bot/documents.jsonl",
        "data/bot/x/documents/a",
    ] {
        assert_eq!(shape(other), RecordShape::PromptCompletion, "{other}");
    }
    let first = route.first.as_ref().expect("a chain");
    assert_eq!(first.hyperparameters["packing"], "2048");
    assert_eq!(route.hyperparameters["epochs"], "3", "the stage's own wins");
    assert_eq!(route.hyperparameters["seed"], "7");
    let digest = |key| compile_digest(&route, UploadKind::Training, key);
    assert_ne!(digest("data/bot/documents/a"), digest("data/bot/a"));
    let eval = |key| compile_digest(&route, UploadKind::Evaluation, key);
    assert_eq!(eval("eval/bot/documents/a"), eval("eval/bot/a"));

    let all = manifest(&[("data/bot/documents/a", "d"), ("data/bot/a", "p")]);
    let (documents, rest) = all.by_stage(&route);
    assert_eq!(documents.training[0].shard, "d");
    assert!(documents.evaluation.is_empty());
    assert_eq!((rest.training.len(), rest.evaluation.len()), (1, 1));
}

#[test]
fn what_is_no_chain_that_can_be_trained_is_refused_with_what_to_write() {
    for (from, to, words) in [
        (
            "[training.sagemaker]",
            "[training]\non = \"bedrock\"\n[training.sagemaker]",
            "left Bedrock on 2025-10-07",
        ),
        (
            "base_model",
            "technique = \"continued-pre-training\"\nbase_model",
            "Leave technique out",
        ),
        (
            "meta.llama3-1-8b-instruct-v1:0",
            "amazon.nova-micro-v1:0",
            "HyperPod only",
        ),
        (
            "technique = \"fine-tuning\"",
            "technique = \"fine-tuning\"\nfrom = [\"pairs/\"]",
            "the last stage takes what the first does not",
        ),
        (
            "[training.hyperparameters]",
            "[training]\nstart_from = \"champion\"\n[training.hyperparameters]",
            "starts from what its container loads",
        ),
    ] {
        let config = Config::parse(&CHAIN.replacen(from, to, 1)).expect("valid");
        let error = route(&config, "us-east-1").expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn the_first_stage_is_bought_for_its_documents_container_and_hyperparameters_and_for_nothing_else()
{
    let documents = manifest(&[("data/bot/documents/a", "d1")]);
    let bought = |route: &Route, documents: &Manifest| digest(route, documents).expect("a chain");
    let same = bought(&routed(), &documents);
    let mut other_questions = documents.clone();
    other_questions.evaluation.clear();
    assert_eq!(bought(&routed(), &other_questions), same);
    let changed = |from: &str, to: &str| {
        let config = Config::parse(&CHAIN.replacen(from, to, 1)).expect("valid");
        bought(&route(&config, "us-east-1").expect("supported"), &documents)
    };
    assert_eq!(changed("epochs = 3", "epochs = 4"), same);
    assert_eq!(changed("max_run = \"6h\"", "max_run = \"7h\""), same);
    assert_ne!(changed("packing = 2048", "packing = 4096"), same);
    assert_ne!(changed("tuning:1", "tuning:2"), same);
    assert_ne!(changed("llama3-1-8b", "llama3-1-70b"), same);
    let more = manifest(&[
        ("data/bot/documents/a", "d1"),
        ("data/bot/documents/b", "d2"),
    ]);
    assert_ne!(bought(&routed(), &more), same);
    let with_content = |shard: &str, content: &str| {
        let mut manifest = manifest(&[("data/bot/documents/a", shard)]);
        manifest.training[0].content = content.into();
        bought(&routed(), &manifest)
    };
    assert_eq!(
        with_content("d1", "c1"),
        with_content("d2", "c1"),
        "the same bytes dropped again are the same documents"
    );
    assert_ne!(with_content("d1", "c1"), with_content("d1", "c2"));
    let single = config();
    assert_eq!(digest(&common::routed(&single), &documents), None);
}

#[test]
fn each_stage_has_its_own_job_reservation_and_deadline() {
    let (cost, line) = first_stage(&routed(), &chain())
        .expect("priced")
        .expect("a chain");
    assert_eq!(cost, usd(12), "{line}");
    let (run, also) = step(&opened(), &sealed(None));
    let reserved: Vec<(Purpose, Usd)> = also
        .iter()
        .filter_map(|also| match also {
            Also::Reserve {
                purpose, amount, ..
            } => Some((*purpose, *amount)),
            _ => None,
        })
        .collect();
    let (p, t, b) = (Purpose::Pretraining, Purpose::Training, Purpose::Base);
    assert_eq!(reserved, [(p, usd(12)), (t, usd(8)), (b, usd(2))]);
    assert_eq!(run.creates, [(p, 1)], "the second job is not sent for yet");
    assert_eq!(run.training_purpose(), p);

    let (run, _) = step(&run, &found());
    assert_eq!(run.jobs[0].purpose, p);
    let (run, also) = step(&run, &weights());
    let [Also::Pretrained(left)] = also.as_slice() else {
        panic!("{also:?}")
    };
    assert_eq!((left.digest.as_str(), &left.run), ("f1", &run.id));
    assert_eq!(run.state, RunState::Starting { attempt: 1 });
    assert_eq!(run.training_purpose(), t);
    assert_eq!(run.creates, [(p, 1), (t, 1)]);
    assert_eq!(effects(&run), [Effect::StartTraining { attempt: 1 }]);
    let (run, _) = step(&run, &found());
    let RunState::Training { deadline, .. } = run.state else {
        panic!("{:?}", run.state)
    };
    assert_eq!(
        deadline,
        at(1 + 6 + 24),
        "counted from the second job's own start"
    );
    let (run, _) = step(&run, &weights());
    assert!(matches!(run.state, RunState::Importing { .. }));
}

#[test]
fn weights_that_are_there_are_not_bought_again() {
    let (run, also) = step(&opened(), &sealed(Some("s3://bucket/old/")));
    assert_eq!(run.training_purpose(), Purpose::Training);
    assert_eq!(run.first_weights.as_deref(), Some("s3://bucket/old/"));
    assert_eq!(run.creates, [(Purpose::Training, 1)]);
    assert_eq!(run.reserved, usd(10));
    let first = |also: &Also| {
        matches!(
            also,
            Also::Reserve {
                purpose: Purpose::Pretraining,
                ..
            }
        )
    };
    assert!(!also.iter().any(first));
}

#[test]
fn weights_are_trusted_for_less_time_than_they_are_kept() {
    let left = Pretrained {
        digest: "f1".into(),
        pipeline: name(),
        run: run_id(1),
        weights: "s3://bucket/w/".into(),
        at: start(),
    };
    assert!(left.is_trusted(at(24 * TRUSTED_DAYS - 1)));
    assert!(!left.is_trusted(at(24 * TRUSTED_DAYS)));
    const {
        assert!(
            TRUSTED_DAYS < perennial_core::run::WORK_DAYS,
            "work/ expires"
        )
    };
}

#[test]
fn a_first_stage_that_fails_by_the_services_own_fault_is_tried_again_under_its_own_name() {
    let failed = Event::TrainingSeen(Seen::Failed {
        message: "Internal server error".into(),
    });
    let (run, also) = step(&pretraining(), &failed);
    assert_eq!(run.state, RunState::Starting { attempt: 2 });
    assert_eq!(run.training_purpose(), Purpose::Pretraining);
    assert_eq!(
        also,
        [Also::Reserve {
            purpose: Purpose::Pretraining,
            attempt: 2,
            amount: usd(12)
        }]
    );
    let (run, _) = step(&run, &found());
    let (run, _) = step(&run, &failed);
    assert!(matches!(
        run.state,
        RunState::Closing {
            outcome: Outcome::Failed,
            ..
        }
    ));
    assert!(run.leftovers.is_empty(), "both jobs were seen to end");
}

#[test]
fn a_first_stage_that_leaves_no_weights_fails_the_run() {
    for model_arn in [None, Some("arn:model/1".to_owned())] {
        let seen = Event::TrainingSeen(Seen::Completed { model_arn });
        let (run, also) = step(&pretraining(), &seen);
        assert!(matches!(run.state, RunState::Closing { .. }));
        assert!(also.is_empty() && run.model_arn.is_none());
    }
}

#[test]
fn what_a_cancelled_first_stage_left_all_the_same_is_kept_for_later() {
    let by = Event::CancelRequested { by: "me".into() };
    let (run, _) = step(&pretraining(), &by);
    assert!(effects(&run).contains(&Effect::StopTraining { attempt: 1 }));
    let (run, also) = step(&run, &weights());
    assert!(matches!(
        run.state,
        RunState::Closing {
            outcome: Outcome::Cancelled,
            ..
        }
    ));
    assert!(matches!(also.as_slice(), [Also::Pretrained(_)]));
    assert!(run.leftovers.is_empty(), "no second job was sent for");

    // The same, seen only when the run was given up: a job that no answer told of.
    let mut unheard = step(&opened(), &sealed(None)).0;
    unheard.state = RunState::Ended {
        outcome: Outcome::Cancelled,
        reason: "words".into(),
        at: at(0),
        aftercare: Some(at(1)),
    };
    unheard.leftovers = vec![Purpose::Pretraining];
    let (run, also) = step(&unheard, &weights());
    assert!(matches!(also.as_slice(), [Also::Pretrained(_)]));
    let terms = Terms {
        now: at(1),
        month_reserved: Usd::ZERO,
        by: "me",
    };
    assert!(decide(&run, &weights(), terms).is_none(), "once is enough");
}

#[test]
fn more_than_the_budget_for_both_stages_together_starts_neither() {
    let mut run = opened();
    run.config.budget.per_run_usd = usd(21);
    let (run, also) = step(&run, &sealed(None));
    assert!(
        matches!(run.state, RunState::Closing { .. }),
        "12 + 8 + 2 is more"
    );
    assert!(also.is_empty() && run.creates.is_empty());
}
