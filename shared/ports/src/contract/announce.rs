//! The bus: everything that was said arrives.

use perennial_core::announcement::happened;
use serde_json::json;

use super::{Setup, kind};
use crate::ErrorKind;
use crate::memory::operation;

/// The whole contract of [`crate::Announce`].
pub async fn announce_contract(setup: &Setup<'_>) {
    let Setup {
        world, announce, ..
    } = setup;
    announce.announce(&[]).await.expect("nothing is no error");
    assert_eq!(world.heard().await, [], "and nothing is heard");
    // More than one PutEvents takes.
    let said: Vec<_> = (0..23)
        .map(|n| {
            let detail =
                json!({ "number": n, "words": "für “Ærlighed” 🌱", "share": 0.1, "none": null });
            happened("Upload Accepted", detail)
        })
        .collect();
    announce.announce(&said).await.expect("taken");
    let heard = world.heard().await;
    for one in &said {
        assert!(heard.contains(one), "{one:?} was said and not heard");
    }
    assert_eq!(heard.len(), said.len(), "and nothing else was heard");

    world.lose_answer(operation::PUT_EVENTS).await;
    let lost = happened("Evaluation Complete", json!({ "run": "lost" }));
    let answer = announce.announce(std::slice::from_ref(&lost)).await;
    assert_eq!(kind(answer), Some(ErrorKind::Unanswered));
    assert!(
        world.heard().await.contains(&lost),
        "what has no answer may have been heard"
    );
    world.throttle(operation::PUT_EVENTS).await;
    let refused = happened("Evaluation Complete", json!({ "run": "refused" }));
    let answer = announce.announce(std::slice::from_ref(&refused)).await;
    assert_eq!(kind(answer), Some(ErrorKind::Throttled));
    assert!(
        !world.heard().await.contains(&refused),
        "what was refused is not heard"
    );
}
