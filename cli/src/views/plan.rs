//! The idle plan, as `cleanup --plan` shows it.

use perennial_core::idle::{Action, PlanLine};
use perennial_core::names::{ModelId, PipelineName};
use perennial_core::pipeline::is_provisioned;
use serde::{Serialize, Serializer};

use crate::output;

/// One pipeline's plan.
#[derive(Debug, Serialize)]
pub(crate) struct PlanView {
    pub(crate) pipeline: PipelineName,
    #[serde(serialize_with = "in_dollars")]
    pub(crate) lines: Vec<PlanLine>,
}

/// The lines, with what they save in dollars.
fn in_dollars<S: Serializer>(lines: &[PlanLine], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Line<'a> {
        model: &'a ModelId,
        arn: &'a str,
        #[serde(flatten)]
        action: &'a Action,
        reason: &'a str,
        saves_per_month_usd: f64,
        bring_back: &'a str,
    }
    serializer.collect_seq(lines.iter().map(|line| Line {
        model: &line.model,
        arn: &line.arn,
        action: &line.action,
        reason: &line.reason,
        saves_per_month_usd: line.saves_per_month.as_dollars(),
        bring_back: &line.bring_back,
    }))
}

/// What is to be done, in words.
pub(crate) fn action(line: &PlanLine) -> String {
    match &line.action {
        Action::Keep => "keep".into(),
        Action::Unmark => "keep, take the mark off".into(),
        Action::Mark { mark } => format!("mark, delete after {}", output::time(mark.delete_after)),
        Action::Wait { until } => format!("marked, delete after {}", output::time(*until)),
        Action::MarkServing { mark } => {
            format!(
                "mark, stop serving after {}",
                output::time(mark.delete_after)
            )
        }
        Action::UnmarkServing => "serve on, take the mark off".into(),
        Action::WaitServing { until } => {
            format!("marked, stop serving after {}", output::time(*until))
        }
        Action::Unserve { .. } => "stop serving, keep the model".into(),
        Action::RemoveLeftover { .. } => "remove what its run left".into(),
        Action::Delete { deployments } if deployments.is_empty() => "delete".into(),
        Action::Delete { deployments } => {
            format!(
                "delete, after {}",
                output::count(deployments.len() as u64, "deployment")
            )
        }
    }
}

/// Whether the line would change something.
pub(crate) fn changes(line: &PlanLine) -> bool {
    !matches!(
        line.action,
        Action::Keep | Action::Wait { .. } | Action::WaitServing { .. }
    )
}

/// The plan as a table, and what it saves.
pub(crate) fn text(plans: &[PlanView], width: Option<u16>) -> String {
    let lines: Vec<(&PipelineName, &PlanLine)> = plans
        .iter()
        .flat_map(|plan| plan.lines.iter().map(|line| (&plan.pipeline, line)))
        .collect();
    if lines.is_empty() {
        return "there are no models: nothing to clean up\n".into();
    }
    let rows = lines
        .iter()
        .map(|(pipeline, line)| {
            vec![
                line.model.to_string(),
                pipeline.to_string(),
                action(line),
                line.reason.clone(),
            ]
        })
        .collect();
    let mut text = output::table(&["model", "pipeline", "action", "because"], rows, width);
    let going: Vec<&PlanLine> = lines
        .iter()
        .map(|(_, line)| *line)
        .filter(|line| {
            !matches!(
                line.action,
                Action::Keep | Action::Unmark | Action::UnmarkServing
            )
        })
        .collect();
    if going.is_empty() {
        text.push_str("\nnothing is idle\n");
        return text;
    }
    let saved: f64 = going
        .iter()
        .map(|line| line.saves_per_month.as_dollars())
        .sum();
    let serving = |line: &&&PlanLine| match &line.action {
        Action::MarkServing { .. } | Action::WaitServing { .. } | Action::Unserve { .. } => true,
        Action::RemoveLeftover { arn } => is_provisioned(arn),
        _ => false,
    };
    let idle = match (going.len(), going.iter().filter(serving).count()) {
        (1, 0) => "1 model is".to_owned(),
        (many, 0) => format!("{many} models are"),
        (1, _) => "what serves 1 model is".to_owned(),
        (all, served) if all == served => format!("what serves {served} models is"),
        (all, served) => format!(
            "{} and what serves {served} more are",
            output::count((all - served) as u64, "model")
        ),
    };
    text.push_str(&format!(
        "\n{idle} idle: deleting saves about {saved:.2} USD a month. To bring one back:\n"
    ));
    for line in going {
        text.push_str(&format!(
            "  {}  {}\n",
            line.model,
            output::clean(&line.bring_back)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use perennial_core::idle::STORAGE_PER_MONTH;

    use super::*;
    use crate::views::samples;

    fn line(number: u64, action: Action, reason: &str) -> PlanLine {
        PlanLine {
            model: ModelId::of(&samples::run_id(number)),
            arn: samples::model(number).arn,
            action,
            reason: reason.into(),
            saves_per_month: STORAGE_PER_MONTH,
            bring_back: "train again: `perennial start support-bot`".into(),
        }
    }

    #[test]
    fn every_model_has_its_reason_and_every_deletion_its_way_back() {
        let lines = vec![
            line(2, Action::Keep, "it is the champion"),
            line(
                3,
                Action::Wait {
                    until: samples::at(0),
                },
                "marked: no call",
            ),
            line(
                4,
                Action::Delete {
                    deployments: vec!["d".into()],
                },
                "marked, and still idle",
            ),
        ];
        let plans = [PlanView {
            pipeline: samples::name(),
            lines,
        }];
        insta::assert_snapshot!(text(&plans, None));
        insta::assert_json_snapshot!(plans);
    }

    #[test]
    fn nothing_to_do_is_said() {
        let lines = vec![line(2, Action::Keep, "it is the champion")];
        let plans = [PlanView {
            pipeline: samples::name(),
            lines,
        }];
        assert!(text(&plans, None).ends_with("nothing is idle\n"));
        assert!(text(&[], None).starts_with("there are no models"));
    }
}
