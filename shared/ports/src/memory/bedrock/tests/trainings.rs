//! Customization jobs and the models that they make.

use super::*;
use crate::memory::operation;
use crate::{DeleteModels, ObserveModels, ObserveTraining, StopTraining, TrainingStatus};

#[test]
fn a_job_runs_its_hour_makes_a_model_and_says_so() {
    let cloud = cloud();
    let spec = training("job");
    cloud.objects.upload(&spec.training_key, "records");
    let arn = now(cloud.bedrock.start_training(&spec)).expect("started");
    assert!(arn.starts_with(
        "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-micro-v1:0:128k/"
    ));
    cloud.clock.advance(minutes(59));
    let running = now(cloud.bedrock.find_training("job")).expect("answered");
    assert_eq!(
        running.map(|job| (job.status, job.model_arn)),
        Some((TrainingStatus::InProgress, None))
    );
    let end = cloud.bedrock.next_change().expect("it will end");
    cloud.clock.set(end);
    let done = now(cloud.bedrock.find_training("job"))
        .expect("answered")
        .expect("known");
    assert_eq!(done.status, TrainingStatus::Completed);
    assert_eq!((done.arn, done.tags), (arn.clone(), tags()));
    let model_arn = done.model_arn.expect("a model");
    let model = now(cloud.bedrock.get_model(&model_arn)).expect("answered");
    assert_eq!(
        model.map(|model| (model.name, model.tags)),
        Some(("job-model".into(), tags()))
    );
    let listed = now(cloud.bedrock.list_models()).expect("listed");
    assert_eq!((listed.len(), &listed[0].tags), (1, &Tags::new()));

    let events = cloud.bedrock.take_events();
    let statuses: Vec<_> = events.iter().map(|e| &e["detail"]["jobStatus"]).collect();
    assert_eq!(statuses, ["InProgress", "Completed"]);
    let last = &events[1];
    assert_eq!(last["source"], "aws.bedrock");
    assert_eq!(last["detail-type"], "Model Customization Job State Change");
    assert_eq!(last["time"], "2026-11-20T11:00:00Z");
    assert_eq!(last["resources"][0], arn);
    assert_eq!(last["detail"]["jobName"], "job");
    assert_eq!(last["detail"]["outputModelArn"], model_arn);
    assert_eq!(last["detail"]["endTime"], "2026-11-20T11:00:00Z");
    assert!(cloud.bedrock.take_events().is_empty());
    assert_eq!(cloud.objects.keys("work/p/out/").len(), 1);
    assert_eq!(cloud.bedrock.next_change(), None);
}

#[test]
fn the_same_call_is_the_same_job_and_a_name_stays_taken() {
    let cloud = cloud();
    let spec = training("job");
    cloud.objects.upload(&spec.training_key, "records");
    let start = |spec: &TrainingSpec| now(cloud.bedrock.start_training(spec));
    let arn = start(&spec).expect("started");
    assert_eq!(start(&spec), Ok(arn.clone()));
    let other_token = TrainingSpec {
        token: "other".into(),
        ..spec.clone()
    };
    let other_content = TrainingSpec {
        base_model: "amazon.nova-lite-v1:0:300k".into(),
        ..spec.clone()
    };
    let same_token = TrainingSpec {
        name: "job2".into(),
        model_name: "m2".into(),
        ..spec.clone()
    };
    let same_model = TrainingSpec {
        name: "job3".into(),
        token: "job3".into(),
        ..spec.clone()
    };
    for taken in [&other_token, &other_content, &same_token, &same_model] {
        assert_eq!(kind(start(taken)), ErrorKind::Conflict);
    }
    cloud.clock.advance(minutes(60));
    assert_eq!(start(&spec), Ok(arn), "after its end too");
    assert_eq!(kind(start(&same_model)), ErrorKind::Conflict);
    cloud.bedrock.forget_tokens();
    assert_eq!(kind(start(&spec)), ErrorKind::Conflict);
    assert_eq!(cloud.bedrock.trainings_named("job"), 1);
    assert_eq!(cloud.bedrock.training_jobs().len(), 1);
}

#[test]
fn a_lost_answer_leaves_one_job() {
    let cloud = cloud();
    let spec = training("job");
    cloud.objects.upload(&spec.training_key, "records");
    cloud.lose_answer_next(operation::CREATE_TRAINING, 1);
    cloud.fail_next(operation::CREATE_TRAINING, ErrorKind::Throttled, 1);
    let start = || now(cloud.bedrock.start_training(&spec));
    assert_eq!(kind(start()), ErrorKind::Unanswered);
    assert_eq!(kind(start()), ErrorKind::Throttled);
    let arn = start().expect("the same job");
    let found = now(cloud.bedrock.find_training("job")).expect("answered");
    assert_eq!(found.map(|job| job.arn), Some(arn));
    assert_eq!(cloud.bedrock.trainings_named("job"), 1);
    assert_eq!(cloud.calls(operation::CREATE_TRAINING), 3);
}

#[test]
fn jobs_fail_hang_and_stop() {
    let cloud = cloud();
    cloud.objects.upload("work/p/train.jsonl", "records");
    let words = "The training data is bad".to_owned();
    cloud
        .bedrock
        .plan_next(Work::Training, Outcome::Fails(words.clone()), 1);
    cloud.bedrock.plan_next(Work::Training, Outcome::Hangs, 1);
    for name in ["fails", "hangs", "ends"] {
        now(cloud.bedrock.start_training(&training(name))).expect("started");
    }
    cloud.clock.advance(minutes(60 * 24 * 9));
    let find = |name| {
        now(cloud.bedrock.find_training(name))
            .expect("answered")
            .expect("known")
    };
    let failed = find("fails");
    assert_eq!(
        (failed.status, failed.message, failed.model_arn),
        (TrainingStatus::Failed, Some(words), None)
    );
    assert_eq!(find("hangs").status, TrainingStatus::InProgress);
    now(cloud.bedrock.stop_training("hangs")).expect("stopping");
    assert_eq!(find("hangs").status, TrainingStatus::Stopping);
    cloud.clock.advance(minutes(1));
    let stopped = find("hangs");
    assert_eq!(
        (stopped.status, stopped.model_arn),
        (TrainingStatus::Stopped, None)
    );
    now(cloud.bedrock.stop_training("ends")).expect("no error");
    assert_eq!(find("ends").status, TrainingStatus::Completed);
    assert_eq!(
        kind(now(cloud.bedrock.stop_training("none"))),
        ErrorKind::NotFound
    );
    let of_hangs: Vec<_> = cloud
        .bedrock
        .take_events()
        .into_iter()
        .filter(|event| event["detail"]["jobName"] == "hangs")
        .map(|event| event["detail"]["jobStatus"].clone())
        .collect();
    assert_eq!(of_hangs, ["InProgress", "Stopping", "Stopped"]);
}

#[test]
fn requests_that_bedrock_would_refuse_are_refused() {
    let cloud = cloud();
    cloud.objects.upload("work/p/train.jsonl", "records");
    cloud.objects.upload("work/p/empty.jsonl", " \n");
    let good = training("job");
    let bad = [
        TrainingSpec {
            name: "-job".into(),
            ..good.clone()
        },
        TrainingSpec {
            name: "j".repeat(64),
            ..good.clone()
        },
        TrainingSpec {
            model_name: "a.b".into(),
            ..good.clone()
        },
        TrainingSpec {
            token: "a_b".into(),
            ..good.clone()
        },
        TrainingSpec {
            training_key: "work/ä.jsonl".into(),
            ..good.clone()
        },
        TrainingSpec {
            training_key: "work/none.jsonl".into(),
            ..good.clone()
        },
        TrainingSpec {
            output_prefix: "work/out".into(),
            ..good.clone()
        },
        TrainingSpec {
            base_model: String::new(),
            ..good.clone()
        },
    ];
    for spec in &bad {
        assert_eq!(
            kind(now(cloud.bedrock.start_training(spec))),
            ErrorKind::Invalid
        );
    }
    let gone = TrainingSpec {
        base_model: "arn:aws:bedrock:us-east-1:123456789012:custom-model/x/abc".into(),
        ..good.clone()
    };
    assert_eq!(
        kind(now(cloud.bedrock.start_training(&gone))),
        ErrorKind::NotFound
    );
    let empty = TrainingSpec {
        training_key: "work/p/empty.jsonl".into(),
        ..good
    };
    now(cloud.bedrock.start_training(&empty)).expect("found out later");
    cloud.clock.advance(minutes(60));
    assert_eq!(
        cloud.bedrock.training_jobs()[0].job.status,
        TrainingStatus::Failed
    );
}

#[test]
fn quotas_are_kept_and_free_themselves() {
    let cloud = cloud();
    cloud.bedrock.set_quotas(Quotas {
        training_jobs: 1,
        models: 2,
        ..Quotas::default()
    });
    trained(&cloud, &training("a"), "a");
    now(cloud.bedrock.start_training(&training("b"))).expect("started");
    let third = || now(cloud.bedrock.start_training(&training("c")));
    assert_eq!(kind(third()), ErrorKind::Quota, "one job at a time");
    cloud.clock.advance(minutes(60));
    assert_eq!(kind(third()), ErrorKind::Quota, "two models");
    let first = cloud.bedrock.models()[0].arn.clone();
    now(cloud.bedrock.delete_model(&first)).expect("deleted");
    third().expect("room again");
}

#[test]
fn a_model_in_use_is_not_deleted() {
    let cloud = cloud();
    let first = trained(&cloud, &training("a"), "a");
    let next = TrainingSpec {
        base_model: first.clone(),
        ..training("b")
    };
    now(cloud.bedrock.start_training(&next)).expect("started");
    let delete = |arn: &str| now(cloud.bedrock.delete_model(arn));
    assert_eq!(kind(delete(&first)), ErrorKind::Conflict, "a job's base");
    cloud.clock.advance(minutes(60));
    let deployment = deployed(&cloud, "d", &first);
    assert_eq!(kind(delete(&first)), ErrorKind::Conflict, "deployed");
    now(cloud.bedrock.delete_deployment(&deployment)).expect("removed");
    delete(&first).expect("deleted");
    delete(&first).expect("gone is no error");
    assert_eq!(now(cloud.bedrock.get_model(&first)), Ok(None));
}
