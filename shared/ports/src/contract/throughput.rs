//! Provisioned throughput.

use perennial_core::config::Commitment;
use perennial_core::pipeline::is_provisioned;

use super::answers::question;
use super::{Setup, deployment, kind, prompt, tags};
use crate::memory::{Work, operation};
use crate::{Deployment, DeploymentSpec, DeploymentStatus, ErrorKind, Purchase, UpdateStatus};

const NOBODY: &str = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl";

fn purchase(name: &str, model_arn: &str, commitment: Commitment) -> DeploymentSpec {
    DeploymentSpec {
        buy: Some(Purchase {
            units: 1,
            commitment,
        }),
        description: String::new(),
        ..deployment(name, model_arn)
    }
}

/// What [`crate::ChangeDeployments`] and [`crate::ObserveDeployments`] promise of provisioned throughput.
pub async fn throughput_contract(setup: &Setup<'_>) {
    let first = setup.model("first").await;
    let second = setup.model("second").await;
    let arn = bought(setup, &first).await;
    swapped(setup, &arn, &first, &second).await;
    removed(setup, &arn, &second).await;
    committed(setup, &first).await;
    failed(setup, &first).await;
}

async fn find(setup: &Setup<'_>, name: &str) -> Option<Deployment> {
    setup.bedrock.find_throughput(name).await.expect("answered")
}

async fn get(setup: &Setup<'_>, arn: &str) -> Deployment {
    let found = setup.bedrock.get_deployment(arn).await.expect("answered");
    found.expect("the throughput is there")
}

async fn bought(setup: &Setup<'_>, model_arn: &str) -> String {
    assert_eq!(find(setup, "bought").await, None, "none, and no error");
    assert_eq!(setup.bedrock.get_deployment(NOBODY).await, Ok(None));
    let spec = purchase("bought", model_arn, Commitment::None);
    let create = async || setup.bedrock.create_deployment(&spec).await;
    setup.world.lose_answer(operation::CREATE_THROUGHPUT).await;
    assert_eq!(kind(create().await), Some(ErrorKind::Unanswered));
    let making = find(setup, "bought").await.expect("it was bought");
    assert_eq!(create().await, Ok(making.arn.clone()), "bought once");
    assert!(is_provisioned(&making.arn));
    assert_eq!(making.status, DeploymentStatus::Creating);
    assert_eq!(making.model_arn, model_arn);
    assert_eq!(making.tags, tags("bought"));
    let terms = making.bought.expect("it is bought");
    assert_eq!((terms.units, terms.until), (1, None));
    assert_eq!(
        setup.bedrock.find_deployment("bought").await,
        Ok(None),
        "it is no deployment by the token"
    );
    let other_token = DeploymentSpec {
        token: "other-token".into(),
        ..spec.clone()
    };
    let taken = setup.bedrock.create_deployment(&other_token).await;
    assert_eq!(
        kind(taken),
        Some(ErrorKind::Invalid),
        "the name is taken; the operation has no conflict error"
    );
    let delete = setup.bedrock.delete_deployment(&making.arn).await;
    assert_eq!(
        kind(delete),
        Some(ErrorKind::Conflict),
        "not while it is made"
    );
    setup.world.settle().await;
    let active = get(setup, &making.arn).await;
    assert_eq!(active.status, DeploymentStatus::Active);
    let answer = setup.ask.ask(&making.arn, &question(&prompt(1))).await;
    let gone = setup.ask.ask(NOBODY, &question(&prompt(1))).await;
    assert_eq!(kind(gone), Some(ErrorKind::NotFound));
    assert_eq!(
        answer.expect("answered").text,
        "first-1",
        "its model answers"
    );
    let serving = setup.bedrock.deployments_of(model_arn).await;
    assert_eq!(serving, Ok(vec![active]), "it serves the model");
    making.arn
}

async fn swapped(setup: &Setup<'_>, arn: &str, first: &str, second: &str) {
    let update = async |model: &str| setup.bedrock.update_deployment(arn, model).await;
    let before = get(setup, arn).await.bought.map(|bought| bought.modified);
    update(second).await.expect("taken");
    let during = get(setup, arn).await;
    assert_eq!(during.update, Some(UpdateStatus::Updating(second.into())));
    assert_eq!(
        (during.status, during.model_arn.as_str()),
        (DeploymentStatus::Active, first),
        "the earlier model serves on"
    );
    assert_eq!(kind(update(first).await), Some(ErrorKind::Invalid));
    let delete = setup.bedrock.delete_deployment(arn).await;
    assert_eq!(kind(delete), Some(ErrorKind::Conflict));
    setup.world.settle().await;
    let after = get(setup, arn).await;
    assert_eq!((after.update, after.model_arn.as_str()), (None, second));
    let swapped = after.bought.map(|bought| bought.modified);
    assert!(swapped > before, "it says when it was changed");

    setup.world.fail_next(Work::Update).await;
    update(first).await.expect("taken");
    setup.world.settle().await;
    let failed = get(setup, arn).await;
    assert_eq!(failed.status, DeploymentStatus::Active, "it serves on");
    assert_eq!((failed.update, failed.model_arn.as_str()), (None, second));
    assert!(
        failed.bought.map(|bought| bought.modified) > swapped,
        "that something was changed is all that is said of a failed swap"
    );
    let nobody = setup.bedrock.update_deployment(NOBODY, first).await;
    assert_eq!(kind(nobody), Some(ErrorKind::NotFound));
}

async fn removed(setup: &Setup<'_>, arn: &str, model_arn: &str) {
    let delete = async |arn: &str| setup.bedrock.delete_deployment(arn).await;
    let in_use = setup.bedrock.delete_model(model_arn).await;
    assert_eq!(kind(in_use), Some(ErrorKind::Conflict), "the model serves");
    delete(arn).await.expect("deleted");
    delete(arn).await.expect("deleting it twice is no error");
    setup.world.settle().await;
    assert_eq!(find(setup, "bought").await, None);
    assert_eq!(setup.bedrock.get_deployment(arn).await, Ok(None));
    delete(arn).await.expect("what is gone is no error");
}

async fn committed(setup: &Setup<'_>, model_arn: &str) {
    let spec = purchase("for-a-month", model_arn, Commitment::OneMonth);
    let arn = setup.bedrock.create_deployment(&spec).await;
    let arn = arn.expect("bought");
    setup.world.settle().await;
    let until = get(setup, &arn)
        .await
        .bought
        .and_then(|bought| bought.until);
    let until = until.expect("the end is told");
    assert!(until > setup.world.now(), "{until}");
    let delete = setup.bedrock.delete_deployment(&arn).await;
    assert_eq!(
        kind(delete),
        Some(ErrorKind::Conflict),
        "it is paid for until {until}"
    );
    assert!(find(setup, "for-a-month").await.is_some());
}

async fn failed(setup: &Setup<'_>, model_arn: &str) {
    setup.world.fail_next(Work::Deployment).await;
    let spec = purchase("failed", model_arn, Commitment::None);
    let arn = setup.bedrock.create_deployment(&spec).await.expect("taken");
    setup.world.settle().await;
    let failed = get(setup, &arn).await;
    assert_eq!(failed.status, DeploymentStatus::Failed);
    assert!(failed.message.is_some(), "the service says why");
    setup
        .bedrock
        .delete_deployment(&arn)
        .await
        .expect("deleted");
    setup.world.settle().await;
    assert_eq!(find(setup, "failed").await, None);
}
