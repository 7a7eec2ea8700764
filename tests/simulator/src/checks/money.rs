//! Money is reserved before it is spent, and what is reserved stays within the budget.

use perennial_core::money::Usd;
use perennial_core::names::ResourceName;

use super::{Check, View, Written};
use crate::facts::Fact;
use crate::picture::Change;

/// The checker.
pub(crate) struct WithinBudget;

impl Check for WithinBudget {
    fn name(&self) -> &'static str {
        "reserved spend is within the budget, and nothing is bought without a reservation"
    }

    fn wrote(&mut self, written: &Written<'_>, view: &View<'_>) -> Result<(), String> {
        for change in written.changes {
            let Change::Month(month, before) = change else {
                continue;
            };
            let Some(now) = view.picture.months.get(month) else {
                continue;
            };
            let grew = before.is_none_or(|before| before.reserved < now.reserved);
            let run = written.changes.iter().find_map(|change| match change {
                Change::Run(id, _) => view.picture.runs.get(id),
                _ => None,
            });
            if let Some(run) = run.filter(|_| grew)
                && now.reserved > run.config.budget.per_month_usd
            {
                return Err(format!(
                    "{} is reserved in {month}, and {} may be",
                    now.reserved, run.config.budget.per_month_usd
                ));
            }
            sum(month, now.reserved, view)?;
        }
        let reserves = |change: &&Change| matches!(change, Change::Reservation(_));
        for change in written.changes.iter().filter(reserves) {
            let Change::Reservation(key) = change else {
                continue;
            };
            let Some(reservation) = view.picture.reservations.get(key) else {
                continue;
            };
            let month = format!("month#{}", reservation.month);
            let now = view.picture.months.get(&month);
            sum(&month, now.map_or(Usd::ZERO, |month| month.reserved), view)?;
            let of_run = view
                .picture
                .reservations
                .values()
                .filter(|other| other.run == reservation.run && !other.released)
                .fold(Usd::ZERO, |sum, other| sum + other.amount);
            let run = view.picture.runs.get(&reservation.run);
            if let Some((run, trial)) = run.and_then(|run| Some((run, run.trial?)))
                && of_run > trial.max_usd
            {
                return Err(format!(
                    "{of_run} is reserved for trial {}, and {} may be",
                    run.id, trial.max_usd
                ));
            }
            if let Some(run) = run
                && of_run > run.config.budget.per_run_usd
            {
                return Err(format!(
                    "{of_run} is reserved for run {}, and {} may be",
                    run.id, run.config.budget.per_run_usd
                ));
            }
        }
        Ok(())
    }

    fn saw(&mut self, fact: &Fact, view: &View<'_>) -> Result<(), String> {
        match fact {
            Fact::TrainingStarted { spec } => reserved(&spec.name, view),
            Fact::ContainerStarted { name, .. } | Fact::BatchStarted { name } => {
                reserved(name, view)
            }
            _ => Ok(()),
        }
    }

    /// What was bought stays reserved.
    fn at_rest(&mut self, view: &View<'_>) -> Result<(), String> {
        for job in view.cloud.bedrock.training_jobs() {
            reserved(&job.job.name, view)?;
        }
        for job in view.cloud.bedrock.container_jobs() {
            reserved(&job.job.name, view)?;
        }
        for job in view.cloud.bedrock.batch_jobs() {
            reserved(&job.job.name, view)?;
        }
        Ok(())
    }
}

fn reserved(job: &str, view: &View<'_>) -> Result<(), String> {
    let Some(name) = ResourceName::parse(job) else {
        return Ok(());
    };
    let found = view.picture.reservations.values().any(|reservation| {
        reservation.run == name.run
            && reservation.purpose == name.purpose
            && reservation.attempt == name.attempt
            && !reservation.released
    });
    if found {
        Ok(())
    } else {
        Err(format!("{job} was bought, and nothing is reserved for it"))
    }
}

fn sum(month: &str, reserved: Usd, view: &View<'_>) -> Result<(), String> {
    let sum = view
        .picture
        .reservations
        .values()
        .filter(|one| !one.released && month.ends_with(&one.month))
        .fold(Usd::ZERO, |sum, one| sum + one.amount);
    if sum != reserved {
        return Err(format!(
            "{month} counts {reserved}, and its reservations are {sum} together"
        ));
    }
    Ok(())
}
