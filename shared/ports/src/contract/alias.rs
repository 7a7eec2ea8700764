//! The alias: one parameter, read and overwritten.

use super::{Setup, kind};
use crate::ErrorKind;
use crate::memory::operation;

/// The whole contract of [`crate::ReadAlias`] and [`crate::WriteAlias`].
pub async fn alias_contract(setup: &Setup<'_>) {
    let Setup { world, alias, .. } = setup;
    let name = "/perennial/test/support-bot/model";
    let read = async |name: &str| alias.read_alias(name).await.expect("answered");
    assert_eq!(read(name).await, None, "no parameter is no error");
    let arns = ["a", "b", "c"].map(|id| {
        format!("arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/{id}23456789012")
    });
    for arn in &arns[..2] {
        alias.write_alias(name, arn).await.expect("written");
        assert_eq!(
            read(name).await.as_ref(),
            Some(arn),
            "the last write stands"
        );
    }
    alias
        .write_alias(name, &arns[1])
        .await
        .expect("the same value again is no error");
    let other = "/perennial/test/support-bot-2/model";
    assert_eq!(read(other).await, None, "a name is a whole name");

    world.lose_answer(operation::PUT_PARAMETER).await;
    let lost = alias.write_alias(name, &arns[2]).await;
    assert_eq!(kind(lost), Some(ErrorKind::Unanswered));
    assert_eq!(
        read(name).await.as_ref(),
        Some(&arns[2]),
        "a write without an answer may have taken effect"
    );
    world.throttle(operation::GET_PARAMETER).await;
    assert_eq!(
        kind(alias.read_alias(name).await),
        Some(ErrorKind::Throttled)
    );
}
