//! Scoring the kept answers and asking the gate.

use perennial_core::gate::{Pair, judge as gate};
use perennial_core::names::ModelId;
use perennial_core::run::{Event, Run};
use perennial_core::score::score;
use perennial_engine::{StepResult, kept, questions, records};

use crate::Ports;

pub(crate) async fn judge(ports: &Ports, run: &Run) -> StepResult {
    let Some(prepared) = &run.prepared else {
        return Ok(Event::Impossible {
            reason: "the run has no evaluation prompts".into(),
        });
    };
    let Some(pipeline) = records::pipeline(ports.desk.table.as_ref(), &run.pipeline).await? else {
        return Ok(Event::Impossible {
            reason: "the pipeline's record is gone".into(),
        });
    };
    if run.trial.is_none() && pipeline.record.moving.is_some() {
        let note = Some("the alias is moving; the gate waits for it".to_owned());
        return Ok(Event::Later {
            at: ports.desk.next_look(),
            note,
        });
    }
    if run.trial.is_none() && !pipeline.record.is_compared_to(run.champion.as_ref()) {
        return Ok(Event::Impossible {
            reason: "another model became champion since this run was opened, so the comparison does not hold; the next \
                     run is compared to what serves now"
                .into(),
        });
    }
    let read = ports.read.as_ref();
    let (prompts, questions) = questions::load_with_digest(read, run).await?;
    let model = ModelId::of(&run.id);
    let Some(model) = records::model(ports.desk.table.as_ref(), &run.pipeline, &model).await?
    else {
        return Ok(Event::Impossible {
            reason: "the run's model is not in the registry".into(),
        });
    };
    let candidate = kept::load(
        read,
        &kept::model_prefix(&run.pipeline, &ModelId::of(&run.id)),
    )
    .await?;
    let base = kept::load(
        read,
        &kept::base_prefix(&run.pipeline, &run.route.inference_id),
    )
    .await?;
    let champion = match &run.champion {
        Some(champion) => {
            Some(kept::load(read, &kept::model_prefix(&run.pipeline, &champion.model)).await?)
        }
        None => None,
    };
    let pairs: Vec<Pair> = prompts
        .iter()
        .map(|record| {
            let question = kept::question_digest(&record.prompt);
            let points = |answers: &std::collections::BTreeMap<String, kept::KeptAnswer>| {
                let answer = answers
                    .get(&question)
                    .and_then(|kept| kept.answer.as_deref());
                score(prepared.metric, answer, &record.reference_response)
            };
            Pair {
                candidate: points(&candidate),
                base: points(&base),
                champion: champion.as_ref().map(points),
            }
        })
        .collect();
    let rule = run.gate_rule(prepared.metric);
    Ok(Event::Judged {
        verdict: Box::new(gate(&rule, &pairs)),
        dataset: model.record.trained_on.first().cloned().unwrap_or_default(),
        questions,
        hold: pipeline.record.hold.clone(),
        generation: pipeline.record.generation + 1,
    })
}
