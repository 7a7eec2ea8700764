//! Whether the account has a place for the model that a run would import: decided before its training is paid for, from what was
//! counted elsewhere.

use crate::config::Config;
use crate::names::{PipelineName, Purpose, RunId};
use crate::routing::Trainer;
use crate::run::{Run, RunState};

/// AWS's quota by its name in Service Quotas, and its code.
pub const QUOTA: &str = "“Imported models per account” (L-45B04988)";
/// What a new account has (AWS General Reference, “Amazon Bedrock endpoints and quotas”: each supported region 3, adjustable).
pub const DEFAULT_QUOTA: u32 = 3;
/// So many models are named in the words.
const MOST_NAMED: usize = 10;

/// Whose an imported model is, and whether it may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// This installation made it, and keeps it: why, in words.
    Needed(String),
    /// This installation made it, and it serves nobody.
    Unneeded,
    /// Somebody else's.
    Foreign,
}

/// An imported model of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its name.
    pub name: String,
    /// Whose.
    pub holder: Holder,
}

/// What was counted.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// How many the account may have; 0: not counted.
    pub quota: u32,
    /// What is there.
    pub models: &'a [Imported],
    /// Places that runs of other pipelines will take.
    pub in_flight: u32,
    /// How many the run needs ([`needs`]).
    pub needs: u32,
}

/// Whether a run's weights are to be imported, so that its model takes such a place.
#[must_use]
pub fn imports(run: &Run) -> bool {
    matches!(run.route.trainer, Trainer::SageMaker { .. })
}

/// How many places a run needs: its model's, and for a trial that of the run on all data, which follows while its own model is there
/// still. What a chain's first stage leaves is not imported.
#[must_use]
pub fn needs(run: &Run) -> u32 {
    match imports(run) {
        true => places(run.trial.is_some()),
        false => 0,
    }
}

fn places(for_a_trial: bool) -> u32 {
    if for_a_trial { 2 } else { 1 }
}

/// Why a pipeline would come to a stop by itself, whatever others do: what it keeps and what a run needs are more models than the
/// account may have (`quota`; 0: not counted).
#[must_use]
pub fn keeps_too_many(config: &Config, trainer: &Trainer, quota: u32) -> Option<String> {
    let keeps = config.idle.keep_previous;
    let has_trial = config.trigger.trial.is_some();
    let needs = 1_u32
        .saturating_add(keeps)
        .saturating_add(places(has_trial));
    let imports = matches!(trainer, Trainer::SageMaker { .. });
    if quota == 0 || !imports || needs <= quota {
        return None;
    }
    let least = 1 + places(has_trial);
    let mut instead = Vec::new();
    if least <= quota {
        instead.push(format!("write idle.keep_previous = {}", quota - least));
    }
    if has_trial && needs - 1 <= quota {
        instead.push("take trigger.trial out".to_owned());
    }
    instead.push(format!(
        "have AWS raise the quota {QUOTA} in Service Quotas to {needs} at least, and then the stack's parameter ImportedModelsQuota"
    ));
    let trial = if has_trial { " and its trial's" } else { "" };
    Some(format!(
        "idle.keep_previous = {keeps}: the champion, {keeps} kept for a rollback, a run's model{trial} are {needs} imported models at a \
         time, and the account may have {quota}: no run could begin after some promotions. Either {}",
        instead.join(", or ")
    ))
}

/// How many places `other` will take that `run` must leave. Of two that are prepared at a time, the one that was opened first goes first.
#[must_use]
pub fn will_take(other: &Run, run: &RunId, is_there: bool) -> u32 {
    let all = needs(other);
    let after_its_own = all.saturating_sub(1);
    match &other.state {
        RunState::Preparing if other.id < *run => all,
        RunState::Starting { .. } | RunState::Training { .. } | RunState::Importing { .. } => {
            match is_there {
                true => after_its_own,
                false => all,
            }
        }
        RunState::Evaluating { .. } | RunState::Deciding => after_its_own,
        // It cannot be stopped, and leaves a model all the same.
        RunState::Closing { .. } if other.leftovers.contains(&Purpose::Import) && !is_there => {
            all.min(1)
        }
        RunState::Preparing
        | RunState::AwaitingApproval { .. }
        | RunState::Promoting { .. }
        | RunState::Closing { .. }
        | RunState::Ended { .. } => 0,
    }
}

impl Places<'_> {
    /// Why a run may not begin, with what to do; nothing if there is room.
    #[must_use]
    pub fn lacking(&self, pipeline: &PipelineName) -> Option<String> {
        let there = u32::try_from(self.models.len()).unwrap_or(u32::MAX);
        let taken = there.saturating_add(self.in_flight);
        if self.quota == 0 || taken.saturating_add(self.needs) <= self.quota {
            return None;
        }
        let mut words = format!(
            "there is no place for the model that would be imported, so nothing is trained and nothing is reserved: {there} of {} imported \
             models are there",
            self.quota
        );
        if self.in_flight > 0 {
            words += &format!(
                ", other pipelines' runs in progress take {} more",
                self.in_flight
            );
        }
        if self.needs > 1 {
            words += ", and a trial needs two places, as the run on all data follows it";
        }
        words += ". ";
        words += &self.whose();
        words += &format!(
            "Delete what nobody needs (`perennial cleanup --plan` says what is idle; a shorter idle.after and idle.grace in [idle] free \
             earlier models sooner), or have AWS raise the quota {QUOTA} in Service Quotas, and then the stack's parameter \
             ImportedModelsQuota. After that: `perennial start {pipeline}`"
        );
        Some(words)
    }

    fn whose(&self) -> String {
        let mut words = String::new();
        let of = |wanted: fn(&Holder) -> bool| {
            self.models
                .iter()
                .filter(move |model| wanted(&model.holder))
        };
        let unneeded: Vec<String> = of(|holder| *holder == Holder::Unneeded)
            .map(|model| model.name.clone())
            .collect();
        let needed: Vec<String> = of(|holder| matches!(holder, Holder::Needed(_)))
            .map(|model| match &model.holder {
                Holder::Needed(why) => format!("{} ({why})", model.name),
                _ => model.name.clone(),
            })
            .collect();
        let foreign: Vec<String> = of(|holder| *holder == Holder::Foreign)
            .map(|model| model.name.clone())
            .collect();
        for (what, names) in [
            ("Made by Perennial, and serving nobody", unneeded),
            ("Made by Perennial, and kept", needed),
            ("Not made by this installation", foreign),
        ] {
            if !names.is_empty() {
                words += &format!("{what}: {}. ", some(&names));
            }
        }
        words
    }
}

fn some(names: &[String]) -> String {
    let mut words = names
        .iter()
        .take(MOST_NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if let Some(more @ 1..) = names.len().checked_sub(MOST_NAMED) {
        words += &format!(" and {more} more");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str, holder: Holder) -> Imported {
        Imported {
            name: name.into(),
            holder,
        }
    }

    fn lacking(quota: u32, models: &[Imported], in_flight: u32, needs: u32) -> Option<String> {
        let places = Places {
            quota,
            models,
            in_flight,
            needs,
        };
        places.lacking(&PipelineName::parse("p").expect("a name"))
    }

    #[test]
    fn a_full_account_is_told_with_names_and_what_to_do() {
        let models = [
            model("old", Holder::Unneeded),
            model("now", Holder::Needed("it is the champion".into())),
            model("strange", Holder::Foreign),
        ];
        let words = lacking(3, &models, 0, 1).expect("full");
        for part in [
            "3 of 3 imported models are there",
            "serving nobody: old.",
            "kept: now (it is the champion).",
            "Not made by this installation: strange.",
            "L-45B04988",
            "ImportedModelsQuota",
            "idle.after",
            "`perennial start p`",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
    }

    #[test]
    fn what_a_pipeline_keeps_leaves_room_for_its_next_run() {
        let said = |keep: u32, trial: &str, quota: u32| {
            let text = format!(
                "technique = \"fine-tuning\"\nbase_model = \"meta.llama3-1-8b-instruct-v1:0\"\n[trigger]\n{trial}\n[training]\n\
                 on = \"sagemaker\"\n[training.sagemaker]\n\
                 image = \"123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1\"\ninstance_type = \"ml.g5.2xlarge\"\n\
                 [idle]\nkeep_previous = {keep}\n"
            );
            let config = Config::parse(&text).expect("a configuration");
            let route = crate::routing::route(&config, "us-east-1").expect("a route");
            keeps_too_many(&config, &route.trainer, quota)
        };
        let trial = "trial = { records = 200, max_usd = 5 }";
        for (keep, trial, quota, expected) in [
            (1, "", 3, &[][..]),
            (50, "", 0, &[]),
            (0, trial, 3, &[]),
            (
                2,
                "",
                3,
                &["are 4 imported", "keep_previous = 1, or have AWS"],
            ),
            (
                1,
                trial,
                3,
                &[
                    "and its trial's are 4",
                    "keep_previous = 0, or take trigger.trial out, or",
                ],
            ),
            (
                2,
                trial,
                3,
                &["to 5 at least", "keep_previous = 0, or have AWS"],
            ),
            (0, trial, 2, &["Either take trigger.trial out, or"]),
            (0, "", 1, &["Either have AWS raise"]),
        ] {
            let words = said(keep, trial, quota);
            assert_eq!(
                words.is_none(),
                expected.is_empty(),
                "{keep} {trial} {quota}: {words:?}"
            );
            for part in expected {
                assert!(
                    words.as_ref().is_some_and(|words| words.contains(part)),
                    "{part}: {words:?}"
                );
            }
        }
    }

    #[test]
    fn the_last_place_is_given_once() {
        let models = [model("a", Holder::Unneeded), model("b", Holder::Foreign)];
        assert_eq!(lacking(3, &models, 0, 1), None);
        let words = lacking(3, &models, 1, 1).expect("another run takes it");
        assert!(words.contains("take 1 more"), "{words}");
        let words = lacking(3, &models, 0, 2).expect("a trial needs two");
        assert!(words.contains("two places"), "{words}");
        assert_eq!(lacking(4, &models, 0, 2), None);
    }

    #[test]
    fn nought_counts_nothing() {
        let models = vec![model("a", Holder::Foreign); 30];
        assert_eq!(lacking(0, &models, 5, 2), None);
        let words = lacking(30, &models, 0, 1).expect("full");
        assert!(words.contains("and 20 more"), "{words}");
    }
}
