//! What watches: alarms that are missing, watch nothing, or would never fire.

use super::{Change, TEMPLATE, check, deployment, each_is_refused};

const ALARMS: [Change; 19] = [
    (
        "Dimensions: [{ Name: QueueName, Value: !GetAtt TrainDeadLetters.QueueName }]",
        "Dimensions: [{ Name: QueueName, Value: !GetAtt IngestDeadLetters.QueueName }]",
        &[
            "TrainDeadLetters: no alarm watches what train gave up: ApproximateNumberOfMessagesVisible of AWS/SQS with QueueName perennial-local-train-dead-letters",
        ],
    ),
    (
        "Dimensions: [{ Name: FunctionName, Value: !Ref TrainFunction }]",
        "Dimensions: [{ Name: FunctionName, Value: !Ref PromoteFunction }]",
        &["TrainFunction: no alarm watches the errors of train"],
    ),
    (
        "Dimensions: [{ Name: QueueName, Value: !GetAtt Uploads.QueueName }]",
        "Dimensions: [{ Name: QueueName, Value: uploads }]",
        &[
            "UploadsWaitAlarm.Dimensions: one QueueName belongs here, of perennial-local-ingest-dead-letters",
        ],
    ),
    (
        "Dimensions: [{ Name: QueueName, Value: !GetAtt Uploads.QueueName }]",
        "Dimensions: [{ Name: Queue, Value: !GetAtt Uploads.QueueName }]",
        &["UploadsWaitAlarm.Dimensions: one QueueName belongs here"],
    ),
    (
        "MetricName: ApproximateAgeOfOldestMessage",
        "MetricName: ApproximateAgeOfOldestMessages",
        &[
            "UploadsWaitAlarm.MetricName: AWS/SQS has no metric “ApproximateAgeOfOldestMessages” that is known here",
        ],
    ),
    (
        "Namespace: Perennial",
        "Namespace: Perenial",
        &[
            "RunsOverdueAlarm.Namespace: “Perenial” is not understood",
            "Resources: no alarm watches runs that are overdue: RunsOverdue of Perennial with Installation local",
        ],
    ),
    (
        "Dimensions: [{ Name: Installation, Value: !Ref Installation }]",
        "Dimensions: [{ Name: Installation, Value: main }]",
        &["RunsOverdueAlarm.Dimensions: one Installation belongs here, of local"],
    ),
    (
        "ComparisonOperator: GreaterThanOrEqualToThreshold",
        "ComparisonOperator: LessThanThreshold",
        &[
            "IngestDeadLettersAlarm.Threshold: it watches what ingest gave up, and fires at 0, and is silent at 1",
        ],
    ),
    (
        "ComparisonOperator: GreaterThanOrEqualToThreshold",
        "ComparisonOperator: GreaterThanThreshold",
        &[
            "IngestDeadLettersAlarm.Threshold: it watches what ingest gave up, and is silent at 0, and is silent at 1",
        ],
    ),
    (
        "      Threshold: 3\n",
        "      Threshold: 30\n",
        &[
            "IngestErrorsAlarm.Threshold: it watches the errors of ingest, and is silent at 0, and is silent at 3",
        ],
    ),
    (
        "      TreatMissingData: breaching\n",
        "      TreatMissingData: notBreaching\n",
        &["ReconcileSilentAlarm.TreatMissingData: where nothing is measured, it must be breaching"],
    ),
    (
        "      AlarmActions: [!Ref Notifications]\n",
        "",
        &["IngestDeadLettersAlarm.AlarmActions: it tells nobody"],
    ),
    (
        "      AlarmActions: [!Ref Notifications]\n",
        "      AlarmActions: [!Ref NewsRule]\n",
        &["IngestDeadLettersAlarm.AlarmActions: perennial-local-news is no topic of the template"],
    ),
    (
        "Principal: { Service: cloudwatch.amazonaws.com }",
        "Principal: { Service: events.amazonaws.com }",
        &[
            "IngestDeadLettersAlarm.AlarmActions: no AWS::SNS::TopicPolicy lets cloudwatch.amazonaws.com tell",
        ],
    ),
    (
        ":alarm:perennial-${Installation}-*",
        ":alarm:perenial-${Installation}-*",
        &[
            "RunsOverdueAlarm.AlarmActions: no AWS::SNS::TopicPolicy lets cloudwatch.amazonaws.com tell",
        ],
    ),
    (
        "CostFilters: { Service: [Amazon Bedrock] }",
        "CostFilters: { Service: [Amazon Bedrok] }",
        &["Resources: no AWS::Budgets::Budget counts what Amazon Bedrock costs"],
    ),
    (
        "Principal: { Service: budgets.amazonaws.com }",
        "Principal: { Service: s3.amazonaws.com }",
        &[
            "Spend.NotificationsWithSubscribers: no AWS::SNS::TopicPolicy lets budgets.amazonaws.com tell",
        ],
    ),
    (
        "      RetentionInDays: !Ref LogRetentionDays\n",
        "",
        &["IngestLogs.RetentionInDays: logs would be kept, and paid for, for ever"],
    ),
    (
        "LoggingConfig: { LogGroup: !Ref TrainLogs }",
        "LoggingConfig: { LogGroup: !Ref IngestLogs }",
        &[
            "TrainFunction.LoggingConfig.LogGroup: it must name a log group of the template, /aws/lambda/perennial-local-train",
        ],
    ),
];

#[test]
fn an_alarm_that_would_not_be_heard_is_named() {
    each_is_refused(&ALARMS);
}

/// Takes one resource out, up to the next.
fn without(id: &str) -> String {
    let begin = TEMPLATE.find(&format!("\n  {id}:\n")).unwrap() + 1;
    let next = TEMPLATE[begin..]
        .match_indices("\n  ")
        .map(|(at, _)| begin + at + 1);
    let end = next
        .filter(|at| TEMPLATE[at + 2..].starts_with(|c: char| c.is_ascii_uppercase() || c == '#'))
        .find(|at| *at > begin);
    format!("{}{}", &TEMPLATE[..begin], &TEMPLATE[end.unwrap()..])
}

#[test]
fn what_must_watch_and_is_not_there_is_named() {
    for (id, words) in [
        (
            "PromoteDeadLettersAlarm",
            "PromoteDeadLetters: no alarm watches what promote gave up",
        ),
        (
            "IngestDeadLettersAlarm",
            "IngestDeadLetters: no alarm watches what ingest gave up",
        ),
        (
            "CleanupErrorsAlarm",
            "CleanupFunction: no alarm watches the errors of cleanup",
        ),
        (
            "RunsOverdueAlarm",
            "Resources: no alarm watches runs that are overdue",
        ),
        (
            "ReconcileSilentAlarm",
            "ReconcileFunction: no alarm watches that reconcile runs at all",
        ),
        (
            "Spend",
            "Resources: no AWS::Budgets::Budget counts what Amazon Bedrock costs",
        ),
    ] {
        let error = check(&without(id), &deployment())
            .map(drop)
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{id}: {error}");
        assert!(error.starts_with("the template has one error"), "{error}");
    }
}

/// A value comes with each tick of reconcile: an alarm with a shorter period falls silent in between.
#[test]
fn the_alarm_of_overdue_runs_does_not_flap_at_the_slowest_pace() {
    let slow = deployment().with("ReconcileMinutes", "60");
    check(TEMPLATE, &slow).unwrap_or_else(|error| panic!("{error}"));
    let begin = TEMPLATE.find("  RunsOverdueAlarm:").unwrap();
    let short = TEMPLATE[begin..].replacen("Period: 3600", "Period: 900", 1);
    let error = check(&format!("{}{short}", &TEMPLATE[..begin]), &slow)
        .map(drop)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(
            "RunsOverdueAlarm.Period: a value comes every 3600 s, and one period is 900 s"
        ),
        "{error}"
    );
}
