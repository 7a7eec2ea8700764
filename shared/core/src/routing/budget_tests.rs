//! What no budget of a configuration can hold is refused before there are data.

use super::route;
use crate::config::Config;

const GRADED: &str = "technique = \"reinforcement-fine-tuning\"\nbase_model = \"amazon.nova-2-lite-v1:0\"\n\
     [training.reinforcement]\ngrader = \"arn:aws:lambda:us-east-1:123456789012:function:grader\"\n";
const CONTAINER: &str = "technique = \"continued-pre-training\"\nbase_model = \"meta.llama3-1-8b-instruct-v1:0\"\n\
     [training.sagemaker]\nimage = \"123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1\"\n\
     instance_type = \"ml.g5.12xlarge\"\nmax_run = \"17d\"\n";
const PRICES: &str = "[budget.prices]\ntraining_per_hour = 7.09\nimported_per_minute = 0.157\n\
     input_per_1k_tokens = 0.00022\noutput_per_1k_tokens = 0.00022\n";

fn refusal(text: &str) -> Option<String> {
    let config = Config::parse(text).unwrap();
    route(&config, "us-east-1")
        .err()
        .map(|error| error.to_string())
}

fn budget(per_run: &str, per_month: &str) -> String {
    format!("[budget]\nper_run_usd = {per_run}\nper_month_usd = {per_month}\n")
}

#[test]
fn hours_that_the_budget_does_not_hold_are_refused_on_arrival_with_the_figure() {
    let hours = "[budget.prices]\ntraining_per_hour = 10\n";
    let said = refusal(&format!("{GRADED}{hours}")).unwrap();
    insta::assert_snapshot!(said, @"budget.per_run_usd = $50.00: a run costs at least $720.00, whatever its data (training: at most 72 hours, after which the job is stopped, at $10 an hour: $720.00). Write per_run_usd = 720.00 or more under [budget], and raise per_month_usd, which is $200.00, with it: what the tokens of your questions cost comes on top of the figure.");
    let with =
        |per_run, per_month| refusal(&format!("{GRADED}{}{hours}", budget(per_run, per_month)));
    assert!(
        with("719.99", "1000")
            .unwrap()
            .contains("Write per_run_usd = 720.00 or more under [budget]: ")
    );
    assert_eq!(with("720", "720"), None);
    // No month holds it: each run would be opened and refused.
    insta::assert_snapshot!(with("725", "200").unwrap(), @"budget.per_month_usd = $200.00: a run costs at least $720.00, whatever its data (training: at most 72 hours, after which the job is stopped, at $10 an hour: $720.00). Write per_month_usd = 720.00 or more under [budget]: what the tokens of your questions cost comes on top of the figure.");
    // What is not known is told by the run.
    assert_eq!(refusal(GRADED), None);
}

#[test]
fn a_containers_longest_time_and_its_questions_are_held_against_the_budget() {
    let said = refusal(&format!("{CONTAINER}{PRICES}")).unwrap();
    insta::assert_snapshot!(said, @"budget.per_run_usd = $50.00: a run costs at least $2899.79, whatever its data (training: 1 ml.g5.12xlarge for at most 17d, at $7.09 an hour each: $2892.72; candidate: 1 prompt in 15 minutes of at most 3 copies of the imported model at $0.157: $7.07). Write per_run_usd = 2899.79 or more under [budget], and raise per_month_usd, which is $200.00, with it: what the tokens and minutes of your questions cost comes on top of the figure; or lower training.sagemaker.max_run.");
    let shorter = CONTAINER.replace("17d", "6h");
    assert_eq!(
        refusal(&format!("{shorter}{PRICES}")),
        None,
        "$42.54 and $7.07 of $50"
    );
    let longer = CONTAINER.replace("17d", "7h");
    assert!(refusal(&format!("{longer}{PRICES}")).is_some());
    // Without questions nobody is asked, and nothing loads the model.
    let unasked = format!("{longer}[promotion]\napproval = \"manual\"\n{PRICES}");
    assert_eq!(refusal(&unasked), None);
}

#[test]
fn both_stages_of_a_chain_count_unless_a_trial_buys_the_first() {
    let job = CONTAINER
        .split_once("[training")
        .unwrap()
        .1
        .replace("17d", "10h");
    let chain = |trial: &str, per_run: &str| {
        format!(
            "{trial}base_model = \"meta.llama3-1-8b-instruct-v1:0\"\n[training{job}[[stage]]\n\
             technique = \"continued-pre-training\"\nfrom = [\"documents/\"]\n[[stage]]\ntechnique = \"fine-tuning\"\n{}{PRICES}",
            budget(per_run, "1000")
        )
    };
    let said = refusal(&chain("", "100")).unwrap();
    assert!(
        said.contains("first stage") && said.contains("Write per_run_usd = 148.87 or more"),
        "{said}"
    );
    assert_eq!(refusal(&chain("", "148.87")), None);
    let trial = "trigger.trial = { records = 200, max_usd = 100 }\nevaluation.max_prompts = 100\n";
    assert_eq!(refusal(&chain(trial, "100")), None);
}

#[test]
fn what_a_price_rests_on_is_named_where_it_would_do() {
    let taught = "technique = \"distillation\"\nbase_model = \"amazon.nova-micro-v1:0\"\n[training.distillation]\n\
         teacher = \"amazon.nova-pro-v1:0\"\n";
    let said = refusal(taught).unwrap();
    assert!(
        said.contains("; or lower training.distillation.max_response_tokens."),
        "{said}"
    );
    let fewer = format!("{taught}max_response_tokens = 500\n");
    assert_eq!(refusal(&fewer), None);

    let pictures = "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-canvas-v1:0\"\n[promotion]\nserve = \"provisioned\"\n\
         approval = \"manual\"\n[budget]\nserving_per_month_usd = 20000\n[budget.prices]\ntraining_per_image = 0.02\n\
         provisioned_per_hour = 25\n";
    let said = refusal(pictures).unwrap();
    assert!(said.contains("; or lower stepCount or batchSize"), "{said}");

    // 48 hours of throughput are what they are, and so are 72 of training.
    let only = "technique = \"fine-tuning\"\nbase_model = \"meta.llama3-2-1b-instruct-v1:0\"\n[promotion]\nserve = \"provisioned\"\n\
         [budget]\nserving_per_month_usd = 20000\n[budget.prices]\nprovisioned_per_hour = 20\ntraining_per_1k_tokens = 0.001\n\
         input_per_1k_tokens = 0.0002\noutput_per_1k_tokens = 0.0002\n";
    let config = Config::parse(only).unwrap();
    let said = route(&config, "us-west-2").unwrap_err().to_string();
    assert!(
        said.contains("per_run_usd = 960.00 or more") && !said.contains("; or"),
        "{said}"
    );
}

#[test]
fn a_trial_and_the_run_that_follows_it_have_to_fit_one_month() {
    let with = |per_month: &str| {
        refusal(&format!(
            "trigger.trial = {{ records = 200, max_usd = 725 }}\nevaluation.max_prompts = 100\n{GRADED}{}[budget.prices]\n\
             training_per_hour = 10\n",
            budget("725", per_month)
        ))
    };
    insta::assert_snapshot!(with("1000").unwrap(), @"budget.per_month_usd = $1000.00: a trial with 100 questions, as evaluation.max_prompts lets it have, costs at least $720.22 and the run on all data at least $720.00, and the one follows the other in the same month. Write per_month_usd = 1440.22 or more under [budget]: what the tokens of your questions cost comes on top of the figure; or ask fewer prompts, or take trigger.trial out.");
    let needed = with("1000").unwrap();
    let needed = needed.split("per_month_usd = ").nth(2).unwrap();
    let needed = needed.split(' ').next().unwrap();
    assert_eq!(with(needed), None);
}

#[test]
fn a_container_is_told_that_fewer_questions_cost_less() {
    use crate::money::Usd;
    let shorter = CONTAINER.replace("17d", "1h");
    let config = Config::parse(&format!("{shorter}{PRICES}")).unwrap();
    let route = route(&config, "us-east-1").unwrap();
    let over = crate::prices::fits(&route, &config.budget, Usd::ZERO, Usd::from_dollars(60.0));
    let said = over.unwrap_err().to_string();
    assert!(
        said.ends_with(
            "or lower training.sagemaker.max_run or ask fewer prompts (evaluation.max_prompts)"
        ),
        "{said}"
    );
}

#[test]
fn a_chains_first_stage_that_another_month_may_have_bought_is_not_reckoned_twice() {
    let job = CONTAINER
        .split_once("[training")
        .unwrap()
        .1
        .replace("17d", "1h");
    let with = |per_month: &str| {
        refusal(&format!(
            "trigger.trial = {{ records = 200, max_usd = 100 }}\nevaluation.max_prompts = 100\n\
             base_model = \"meta.llama3-1-8b-instruct-v1:0\"\n[training{job}[[stage]]\ntechnique = \"continued-pre-training\"\n\
             from = [\"documents/\"]\n[[stage]]\ntechnique = \"fine-tuning\"\n{}{PRICES}",
            budget("100", per_month)
        ))
    };
    let said = with("20").unwrap();
    let needed = said.rsplit("per_month_usd = ").next().unwrap();
    let needed: f64 = needed.split(' ').next().unwrap().parse().unwrap();
    // Two jobs of an hour and two candidates that are asked; the first stage would be $7.09 more.
    assert!((28.3..28.4).contains(&needed), "{said}");
    assert_eq!(with(&needed.to_string()), None);
}
