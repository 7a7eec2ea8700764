//! Which earlier champions a pipeline knows, and so protects from the cleanup.

mod common;

use common::pipeline_events::*;
use common::*;
use perennial_core::pipeline::{MoveReason, PipelineEvent};
use perennial_core::routing::Serving;

#[test]
fn as_many_earlier_champions_are_known_as_are_kept_for_rollback() {
    for (keep, known) in [(1, 20), (30, 30), (50, 50)] {
        let mut pipeline = configured();
        let config = &mut pipeline.config.as_mut().expect("it has one").config;
        config.idle.keep_previous = keep;
        // One was rolled back from: it is known, and takes no place of those that are kept.
        for number in 1..=60 {
            let begun = PipelineEvent::MoveBegun {
                to: champion(number),
                reason: MoveReason::Promotion {
                    run: run_id(number),
                },
                serving: Serving::OnDemand,
            };
            let deployment = serving(&format!("arn:d/{number}"));
            pipeline = happens(&pipeline, &[begun, deployment, PipelineEvent::Written]);
            if number == 59 {
                pipeline.rolled_from.insert(champion(58).model);
            }
        }
        assert_eq!(pipeline.kept().count(), keep as usize);
        let more = usize::from(keep >= 20);
        assert_eq!(pipeline.previous.len(), known + more, "{keep}");
    }
}
