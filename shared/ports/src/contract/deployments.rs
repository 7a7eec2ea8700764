//! On-demand deployments.

use super::answers::question;
use super::{Setup, deployment, kind, tags};
use crate::memory::{Work, operation};
use crate::{Deployment, DeploymentSpec, DeploymentStatus, ErrorKind, UpdateStatus};

const NOBODY: &str = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl";

/// The whole contract of [`crate::ChangeDeployments`] and [`crate::ObserveDeployments`].
pub async fn deployments_contract(setup: &Setup<'_>) {
    let first = setup.model("first").await;
    let second = setup.model("second").await;
    let arn = created(setup, &first).await;
    taken(setup, &first, &second).await;
    updated(setup, &arn, &first, &second).await;
    unanswered(setup, &first).await;
    failed(setup, &second).await;
    deleted(setup, &arn, &second).await;
}

async fn find(setup: &Setup<'_>, name: &str) -> Option<Deployment> {
    setup.bedrock.find_deployment(name).await.expect("answered")
}

async fn get(setup: &Setup<'_>, arn: &str) -> Deployment {
    let found = setup.bedrock.get_deployment(arn).await.expect("answered");
    found.expect("the deployment is there")
}

/// The names of the deployments that serve a model.
async fn serving(setup: &Setup<'_>, model_arn: &str) -> Vec<String> {
    let found = setup.bedrock.deployments_of(model_arn).await;
    let mut names: Vec<String> = found
        .expect("listed")
        .into_iter()
        .map(|one| one.name)
        .collect();
    names.sort();
    names
}

async fn created(setup: &Setup<'_>, model_arn: &str) -> String {
    assert_eq!(find(setup, "serving").await, None, "none, and no error");
    let none = setup.bedrock.get_deployment(NOBODY).await;
    assert_eq!(none, Ok(None), "none, and no error");
    assert_eq!(serving(setup, model_arn).await, [] as [&str; 0]);

    let spec = deployment("serving", model_arn);
    let create = async || setup.bedrock.create_deployment(&spec).await;
    let arn = create().await.expect("created");
    let making = get(setup, &arn).await;
    assert_eq!(making.status, DeploymentStatus::Creating);
    assert_eq!((&making.arn, making.name.as_str()), (&arn, "serving"));
    assert_eq!(making.model_arn, model_arn);
    assert_eq!(
        (making.update.as_ref(), making.message.as_ref()),
        (None, None)
    );
    assert_eq!(making.tags, tags("serving"));
    let age = making.created.duration_since(setup.world.now()).abs();
    assert!(age.as_secs() < 30, "{}", making.created);
    assert_eq!(find(setup, "serving").await, Some(making.clone()));
    assert_eq!(
        create().await,
        Ok(arn.clone()),
        "the same call, the same one"
    );

    setup.world.settle().await;
    let active = get(setup, &arn).await;
    let expected = Deployment {
        status: DeploymentStatus::Active,
        ..making
    };
    assert_eq!(active, expected);
    assert_eq!(create().await, Ok(arn.clone()), "once it is active too");
    for like in ["servin", "serving-2", "Serving"] {
        assert_eq!(find(setup, like).await, None, "a name is a whole name");
    }
    assert_eq!(serving(setup, model_arn).await, ["serving"]);
    arn
}

async fn taken(setup: &Setup<'_>, first: &str, second: &str) {
    let spec = deployment("serving", first);
    let other_token = DeploymentSpec {
        token: "other-token".into(),
        ..spec.clone()
    };
    let other_model = DeploymentSpec {
        model_arn: second.into(),
        ..spec.clone()
    };
    let bad_name = DeploymentSpec {
        name: "with space".into(),
        ..deployment("bad", first)
    };
    for (spec, why) in [
        (
            other_token,
            "the name is taken; the operation has no conflict error",
        ),
        (other_model, "a token stands for one request"),
        (bad_name, "no such name can be"),
    ] {
        let created = setup.bedrock.create_deployment(&spec).await;
        assert_eq!(kind(created), Some(ErrorKind::Invalid), "{why}");
    }
    let gone = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl";
    let created = setup
        .bedrock
        .create_deployment(&deployment("bad", gone))
        .await;
    assert_eq!(kind(created), Some(ErrorKind::NotFound), "no such model");
}

async fn updated(setup: &Setup<'_>, arn: &str, first: &str, second: &str) {
    let update = async |model: &str| setup.bedrock.update_deployment(arn, model).await;
    update(second).await.expect("taken");
    let during = get(setup, arn).await;
    assert_eq!(during.update, Some(UpdateStatus::Updating(second.into())));
    assert_eq!(during.status, DeploymentStatus::Active, "it serves on");
    assert_eq!(
        during.model_arn, first,
        "the earlier model, until it is done"
    );
    assert_eq!(
        kind(update(first).await),
        Some(ErrorKind::Invalid),
        "one update at a time; the operation has no conflict error"
    );
    setup.world.settle().await;
    let after = get(setup, arn).await;
    assert_eq!(after.update, Some(UpdateStatus::Completed(second.into())));
    assert_eq!(
        (after.status, after.model_arn.as_str()),
        (DeploymentStatus::Active, second)
    );
    assert_eq!(serving(setup, second).await, ["serving"]);
    assert_eq!(serving(setup, first).await, [] as [&str; 0]);

    setup.world.fail_next(Work::Update).await;
    update(first).await.expect("taken");
    setup.world.settle().await;
    let failed = get(setup, arn).await;
    assert_eq!(failed.update, Some(UpdateStatus::Failed(first.into())));
    assert_eq!(failed.status, DeploymentStatus::Active, "it serves on");
    assert_eq!(failed.model_arn, second, "the earlier model still serves");
    assert_eq!(failed.message, None, "of a failed update nobody says why");
    assert_eq!(serving(setup, second).await, ["serving"]);

    setup.world.lose_answer(operation::UPDATE_DEPLOYMENT).await;
    assert_eq!(kind(update(first).await), Some(ErrorKind::Unanswered));
    let during = get(setup, arn).await;
    assert_eq!(during.update, Some(UpdateStatus::Updating(first.into())));
    assert_eq!(
        during.message, None,
        "of an earlier failure nothing is said"
    );
    setup.world.settle().await;
    update(second).await.expect("and back");
    setup.world.settle().await;
    let back = get(setup, arn).await;
    assert_eq!(back.update, Some(UpdateStatus::Completed(second.into())));
    let nobody = setup.bedrock.update_deployment(NOBODY, first).await;
    assert_eq!(kind(nobody), Some(ErrorKind::NotFound));
}

async fn unanswered(setup: &Setup<'_>, model_arn: &str) {
    let spec = deployment("lost", model_arn);
    let create = async || setup.bedrock.create_deployment(&spec).await;
    setup.world.lose_answer(operation::CREATE_DEPLOYMENT).await;
    assert_eq!(kind(create().await), Some(ErrorKind::Unanswered));
    let found = find(setup, "lost").await.expect("it was made");
    assert_eq!(found.tags, tags("lost"));
    assert_eq!(create().await, Ok(found.arn.clone()), "one deployment");
    let remove = async || setup.bedrock.delete_deployment(&found.arn).await;
    assert_eq!(
        kind(remove().await),
        Some(ErrorKind::Conflict),
        "what is being made cannot be removed yet"
    );
    let more = setup
        .bedrock
        .create_deployment(&deployment("more", model_arn))
        .await;
    more.expect("two at a time");
    let third = setup
        .bedrock
        .create_deployment(&deployment("third", model_arn))
        .await;
    assert_eq!(kind(third), Some(ErrorKind::Quota), "and not three");
    setup.world.settle().await;
    assert_eq!(serving(setup, model_arn).await, ["lost", "more"]);
    let throttled = deployment("throttled", model_arn);
    setup.world.throttle(operation::CREATE_DEPLOYMENT).await;
    let refused = setup.bedrock.create_deployment(&throttled).await;
    assert_eq!(kind(refused), Some(ErrorKind::Throttled));
    assert_eq!(find(setup, "throttled").await, None, "nothing was made");
    setup.world.lose_answer(operation::DELETE_DEPLOYMENT).await;
    assert_eq!(kind(remove().await), Some(ErrorKind::Unanswered));
    setup.world.settle().await;
    assert_eq!(find(setup, "lost").await, None, "it was removed");
}

async fn failed(setup: &Setup<'_>, model_arn: &str) {
    setup.world.fail_next(Work::Deployment).await;
    let failed = setup.deployed("failed", model_arn).await;
    let found = get(setup, &failed).await;
    assert_eq!(found.status, DeploymentStatus::Failed);
    assert!(found.message.is_some(), "the service says why");
    assert_eq!(
        kind(setup.ask.ask(&failed, &question("hello")).await),
        Some(ErrorKind::Invalid),
        "it will never answer, so it is not to be asked again"
    );
    let update = setup.bedrock.update_deployment(&failed, model_arn).await;
    assert_eq!(kind(update), Some(ErrorKind::Invalid), "nor updated");
    let delete = setup.bedrock.delete_deployment(&failed).await;
    delete.expect("it can be deleted");
    setup.world.settle().await;
    assert_eq!(find(setup, "failed").await, None);
}

async fn deleted(setup: &Setup<'_>, arn: &str, model_arn: &str) {
    let delete = async |arn: &str| setup.bedrock.delete_deployment(arn).await;
    delete(arn).await.expect("deleted");
    delete(arn).await.expect("deleting it twice is no error");
    setup.world.settle().await;
    assert_eq!(find(setup, "serving").await, None);
    assert_eq!(setup.bedrock.get_deployment(arn).await, Ok(None));
    assert_eq!(serving(setup, model_arn).await, [] as [&str; 0]);
    delete(arn).await.expect("what is gone is no error");
    let spec = DeploymentSpec {
        token: "another-token".into(),
        ..deployment("serving", model_arn)
    };
    let again = setup.bedrock.create_deployment(&spec).await;
    assert_ne!(again.expect("the name is free again"), arn);
}
