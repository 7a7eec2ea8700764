//! `perennial release`: what a declined run left in quarantine is trained on again.

use jiff::Timestamp;
use perennial_core::announcement::Request;
use perennial_core::config::DataUse;
use perennial_core::pipeline::{Pipeline, PipelineEvent, decide};

use super::pause::seen;
use crate::args::PipelineRequestArgs;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::{find, output};

pub(super) async fn run(
    connection: &Connection,
    args: &PipelineRequestArgs,
) -> Result<(), Failure> {
    let name = &args.pipeline;
    let pipeline = find::pipeline(connection.table.as_ref(), name).await?;
    decide(
        &pipeline,
        &PipelineEvent::ReleaseRequested,
        Timestamp::now(),
    )
    .map_err(|refusal| Failure::Bad(refusal.to_string()))?;
    connection
        .send(&Request::Release {
            pipeline: name.clone(),
        })
        .await?;
    if args.wait.no_wait {
        return Ok(());
    }
    let released = |pipeline: &Pipeline| pipeline.quarantine.is_empty();
    seen(
        connection,
        name,
        &args.wait,
        "the uploads are still in quarantine",
        released,
    )
    .await?;
    output::print(&said(&pipeline));
    Ok(())
}

/// What becomes of what was released. `[data] use = "new"` takes it whether the champion was sealed before or after it came.
fn said(pipeline: &Pipeline) -> String {
    let name = &pipeline.name;
    let data = pipeline.config.as_ref().map(|c| &c.config.data);
    let within = match data.map(|data| data.use_) {
        Some(last @ DataUse::Last(_)) => {
            format!(", as far as it is recent enough for [data] use = \"{last}\"")
        }
        Some(DataUse::All | DataUse::New) | None => String::new(),
    };
    format!(
        "{name}: what was in quarantine is trained on from the next run on{within}. `perennial start {name}` opens it \
         now, else the next uploads do"
    )
}

#[cfg(test)]
mod tests {
    use perennial_core::span::Span;

    use super::*;
    use crate::views::samples;

    #[test]
    fn what_is_released_is_promised_as_far_as_the_configuration_takes_it() {
        let mut pipeline = samples::configured();
        for (use_, words) in [
            (DataUse::All, "from the next run on. `"),
            (DataUse::New, "from the next run on. `"),
            (
                DataUse::Last(Span(86_400)),
                "from the next run on, as far as it is recent enough for [data] use = \"last:1d\". `",
            ),
        ] {
            let in_force = pipeline.config.as_mut().unwrap();
            in_force.config.data.use_ = use_;
            let said = said(&pipeline);
            assert!(said.contains(words), "{said}");
            assert!(
                said.contains("`perennial start support-bot` opens it now"),
                "{said}"
            );
        }
    }
}
