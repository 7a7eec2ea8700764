//! Somebody else's template: what Perennial needs is refused where it lacks, and all else is theirs to choose.

use perennial_local_template as template;
use perennial_local_template::{Stack, hold};

use super::{TEMPLATE, changed, deployment};

/// A piece of the template, what is written in its place, and a word of what is found.
type Row = (&'static str, &'static str, &'static str);

/// Perennial runs with these all the same.
const DEPARTURES: [Row; 23] = [
    ("Architectures: [arm64]", "Architectures: [x86_64]", "arm64"),
    (
        "    MemorySize: 512\n",
        "",
        "MemorySize and Timeout are to be written out",
    ),
    (
        "      BuildProperties: { Binary: train }\n",
        "",
        "the program is to be named",
    ),
    (
        "        PERENNIAL_POLL_SECONDS: !Ref PollSeconds\n",
        "",
        "PERENNIAL_POLL_SECONDS is missing",
    ),
    (
        "        PERENNIAL_POLL_SECONDS: !Ref PollSeconds\n",
        "        PERENNIAL_POLL_SECONDS: !Ref PollSeconds\n        PERENNIAL_COLOUR: red\n",
        "no function reads PERENNIAL_COLOUR",
    ),
    (
        "    EventInvokeConfig: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600 }\n",
        "",
        "how often Lambda tries again",
    ),
    (
        "            DeadLetterConfig: { Arn: !GetAtt TrainDeadLetters.Arn }\n",
        "",
        "what cannot be sent is lost",
    ),
    (
        "      SqsManagedSseEnabled: true\n",
        "      SqsManagedSseEnabled: false\n",
        "what lies in the queue must be encrypted",
    ),
    (
        "      MessageRetentionPeriod: 1209600\n",
        "",
        "messages are kept for 345600 s",
    ),
    (
        "      RetentionInDays: !Ref LogRetentionDays\n",
        "",
        "logs would be kept, and paid for, for ever",
    ),
    (
        "PointInTimeRecoveryEnabled: true",
        "PointInTimeRecoveryEnabled: false",
        "point-in-time recovery must be on",
    ),
    (
        "      DeletionProtectionEnabled: true\n",
        "",
        "it must be protected",
    ),
    (
        "            Status: Enabled\n            Prefix: work/",
        "            Status: Disabled\n            Prefix: work/",
        "work/ must expire",
    ),
    (
        "          - Id: work\n",
        "          - { Id: own, Status: Enabled, Prefix: somebodys/, ExpirationInDays: 1 }\n          - Id: work\n",
        "“somebodys/” expires after 1 days",
    ),
    (
        "Resource: [!GetAtt Bucket.Arn, !Sub \"${Bucket.Arn}/*\"]",
        "Resource: [!GetAtt Bucket.Arn]",
        "s3:GetObject must be denied without TLS",
    ),
    (
        "          - Approval Needed\n",
        "",
        "no rule tells a topic of “Approval Needed”",
    ),
    (
        "      Threshold: 3\n",
        "      Threshold: 30\n",
        "it watches the errors of ingest",
    ),
    (
        "      AlarmActions: [!Ref Notifications]\n",
        "",
        "it tells nobody",
    ),
    (
        "CostFilters: { Service: [Amazon Bedrock] }",
        "CostFilters: { Service: [Amazon S3] }",
        "no AWS::Budgets::Budget counts what Amazon Bedrock costs",
    ),
    (
        "${Bucket.Arn}/data/*",
        "${Bucket.Arn}/of-mine/*",
        "is no place of the bucket",
    ),
    (
        "                Resource: !GetAtt BedrockJobRole.Arn\n",
        "                Resource: !GetAtt EvaluateRole.Arn\n",
        "in the template there is",
    ),
    (
        "Principal: { Service: budgets.amazonaws.com }",
        "Principal: { Service: s3.amazonaws.com }",
        "no AWS::SNS::TopicPolicy lets budgets.amazonaws.com tell",
    ),
    (
        "            RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86400 }\n",
        "",
        "how often EventBridge tries again",
    ),
];

/// Without these it does not run, or loses data unseen.
const NEEDS: [Row; 16] = [
    (
        "{ Binary: train }",
        "{ Binary: trian }",
        "there is no program “trian”",
    ),
    ("    Timeout: 120\n", "", "Lambda gives 128 MB and 3 s"),
    (
        "        PERENNIAL_JOB_ROLE_ARN: !GetAtt BedrockJobRole.Arn\n",
        "",
        "PERENNIAL_JOB_ROLE_ARN is missing",
    ),
    (
        "PERENNIAL_TABLE: !Ref Table",
        "PERENNIAL_TABLE: other",
        "PERENNIAL_TABLE is “other”",
    ),
    (
        "      FunctionName: !Sub perennial-${Installation}-train\n",
        "      FunctionName: !Sub perennial-${Installation}-train\n      Environment: { Variables: { PERENNIAL_INSTALLATION: other } }\n",
        "PERENNIAL_INSTALLATION is “other”, and other functions have “local”",
    ),
    (
        "      FunctionName: !Sub perennial-${Installation}-train\n",
        "      FunctionName: !Sub perennial-${Installation}-train\n      Environment: { Variables: { PERENNIAL_BUCKET: other } }\n",
        "PERENNIAL_BUCKET is “other”, and other functions have “perennial-local-123456789012-us-east-1”",
    ),
    (
        "detail-type: [Upload Accepted]",
        "detail-type: [Upload Acepted]",
        "no rule sends “Upload Accepted” of perennial to train",
    ),
    (
        "stage: [collecting, preparing, starting, importing]",
        "stage: [collecting, preparing, starting, importing, evaluating]",
        "core gives it to evaluate",
    ),
    (
        "rate(${ReconcileMinutes} minutes)",
        "rate(${ReconcileMinutes} days)",
        "no schedule has reconcile look for what is due",
    ),
    (
        "{ AttributeName: expires, Enabled: true }",
        "{ AttributeName: expires, Enabled: false }",
        "items may be forgotten by the attribute expires",
    ),
    (
        "            - { AttributeName: due_kind, KeyType: HASH }\n            - { AttributeName: due_at, KeyType: RANGE }\n",
        "            - { AttributeName: due_at, KeyType: HASH }\n            - { AttributeName: due_kind, KeyType: RANGE }\n",
        "core's table has",
    ),
    (
        "VersioningConfiguration: { Status: Enabled }",
        "VersioningConfiguration: { Status: Suspended }",
        "the bucket must be versioned",
    ),
    (
        "EventBridgeEnabled: true",
        "EventBridgeEnabled: false",
        "the bucket must tell EventBridge",
    ),
    (
        "Prefix: work/",
        "Prefix: data/",
        "“data/” expires after 60 days",
    ),
    (
        "            Prefix: work/\n",
        "",
        "“” expires after 60 days",
    ),
    (
        "      FunctionResponseTypes: [ReportBatchItemFailures]\n",
        "",
        "ReportBatchItemFailures is needed",
    ),
];

#[test]
fn our_own_template_meets_needs_and_standard() {
    let stack = template::check(TEMPLATE, &deployment()).unwrap();
    let held = hold(&stack, &deployment());
    assert_eq!((held.needs, held.standard), (Vec::new(), Vec::new()));
}

#[test]
fn what_departs_from_the_standard_runs_and_is_told_with_its_place() {
    for (from, to, words) in DEPARTURES {
        let stack = match template::check(&changed(from, to), &deployment()) {
            Ok(stack) => stack,
            Err(error) => panic!("{to:?} in place of {from:?}: {error}"),
        };
        let told = hold(&stack, &deployment()).standard;
        let found = told.iter().find(|finding| finding.message.contains(words));
        let finding = found.unwrap_or_else(|| panic!("{to:?}: {told:?}"));
        assert!(!finding.place.is_empty());
        assert!(
            finding.line > 0 || finding.place == "Resources",
            "{finding}"
        );
    }
}

#[test]
fn what_lacks_a_need_is_refused() {
    for (from, to, words) in NEEDS {
        let text = changed(from, to);
        let Err(error) = template::check(&text, &deployment()) else {
            panic!("{to:?} was taken in place of {from:?}");
        };
        let error = error.to_string();
        assert!(error.contains(words), "{to:?}: {error}");
        let stack = Stack::read(&text, &deployment()).unwrap();
        let standard = hold(&stack, &deployment()).standard;
        let mut standard = standard.iter().map(ToString::to_string);
        assert!(!standard.any(|finding| finding.contains(words)), "{to:?}");
    }
}
