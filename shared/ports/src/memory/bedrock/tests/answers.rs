//! Converse.

use super::*;
use crate::memory::operation;
use crate::{Answer, Ask, Question};

fn ask(cloud: &MemoryCloud, model_id: &str, prompt: &str) -> PortResult<Answer> {
    let question = Question {
        prompt: prompt.into(),
        max_tokens: 5,
        temperature: 0.0,
    };
    now(cloud.bedrock.ask(model_id, &question))
}

fn text(cloud: &MemoryCloud, model_id: &str) -> String {
    ask(cloud, model_id, "hello").expect("answered").text
}

#[test]
fn a_deployment_answers_with_its_model_until_the_update_is_done() {
    let cloud = cloud();
    let a = trained(&cloud, &training("a"), "A");
    let next = TrainingSpec {
        base_model: a.clone(),
        ..training("b")
    };
    let b = trained(&cloud, &next, "B");
    let arn = deployed(&cloud, "d", &a);
    assert_eq!(text(&cloud, &arn), "A says hello");
    now(cloud.bedrock.update_deployment(&arn, &b)).expect("begun");
    assert_eq!(text(&cloud, &arn), "A says hello");
    cloud.clock.advance(minutes(8));
    assert_eq!(text(&cloud, &arn), "A+B says hello");
    assert_eq!(
        text(&cloud, "amazon.nova-micro-v1:0"),
        "amazon.nova-micro-v1:0 says hello"
    );
    let cut = ask(&cloud, &arn, "one two three four").expect("answered");
    assert_eq!(
        cut,
        Answer {
            text: "A+B says one two three".into(),
            input_tokens: 4,
            output_tokens: 5
        }
    );
    assert_eq!(cloud.bedrock.questions().len(), 5);
    assert_eq!(cloud.usage.true_calls(&arn), 4);
}

#[test]
fn what_cannot_be_asked_says_so() {
    let cloud = cloud();
    let model = cloud.bedrock.add_model("m", BASE, "a", Tags::new());
    assert_eq!(kind(ask(&cloud, &model, "hello")), ErrorKind::Invalid);
    let arn = now(cloud.bedrock.create_deployment(&deployment("d", &model))).expect("created");
    assert_eq!(
        kind(ask(&cloud, &arn, "hello")),
        ErrorKind::Throttled,
        "not ready"
    );
    cloud.clock.advance(minutes(8));
    assert_eq!(kind(ask(&cloud, &arn, " ")), ErrorKind::Invalid);
    now(cloud.bedrock.delete_deployment(&arn)).expect("removed");
    assert_eq!(kind(ask(&cloud, &arn, "hello")), ErrorKind::NotFound);
}

#[test]
fn throttled_and_failed_calls_are_use() {
    let cloud = cloud();
    let model = cloud.bedrock.add_model("m", BASE, "a", Tags::new());
    let arn = deployed(&cloud, "d", &model);
    cloud.bedrock.set_quotas(Quotas {
        questions_per_minute: Some(1),
        ..Quotas::default()
    });
    ask(&cloud, &arn, "hello").expect("answered");
    assert_eq!(kind(ask(&cloud, &arn, "hello")), ErrorKind::Throttled);
    cloud.clock.advance(minutes(1));
    ask(&cloud, &arn, "hello").expect("a new minute");
    cloud.clock.advance(minutes(1));
    cloud.fail_next(operation::CONVERSE, ErrorKind::Unanswered, 1);
    assert_eq!(kind(ask(&cloud, &arn, "hello")), ErrorKind::Unanswered);
    assert_eq!(cloud.usage.true_calls(&arn), 4);
    assert_eq!(cloud.usage.true_last(&arn), Some(cloud.clock.now()));
    assert_eq!(cloud.bedrock.questions().len(), 2);
}
