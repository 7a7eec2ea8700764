//! Names: what AWS would not take, and what two things have.

use super::{Change, each_is_refused};

const NAMES: [Change; 16] = [
    (
        "QueueName: !Sub perennial-${Installation}-uploads",
        "QueueName: !Sub perennial.${Installation}.uploads",
        &["Uploads.QueueName: “perennial.local.uploads” is no name that AWS takes: [a-zA-Z0-9_-]+"],
    ),
    (
        "QueueName: !Sub perennial-${Installation}-uploads",
        "QueueName: !Sub perennial-${Installation}-ingest-dead-letters",
        &[
            "Uploads.QueueName: IngestDeadLetters has the name “perennial-local-ingest-dead-letters” too",
        ],
    ),
    (
        "RuleName: !Sub perennial-${Installation}-train\n",
        "RuleName: !Sub perennial ${Installation} train\n",
        &["TrainFunction.UploadAccepted.Name: “perennial local train” is no name that AWS takes"],
    ),
    (
        "RuleName: !Sub perennial-${Installation}-train-due",
        "RuleName: !Sub perennial-${Installation}-train",
        &[
            "TrainFunction.Due.Name: TrainFunction.UploadAccepted has the name “perennial-local-train” too",
        ],
    ),
    (
        "Name: !Sub perennial-${Installation}-objects\n",
        "Name: !Sub perennial-${Installation}-objects-that-came-or-went-in-the-bucket-whoever-put-them\n",
        &[
            "ObjectsRule.Name: “perennial-local-objects-that-came-or-went-in-the-bucket-whoever-put-them” has 72 characters; AWS takes 1 to 64",
        ],
    ),
    (
        "FunctionName: !Sub perennial-${Installation}-train",
        "FunctionName: !Sub perennial-${Installation}-ingest",
        &["TrainFunction.FunctionName: IngestFunction has the name “perennial-local-ingest” too"],
    ),
    (
        "FunctionName: !Sub perennial-${Installation}-train",
        "FunctionName: !Sub perennial/${Installation}/train",
        &["TrainFunction.FunctionName: “perennial/local/train” is no name that AWS takes"],
    ),
    (
        "TableName: !If [NamedTable, !Ref TableName, !Sub \"perennial-${Installation}\"]",
        "TableName: !If [NamedTable, !Ref TableName, !Sub \"perennial/${Installation}\"]",
        &["Table.TableName: “perennial/local” is no name that AWS takes"],
    ),
    (
        "!Sub \"perennial-${Installation}-${AWS::AccountId}-${AWS::Region}\"",
        "!Sub \"Perennial-${Installation}\"",
        &["Bucket.BucketName: “Perennial-local” is no name that AWS takes"],
    ),
    (
        "!Sub \"perennial-${Installation}-${AWS::AccountId}-${AWS::Region}\"",
        "!Sub \"xn--${Installation}\"",
        &[
            "Bucket.BucketName: “xn--local” is no name that AWS takes: no IP address, not beginning with xn--",
        ],
    ),
    (
        "TopicName: !Sub perennial-${Installation}-notifications",
        "TopicName: !Sub perennial-${Installation}:notifications",
        &["Notifications.TopicName: “perennial-local:notifications” is no name that AWS takes"],
    ),
    (
        "AlarmName: !Sub perennial-${Installation}-train-errors",
        "AlarmName: !Sub perennial-${Installation}-ingest-errors",
        &[
            "TrainErrorsAlarm.AlarmName: IngestErrorsAlarm has the name “perennial-local-ingest-errors” too",
        ],
    ),
    (
        "DashboardName: !Sub perennial-${Installation}",
        "DashboardName: !Sub perennial of ${Installation}",
        &["Dashboard.DashboardName: “perennial of local” is no name that AWS takes"],
    ),
    (
        "BudgetName: !Sub perennial-${Installation}-bedrock",
        "BudgetName: !Sub perennial:${Installation}",
        &["Spend.Budget.BudgetName: “perennial:local” is no name that AWS takes"],
    ),
    (
        "- PolicyName: train\n",
        "- PolicyName: train it\n",
        &["TrainRole.Policies[0].PolicyName: “train it” is no name that AWS takes"],
    ),
    (
        "- Id: notifications\n",
        "- Id: the notifications\n",
        &["NewsRule.Targets[0].Id: “the notifications” is no name that AWS takes"],
    ),
];

#[test]
fn names_are_such_that_aws_takes_them_and_nobody_elses() {
    each_is_refused(&NAMES);
}
