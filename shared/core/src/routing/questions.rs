//! As many questions as may be asked have to be able to show what the gate wants: otherwise each run would be opened, sealed and
//! refused, whatever is uploaded.

use super::techniques::refused;
use super::{Route, RoutingError};
use crate::config::{Config, MOST_PROMPTS};
use crate::gate::{GateRule, power};
use crate::score::ResolvedMetric;

/// Holds `evaluation.max_prompts` against the gate of a run, and of the trial before it.
pub(super) fn check(config: &Config, route: &Route) -> Result<(), RoutingError> {
    let is_asked = config.trigger.trial.is_some() || !route.may_go_unasked(config);
    if !route.is_scored() || !is_asked {
        return Ok(());
    }
    // For the best that a candidate can do, answers are right or wrong, by whatever metric.
    let run = GateRule::new(&config.evaluation, ResolvedMetric::ExactMatch);
    let of_run = ("evaluation", run.clone());
    let of_trial = config.trigger.trial.map(|trial| {
        let rule = GateRule {
            min_gain_over_base: trial.min_gain_over_base,
            ..run
        };
        ("trigger.trial", rule)
    });
    let most = config.evaluation.max_prompts;
    for (table, rule) in [of_run].into_iter().chain(of_trial) {
        let Err(few) = power(&rule, most as usize, false) else {
            continue;
        };
        let gain = format!("{table}.min_gain_over_base = {}", rule.min_gain_over_base);
        let confidence = format!("evaluation.confidence = {}", rule.confidence);
        return match few.needed {
            needed if needed > u64::from(MOST_PROMPTS) => refused(
                format!(
                    "{gain}: {MOST_PROMPTS} prompts, the most that may be asked, cannot show so much at {confidence}"
                ),
                "Lower the one or the other",
            ),
            needed => refused(
                format!(
                    "evaluation.max_prompts = {most}: so few prompts cannot show {gain} at {confidence}, not even for a candidate that \
                     answers all of them"
                ),
                format!("Write at least {needed}; a few hundred tell real candidates apart"),
            ),
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::routing::route;

    fn refusal(more: &str) -> String {
        let text =
            format!("base_model = \"amazon.nova-micro-v1:0\"\ntechnique = \"fine-tuning\"\n{more}");
        let config = Config::parse(&text).unwrap_or_else(|refused| panic!("{refused}"));
        route(&config, "us-east-1").map_or_else(|refused| refused.to_string(), |_| String::new())
    }

    #[test]
    fn a_gate_that_so_few_questions_cannot_pass_is_refused_when_the_configuration_arrives() {
        insta::assert_snapshot!(refusal("[evaluation]\nmax_prompts = 4\n"), @"evaluation.max_prompts = 4: so few prompts cannot show evaluation.min_gain_over_base = 0.02 at evaluation.confidence = 0.95, not even for a candidate that answers all of them. Write at least 5; a few hundred tell real candidates apart.");
        assert_eq!(refusal("[evaluation]\nmax_prompts = 5\n"), "");
        let large = |gain: &str| {
            refusal(&format!(
                "[evaluation]\nmin_gain_over_base = {gain}\nconfidence = 0.99\n"
            ))
        };
        assert!(
            large("0.99").contains("Write at least 12"),
            "{}",
            large("0.99")
        );
        insta::assert_snapshot!(large("0.9999"), @"evaluation.min_gain_over_base = 0.9999: 10000 prompts, the most that may be asked, cannot show so much at evaluation.confidence = 0.99. Lower the one or the other.");
    }

    #[test]
    fn the_gate_of_a_trial_is_looked_at_beside_it() {
        let trial = "[evaluation]\nmax_prompts = 20\n[trigger]\ntrial = { records = 200, max_usd = 5, min_gain_over_base = 0.9 }\n";
        insta::assert_snapshot!(refusal(trial), @"evaluation.max_prompts = 20: so few prompts cannot show trigger.trial.min_gain_over_base = 0.9 at evaluation.confidence = 0.95, not even for a candidate that answers all of them. Write at least 77; a few hundred tell real candidates apart.");
    }
}
