//! Models that answer.

use super::{BASE, Setup, deployment, kind, prompt};
use crate::memory::operation;
use crate::{ErrorKind, Question};

pub(super) fn question(prompt: &str) -> Question {
    Question {
        prompt: prompt.to_owned(),
        max_tokens: 64,
        temperature: 0.0,
    }
}

/// The whole contract of [`crate::Ask`].
pub async fn answers_contract(setup: &Setup<'_>) {
    let Setup {
        world,
        bedrock,
        ask,
        ..
    } = setup;
    let model_arn = setup.model("answers").await;
    let base = ask
        .ask(BASE, &question(&prompt(3)))
        .await
        .expect("answered");
    assert_ne!(base.text, "answers-3", "the base model was not trained");

    assert_eq!(
        kind(ask.ask(&model_arn, &question(&prompt(3))).await),
        Some(ErrorKind::Invalid),
        "a custom model is asked through its deployment"
    );
    let spec = deployment("answers", &model_arn);
    let arn = bedrock.create_deployment(&spec).await.expect("created");
    assert_eq!(
        kind(ask.ask(&arn, &question(&prompt(3))).await),
        Some(ErrorKind::Throttled),
        "a deployment that is being made may be asked later"
    );
    world.settle().await;
    for n in [0, 3, 9] {
        let answer = ask
            .ask(&arn, &question(&prompt(n)))
            .await
            .expect("answered");
        assert_eq!(answer.text, format!("answers-{n}"), "as it was trained");
        assert!(answer.input_tokens > 0 && answer.output_tokens > 0);
    }

    {
        let operation = operation::CONVERSE;
        world.throttle(operation).await;
        let throttled = ask.ask(&arn, &question(&prompt(1))).await;
        assert_eq!(kind(throttled), Some(ErrorKind::Throttled));
        let again = ask
            .ask(&arn, &question(&prompt(1)))
            .await
            .expect("answered");
        assert_eq!(again.text, "answers-1", "the same call passes later");
        world.lose_answer(operation).await;
        let lost = ask.ask(&arn, &question(&prompt(1))).await;
        assert_eq!(kind(lost), Some(ErrorKind::Unanswered));
    }
    for bad in [
        question(""),
        Question {
            max_tokens: 0,
            ..question("a prompt")
        },
    ] {
        assert_eq!(kind(ask.ask(&arn, &bad).await), Some(ErrorKind::Invalid));
    }

    bedrock.delete_deployment(&arn).await.expect("deleted");
    world.settle().await;
    assert_eq!(
        kind(ask.ask(&arn, &question(&prompt(3))).await),
        Some(ErrorKind::NotFound),
        "a deployment that is gone answers no more"
    );
}
