//! What AWS takes and what changes nothing of what is done here is taken; what would change it is not.

use perennial_local_template as template;
use perennial_local_template::hold;

use super::{changed, deployment};

const ALARM: &str = "      AlarmName: !Sub perennial-${Installation}-train-errors\n";
const EMAIL: &str = "      Protocol: email\n";
const TABLE: &str = "      BillingMode: PAY_PER_REQUEST\n";
const BUCKET: &str = "      VersioningConfiguration: { Status: Enabled }\n";
const WORK: &str = "            ExpirationInDays: 60\n";
const QUEUE: &str = "      VisibilityTimeout: 5400\n";
const ENDPOINT: &str = "      VpcEndpointType: Interface\n";
const WIDGETS: &str = "{ \"widgets\": [";
const RESOURCES: &str = "\nResources:\n";
const LIST: &str =
    "                Action: [bedrock:ListModelInvocationJobs]\n                Resource: \"*\"\n";

/// Added after a piece of the template.
const ADDED: [(&str, &str); 28] = [
    (ALARM, "      DatapointsToAlarm: 1\n"),
    (
        ALARM,
        "      InsufficientDataActions: [!Ref Notifications]\n",
    ),
    (EMAIL, "      FilterPolicy: { source: [perennial] }\n"),
    (EMAIL, "      RawMessageDelivery: false\n"),
    (
        RESOURCES,
        "  Hook:\n    Type: AWS::SNS::Subscription\n    Properties: { TopicArn: !Ref Notifications, Protocol: https, Endpoint: \"https://example.com/\" }\n",
    ),
    (
        RESOURCES,
        "  Sms:\n    Type: AWS::SNS::Subscription\n    Properties: { TopicArn: !Ref Notifications, Protocol: sms, Endpoint: \"+15550100\" }\n",
    ),
    (
        RESOURCES,
        "  Other:\n    Type: AWS::SNS::Subscription\n    Properties: { TopicArn: !Ref Notifications, Protocol: sqs, Endpoint: \"arn:aws:sqs:us-east-1:123456789012:other\" }\n",
    ),
    (
        RESOURCES,
        "  Other:\n    Type: AWS::SNS::Subscription\n    Properties: { TopicArn: !Ref Notifications, Protocol: lambda, Endpoint: \"arn:aws:lambda:us-east-1:123456789012:function:other\" }\n",
    ),
    (ENDPOINT, "      Tags: [{ Key: a, Value: b }]\n"),
    (ENDPOINT, "      IpAddressType: ipv4\n"),
    (ENDPOINT, "      DnsOptions: { DnsRecordIpType: ipv4 }\n"),
    (
        ENDPOINT,
        "      PolicyDocument: { Version: \"2012-10-17\", Statement: [] }\n",
    ),
    (
        RESOURCES,
        "  Empty:\n    Type: AWS::EC2::SecurityGroup\n    Condition: UseVpc\n    Properties: { GroupDescription: none, VpcId: !Ref VpcId }\n",
    ),
    (
        WORK,
        "            Transitions: [{ StorageClass: STANDARD_IA, TransitionInDays: 30 }]\n",
    ),
    (
        TABLE,
        "      OnDemandThroughput: { MaxReadRequestUnits: 100 }\n",
    ),
    (
        TABLE,
        "      StreamSpecification: { StreamViewType: NEW_IMAGE }\n",
    ),
    (
        TABLE,
        "      ContributorInsightsSpecification: { Enabled: true }\n",
    ),
    (QUEUE, "      DelaySeconds: 5\n"),
    (
        QUEUE,
        "      RedriveAllowPolicy: { redrivePermission: denyAll }\n",
    ),
    (BUCKET, "      MetricsConfigurations: [{ Id: all }]\n"),
    (
        BUCKET,
        "      ReplicationConfiguration: { Role: \"arn:aws:iam::123456789012:role/replicates\", Rules: [] }\n",
    ),
    (BUCKET, "      CorsConfiguration: { CorsRules: [] }\n"),
    (
        RESOURCES,
        "  AnotherBucket:\n    Type: AWS::S3::Bucket\n    Properties: { BucketName: another-bucket-of-mine }\n",
    ),
    (
        RESOURCES,
        "  AnotherTable:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      BillingMode: PAY_PER_REQUEST\n      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]\n      KeySchema: [{ AttributeName: id, KeyType: HASH }]\n",
    ),
    (
        RESOURCES,
        "  AnotherAlarm:\n    Type: AWS::CloudWatch::Alarm\n    Properties:\n      Namespace: AWS/Lambda\n      MetricName: Throttles\n      Dimensions: [{ Name: FunctionName, Value: !Ref TrainFunction }]\n      Statistic: Sum\n      Period: 300\n      EvaluationPeriods: 3\n      DatapointsToAlarm: 2\n      Threshold: 1\n      ComparisonOperator: GreaterThanOrEqualToThreshold\n      AlarmActions: [!Ref Notifications]\n      AlarmName: !Sub perennial-${Installation}-throttles\n",
    ),
    (
        LIST,
        "                Condition: { StringEquals: { \"aws:RequestedRegion\": us-east-1 } }\n",
    ),
    (
        LIST,
        "                Condition: { StringEqualsIfExists: { \"aws:ResourceAccount\": !Ref AWS::AccountId } }\n",
    ),
    (
        RESOURCES,
        "  One:\n    Type: AWS::IAM::Policy\n    Properties:\n      PolicyName: more\n      Roles: [!Ref IngestRole]\n      PolicyDocument: { Version: \"2012-10-17\", Statement: [{ Sid: More, Effect: Allow, Action: s3:GetObject, Resource: !Sub \"${Bucket.Arn}/data/*\" }] }\n  Two:\n    Type: AWS::IAM::Policy\n    Properties:\n      PolicyName: more\n      Roles: [!Ref TrainRole]\n      PolicyDocument: { Version: \"2012-10-17\", Statement: [{ Sid: More, Effect: Allow, Action: s3:GetObject, Resource: !Sub \"${Bucket.Arn}/data/*\" }] }\n",
    ),
];

/// In the place of a piece of the template.
const REPLACED: [(&str, &str); 9] = [
    (
        WIDGETS,
        "{ \"start\": \"-P7D\", \"widgets\": [ { \"type\": \"text\", \"x\": 0, \"y\": 0, \"width\": 6, \"height\": 2, \"properties\": { \"markdown\": \"# Ours\" } },",
    ),
    (
        WIDGETS,
        "{ \"widgets\": [ { \"type\": \"metric\", \"properties\": { \"title\": \"Tokens\", \"stacked\": true, \"yAxis\": {}, \"metrics\": [[\"AWS/Bedrock\", \"InputTokenCount\"]] } },",
    ),
    (
        "    Type: AWS::S3::Bucket\n    DeletionPolicy: Retain\n",
        "    Type: AWS::S3::Bucket\n    DeletionPolicy: RetainExceptOnCreate\n",
    ),
    (
        "    Type: AWS::SNS::Topic\n",
        "    Type: AWS::SNS::Topic\n    DeletionPolicy: Snapshot\n",
    ),
    (
        "            ExpirationInDays: 60\n",
        "            ExpirationDate: \"2030-01-01T00:00:00Z\"\n",
    ),
    (
        "            Principal: \"*\"\n",
        "            Principal: { AWS: \"*\" }\n",
    ),
    (
        "            Principal: \"*\"\n",
        "            Principal: { AWS: [\"*\"] }\n",
    ),
    ("${Table.Arn}/index/due", "${Table.Arn}/index/*"),
    (
        "              ArnEquals: { \"aws:SourceArn\": [!GetAtt ObjectsRule.Arn, !GetAtt ObjectsFoundRule.Arn] }\n",
        "              StringEquals: { \"aws:SourceAccount\": !Ref AWS::AccountId }\n",
    ),
];

/// They change nothing of what is done here, and none departs from the standard.
#[test]
fn aws_takes_it_so_do_we() {
    let added = ADDED.map(|(piece, more)| (piece, format!("{piece}{more}")));
    let replaced = REPLACED.map(|(piece, other)| (piece, other.to_owned()));
    for (from, to) in added.into_iter().chain(replaced) {
        for of in [deployment(), private()] {
            match template::check(&changed(from, &to), &of) {
                Ok(stack) => assert_eq!(hold(&stack, &of).standard, Vec::new(), "{to}"),
                Err(error) => panic!("{to}: {error}"),
            }
        }
    }
}

fn private() -> template::Deployment {
    let of = deployment().with("VpcId", "vpc-1");
    of.with("SubnetIds", "subnet-1,subnet-2")
}

/// A permission may be for more rules than one.
#[test]
fn a_permission_for_rules_by_wildcard_lets_each_of_them() {
    let of = |source: &str| {
        format!(
            "\nResources:\n  Often:\n    Type: AWS::Events::Rule\n    Properties:\n      ScheduleExpression: rate(12 hours)\n      Targets: [{{ Id: cleanup, Arn: !GetAtt CleanupFunction.Arn }}]\n  OftenMay:\n    Type: AWS::Lambda::Permission\n    Properties: {{ Action: \"lambda:InvokeFunction\", Principal: events.amazonaws.com, FunctionName: !Ref CleanupFunction, SourceArn: \"{source}\" }}\n"
        )
    };
    let check = |source: &str| template::check(&changed(RESOURCES, &of(source)), &deployment());
    let all = "arn:aws:events:us-east-1:123456789012:rule/*";
    check(all).unwrap_or_else(|error| panic!("{error}"));
    for other in [
        "arn:aws:events:us-east-1:123456789012:rule/seldom*",
        "arn:*",
    ] {
        let error = check(other).map(drop).unwrap_err().to_string();
        assert!(
            error.contains("no AWS::Lambda::Permission lets the rule"),
            "{error}"
        );
    }
}

/// What would change what is done here is not passed over, and neither is what AWS refuses.
#[test]
fn what_would_change_what_is_done_here_is_refused() {
    for (from, more, words) in [
        (
            RESOURCES,
            "  Hears:\n    Type: AWS::SNS::Subscription\n    Properties: { TopicArn: !Ref Notifications, Protocol: lambda, Endpoint: !GetAtt TrainFunction.Arn }\n",
            "Hears.Endpoint: topics tell nobody here, and TrainFunction would hear of nothing",
        ),
        (
            RESOURCES,
            "  Hears:\n    Type: AWS::SNS::Subscription\n    Properties: { TopicArn: !Ref Notifications, Protocol: sqs, Endpoint: !GetAtt Uploads.Arn }\n",
            "Hears.Endpoint: topics tell nobody here, and IngestFunction would hear of nothing",
        ),
        (
            RESOURCES,
            "  One:\n    Type: AWS::IAM::Policy\n    Properties:\n      PolicyName: more\n      Roles: [!Ref IngestRole]\n      PolicyDocument: { Version: \"2012-10-17\", Statement: [{ Sid: More, Effect: Allow, Action: s3:GetObject, Resource: !Sub \"${Bucket.Arn}/data/*\" }] }\n  Two:\n    Type: AWS::IAM::Policy\n    Properties:\n      PolicyName: more\n      Roles: [!Ref IngestRole]\n      PolicyDocument: { Version: \"2012-10-17\", Statement: [{ Sid: More, Effect: Allow, Action: s3:GetObject, Resource: !Sub \"${Bucket.Arn}/data/*\" }] }\n",
            "Two.PolicyName: One has the name “more” too",
        ),
        (
            ALARM,
            "      DatapointsToAlarm: 9\n",
            "there are fewer periods",
        ),
        (
            QUEUE,
            "      FifoQueue: true\n",
            "Uploads.FifoQueue: this is not understood here",
        ),
        (
            BUCKET,
            "      ObjectLockEnabled: true\n",
            "Bucket.ObjectLockEnabled: this is not understood here",
        ),
    ] {
        let text = changed(from, &format!("{from}{more}"));
        let error = template::check(&text, &deployment())
            .map(drop)
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{more}: {error}");
    }
    let unit = changed(ALARM, &format!("{ALARM}      Unit: Bytes\n"));
    let stack = template::check(&unit, &deployment()).unwrap();
    let told = hold(&stack, &deployment()).standard;
    assert!(
        told[0].message.contains("another unit than Bytes"),
        "{told:?}"
    );
    let dated = changed(
        "          - Id: work\n",
        "          - { Id: own, Status: Enabled, Prefix: data/, ExpirationDate: \"2030-01-01T00:00:00Z\" }\n          - Id: work\n",
    );
    let error = template::check(&dated, &deployment())
        .map(drop)
        .unwrap_err()
        .to_string();
    assert!(error.contains("“data/” expires on 2030-01-01"), "{error}");
}
