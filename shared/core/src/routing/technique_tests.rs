//! Every technique: its route in full, and every refusal that a person may meet before anything is spent.

use super::*;
use crate::config::Config;
use crate::limits::RecordShape;

const LLAMA: &str = "meta.llama3-1-8b-instruct-v1:0";
const SAGEMAKER: &str = r#"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/pretraining:1"
instance_type = "ml.g5.12xlarge"
"#;

fn config(technique: &str, model: &str, more: &str) -> Config {
    let text = format!("technique = {technique:?}\nbase_model = {model:?}\n{more}");
    Config::parse(&text).unwrap()
}

fn error(technique: &str, model: &str, more: &str, region: &str) -> String {
    route(&config(technique, model, more), region)
        .unwrap_err()
        .to_string()
}

#[test]
fn fine_tuning_goes_to_sagemaker_only_when_it_is_said() {
    let asked = format!("training.on = \"sagemaker\"\n{SAGEMAKER}");
    let there = config("fine-tuning", LLAMA, &asked)
        .check("us-west-2")
        .unwrap();
    assert!(matches!(there.trainer, Trainer::SageMaker { .. }));
    assert_eq!(there.limits.shape, RecordShape::PromptCompletion);
    for (model, more, region, words) in [
        (LLAMA, SAGEMAKER, "us-west-2", "Say which: training.on"),
        (
            LLAMA,
            "training.on = \"sagemaker\"",
            "us-west-2",
            "needs [training.sagemaker]",
        ),
        (LLAMA, asked.as_str(), "eu-north-1", "It can in us-east-1"),
        (
            "amazon.nova-micro-v1:0",
            asked.as_str(),
            "us-east-1",
            "Write [training.serverless] in its place",
        ),
        (
            "us.amazon.nova-2-lite-v1:0",
            SAGEMAKER,
            "us-east-1",
            "base_model = \"amazon.nova-2-lite-v1:0\", beside training.on",
        ),
        (
            "amazon.nova-micro-v1:0",
            "training.on = \"bedrock\"\n[training.sagemaker]\nimage = \"123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1\"\ninstance_type = \
             \"ml.g5.xlarge\"",
            "us-east-1",
            "has no effect with training.on",
        ),
        (
            "mistral.mistral-7b-instruct-v0:2",
            asked.as_str(),
            "us-east-1",
            "is not trained in SageMaker training jobs",
        ),
    ] {
        let error = error("fine-tuning", model, more, region);
        assert!(error.contains(words), "{error}");
    }
    let champion =
        format!("training.on = \"sagemaker\"\ntraining.start_from = \"champion\"\n{SAGEMAKER}");
    assert!(error("fine-tuning", LLAMA, &champion, "us-west-2").contains("Use \"base\""));
}

#[test]
fn distillation_needs_a_teacher_that_teaches_this_student() {
    let taught = "[budget]\nper_run_usd = 100\n[training.distillation]\nteacher = \"amazon.nova-pro-v1:0\"\n";
    let route = config("distillation", "amazon.nova-micro-v1:0", taught)
        .check("us-east-1")
        .unwrap();
    let Trainer::Bedrock { customization } = &route.trainer else {
        panic!("{route:?}");
    };
    assert_eq!(
        *customization,
        Customization::Distillation {
            teacher: "amazon.nova-pro-v1:0".into(),
            max_response_tokens: 1_000,
            logged_answers: None,
        }
    );
    assert_eq!(route.limits.shape, RecordShape::DistillationPrompts);
    assert!(route.hyperparameters.is_empty());
    let logs = format!("{taught}data = \"invocation-logs\"\nuse_logged_answers = true\n");
    let from_logs = config("distillation", "amazon.nova-micro-v1:0", &logs)
        .check("us-east-1")
        .unwrap();
    assert_eq!(from_logs.limits.shape, RecordShape::InvocationLogs);
    assert!(matches!(
        from_logs.trainer,
        Trainer::Bedrock {
            customization: Customization::Distillation {
                logged_answers: Some(true),
                ..
            }
        }
    ));
    let of = |model: &str, more: &str| error("distillation", model, more, "us-east-1");
    insta::assert_snapshot!(of("amazon.nova-micro-v1:0", ""), @r#"technique = "distillation" needs a teacher. Write teacher under [training.distillation]; Amazon Nova Micro learns from amazon.nova-premier-v1:0, amazon.nova-pro-v1:0."#);
    insta::assert_snapshot!(of("amazon.nova-pro-v1:0", taught), @r#"training.distillation.teacher = "amazon.nova-pro-v1:0" does not teach Amazon Nova Pro. Amazon Nova Pro learns from amazon.nova-premier-v1:0."#);
    insta::assert_snapshot!(of("amazon.nova-2-lite-v1:0", taught), @"Amazon Nova 2 Lite is no student of any teacher, as far as this version knows. Models that learn from another: amazon.nova-micro-v1:0, amazon.nova-lite-v1:0, amazon.nova-pro-v1:0, meta.llama3-1-8b-instruct-v1:0, meta.llama3-1-70b-instruct-v1:0, meta.llama3-2-1b-instruct-v1:0, meta.llama3-2-3b-instruct-v1:0, meta.llama3-3-70b-instruct-v1:0.");
    for (model, words) in [
        (
            "amazon.nova-canvas-v1:0",
            "Amazon Nova Canvas is no student",
        ),
        (
            "amazon.nova-mirco-v1:0",
            "Did you mean \"amazon.nova-micro-v1:0\"? Models that learn",
        ),
        ("gpt-4o", "base_model = \"gpt-4o\" is no student"),
    ] {
        let error = of(model, taught);
        assert!(
            error.contains(words) && !error.contains("fine-tuned"),
            "{error}"
        );
    }
    let asked = format!("[training.hyperparameters]\nepochCount = 2\n{taught}");
    assert!(of("amazon.nova-micro-v1:0", &asked).contains("takes none"));
}

#[test]
fn a_teacher_is_known_by_every_form_of_its_id() {
    let of = |teacher: &str| {
        let more = format!(
            "[training.distillation]\nteacher = \"{teacher}\"\n[budget]\nper_run_usd = 1000\n"
        );
        route(
            &config("distillation", "amazon.nova-micro-v1:0:128k", &more),
            "us-east-1",
        )
    };
    let sent = |teacher: &str| match of(teacher).unwrap().trainer {
        Trainer::Bedrock {
            customization: Customization::Distillation { teacher, .. },
        } => teacher,
        other => panic!("{other:?}"),
    };
    for plain in ["amazon.nova-pro-v1:0", "amazon.nova-premier-v1:0"] {
        for suffix in ["", ":300k", ":1000k", ":mm"] {
            let written = format!("{plain}{suffix}");
            assert_eq!(sent(&written), plain, "{written}");
            let arn = format!("arn:aws:bedrock:us-east-1::foundation-model/{written}");
            assert_eq!(sent(&arn), plain, "{arn}");
        }
    }
    for other in [
        "amazon.nova-pro-v1",
        "amazon.nova-pro-v1:0:k",
        "amazon.nova-pro-v1:0:300",
    ] {
        assert!(of(other).is_err(), "{other}");
    }
}

#[test]
fn reinforcement_needs_a_grader_and_a_model_that_takes_it() {
    let graded = "[training.reinforcement]\ngrader = \"arn:aws:lambda:us-east-1:123456789012:function:grader\"\n";
    let technique = "reinforcement-fine-tuning";
    let route = config(technique, "amazon.nova-2-lite-v1:0", graded)
        .check("us-east-1")
        .unwrap();
    assert_eq!(route.limits.shape, RecordShape::Reinforcement);
    assert!(matches!(
        &route.trainer,
        Trainer::Bedrock { customization: Customization::Reinforcement { grader } } if grader.ends_with(":grader")
    ));
    let of = |model: &str, more: &str| error(technique, model, more, "us-east-1");
    assert!(of("amazon.nova-2-lite-v1:0", "").contains("needs a grader"));
    assert!(
        of("amazon.nova-micro-v1:0", graded).contains("Models that do: amazon.nova-2-lite-v1:0")
    );
    insta::assert_snapshot!(of("amazon.nova-2-lite-v1:0", &graded.replace("us-east-1", "eu-west-1")), @"training.reinforcement.grader is a function in eu-west-1, and the job runs in us-east-1. Name a function in us-east-1: Bedrock's job calls it there.");
    let asked = format!("[training.hyperparameters]\nepochs = 2\n{graded}");
    assert!(of("amazon.nova-2-lite-v1:0", &asked).contains("the nearest is epochCount"));
}

#[test]
fn reinforcement_takes_its_hyperparameters_in_the_ranges_of_the_service_model() {
    let graded = "[training.reinforcement]\ngrader = \"arn:aws:lambda:us-east-1:123456789012:function:grader\"\n";
    let asked = |name: &str, value: &str| {
        let text = format!("[training.hyperparameters]\n{name} = {value}\n{graded}");
        config(
            "reinforcement-fine-tuning",
            "amazon.nova-2-lite-v1:0",
            &text,
        )
        .check("us-east-1")
    };
    for (name, within, outside) in [
        ("epochCount", ["1", "50"], ["0", "51"]),
        ("batchSize", ["16", "512"], ["15", "513"]),
        (
            "learningRate",
            ["0.0000001", "0.001"],
            ["0.00000001", "0.0011"],
        ),
        ("trainingSamplePerPrompt", ["2", "16"], ["1", "17"]),
        ("evalInterval", ["1", "100"], ["0", "101"]),
        ("inferenceMaxTokens", ["1", "4096"], ["0", "2147483648"]),
        (
            "reasoningEffort",
            ["\"low\"", "\"high\""],
            ["\"none\"", "\"max\""],
        ),
    ] {
        for value in within {
            let route = asked(name, value).unwrap();
            let sent = route.hyperparameters.get(name).unwrap();
            assert_eq!(
                sent.parse::<f64>().ok(),
                value.parse::<f64>().ok(),
                "{name} = {value} is sent as {sent}"
            );
        }
        for value in outside {
            let refused = asked(name, value).unwrap_err().to_string();
            assert!(
                refused.contains(&format!("training.hyperparameters.{name}: found")),
                "{refused}"
            );
        }
    }
}

#[test]
fn subnets_need_a_role_that_may_use_them() {
    let text = format!(
        "technique = \"continued-pre-training\"\nbase_model = {LLAMA:?}\n{SAGEMAKER}subnets = [\"subnet-1\"]\nsecurity_groups = [\"sg-1\"]\n"
    );
    let refused = Config::parse(&text).unwrap_err().to_string();
    assert!(
        refused.contains("training.sagemaker.role: it is missing")
            && refused.contains("TrainingRoleArn"),
        "{refused}"
    );
    Config::parse(&format!(
        "{text}role = \"arn:aws:iam::123456789012:role/training\"\n"
    ))
    .unwrap();
}

#[test]
fn a_recipe_is_an_object_that_the_jobs_role_can_read() {
    let of = |more: &str| {
        let text = format!(
            "technique = \"continued-pre-training\"\nbase_model = {LLAMA:?}\n{SAGEMAKER}{more}"
        );
        Config::parse(&text).map_err(|error| error.to_string())
    };
    let role = "role = \"arn:aws:iam::123456789012:role/training\"\n";
    insta::assert_snapshot!(of("recipe = \"s3://bucket/a.yaml\"\n").unwrap_err(), @"line 1: training.sagemaker.role: it is missing. SageMaker reads the recipe in the job's role, and the installation's own reads training files only: write the ARN of a role of yours that reads the recipe too, and give it to the stack as TrainingRoleArn; or SageMakerJobRole's, if the policy of the recipe's bucket lets it read there.");
    for place in ["s3://bucket/a.yaml", "s3://my.Old_bucket/recipes/a.yaml"] {
        of(&format!("recipe = \"{place}\"\n{role}")).unwrap();
    }
    for place in [
        "s3://My_Recipes!!/a.yaml",
        "s3://bucket/recipes/",
        "s3://bucket/",
        "s3://bu/a.yaml",
        "https://bucket/a.yaml",
    ] {
        let refused = of(&format!("recipe = \"{place}\"\n{role}")).unwrap_err();
        assert!(refused.contains("Write the recipe's place"), "{refused}");
    }
}

#[test]
fn what_has_no_effect_on_an_imported_model_or_without_spot_is_refused() {
    let on = format!("training.on = \"sagemaker\"\n{SAGEMAKER}");
    for (asked, words) in [
        ("serve = \"provisioned\"", "sells no provisioned throughput"),
        (
            "model_units = 3",
            "promotion.model_units = 3 has no effect with an imported model",
        ),
        (
            "commitment = \"one-month\"",
            "promotion.commitment = \"one-month\" has no effect with an imported model",
        ),
    ] {
        let more = format!("{on}[promotion]\n{asked}\n");
        let error = error("fine-tuning", LLAMA, &more, "us-west-2");
        assert!(error.contains(words), "{error}");
    }
    let text = format!(
        "technique = \"continued-pre-training\"\nbase_model = {LLAMA:?}\n{SAGEMAKER}max_wait = \"2d\"\n"
    );
    let refused = Config::parse(&text).unwrap_err().to_string();
    assert!(
        refused.contains(
            "training.sagemaker.max_wait: found the string \"2d\". Remove it, or set spot = true"
        ),
        "{refused}"
    );
    Config::parse(&format!("{text}spot = true\n")).unwrap();
}

#[test]
fn no_training_job_is_asked_to_run_for_longer_than_sagemaker_lets_it() {
    let of = |more: &str| {
        let text = format!(
            "technique = \"continued-pre-training\"\nbase_model = {LLAMA:?}\n{SAGEMAKER}{more}\n"
        );
        Config::parse(&text).map_err(|error| error.to_string())
    };
    of("max_run = \"28d\"").unwrap();
    for more in ["max_run = \"29d\"", "spot = true\nmax_wait = \"29d\""] {
        let refused = of(more).unwrap_err();
        assert!(refused.contains("Write at most 28d"), "{refused}");
    }
}

#[test]
fn a_table_without_effect_is_refused() {
    let taught = "[training.distillation]\nteacher = \"amazon.nova-pro-v1:0\"\n";
    for (technique, more) in [
        ("fine-tuning", taught.to_owned()),
        ("distillation", format!("{taught}{SAGEMAKER}")),
        (
            "distillation",
            format!("training.on = \"sagemaker\"\n{taught}"),
        ),
    ] {
        let error = error(technique, "amazon.nova-micro-v1:0", &more, "us-east-1");
        assert!(error.contains("Remove"), "{error}");
    }
}

#[test]
fn what_only_one_trainer_asks_for_is_checked_when_it_is_read() {
    let wrong = r#"
technique = "continued-pre-training"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[training.distillation]
techer = "amazon.nova-pro-v1:0"
[training.reinforcement]
grader = "grader"
[training.sagemaker]
image = "no image"
instance_type = "g5.12xlarge"
recipe = "recipe.yaml"
role = "training"
subnets = ["subnet-1"]
spot = true
max_run = "2d"
max_wait = "1d"
instance_count = 0
"#;
    insta::assert_snapshot!(Config::parse(wrong).unwrap_err(), @r#"
    line 1: training.distillation.teacher: it is missing. Write the teacher's model id, such as teacher = "amazon.nova-pro-v1:0".
    line 1: training.sagemaker.security_groups: it is missing. A network of one's own needs both subnets and security_groups.
    line 5: training.distillation.techer: this key is not known. Did you mean training.distillation.teacher?
    line 7: training.reinforcement.grader: found the string "grader". Write the ARN of the Lambda function that scores answers, such as grader = "arn:aws:lambda:us-east-1:123456789012:function:grader".
    line 9: training.sagemaker.image: found the string "no image". Write the container image's URI in Amazon ECR, such as image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/pretraining:1". SageMaker trains from no other registry, ECR Public included.
    line 10: training.sagemaker.instance_type: found the string "g5.12xlarge". Write an instance type, such as instance_type = "ml.g5.12xlarge".
    line 11: training.sagemaker.recipe: found the string "recipe.yaml". Write the recipe's place in S3, such as recipe = "s3://bucket/recipes/llama.yaml".
    line 12: training.sagemaker.role: found the string "training". Write a role's ARN, such as role = "arn:aws:iam::123456789012:role/training".
    line 16: training.sagemaker.max_wait: found the string "1d". Write at least as long as max_run: it holds waiting and running together.
    line 17: training.sagemaker.instance_count: found the number 0. Write a whole number from 1 to 128.
    "#);
}
