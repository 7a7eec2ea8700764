//! The gate's decisions in tables, its bounds by properties and by simulation, and the sentences that people read.

use proptest::prelude::*;

use super::*;

fn rule() -> GateRule {
    GateRule::new(&EvaluationConfig::default(), ResolvedMetric::ExactMatch)
}

fn strict() -> GateRule {
    GateRule {
        evidence: Evidence::Strict,
        ..rule()
    }
}

/// `count` prompts with the same right or wrong answers by candidate, base and champion.
fn prompts(count: usize, candidate: u8, base: u8, champion: Option<u8>) -> Vec<Pair> {
    let pair = Pair {
        candidate: candidate.into(),
        base: base.into(),
        champion: champion.map(f64::from),
    };
    vec![pair; count]
}

/// 300 prompts on which the candidate gains much over the base; `won` and `lost` of them against the champion.
fn against_champion(won: usize, lost: usize) -> Vec<Pair> {
    [
        prompts(won, 1, 0, Some(0)),
        prompts(lost, 0, 0, Some(1)),
        prompts(240 - won - lost, 1, 0, Some(1)),
        prompts(60, 0, 0, Some(0)),
    ]
    .concat()
}

#[test]
fn over_the_base_only() {
    for (name, pairs, passed) in [
        (
            "a clear gain",
            [prompts(200, 1, 0, None), prompts(100, 0, 0, None)].concat(),
            true,
        ),
        (
            "no gain",
            [prompts(150, 1, 1, None), prompts(150, 0, 0, None)].concat(),
            false,
        ),
        (
            "a loss",
            [prompts(20, 1, 0, None), prompts(100, 0, 1, None)].concat(),
            false,
        ),
        (
            "a gain that so few do not show",
            prompts(3, 1, 0, None),
            false,
        ),
        ("perfect on twenty", prompts(20, 1, 0, None), true),
        ("no prompts", vec![], false),
    ] {
        let verdict = judge(&rule(), &pairs);
        assert_eq!(
            (verdict.passed, verdict.tie, verdict.champion),
            (passed, false, None),
            "{name}: {}",
            verdict.reason
        );
    }
}

#[test]
fn against_the_champion() {
    for (name, pairs, balanced, tie, strictly) in [
        ("equal answers", against_champion(0, 0), true, true, true),
        (
            "as many won as lost",
            against_champion(20, 20),
            true,
            true,
            false,
        ),
        (
            "a little worse",
            against_champion(10, 15),
            true,
            true,
            false,
        ),
        (
            "worse than allowed, though not significantly",
            against_champion(10, 18),
            false,
            true,
            false,
        ),
        (
            "significantly worse",
            against_champion(0, 60),
            false,
            false,
            false,
        ),
        ("better", against_champion(80, 5), true, false, true),
    ] {
        let verdict = judge(&rule(), &pairs);
        assert_eq!(
            (verdict.passed, verdict.tie),
            (balanced, tie),
            "{name}: {}",
            verdict.reason
        );
        let verdict = judge(&strict(), &pairs);
        assert_eq!(
            (verdict.passed, verdict.tie),
            (strictly, tie),
            "{name}: {}",
            verdict.reason
        );
    }
}

#[test]
fn a_small_but_significant_loss_is_declined() {
    let rule = GateRule {
        max_loss_to_champion: 0.5,
        ..rule()
    };
    assert!(!judge(&rule, &against_champion(0, 60)).passed);
}

#[test]
fn exactly_the_allowed_loss_is_allowed() {
    // Six more of three hundred are lost than won: -0.02, whatever a sum of floats makes of it.
    assert!(judge(&rule(), &against_champion(9, 15)).passed);
    assert!(!judge(&rule(), &against_champion(9, 16)).passed);
}

#[test]
fn the_champion_is_compared_where_it_has_scores() {
    let pairs = [prompts(100, 1, 0, None), prompts(50, 1, 0, Some(1))].concat();
    let verdict = judge(&rule(), &pairs);
    assert_eq!((verdict.base.n, verdict.champion.unwrap().n), (150, 50));
}

#[test]
fn scores_out_of_range_are_held() {
    let odd = Pair {
        candidate: f64::NAN,
        base: 7.0,
        champion: Some(-1.0),
    };
    let verdict = judge(&rule(), &[odd]);
    assert_eq!(
        (
            verdict.base.difference,
            verdict.champion.unwrap().difference
        ),
        (-1.0, 0.0)
    );
}

#[test]
fn reasons_that_people_read() {
    let reasons = |rule: &GateRule| {
        let cases = [
            prompts(0, 1, 0, None),
            [prompts(200, 1, 0, None), prompts(100, 0, 0, None)].concat(),
            [
                prompts(160, 1, 1, None),
                prompts(20, 1, 0, None),
                prompts(10, 0, 1, None),
            ]
            .concat(),
            [prompts(297, 1, 1, None), prompts(3, 1, 0, None)].concat(),
            prompts(1, 1, 0, None),
            against_champion(20, 20),
            against_champion(80, 5),
            against_champion(10, 18),
            against_champion(0, 60),
        ];
        cases.map(|pairs| judge(rule, &pairs).reason).join("\n")
    };
    insta::assert_snapshot!(reasons(&rule()), @"
    Not passed: no prompt was scored, so nothing can be said of the candidate.
    Passed. On 300 prompts (exact match) the candidate scores 0.667 and the base model 0.000: a difference of +0.667; at 95 % confidence it is at least +0.587, and +0.020 is needed. The candidate was compared to the base model alone.
    Not passed. On 190 prompts (exact match) the candidate scores 0.947 and the base model 0.895: a difference of +0.053; at 95 % confidence it is at least -0.029, but +0.020 is needed. The gain that was measured is large enough, but this many prompts do not show it: bring more. The candidate was compared to the base model alone.
    Not passed. On 300 prompts (exact match) the candidate scores 1.000 and the base model 0.990: a difference of +0.010; at 95 % confidence it is at least -0.007, but +0.020 is needed. The base model leaves a gain of 0.010 at most, so no candidate can pass: lower evaluation.min_gain_over_base or bring harder prompts. The candidate was compared to the base model alone.
    Not passed. On 1 prompt (exact match) the candidate scores 1.000 and the base model 0.000: a difference of +1.000; at 95 % confidence it is at least -0.900, but +0.020 is needed. The gain that was measured is large enough, but this many prompts do not show it: bring more. The candidate was compared to the base model alone.
    Passed, as a tie with the champion. On 300 prompts (exact match) the candidate scores 0.733 and the base model 0.000: a difference of +0.733; at 95 % confidence it is at least +0.657, and +0.020 is needed. Against the champion, on 300 prompts that neither was trained on: 0.733 to 0.733, a difference of +0.000, at 95 % confidence not below -0.062 and, likewise, not above +0.062: they cannot be told apart, and the candidate has learned from fresher data.
    Passed. On 300 prompts (exact match) the candidate scores 0.783 and the base model 0.000: a difference of +0.783; at 95 % confidence it is at least +0.710, and +0.020 is needed. Against the champion, on 300 prompts that neither was trained on: 0.783 to 0.533, a difference of +0.250, at 95 % confidence not below +0.176 and, likewise, not above +0.330: the candidate is better.
    Not passed. On 300 prompts (exact match) the candidate scores 0.740 and the base model 0.000: a difference of +0.740; at 95 % confidence it is at least +0.664, and +0.020 is needed. Against the champion, on 300 prompts that neither was trained on: 0.740 to 0.767, a difference of -0.027, at 95 % confidence not below -0.081 and, likewise, not above +0.024: a larger loss than the 0.020 that is allowed.
    Not passed. On 300 prompts (exact match) the candidate scores 0.600 and the base model 0.000: a difference of +0.600; at 95 % confidence it is at least +0.519, and +0.020 is needed. Against the champion, on 300 prompts that neither was trained on: 0.600 to 0.800, a difference of -0.200, at 95 % confidence not below -0.271 and, likewise, not above -0.141: the candidate is significantly worse.
    ");
    insta::assert_snapshot!(reasons(&GateRule { confidence: 0.999, ..strict() }), @r#"
    Not passed: no prompt was scored, so nothing can be said of the candidate.
    Passed. On 300 prompts (exact match) the candidate scores 0.667 and the base model 0.000: a difference of +0.667; at 99.9 % confidence it is at least +0.549, and +0.020 is needed. The candidate was compared to the base model alone.
    Not passed. On 190 prompts (exact match) the candidate scores 0.947 and the base model 0.895: a difference of +0.053; at 99.9 % confidence it is at least -0.069, but +0.020 is needed. The gain that was measured is large enough, but this many prompts do not show it: bring more. The candidate was compared to the base model alone.
    Not passed. On 300 prompts (exact match) the candidate scores 1.000 and the base model 0.990: a difference of +0.010; at 99.9 % confidence it is at least -0.020, but +0.020 is needed. The base model leaves a gain of 0.010 at most, so no candidate can pass: lower evaluation.min_gain_over_base or bring harder prompts. The candidate was compared to the base model alone.
    Not passed. On 1 prompt (exact match) the candidate scores 1.000 and the base model 0.000: a difference of +1.000; at 99.9 % confidence it is at least -0.998, but +0.020 is needed. The gain that was measured is large enough, but this many prompts do not show it: bring more. The candidate was compared to the base model alone.
    Not passed. On 300 prompts (exact match) the candidate scores 0.733 and the base model 0.000: a difference of +0.733; at 99.9 % confidence it is at least +0.620, and +0.020 is needed. Against the champion, on 300 prompts that neither was trained on: 0.733 to 0.733, a difference of +0.000, at 99.9 % confidence not below -0.091 and, likewise, not above +0.091: evidence = "strict" asks for more than -0.020, which these prompts do not show.
    Passed. On 300 prompts (exact match) the candidate scores 0.783 and the base model 0.000: a difference of +0.783; at 99.9 % confidence it is at least +0.676, and +0.020 is needed. Against the champion, on 300 prompts that neither was trained on: 0.783 to 0.533, a difference of +0.250, at 99.9 % confidence not below +0.142 and, likewise, not above +0.367: the candidate is better.
    Not passed. On 300 prompts (exact match) the candidate scores 0.740 and the base model 0.000: a difference of +0.740; at 99.9 % confidence it is at least +0.628, and +0.020 is needed. Against the champion, on 300 prompts that neither was trained on: 0.740 to 0.767, a difference of -0.027, at 99.9 % confidence not below -0.107 and, likewise, not above +0.051: evidence = "strict" asks for more than -0.020, which these prompts do not show.
    Not passed. On 300 prompts (exact match) the candidate scores 0.600 and the base model 0.000: a difference of +0.600; at 99.9 % confidence it is at least +0.480, and +0.020 is needed. Against the champion, on 300 prompts that neither was trained on: 0.600 to 0.800, a difference of -0.200, at 99.9 % confidence not below -0.308 and, likewise, not above -0.119: evidence = "strict" asks for more than -0.020, which these prompts do not show.
    "#);
}

#[test]
fn power_in_words() {
    let mut said = Vec::new();
    for (rule, n, champion) in [
        (rule(), 30, false),
        (rule(), 300, true),
        (rule(), 3_080, true),
        (rule(), 12, true),
        (strict(), 300, true),
        (strict(), 10_000, true),
        (
            GateRule {
                max_loss_to_champion: 0.0,
                ..strict()
            },
            300,
            true,
        ),
    ] {
        said.push(power(&rule, n, champion).unwrap().words);
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    With 30 prompts, a candidate passes over the base model from a gain of 0.233 on, if it answers no prompt worse; from 0.400 on, if it answers 5 % of them worse.
    With 300 prompts, a candidate passes over the base model from a gain of 0.050 on, if it answers no prompt worse; from 0.090 on, if it answers 5 % of them worse. Against the champion, a measured loss of more than 0.020 declines it; these prompts cannot show a smaller one.
    With 3080 prompts, a candidate passes over the base model from a gain of 0.028 on, if it answers no prompt worse; from 0.040 on, if it answers 5 % of them worse. Against the champion, a measured loss of more than 0.020 declines it, and from about 0.019 on one that is significant.
    With 12 prompts, a candidate passes over the base model from a gain of 0.500 on, if it answers no prompt worse; it does not pass if it answers 5 % of them worse. Against the champion, a measured loss of more than 0.020 declines it; these prompts cannot show a smaller one.
    With 300 prompts, a candidate passes over the base model from a gain of 0.050 on, if it answers no prompt worse; from 0.090 on, if it answers 5 % of them worse. Against the champion, evidence = "strict" lets an equal candidate pass from about 2275 prompts on, so with 300 it must be better.
    With 10000 prompts, a candidate passes over the base model from a gain of 0.024 on, if it answers no prompt worse; from 0.031 on, if it answers 5 % of them worse. Against the champion, that is enough for evidence = "strict" to let an equal candidate pass.
    With 300 prompts, a candidate passes over the base model from a gain of 0.050 on, if it answers no prompt worse; from 0.090 on, if it answers 5 % of them worse. Against the champion, evidence = "strict" with this max_loss_to_champion asks every candidate to be better.
    "#);
}

#[test]
fn too_few_prompts_are_refused() {
    for n in [0, 1, 4] {
        let refused = power(&rule(), n, false).unwrap_err();
        assert!(power(&rule(), refused.needed as usize, true).is_ok());
        assert!(power(&rule(), refused.needed as usize - 1, true).is_err());
    }
    insta::assert_snapshot!(power(&rule(), 4, true).unwrap_err(), @"4 prompts cannot show a gain of 0.020 over the base model at 95 % confidence, not even for a candidate that answers all of them and a base model that answers none. The smallest set that could is one of 5; a few hundred tell real candidates apart. Add prompts with reference answers under eval/, raise evaluation.holdout, or upload more data.");
    insta::assert_snapshot!(power(&rule(), 0, true).unwrap_err(), @"An evaluation set without prompts cannot show a gain of 0.020 over the base model at 95 % confidence, not even for a candidate that answers all of them and a base model that answers none. The smallest set that could is one of 5; a few hundred tell real candidates apart. Add prompts with reference answers under eval/, raise evaluation.holdout, or upload more data.");
    let demanding = GateRule {
        min_gain_over_base: 0.99,
        confidence: 0.99,
        ..rule()
    };
    insta::assert_snapshot!(power(&demanding, 300, true).unwrap_err(), @"300 prompts cannot show a gain of 0.990 over the base model at 99 % confidence, not even for a candidate that answers all of them and a base model that answers none. The smallest set that could is one of 1228. Add prompts with reference answers under eval/, raise evaluation.holdout, or upload more data.");
    let impossible = GateRule {
        min_gain_over_base: 1.0,
        ..rule()
    };
    insta::assert_snapshot!(power(&impossible, 300, true).unwrap_err(), @"300 prompts cannot show a gain of 1.000 over the base model at 95 % confidence, not even for a candidate that answers all of them and a base model that answers none. No set could: lower evaluation.min_gain_over_base.");
}

#[test]
fn power_and_judge_agree() {
    for n in [12, 40, 300] {
        let least =
            (power(&rule(), n, false).unwrap().smallest_gain_at_best * n as f64).round() as usize;
        let at = |won| [prompts(won, 1, 0, None), prompts(n - won, 1, 1, None)].concat();
        assert!(
            judge(&rule(), &at(least)).passed && !judge(&rule(), &at(least - 1)).passed,
            "{n}"
        );
    }
}

proptest! {
    #[test]
    fn a_better_answer_never_harms(
        scores in prop::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64, 0.0..=1.0_f64), 1..60),
        which in any::<prop::sample::Index>(), better in 0.0..=1.0_f64, strictly in any::<bool>(),
    ) {
        let rule = if strictly { strict() } else { rule() };
        let mut pairs: Vec<Pair> = scores
            .into_iter()
            .map(|(candidate, base, champion)| Pair { candidate, base, champion: Some(champion) })
            .collect();
        let before = judge(&rule, &pairs);
        let pair = &mut pairs[which.index(before.base.n)];
        pair.candidate = pair.candidate.max(better);
        let after = judge(&rule, &pairs);
        prop_assert!(after.base.lower >= before.base.lower - 1e-9);
        prop_assert!(after.base.upper >= before.base.upper - 1e-9);
        prop_assert!(after.passed || !before.passed);
    }

    #[test]
    fn the_order_of_the_prompts_does_not_matter(
        scores in prop::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64), 1..40),
    ) {
        let mut pairs: Vec<Pair> =
            scores.into_iter().map(|(candidate, base)| Pair { candidate, base, champion: None }).collect();
        let forward = judge(&rule(), &pairs);
        pairs.reverse();
        let backward = judge(&rule(), &pairs);
        prop_assert_eq!(forward.passed, backward.passed);
        prop_assert_eq!(forward.base.lower, backward.base.lower);
    }

    #[test]
    fn verdicts_are_stored_and_loaded_unchanged(
        scores in prop::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64, prop::option::of(0.0..=1.0_f64)), 0..20),
    ) {
        let pairs: Vec<Pair> =
            scores.into_iter().map(|(candidate, base, champion)| Pair { candidate, base, champion }).collect();
        let verdict = judge(&rule(), &pairs);
        let stored = serde_json::to_string(&verdict).unwrap();
        prop_assert_eq!(serde_json::from_str::<Verdict>(&stored).unwrap(), verdict);
    }

    #[test]
    fn what_power_refuses_never_passes(n in 0..12_usize, gain in 0.0..0.9_f64) {
        let rule = GateRule { min_gain_over_base: gain, ..rule() };
        prop_assert_eq!(power(&rule, n, false).is_ok(), judge(&rule, &prompts(n, 1, 0, None)).passed);
    }
}
