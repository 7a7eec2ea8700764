//! Who was called.

use jiff::SignedDuration;

use super::answers::question;
use super::{Setup, prompt};
use crate::Use;
use crate::memory::operation;

/// The whole contract of [`crate::WatchUse`].
pub async fn usage_contract(setup: &Setup<'_>) {
    let Setup {
        world, ask, usage, ..
    } = setup;
    let model_arn = setup.model("usage").await;
    let called = setup.deployed("called", &model_arn).await;
    let idle = setup.deployed("idle", &model_arn).await;
    let ids = [called.clone(), idle.clone()];
    let hour = SignedDuration::from_hours(1);
    let begin = world.now() - hour;
    let seen = async |from, to| usage.uses(&ids, from, to).await.expect("answered");
    let none = seen(begin, world.now()).await;
    assert!(none.is_empty(), "nobody was called: {none:?}");

    let asked = world.now();
    for _ in 0..2 {
        ask.ask(&called, &question(&prompt(1)))
            .await
            .expect("answered");
    }
    world.throttle(operation::CONVERSE).await;
    ask.ask(&called, &question(&prompt(1)))
        .await
        .expect_err("throttled");
    ask.ask(&called, &question("")).await.expect_err("refused");
    world.settle().await;

    let now = world.now();
    let uses = seen(begin, now).await;
    assert!(
        !uses.contains_key(&idle),
        "what was never called has no series, which is not the same as no calls"
    );
    let Use { calls, last } = uses[&called];
    assert_eq!(calls, 4, "throttled and refused calls are calls");
    let last = last.expect("the time of the last call");
    assert!(
        asked <= last && last <= now,
        "the last call was at {asked} or a little later, and not at {last} ({now})"
    );
    // The span is so short that it ends within the period of the call.
    let short = asked + SignedDuration::from_mins(1);
    let uses = seen(asked, short).await;
    assert_eq!(
        uses[&called].calls, 4,
        "calls at the span's beginning count"
    );
    assert!(
        uses[&called].last.is_some_and(|last| last <= short),
        "the last call is never after the span"
    );
    let other = usage
        .uses(std::slice::from_ref(&idle), begin, now)
        .await
        .expect("answered");
    assert!(other.is_empty(), "only what was asked for is answered");
    let nobody = usage.uses(&[], begin, now).await.expect("answered");
    assert!(nobody.is_empty());
    let empty = seen(now, now).await;
    assert!(empty.is_empty(), "an empty span has no series");
    let backwards = seen(now, begin).await;
    assert!(
        backwards.is_empty(),
        "nor has one that ends before it begins"
    );
}
