//! `perennial rollback`: an earlier model serves again, and promotions wait until `resume`.

use jiff::Timestamp;
use perennial_core::announcement::Request;
use perennial_core::names::{ModelId, RunId};
use perennial_core::pipeline::{Pipeline, PipelineEvent, decide};
use perennial_engine::records;

use crate::args::RollbackArgs;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::wait::{self, Look};
use crate::{find, output};

pub(super) async fn run(connection: &Connection, args: &RollbackArgs) -> Result<(), Failure> {
    let name = &args.pipeline;
    let table = connection.table.as_ref();
    let before = find::pipeline(table, name).await?;
    let to = match &args.to {
        Some(text) => Some(find::run(table, text).await?.id),
        None => None,
    };
    if let Some(run) = &to {
        served(&before, run).map_err(Failure::Bad)?;
    }
    let event = PipelineEvent::RollbackRequested {
        to: to.as_ref().map(ModelId::of),
        from: None,
    };
    let moved = decide(&before, &event, Timestamp::now())
        .map_err(|refusal| Failure::Bad(refusal.to_string()))?;
    let Some(target) = moved.pipeline.moving.map(|moving| moving.to) else {
        return Err(Failure::Bad(
            "there is no earlier champion to roll back to".into(),
        ));
    };
    let model = records::model(table, name, &target.model).await?;
    if !model.is_some_and(|model| model.record.is_ready()) {
        return Err(Failure::Bad(format!(
            "model {} is gone, so it cannot serve; `perennial models {name}` lists what is there",
            target.model
        )));
    }
    connection
        .send(&Request::Rollback {
            pipeline: name.clone(),
            // The model that was just looked at, and what it takes the place of: a request that is delivered twice, or days
            // late, moves nothing.
            to: Some(target.model.run()),
            from: before
                .champion
                .as_ref()
                .map(|champion| champion.model.run()),
        })
        .await?;
    if args.wait.no_wait {
        return Ok(());
    }
    let held = wait::until(
        connection.patience(&args.wait),
        "`perennial status` shows how it goes on.",
        async || {
            let pipeline = find::pipeline(table, name).await?;
            let serves = pipeline
                .champion
                .as_ref()
                .is_some_and(|champion| champion.model == target.model);
            if serves && pipeline.moving.is_none() && pipeline.unserved.is_none() {
                return Ok(Look::Done(pipeline.hold.is_some()));
            }
            let failed = pipeline
                .last_failure
                .as_ref()
                .filter(|failure| failure.generation > before.generation);
            if let (Some(failure), None) = (failed, &pipeline.moving) {
                return Err(Failure::Bad(format!(
                    "the alias was not moved, what served before still serves: {}",
                    output::clean(&failure.reason)
                )));
            }
            Ok(Look::waiting(match pipeline.moving {
                Some(_) => format!("the alias moves to {}", target.model),
                None => "the move has not begun yet".to_owned(),
            }))
        },
    )
    .await?;
    let wait = match held {
        true => format!(" Promotions wait until `perennial resume {name}`."),
        false => String::new(),
    };
    output::print(&format!("{} serves {name} again.{wait}", target.model));
    Ok(())
}

/// Whether the model of this run is an earlier champion; otherwise what to name instead.
fn served(pipeline: &Pipeline, run: &RunId) -> Result<(), String> {
    let (name, wanted) = (&pipeline.name, ModelId::of(run));
    if pipeline
        .previous
        .iter()
        .any(|earlier| earlier.model == wanted)
    {
        return Ok(());
    }
    let is_champion = pipeline
        .champion
        .as_ref()
        .is_some_and(|champion| champion.model == wanted);
    // Its deployment was removed as idle: it is made anew.
    if is_champion && pipeline.unserved.is_some() {
        return Ok(());
    }
    let what = if is_champion {
        format!("model {wanted} serves {name} already")
    } else {
        format!(
            "model {wanted} never served {name}, or is not known as an earlier champion any more"
        )
    };
    let earlier: Vec<_> = pipeline
        .previous
        .iter()
        .map(|earlier| earlier.model.run().to_string())
        .collect();
    Err(if earlier.is_empty() {
        format!("{what}; `--to` takes an earlier champion, and there is none yet")
    } else {
        format!(
            "{what}; `--to` takes an earlier champion, the newest first: {}",
            earlier.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::samples;

    #[test]
    fn only_an_earlier_champion_can_be_named() {
        let mut pipeline = samples::collecting();
        assert_eq!(served(&pipeline, &samples::run_id(1)), Ok(()));
        let never = served(&pipeline, &samples::run_id(3)).unwrap_err();
        assert!(never.contains("never served"), "{never}");
        assert!(never.ends_with(samples::run_id(1).as_str()), "{never}");
        let serves = served(&pipeline, &samples::run_id(2)).unwrap_err();
        assert!(serves.contains("serves support-bot already"), "{serves}");
        pipeline.previous.clear();
        let none = served(&pipeline, &samples::run_id(3)).unwrap_err();
        assert!(none.ends_with("there is none yet"), "{none}");
    }
}
