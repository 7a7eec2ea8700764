//! The idle plan, as `cleanup --plan` shows it.

use perennial_core::idle::{Action, PlanLine};
use perennial_core::names::PipelineName;
use serde::Serialize;

use crate::output;

/// One pipeline's plan.
#[derive(Debug, Serialize)]
pub(crate) struct PlanView {
    pub(crate) pipeline: PipelineName,
    pub(crate) lines: Vec<PlanLine>,
}

/// What is to be done, in words.
pub(crate) fn action(line: &PlanLine) -> String {
    match &line.action {
        Action::Keep => "keep".into(),
        Action::Unmark => "keep, take the mark off".into(),
        Action::Mark { mark } => format!("mark, delete after {}", output::time(mark.delete_after)),
        Action::Wait { until } => format!("marked, delete after {}", output::time(*until)),
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
    !matches!(line.action, Action::Keep | Action::Wait { .. })
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
        .filter(|line| !matches!(line.action, Action::Keep | Action::Unmark))
        .collect();
    if going.is_empty() {
        text.push_str("\nnothing is idle\n");
        return text;
    }
    let saved: f64 = going
        .iter()
        .map(|line| line.saves_per_month.as_dollars())
        .sum();
    text.push_str(&format!(
        "\n{} idle: deleting saves about {saved:.2} USD a month. To bring one back:\n",
        match going.len() {
            1 => "1 model is".to_owned(),
            many => format!("{many} models are"),
        }
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
