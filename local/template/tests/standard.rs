//! The real template, and wrong changes of it: each is refused, and the words name what is wrong. Our own template must meet both
//! what Perennial needs and the standard; anybody else's only the needs (`standard/others.rs`, `standard/taken.rs`). (Permissions: `tests/permissions`.)
#![allow(clippy::unwrap_used)]

#[path = "standard/build.rs"]
mod build;
#[path = "standard/names.rs"]
mod names;
#[path = "standard/others.rs"]
mod others;
#[path = "standard/references.rs"]
mod references;
#[path = "standard/roles.rs"]
mod roles;
#[path = "standard/stores.rs"]
mod stores;
#[path = "standard/taken.rs"]
mod taken;
#[path = "standard/watch.rs"]
mod watch;

use perennial_local_template::{Deployment, Stack, TemplateError, hold};

const TEMPLATE: &str = include_str!("../../../infra/template.yaml");

fn deployment() -> Deployment {
    Deployment::new("123456789012", "us-east-1", "perennial").with("Installation", "local")
}

/// Reads a template and holds it to what is asked of our own.
fn check(text: &str, deployment: &Deployment) -> Result<Stack, TemplateError> {
    let stack = Stack::read(text, deployment)?;
    let held = hold(&stack, deployment);
    let all: Vec<_> = held.needs.into_iter().chain(held.standard).collect();
    if all.is_empty() {
        Ok(stack)
    } else {
        Err(TemplateError::of(all))
    }
}

#[test]
fn the_template_is_what_the_functions_need() {
    let stack = check(TEMPLATE, &deployment()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(stack.functions.len(), 6);
    assert!(
        stack
            .functions
            .iter()
            .all(|function| !function.policies.is_empty())
    );
    let ingest = stack.function("ingest").unwrap();
    assert_eq!(ingest.name, "perennial-local-ingest");
    assert_eq!(ingest.mappings[0].batch_size, 1);
    assert_eq!(ingest.mappings[0].max_concurrency, Some(2));
    assert_eq!(
        stack
            .queue(&ingest.mappings[0].queue_arn)
            .unwrap()
            .redrive
            .as_ref()
            .unwrap()
            .max_receives,
        5
    );
    assert_eq!(stack.function("train").unwrap().retries, 2);
}

#[test]
fn it_is_so_however_it_is_deployed() {
    let key = "arn:aws:kms:us-east-1:123456789012:key/0a";
    let ways = [
        deployment(),
        Deployment::new("123456789012", "eu-west-1", "p"),
        deployment().with("KmsKeyArn", key),
        deployment().with("EventBusName", "perennial"),
        deployment()
            .with(
                "TrainingRoleArn",
                "arn:aws:iam::123456789012:role/containers",
            )
            .with(
                "GraderArn",
                "arn:aws:lambda:us-east-1:123456789012:function:grader",
            ),
        deployment().with("ModelPackageGroup", "perennial"),
        deployment()
            .with("NotificationEmail", "a@b.c")
            .with("MonthlySpendUsd", "100"),
        deployment()
            .with("VpcId", "vpc-1")
            .with("SubnetIds", "subnet-1,subnet-2"),
        deployment()
            .with("VpcId", "vpc-1")
            .with("SubnetIds", "subnet-1,subnet-2")
            .with("RouteTableIds", "rtb-1")
            .with("VpcEndpoints", "create")
            .with("KmsKeyArn", key),
    ];
    for of in ways {
        if let Err(error) = check(TEMPLATE, &of) {
            panic!("{:?}: {error}", of.parameters);
        }
    }
}

#[test]
fn a_parameter_that_does_not_fit_is_refused() {
    for (name, value, words) in [
        (
            "Installation",
            "Too Long A Name",
            "Parameters.Installation.AllowedPattern: “Too Long A Name” does not match",
        ),
        (
            "PollSeconds",
            "0",
            "Parameters.PollSeconds: 0 is not within MinValue and MaxValue",
        ),
        (
            "VpcEndpoints",
            "some",
            "Parameters.VpcEndpoints.AllowedValues: “some” is none of create, existing",
        ),
        (
            "Installation",
            "ninechars",
            "Parameters.Installation.AllowedPattern: “ninechars” does not match",
        ),
        (
            "BucketName",
            "A",
            "Parameters.BucketName.AllowedPattern: “A” does not match",
        ),
        (
            "TableName",
            "a/b",
            "Parameters.TableName.AllowedPattern: “a/b” does not match",
        ),
        (
            "EventBusName",
            "a b",
            "Parameters.EventBusName.AllowedPattern: “a b” does not match",
        ),
        (
            "KmsKeyArn",
            "alias/key",
            "Parameters.KmsKeyArn.AllowedPattern: “alias/key” does not match",
        ),
        (
            "VpcId",
            "subnet-1",
            "Parameters.VpcId.AllowedPattern: “subnet-1” does not match",
        ),
        (
            "LogRetentionDays",
            "2",
            "Parameters.LogRetentionDays.AllowedValues: “2” is none of 1, 3, 5",
        ),
        (
            "PollSeconds",
            "3601",
            "Parameters.PollSeconds: 3601 is not within MinValue and MaxValue",
        ),
        (
            "ReconcileMinutes",
            "1",
            "Parameters.ReconcileMinutes: 1 is not within MinValue and MaxValue",
        ),
        (
            "ReconcileMinutes",
            "31",
            "Parameters.ReconcileMinutes: 31 is not within MinValue and MaxValue",
        ),
        (
            "IngestConcurrency",
            "1",
            "Parameters.IngestConcurrency: 1 is not within MinValue and MaxValue",
        ),
        (
            "IngestConcurrency",
            "1001",
            "Parameters.IngestConcurrency: 1001 is not within MinValue and MaxValue",
        ),
        (
            "MonthlySpendUsd",
            "-1",
            "Parameters.MonthlySpendUsd: -1 is not within MinValue and MaxValue",
        ),
        (
            "MonthlySpendUsd",
            "much",
            "Parameters.MonthlySpendUsd: “much” is no number",
        ),
        (
            "Instalation",
            "x",
            "Parameters.Instalation: the deployment sets it, and the template does not declare it",
        ),
    ] {
        let error = check(TEMPLATE, &deployment().with(name, value))
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{error}");
    }
}

/// A piece of the template, what is written in its place, and what the error must say, all of it.
type Change = (&'static str, &'static str, &'static [&'static str]);

const CHANGES: [Change; 17] = [
    (
        "{ prefix: data/ }, { prefix: eval/ }",
        "{ prefix: data }, { prefix: eval/ }",
        &["ObjectsRule", "database/p/x.jsonl"],
    ),
    // Patterns.
    (
        "detail-type: [Upload Accepted]",
        "detail-type: [Upload Acepted]",
        &[
            "TrainFunction: no rule sends “Upload Accepted” of perennial to train",
            "TrainFunction.UploadAccepted.Pattern.detail-type: the rule perennial-local-train waits for “Upload Acepted”, which nobody says",
        ],
    ),
    (
        "stage: [collecting, preparing, starting, importing]",
        "stage: [collecting, preparing, importing]",
        &["TrainFunction: no rule sends “Run Due” of perennial (starting) to train"],
    ),
    (
        "stage: [collecting, preparing, starting, importing]",
        "stage: [collecting, preparing, starting, importing, evaluating]",
        &[
            "TrainFunction.Due.Pattern: the rule perennial-local-train-due sends “Run Due” of perennial (evaluating) to train; core gives it to evaluate",
        ],
    ),
    (
        "bucket: { name: [!Ref Bucket] }",
        "bucket: { name: [{ prefix: \"\" }] }",
        &[
            "ObjectsRule.Pattern: the rule perennial-local-objects sends “Object Created” of aws.s3 (pipelines/p.toml) to ingest; core gives it to nobody",
        ],
    ),
    (
        "detail-type: [Upload Accepted]",
        "detail-type: [{ regexp: \"Upload.*\" }]",
        &[
            "TrainFunction.Events.UploadAccepted.Properties.Pattern: detail-type: EventBridge has no operator “regexp”; understood: anything-but",
        ],
    ),
    // Variables.
    (
        "        PERENNIAL_JOB_ROLE_ARN: !GetAtt BedrockJobRole.Arn\n",
        "",
        &["TrainFunction.Environment.Variables: PERENNIAL_JOB_ROLE_ARN is missing"],
    ),
    (
        "PERENNIAL_POLL_SECONDS: !Ref",
        "PERENNIAL_POLL_SECOND: !Ref",
        &["EvaluateFunction.Environment.Variables: no function reads PERENNIAL_POLL_SECOND"],
    ),
    (
        "PERENNIAL_TABLE: !Ref Table",
        "PERENNIAL_TABLE: !Ref Bucket",
        &[
            "CleanupFunction.Environment.Variables: PERENNIAL_TABLE is “perennial-local-123456789012-us-east-1”; in the template there is perennial-local",
        ],
    ),
    // The queue and its redrive.
    (
        "deadLetterTargetArn: !GetAtt IngestDeadLetters.Arn",
        "deadLetterTargetArn: !GetAtt IngestDeadLeters.Arn",
        &[
            "Uploads.RedrivePolicy.deadLetterTargetArn: IngestDeadLeters is neither a parameter nor a resource of the template",
        ],
    ),
    (
        "EventSourceArn: !GetAtt Uploads.Arn",
        "EventSourceArn: !GetAtt TrainDeadLetters.Arn",
        &[
            "ObjectsRule.Targets: it sends to the queue Uploads, which no event source mapping reads",
            "Uploads: no event source mapping reads this queue",
        ],
    ),
    (
        "[!GetAtt ObjectsRule.Arn, !GetAtt ObjectsFoundRule.Arn]",
        "[!GetAtt ObjectsRule.Arn]",
        &[
            "ObjectsFoundRule.Targets: no AWS::SQS::QueuePolicy lets the rule perennial-local-objects-found send to Uploads",
        ],
    ),
    (
        "VisibilityTimeout: 5400",
        "VisibilityTimeout: 60",
        &[
            "Uploads.VisibilityTimeout: messages stay hidden for 60 s, and IngestFunction may take 900 s",
        ],
    ),
    // Schedules.
    (
        "Schedule: !Sub rate(${ReconcileMinutes} minutes)",
        "Schedule: !Sub rate(${ReconcileMinutes} days)",
        &[
            "ReconcileFunction.Events: no schedule has reconcile look for what is due at least every 60 minutes",
        ],
    ),
    (
        "Schedule: !Sub rate(${ReconcileMinutes} minutes)",
        "Schedule: every five minutes",
        &[
            "ReconcileFunction.Events.Tick.Properties.Schedule: the schedule “every five minutes” is not understood; understood: rate(5 minutes)",
        ],
    ),
    // The table and the bucket.
    (
        "{ AttributeName: due_at, KeyType: RANGE }",
        "{ AttributeName: due_kind, KeyType: RANGE }",
        &[
            "Table.AttributeDefinitions: due_at is defined and is no key; DynamoDB refuses such a table",
        ],
    ),
    (
        "Prefix: work/",
        "Prefix: data/",
        &["Bucket.LifecycleConfiguration: “data/” expires after 60 days; nothing but work/ may"],
    ),
];

#[test]
fn a_wrong_change_is_refused_and_named() {
    each_is_refused(&CHANGES);
}

/// The template with one piece changed, which must be there once at least: the first is taken.
fn changed(from: &str, to: &str) -> String {
    assert!(
        TEMPLATE.contains(from),
        "the template has no “{from}”; follow it here"
    );
    TEMPLATE.replacen(from, to, 1)
}

/// What the check says of a template.
fn refusal(text: &str) -> String {
    check(text, &deployment())
        .map(drop)
        .unwrap_err()
        .to_string()
}

fn each_is_refused(changes: &[Change]) {
    let mut wrong = Vec::new();
    for (from, to, wanted) in changes {
        let Err(error) = check(&changed(from, to), &deployment()) else {
            wrong.push(format!("“{to}” was taken in place of “{from}”"));
            continue;
        };
        let error = error.to_string();
        for words in *wanted {
            if !error.contains(words) {
                wrong.push(format!("{from} → {to}\n{error}\ndoes not say\n{words}"));
            }
        }
        // What is missing altogether has no line.
        let lines = error.lines().skip(1);
        let lines =
            lines.filter(|line| !line.starts_with("  line ") && !line.starts_with("  Resources: "));
        if lines.count() > 0 {
            wrong.push(format!("each finding has its line: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_is_not_understood_is_refused_with_what_is() {
    for (from, to, words) in [
        (
            "Type: AWS::SNS::Topic\n",
            "Type: AWS::Kinesis::Stream\n",
            "Notifications.Type: AWS::Kinesis::Stream is not understood; understood: AWS::Budgets::Budget",
        ),
        (
            "MaximumRetryAttempts: 2,",
            "MaximumRetries: 2,",
            "EventInvokeConfig.MaximumRetries: this is not understood here; understood: DestinationConfig, MaximumEventAgeInSeconds, MaximumRetryAttempts",
        ),
        (
            "!GetAtt Uploads.QueueName",
            "!GetAtt Uploads.Name",
            "Uploads is an AWS::SQS::Queue and its attribute Name is not understood; understood: Arn, QueueName, QueueUrl",
        ),
        (
            "!Sub perennial-${Installation}-uploads\n",
            "!ImportValue uploads\n",
            "Uploads.QueueName: Fn::ImportValue: it is not understood; understood: Ref, Fn::Sub",
        ),
        (
            "Timeout: 900",
            "Timeout: 1000",
            "IngestFunction.Timeout: a whole number from 1 to 900 belongs here, and “1000” is there",
        ),
        (
            "BillingMode: PAY_PER_REQUEST",
            "BillingMode: PROVISIONED",
            "Table.BillingMode: “PROVISIONED” is not understood here; understood: PAY_PER_REQUEST",
        ),
    ] {
        assert!(
            TEMPLATE.contains(from),
            "the template has no “{from}”; follow it here"
        );
        let error = check(&TEMPLATE.replacen(from, to, 1), &deployment())
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{error}");
    }
}
