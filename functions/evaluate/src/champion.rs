//! The champion: its kept answers, and what is missing asked through the pipeline's deployment.

use perennial_core::run::{Event, Run};
use perennial_engine::{Invocation, StepResult, kept, questions, records};

use crate::Ports;
use crate::ask::{Whom, missing};

pub(crate) async fn ask(
    ports: &Ports,
    run: &Run,
    deployment: &str,
    invocation: &Invocation,
) -> StepResult {
    let gone = |why: String| Event::ChampionGone {
        reason: format!("the champion cannot be asked: {why}"),
    };
    let Some(champion) = &run.champion else {
        return Ok(gone("the run knows none".into()));
    };
    let pipeline = records::pipeline(ports.desk.table.as_ref(), &run.pipeline).await?;
    let now_serving = pipeline.and_then(|stored| {
        let steady = stored.record.moving.is_none();
        stored.record.champion.filter(|_| steady)
    });
    let prompts = questions::load(ports.read.as_ref(), run).await?;
    let prefix = kept::model_prefix(&run.pipeline, &champion.model);
    let answers = kept::load(ports.read.as_ref(), &prefix).await?;
    let open = prompts
        .iter()
        .filter(|record| !answers.contains_key(&kept::question_digest(&record.prompt)))
        .count();
    if open == 0 {
        return Ok(Event::ChampionAnswered);
    }
    if now_serving.as_ref() != Some(champion) {
        return Ok(gone(format!(
            "{} served when the run was opened and does not now; the next run is compared to what serves then",
            champion.model
        )));
    }
    let asked = missing(
        ports,
        Whom::Deployment(deployment),
        &prefix,
        &prompts,
        invocation,
    )
    .await?;
    Ok(asked.event(
        ports,
        "the champion",
        prompts.len(),
        Event::ChampionAnswered,
        |error| gone(format!("its deployment is not there: {error}")),
    ))
}
