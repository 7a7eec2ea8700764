//! What watches: alarms that are missing, watch nothing, or would never fire.

use super::{Change, TEMPLATE, changed, check, deployment, each_is_refused};

const ALARMS: [Change; 35] = [
    (
        "      Threshold: 21600\n",
        "      Threshold: 216000\n",
        &[
            "UploadsWaitAlarm.Threshold: it watches how long something waits for ingest, and is silent at 3600, and is silent at 21600",
        ],
    ),
    (
        "      EvaluationPeriods: 1\n",
        "      EvaluationPeriods: 100\n",
        &[
            "IngestDeadLettersAlarm.EvaluationPeriods: it must have been so for 30000 s before anyone is told; 7200 s are the most",
        ],
    ),
    (
        "      OKActions: [!Ref Notifications]\n",
        "      OKActions: [!Ref NewsRule]\n",
        &["IngestDeadLettersAlarm.OKActions: perennial-local-news is no topic of the template"],
    ),
    (
        "          - Approval Needed\n",
        "",
        &["Resources: no rule tells a topic of “Approval Needed”"],
    ),
    (
        "        source: [perennial]\n        detail-type:\n          - Upload Rejected\n",
        "        detail-type:\n          - Upload Rejected\n",
        &[
            "NewsRule.Pattern.source: the rule perennial-local-news takes “Upload Rejected” of someone, which anybody could say",
        ],
    ),
    (
        "Unit: USD }",
        "Unit: EUR }",
        &["Spend.Budget.BudgetLimit.Unit: “EUR” is not understood here; understood: USD"],
    ),
    (
        "          Subscribers: [{ SubscriptionType: SNS, Address: !Ref Notifications }]\n",
        "",
        &["Spend.NotificationsWithSubscribers[0].Subscribers: it tells nobody"],
    ),
    (
        "HasSpendLimit: !Not [!Equals [!Ref MonthlySpendUsd, \"0\"]]",
        "HasSpendLimit: !Not [!Equals [!Ref MonthlySpendUsd, \"\"]]",
        &["Spend.Budget.BudgetLimit.Amount: a whole number from 1"],
    ),
    (
        "      Protocol: email\n",
        "      Protocol: mail\n",
        &["NotificationsEmail.Protocol: “mail” is not understood here; understood: email"],
    ),
    (
        "      TopicArn: !Ref Notifications\n",
        "      TopicArn: !Ref NewsRule\n",
        &["NotificationsEmail.TopicArn: “perennial-local-news” is no topic"],
    ),
    (
        "{ \"widgets\": [",
        "{ \"widget\": [",
        &["Dashboard.DashboardBody: the body has “widget”; understood: widgets"],
    ),
    (
        "[\"AWS/Lambda\", \"Errors\", \"FunctionName\", \"${IngestFunction}\"",
        "[\"AWS/Lambda\", \"Errors\", \"Function\", \"${IngestFunction}\"",
        &[
            "Dashboard.DashboardBody: the widget “Errors” shows [\"AWS/Lambda\",\"Errors\",\"Function\"",
        ],
    ),
    (
        ".bedrock-runtime\n",
        ".bedrock-runtimes\n",
        &[
            "BedrockRuntimeEndpoint.ServiceName: no function calls bedrock-runtimes; they call bedrock, bedrock-runtime",
            "Resources: no AWS::EC2::VPCEndpoint leads from a private network to bedrock-runtime",
        ],
    ),
    (
        "      PrivateDnsEnabled: true\n",
        "      PrivateDnsEnabled: false\n",
        &["BedrockEndpoint.PrivateDnsEnabled: it must be true"],
    ),
    (
        "      VpcEndpointType: Gateway\n",
        "      VpcEndpointType: Interface\n",
        &["BucketGateway: SubnetIds is missing"],
    ),
    (
        "FromPort: 443, ToPort: 443",
        "FromPort: 443, ToPort: 80",
        &["FunctionSecurityGroup.SecurityGroupEgress[0].ToPort: AWS is called at port 443"],
    ),
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

/// With a key of the deployer's own, S3 and DynamoDB use it in the name of whoever reads and writes.
#[test]
fn who_reads_and_writes_may_use_the_key() {
    let key = "arn:aws:kms:us-east-1:123456789012:key/0a";
    let of = deployment().with("KmsKeyArn", key);
    let error = |text: String| check(&text, &of).map(drop).unwrap_err().to_string();
    let none = error(changed(
        "        - !If [HasKey, !Ref KeyPolicy, !Ref AWS::NoValue]\n",
        "",
    ));
    assert!(none.contains("IngestRole.ManagedPolicyArns: s3 needs it in the role's name: kms:Decrypt on arn:aws:kms"), "{none}");
    let half = error(changed(
        "                  - !Sub dynamodb.${AWS::Region}.${AWS::URLSuffix}\n",
        "",
    ));
    assert!(
        half.contains(
            "TrainRole.ManagedPolicyArns: dynamodb needs it in the role's name: kms:GenerateDataKey"
        ),
        "{half}"
    );
    let plain = error(changed("SSEEnabled: true", "SSEEnabled: false"));
    assert!(
        plain.contains("Table.SSESpecification.SSEEnabled: it must be true"),
        "{plain}"
    );
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
    let slow = deployment().with("ReconcileMinutes", "30");
    check(TEMPLATE, &slow).unwrap_or_else(|error| panic!("{error}"));
    let begin = TEMPLATE.find("  RunsOverdueAlarm:").unwrap();
    // One value in each period is not enough: a tick comes a little late.
    for period in [900, 1800, 3540] {
        let period = format!("Period: {period}");
        let short = TEMPLATE[begin..].replacen("Period: 3600", &period, 1);
        let error = check(&format!("{}{short}", &TEMPLATE[..begin]), &slow)
            .map(drop)
            .unwrap_err()
            .to_string();
        let words = "RunsOverdueAlarm.Period: a value comes every 1800 s, and one period is";
        assert!(error.contains(words), "{error}");
    }
}
