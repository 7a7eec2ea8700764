//! References to what is not there: in any resource and in any branch, taken or not.

use super::{Change, TEMPLATE, changed, check, deployment, each_is_refused};

const REFERENCES: [Change; 18] = [
    // Values that are nothing, or can never be.
    (
        "Condition:\n                  StringEquals: { \"aws:ResourceTag/perennial:installation\": !Ref Installation }\n              - Sid: DeployTheCandidate",
        "Condition:\n              - Sid: DeployTheCandidate",
        &[
            "EvaluateRole.Policies[0].PolicyDocument.Statement[9].Condition: nothing is there, and CloudFormation takes no nothing",
        ],
    ),
    (
        "!Equals [!Ref VpcEndpoints, create]",
        "!Equals [!Ref VpcEndpoints, created]",
        &[
            "Conditions.MakeEndpoints: VpcEndpoints is never “created”; it is one of create, existing",
        ],
    ),
    (
        "OwnBus: !Not [!Equals [!Ref EventBusName, default]]",
        "OwnBus: !Not [!Equals [!Ref EventBusName, defualt]]",
        &["EventBus.Name: every account has the bus “default”; another cannot be made"],
    ),
    (
        "Parameters: [KmsKeyArn]",
        "Parameters: [KmsKey]",
        &[
            "Metadata.AWS::CloudFormation::Interface.ParameterGroups: “KmsKey” is no parameter of the template",
        ],
    ),
    (
        "Transform: AWS::Serverless-2016-10-31\n",
        "",
        &["the template: Transform is missing; functions need AWS::Serverless-2016-10-31"],
    ),
    (
        "        - !If [HasKey, !Ref KeyPolicy, !Ref AWS::NoValue]\n",
        "        - { Ref: KeyPolicy, Of: IngestRole }\n",
        &["IngestRole.ManagedPolicyArns[0]: Ref must stand alone in its map"],
    ),
    // Branches that are not taken.
    (
        "!If [HasKey, !Ref KeyPolicy, !Ref AWS::NoValue]",
        "!If [HasKey, !Ref KeyPolcy, !Ref AWS::NoValue]",
        &["IngestRole.ManagedPolicyArns[0]: KeyPolcy is neither a parameter nor a resource"],
    ),
    (
        "SecurityGroupIds: [!Ref FunctionSecurityGroup]\n      - !Ref",
        "SecurityGroupIds: [!GetAtt FunctionSecurityGroup.Id]\n      - !Ref",
        &[
            "VpcConfig.SecurityGroupIds[0]: FunctionSecurityGroup is an AWS::EC2::SecurityGroup and its attribute Id is not understood; understood: GroupId",
        ],
    ),
    (
        "KMSMasterKeyId: !Ref KmsKeyArn }",
        "KMSMasterKeyId: !Ref KmsKey }",
        &["Table.SSESpecification.KMSMasterKeyId: KmsKey is neither a parameter nor a resource"],
    ),
    (
        "BucketName: !If [NamedBucket, !Ref BucketName,",
        "BucketName: !If [NamedBucket, !Ref Bucketname,",
        &["Bucket.BucketName: Bucketname is neither a parameter nor a resource"],
    ),
    (
        "EventBusName: !If [OwnBus, !Ref EventBus, default]",
        "EventBusName: !If [OwnBus, !Ref Bus, default]",
        &["ObjectsFoundRule.EventBusName: Bus is neither a parameter nor a resource"],
    ),
    // Resources that are not there in this deployment.
    (
        "SourceSecurityGroupId: !Ref FunctionSecurityGroup",
        "SourceSecurityGroupId: !Ref FunctionsSecurityGroup",
        &[
            "EndpointSecurityGroup.SecurityGroupIngress[0].SourceSecurityGroupId: FunctionsSecurityGroup is neither",
        ],
    ),
    (
        "Endpoint: !Ref NotificationEmail",
        "Endpoint: !Ref NotificationsEmails",
        &["NotificationsEmail.Endpoint: NotificationsEmails is neither"],
    ),
    (
        "Condition: MakeGateways",
        "Condition: MakeGateway",
        &["BucketGateway: the condition MakeGateway is not in the template"],
    ),
    (
        "Subscribers: [{ SubscriptionType: SNS, Address: !Ref Notifications }]",
        "Subscribers: [{ SubscriptionType: SNS, Address: !Ref Notification }]",
        &["Spend.NotificationsWithSubscribers[0].Subscribers[0].Address: Notification is neither"],
    ),
    // Resources of which the local cloud reads nothing else.
    (
        "\"${CleanupFunction}\", { \"label\"",
        "\"${CleanupFunctions}\", { \"label\"",
        &["Dashboard.DashboardBody: CleanupFunctions is neither a parameter nor a resource"],
    ),
    (
        "\"${Uploads.QueueName}\"",
        "\"${Uploads.Name}\"",
        &[
            "Dashboard.DashboardBody: Uploads is an AWS::SQS::Queue and its attribute Name is not understood",
        ],
    ),
    (
        "Value: !GetAtt SageMakerJobRole.Arn",
        "Value: !GetAtt SageMakerRole.Arn",
        &["Outputs.SageMakerJobRole: SageMakerRole is neither a parameter nor a resource"],
    ),
];

#[test]
fn what_is_referred_to_is_there_wherever_it_is_referred_to() {
    each_is_refused(&REFERENCES);
}

/// The bus that rules listen to is the one that events are said on.
#[test]
fn a_rule_on_another_bus_than_its_events_is_named() {
    let jobs = changed(
        "RuleName: !Sub perennial-${Installation}-jobs\n",
        "RuleName: !Sub perennial-${Installation}-jobs\n            EventBusName: !If [OwnBus, !Ref EventBus, default]\n",
    );
    check(&jobs, &deployment()).unwrap_or_else(|error| panic!("{error}"));
    let own = deployment().with("EventBusName", "own");
    let error = check(&jobs, &own).map(drop).unwrap_err().to_string();
    assert!(error.contains("EvaluateFunction.Jobs.EventBusName: the rule perennial-local-jobs listens to the bus own, and what it takes, such as “Model Customization Job State Change” of aws.bedrock, is said on the bus default"), "{error}");
    assert!(error.starts_with("the template has one error"), "{error}");
    let due = TEMPLATE.replacen(
        "RuleName: !Sub perennial-${Installation}-train-due\n            EventBusName: !If [OwnBus, !Ref EventBus, default]\n",
        "RuleName: !Sub perennial-${Installation}-train-due\n",
        1,
    );
    check(&due, &deployment()).unwrap_or_else(|error| panic!("{error}"));
    let error = check(&due, &own).map(drop).unwrap_err().to_string();
    assert!(error.contains("TrainFunction.Due.EventBusName: the rule perennial-local-train-due listens to the bus default, and what it takes"), "{error}");
    assert!(error.starts_with("the template has one error"), "{error}");
}
