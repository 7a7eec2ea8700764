//! Customization jobs.

use super::{Setup, kind, spec, tags};
use crate::memory::{Work, operation};
use crate::{ErrorKind, TrainingJob, TrainingSpec, TrainingStatus};

/// The whole contract of [`crate::StartTraining`], [`crate::ObserveTraining`] and [`crate::StopTraining`].
pub async fn training_contract(setup: &Setup<'_>) {
    one_job(setup).await;
    taken(setup).await;
    unanswered(setup).await;
    stopped(setup).await;
    failed(setup).await;
    refused(setup).await;
}

async fn find(setup: &Setup<'_>, name: &str) -> Option<TrainingJob> {
    setup.bedrock.find_training(name).await.expect("answered")
}

async fn known(setup: &Setup<'_>, name: &str) -> TrainingJob {
    find(setup, name).await.expect("the job is known")
}

async fn one_job(setup: &Setup<'_>) {
    assert_eq!(find(setup, "job").await, None, "no job, and no error");
    setup.training_file("job").await;
    let spec = spec("job");
    let arn = setup.start(&spec).await;
    let job = known(setup, "job").await;
    let running = TrainingJob {
        arn: arn.clone(),
        name: "job".to_owned(),
        status: TrainingStatus::InProgress,
        message: None,
        model_arn: None,
        tags: tags("job"),
    };
    assert_eq!(job, running);
    assert_eq!(setup.start(&spec).await, arn, "the same call, the same job");
    assert_eq!(find(setup, "jo").await, None, "a name is a whole name");
    assert_eq!(find(setup, "job-2").await, None);

    setup.world.settle().await;
    let job = known(setup, "job").await;
    assert_eq!(job.status, TrainingStatus::Completed, "{:?}", job.message);
    assert_eq!((&job.arn, job.tags), (&arn, tags("job")));
    let model = job.model_arn.expect("a completed job names its model");
    let model = setup.bedrock.get_model(&model).await.expect("answered");
    let model = model.expect("the model is there");
    assert_eq!(model.name, "job-model");
    assert_eq!(model.tags, tags("job"), "the model has the tags");
    assert_eq!(setup.start(&spec).await, arn, "after its end too");
    setup.world.settle().await;
    let models = setup.bedrock.list_models().await.expect("listed");
    assert_eq!(models.len(), 1, "and no second model");
}

async fn taken(setup: &Setup<'_>) {
    let job = spec("job");
    let other_token = TrainingSpec {
        token: "other-token".into(),
        model_name: "other-model".into(),
        ..job.clone()
    };
    let other_content = TrainingSpec {
        hyperparameters: [("epochCount".to_owned(), "3".to_owned())].into(),
        ..job.clone()
    };
    let same_model = TrainingSpec {
        model_name: job.model_name.clone(),
        ..spec("same-model")
    };
    for (taken, why) in [
        (
            other_token,
            "the name stays taken, also after the job's end",
        ),
        (other_content, "a token stands for one request"),
        (same_model, "the model's name is taken"),
    ] {
        let started = setup.bedrock.start_training(&taken).await;
        assert_eq!(kind(started), Some(ErrorKind::Conflict), "{why}");
    }
    assert_eq!(find(setup, "same-model").await, None);
}

async fn unanswered(setup: &Setup<'_>) {
    let spec = spec("lost");
    setup.world.lose_answer(operation::CREATE_TRAINING).await;
    let lost = setup.bedrock.start_training(&spec).await;
    assert_eq!(kind(lost), Some(ErrorKind::Unanswered));
    let job = known(setup, "lost").await;
    assert_eq!(job.tags, tags("lost"), "it may have taken effect");
    assert_eq!(setup.start(&spec).await, job.arn, "and can be had again");

    let throttled = super::spec("throttled");
    setup.world.throttle(operation::CREATE_TRAINING).await;
    let refused = setup.bedrock.start_training(&throttled).await;
    assert_eq!(kind(refused), Some(ErrorKind::Throttled));
    assert_eq!(find(setup, "throttled").await, None, "nothing was made");
    setup.start(&throttled).await;
    setup.world.settle().await;
    let status = known(setup, "throttled").await.status;
    assert_eq!(status, TrainingStatus::Completed);
}

async fn stopped(setup: &Setup<'_>) {
    setup.start(&spec("stopped")).await;
    let stop = async |name: &str| setup.bedrock.stop_training(name).await;
    stop("stopped").await.expect("asked to stop");
    stop("stopped").await.expect("asked twice is no error");
    let status = known(setup, "stopped").await.status;
    assert_eq!(status, TrainingStatus::Stopping, "not stopped before it is");
    setup.world.settle().await;
    let job = known(setup, "stopped").await;
    assert_eq!((job.status, job.model_arn), (TrainingStatus::Stopped, None));
    stop("stopped").await.expect("an ended job is no error");
    stop("job").await.expect("nor is a completed one");
    let status = known(setup, "job").await.status;
    assert_eq!(status, TrainingStatus::Completed);
    assert_eq!(kind(stop("nobody").await), Some(ErrorKind::NotFound));
}

async fn failed(setup: &Setup<'_>) {
    setup.world.fail_next(Work::Training).await;
    let arn = setup.start(&spec("failed")).await;
    setup.world.settle().await;
    let job = known(setup, "failed").await;
    assert_eq!((job.status, job.model_arn), (TrainingStatus::Failed, None));
    assert!(job.message.is_some(), "the service says why");
    assert_eq!(
        setup.start(&spec("failed")).await,
        arn,
        "it is not repeated"
    );
    let stopped = setup.bedrock.stop_training("failed").await;
    stopped.expect("stopping it is no error");
    let again = TrainingSpec {
        model_name: "failed-model".into(),
        ..spec("failed-2")
    };
    setup.start(&again).await;
    setup.world.settle().await;
    let status = known(setup, "failed-2").await.status;
    assert_eq!(
        status,
        TrainingStatus::Completed,
        "the model's name is free"
    );
}

async fn refused(setup: &Setup<'_>) {
    let bad = [
        TrainingSpec {
            name: "with_underscore".into(),
            ..spec("bad")
        },
        TrainingSpec {
            name: "x".repeat(64),
            ..spec("bad")
        },
        TrainingSpec {
            token: "-token".into(),
            ..spec("bad")
        },
        TrainingSpec {
            training_key: "work/support-bot/nowhere.jsonl".into(),
            ..spec("bad")
        },
        TrainingSpec {
            training_key: "work/support-bot/größe.jsonl".into(),
            ..spec("bad")
        },
    ];
    for spec in bad {
        let started = setup.bedrock.start_training(&spec).await;
        assert_eq!(kind(started), Some(ErrorKind::Invalid), "{spec:?}");
    }
    let gone = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl";
    let child = TrainingSpec {
        base_model: gone.into(),
        ..spec("bad")
    };
    // AWS does not say which of the two it is.
    assert!(matches!(
        kind(setup.bedrock.start_training(&child).await),
        Some(ErrorKind::Invalid | ErrorKind::NotFound)
    ));
    assert_eq!(find(setup, "bad").await, None);
    let model = setup.bedrock.get_model(gone).await;
    assert_eq!(model, Ok(None), "no such model, and no error");
}
