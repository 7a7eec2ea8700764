//! Custom models.

use super::{Setup, kind, spec, tags};
use crate::memory::operation;
use crate::{ErrorKind, ModelStatus, Tags, TrainingSpec};

/// The whole contract of [`crate::ObserveModels`] and [`crate::DeleteModels`].
pub async fn models_contract(setup: &Setup<'_>) {
    let Setup { world, bedrock, .. } = setup;
    let listed = async || bedrock.list_models().await.expect("listed");
    let get = async |arn: &str| bedrock.get_model(arn).await.expect("answered");
    let delete = async |arn: &str| bedrock.delete_model(arn).await;
    assert_eq!(listed().await, [], "no models yet");

    let begin = world.now();
    let first = setup.model("first").await;
    let second = setup.model("second").await;
    let model = get(&first).await.expect("it is there");
    assert_eq!((&model.arn, model.name.as_str()), (&first, "first-model"));
    assert_eq!(
        (model.status, &model.tags),
        (ModelStatus::Active, &tags("first"))
    );
    assert!(
        (begin..=world.now()).contains(&model.created),
        "made after {begin}, at {}",
        model.created
    );
    let mut all = listed().await;
    all.sort_by_key(|model| model.created);
    assert_eq!(all.len(), 2);
    let untagged = crate::CustomModel {
        tags: Tags::new(),
        ..model
    };
    assert_eq!(all[0], untagged, "as it is, without its tags");
    assert_eq!(all[1].arn, second);

    let deployment = setup.deployed("serving", &first).await;
    assert_eq!(
        kind(delete(&first).await),
        Some(ErrorKind::Conflict),
        "deployed"
    );
    bedrock
        .update_deployment(&deployment, &second)
        .await
        .expect("taken");
    for (arn, why) in [(&first, "still serving"), (&second, "about to serve")] {
        assert_eq!(kind(delete(arn).await), Some(ErrorKind::Conflict), "{why}");
    }
    world.settle().await;
    let child = TrainingSpec {
        base_model: first.clone(),
        ..spec("child")
    };
    setup.start(&child).await;
    assert_eq!(
        kind(delete(&first).await),
        Some(ErrorKind::Conflict),
        "a job trains from it"
    );
    world.settle().await;

    delete(&first).await.expect("nobody uses it");
    assert_eq!(get(&first).await, None, "gone");
    delete(&first).await.expect("deleting it twice is no error");
    let left: Vec<String> = listed().await.into_iter().map(|model| model.name).collect();
    assert!(!left.contains(&"first-model".to_owned()), "{left:?}");
    assert!(left.contains(&"child-model".to_owned()), "{left:?}");
    let job = bedrock.find_training("first").await.expect("answered");
    assert_eq!(
        job.expect("the job stays").model_arn,
        Some(first),
        "a job names its model, also when that is gone"
    );

    bedrock
        .delete_deployment(&deployment)
        .await
        .expect("deleted");
    world.settle().await;
    world.lose_answer(operation::DELETE_MODEL).await;
    assert_eq!(kind(delete(&second).await), Some(ErrorKind::Unanswered));
    assert_eq!(get(&second).await, None, "it may have taken effect");
    delete(&second).await.expect("and again is no error");
}
