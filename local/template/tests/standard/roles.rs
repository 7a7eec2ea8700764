//! Roles: who takes them on, whose they are, and what their statements are about.

use super::{Change, TEMPLATE, changed, check, deployment, each_is_refused, refusal};

const ASSUME: &str = "            Principal: { Service: lambda.amazonaws.com }\n            Action: sts:AssumeRole\n";

const TRUST: [Change; 13] = [
    (
        "Principal: { Service: lambda.amazonaws.com }",
        "Principal: { Service: ec2.amazonaws.com }",
        &[
            "IngestRole.AssumeRolePolicyDocument.Statement[0].Principal: “ec2.amazonaws.com” is no service that is known here",
        ],
    ),
    (
        "Principal: { Service: lambda.amazonaws.com }",
        "Principal: { Service: lamda.amazonaws.com }",
        &[
            "IngestRole.AssumeRolePolicyDocument.Statement[0].Principal: “lamda.amazonaws.com” is no service",
        ],
    ),
    (
        "Principal: { Service: lambda.amazonaws.com }",
        "Principal: { Service: events.amazonaws.com }",
        &[
            "IngestRole.AssumeRolePolicyDocument.Statement[0].Principal: only lambda.amazonaws.com may take this role on, and here is events.amazonaws.com",
        ],
    ),
    (
        "Principal: { Service: lambda.amazonaws.com }",
        "Principal: { Service: [lambda.amazonaws.com, events.amazonaws.com] }",
        &[
            "only lambda.amazonaws.com may take this role on, and here is lambda.amazonaws.com, events.amazonaws.com",
        ],
    ),
    (
        "Principal: { Service: lambda.amazonaws.com }",
        "Principal: \"*\"",
        &["only lambda.amazonaws.com may take this role on, and here is everyone"],
    ),
    (
        "Principal: { Service: lambda.amazonaws.com }",
        "Principal: { AWS: \"arn:aws:iam::123456789012:root\", Service: lambda.amazonaws.com }",
        &[
            "IngestRole.AssumeRolePolicyDocument.Statement[0].Principal: this is not understood here",
        ],
    ),
    (
        ASSUME,
        "            Principal: { Service: lambda.amazonaws.com }\n            Action: sts:AssumeRoles\n",
        &[
            "IngestRole.AssumeRolePolicyDocument.Statement[0].Action: no action “sts:AssumeRoles” is known",
        ],
    ),
    (
        ASSUME,
        "            Principal: { Service: lambda.amazonaws.com }\n            Action: \"sts:*\"\n",
        &[
            "IngestRole.AssumeRolePolicyDocument.Statement[0].Action: only sts:AssumeRole belongs here",
        ],
    ),
    // The confused deputy.
    (
        "              StringEquals: { \"aws:SourceAccount\": !Ref AWS::AccountId }\n              ArnLike:\n                \"aws:SourceArn\":\n",
        "              ArnLike:\n                \"aws:SourceArn\":\n",
        &[
            "BedrockJobRole.AssumeRolePolicyDocument.Statement[0].Condition.aws:SourceAccount: the role must be bound to aws:SourceAccount 123456789012",
        ],
    ),
    (
        "StringEquals: { \"aws:SourceAccount\": !Ref AWS::AccountId }",
        "StringEquals: { \"aws:SourceAcount\": !Ref AWS::AccountId }",
        &[
            "BedrockJobRole.AssumeRolePolicyDocument.Statement[0].Condition.StringEquals.aws:SourceAcount: the key is not understood here; understood: aws:SourceArn",
        ],
    ),
    (
        "                  - !Sub arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:model-import-job/*\n                  - !Sub arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:model-invocation-job/*\n                  # A model that is made",
        "                  - !Sub arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:model-invocation-job/*\n                  # A model that is made",
        &[
            "BedrockJobRole.AssumeRolePolicyDocument.Statement[0].Condition.aws:SourceArn: the role must be bound to aws:SourceArn arn:aws:bedrock:us-east-1:123456789012:custom-model/*, arn:aws:bedrock",
        ],
    ),
    (
        "\"aws:SourceArn\": !Sub arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:training-job/${Installation}-*",
        "\"aws:SourceArn\": !Sub arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:training-jobs/${Installation}-*",
        &[
            "SageMakerJobRole.AssumeRolePolicyDocument.Statement[0].Condition.aws:SourceArn: the role must be bound to aws:SourceArn arn:aws:sagemaker:us-east-1:123456789012:training-job/local-*",
        ],
    ),
    (
        "Principal: { Service: sagemaker.amazonaws.com }",
        "Principal: { Service: lambda.amazonaws.com }",
        &[
            "SageMakerJobRole.AssumeRolePolicyDocument.Statement[0].Principal: no function has this role, so a service's jobs must; they are bedrock.amazonaws.com, sagemaker.amazonaws.com",
        ],
    ),
];

#[test]
fn a_role_is_taken_on_by_whom_it_is_for() {
    each_is_refused(&TRUST);
}

const OWN: [Change; 6] = [
    (
        "Role: !GetAtt TrainRole.Arn",
        "Role: !GetAtt EvaluateRole.Arn",
        &[
            "the template has 2 errors",
            "TrainFunction.Role: EvaluateFunction has the role EvaluateRole too; each function has its own",
            "TrainFunction.Role: it has EvaluateRole; with the program train belongs TrainRole",
        ],
    ),
    (
        "Role: !GetAtt TrainRole.Arn",
        "Role: !GetAtt BedrockJobRole.Arn",
        &["TrainFunction.Role: it has BedrockJobRole; with the program train belongs TrainRole"],
    ),
    (
        "      Role: !GetAtt TrainRole.Arn\n",
        "",
        &[
            "TrainFunction.Role: SAM would make the role, and allow more than is needed; write it out",
        ],
    ),
    (
        "                Resource: !GetAtt Uploads.Arn\n              - Sid: Log",
        "                Resource: !GetAtt TrainDeadLetters.Arn\n              - Sid: Log",
        &[
            "IngestFunction.Role: Lambda needs it in the role's name: sqs:ReceiveMessage on arn:aws:sqs:us-east-1:123456789012:perennial-local-uploads",
        ],
    ),
    (
        "Resource: !GetAtt IngestLogs.Arn",
        "Resource: !GetAtt TrainLogs.Arn",
        &["IngestFunction.Role: Lambda needs it in the role's name: logs:CreateLogStream"],
    ),
    (
        "Action: [sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes]",
        "Action: [sqs:ReceiveMessage, sqs:GetQueueAttributes]",
        &["IngestFunction.Role: Lambda needs it in the role's name: sqs:DeleteMessage"],
    ),
];

#[test]
fn each_function_has_its_own_role_and_lambda_can_do_its_part() {
    each_is_refused(&OWN);
}

#[test]
fn roles_that_changed_places_are_named() {
    let text = TEMPLATE
        .replace("Role: !GetAtt TrainRole.Arn", "Role: !GetAtt OTHER.Arn")
        .replace(
            "Role: !GetAtt PromoteRole.Arn",
            "Role: !GetAtt TrainRole.Arn",
        )
        .replace("Role: !GetAtt OTHER.Arn", "Role: !GetAtt PromoteRole.Arn");
    let error = refusal(&text);
    for words in [
        "TrainFunction.Role: it has PromoteRole; with the program train belongs TrainRole",
        "PromoteFunction.Role: it has TrainRole; with the program promote belongs PromoteRole",
    ] {
        assert!(error.contains(words), "{error}");
    }
}

const STATEMENTS: [Change; 34] = [
    // A job on SageMaker is our own by its name and its tag.
    (
        "Action: [sagemaker:CreateTrainingJob, sagemaker:AddTags]\n                Resource: !Sub arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:training-job/${Installation}-*\n                Condition:\n                  StringEquals: { \"aws:RequestTag/perennial:installation\": !Ref Installation }\n",
        "Action: [sagemaker:CreateTrainingJob, sagemaker:AddTags]\n                Resource: !Sub arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:training-job/${Installation}-*\n",
        &[
            "StartContainers.Condition: sagemaker:AddTags must be bound by aws:RequestTag/perennial:installation",
            "StartContainers.Condition: sagemaker:CreateTrainingJob must be bound by aws:RequestTag/perennial:installation",
        ],
    ),
    (
        "Action: [sagemaker:StopTrainingJob]\n                Resource: !Sub arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:training-job/${Installation}-*",
        "Action: [sagemaker:StopTrainingJob]\n                Resource: !Sub arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:training-job/*",
        &[
            "StopOwnContainers.Resource: arn:aws:sagemaker:us-east-1:123456789012:training-job/*: in the template there is arn:aws:sagemaker:us-east-1:123456789012:training-job/local-*",
        ],
    ),
    // What is wide allows all that must be bound.
    (
        "Action: [bedrock:ListModelInvocationJobs]\n                Resource: \"*\"",
        "Action: \"bedrock:*\"\n                Resource: \"*\"",
        &[
            "ListBatchJobs.Condition: bedrock:CreateCustomModel must be bound by aws:RequestTag/perennial:installation",
            "ListBatchJobs.Condition: bedrock:DeleteCustomModel must be bound by aws:ResourceTag/perennial:installation",
            "ListBatchJobs.Resource: bedrock:CreateCustomModel on everything",
        ],
    ),
    (
        "Action: [bedrock:ListModelInvocationJobs]\n                Resource: \"*\"",
        "Action: \"*\"\n                Resource: \"*\"",
        &[
            "ListBatchJobs.Condition: iam:PassRole must be bound by iam:PassedToService",
            "ListBatchJobs.Condition: events:PutEvents must be bound by events:source",
        ],
    ),
    (
        "Action: [bedrock:ListModelInvocationJobs]\n                Resource: \"*\"",
        "Action: \"iam:*\"\n                Resource: !GetAtt BedrockJobRole.Arn",
        &["ListBatchJobs.Condition: iam:PassRole must be bound by iam:PassedToService"],
    ),
    (
        "Action: [bedrock:ListModelInvocationJobs]\n                Resource: \"*\"",
        "NotAction: [s3:GetObject]\n                Resource: \"*\"",
        &[
            "ListBatchJobs.NotAction: an Allow says what it allows",
            "ListBatchJobs.Condition: iam:PassRole must be bound by iam:PassedToService",
        ],
    ),
    (
        "Action: [bedrock:ListModelInvocationJobs]\n                Resource: \"*\"",
        "Action: [s3:GetObject]\n                NotResource: !Sub \"${Bucket.Arn}/data/*\"",
        &["ListBatchJobs.NotResource: an Allow says what it allows"],
    ),
    // A wildcard stands for characters of one part of an ARN.
    (
        "            Action: sqs:SendMessage\n            Resource: !GetAtt Uploads.Arn\n",
        "            Action: sqs:SendMessage\n            Resource: arn:aws:sqs:*\n",
        &[
            "ObjectsRule.Targets: no AWS::SQS::QueuePolicy lets the rule perennial-local-objects send to Uploads",
        ],
    ),
    // Who may use queues and topics.
    (
        "            Condition:\n              ArnEquals: { \"aws:SourceArn\": [!GetAtt ObjectsRule.Arn, !GetAtt ObjectsFoundRule.Arn] }\n",
        "",
        &[
            "UploadsPolicy.PolicyDocument.TakeFromTheTwoRules.Condition: it must be bound by aws:SourceArn",
        ],
    ),
    (
        "              ArnLike:\n                \"aws:SourceArn\":\n                  - !Sub arn:${AWS::Partition}:events",
        "                \"aws:SourceArn\":\n                  - !Sub arn:${AWS::Partition}:events",
        &[
            "DeadLettersPolicy.PolicyDocument.TakeFromThisInstallationsRules.Condition.aws:SourceArn: an operator with its keys belongs here",
        ],
    ),
    (
        "            Action: sqs:SendMessage\n            Resource: !GetAtt Uploads.Arn",
        "            Action: sqs:SendMessages\n            Resource: !GetAtt Uploads.Arn",
        &[
            "UploadsPolicy.PolicyDocument.TakeFromTheTwoRules.Action: no action “sqs:SendMessages” is known",
        ],
    ),
    (
        "      Policies:\n        - PolicyName: jobs\n",
        "        - PolicyName: jobs\n",
        &["BedrockJobRole.ManagedPolicyArns: text belongs here, and a map is there"],
    ),
    // Actions that AWS does not have, in roles that are there, and in a policy that is there with a key only.
    (
        "kms:Decrypt,",
        "kms:Decrpt,",
        &[
            "KeyPolicy.PolicyDocument.UseTheKeyThroughBucketAndTable.Action: no action \"kms:Decrpt\" is known",
        ],
    ),
    (
        "ec2:CreateNetworkInterface",
        "ec2:CreateNetworkInterfaces",
        &["VpcPolicy.PolicyDocument.ConnectToTheSubnets.Action: no action"],
    ),
    (
        "s3:GetObject, s3:GetObjectVersion]",
        "s3:GetObject, s3:GetObjectVersions]",
        &[
            "IngestRole.Policies[ingest].PolicyDocument.ReadWhatWasDropped.Action: no action \"s3:GetObjectVersions\" is known",
        ],
    ),
    (
        "Action: sns:Publish",
        "Action: sns:Publsh",
        &[
            "NotificationsPolicy.PolicyDocument.TakeFromTheRule.Action: no action “sns:Publsh” is known",
        ],
    ),
    (
        "              - Sid: ReadWhatWasDropped\n",
        "              - Sid: ReadAndWriteRecords\n",
        &[
            "IngestRole.Policies[ingest].PolicyDocument.ReadAndWriteRecords.Sid: the role IngestRole has another statement of this name",
        ],
    ),
    // Keys and values of conditions.
    (
        "\"aws:ResourceTag/perennial:installation\": !Ref Installation",
        "\"aws:ResourceTag/perennial:instalation\": !Ref Installation",
        &[
            "EvaluateRole.Policies[evaluate].PolicyDocument.StopOwnTraining.Condition.StringEquals.aws:ResourceTag/perennial:instalation: what is Perennial's own bears the tag perennial:installation",
        ],
    ),
    (
        "\"aws:ResourceTag/perennial:installation\": !Ref Installation",
        "\"aws:ResourceTag/perennial:installation\": !Ref BucketName",
        &[
            "StopOwnTraining.Condition.StringEquals.aws:ResourceTag/perennial:installation: “” is not what calls carry; they carry local",
        ],
    ),
    (
        "\"aws:RequestTag/perennial:installation\": !Ref Installation",
        "\"aws:RequestTags/perennial:installation\": !Ref Installation",
        &[
            "TrainRole.Policies[train].PolicyDocument.StartTraining.Condition",
            "carries such a key here",
        ],
    ),
    (
        "StringEquals: { \"aws:RequestTag/perennial:installation\": !Ref Installation }",
        "StringNotEquals: { \"aws:RequestTag/perennial:installation\": !Ref Installation }",
        &[
            "StartTraining.Condition.StringNotEquals.aws:RequestTag/perennial:installation: the operator must be StringEquals",
        ],
    ),
    (
        "\"iam:PassedToService\": bedrock.amazonaws.com",
        "\"iam:PassedToService\": bedrok.amazonaws.com",
        &[
            "TrainRole.Policies[train].PolicyDocument.PassTheJobRole.Condition.StringEquals.iam:PassedToService: “bedrok.amazonaws.com” is not what calls carry",
        ],
    ),
    (
        "\"iam:PassedToService\": bedrock.amazonaws.com",
        "\"iam:PassedToServices\": bedrock.amazonaws.com",
        &[
            "TrainRole.Policies[train].PolicyDocument.PassTheJobRole.Condition",
            "carries such a key here",
        ],
    ),
    (
        "\"events:source\": perennial }",
        "\"events:source\": perenial }",
        &[
            "IngestRole.Policies[ingest].PolicyDocument.SayOwnEvents.Condition.ForAllValues:StringEquals.events:source: “perenial” is not what calls carry; they carry perennial",
        ],
    ),
    (
        "\"s3:prefix\": [\"answers/*\", \"work/*\"]",
        "\"s3:prefix\": [\"answer/*\", \"work/*\"]",
        &[
            "TrainRole.Policies[train].PolicyDocument.ListCurrentVersions.Condition.StringLike.s3:prefix: “answer/*” is no place of the bucket",
        ],
    ),
    (
        "- !Sub s3.${AWS::Region}",
        "- !Sub s4.${AWS::Region}",
        &[
            "UseTheKeyThroughBucketAndTable.Condition.StringEquals.kms:ViaService: “s4.us-east-1.amazonaws.com” is not what calls carry",
        ],
    ),
    (
        ":function:perennial-${Installation}-*",
        ":function:perenial-${Installation}-*",
        &[
            "VpcPolicy.PolicyDocument.ButNotTheCode.Condition.ArnLike.lambda:SourceFunctionArn: it does not fit arn:aws:lambda:us-east-1:123456789012:function:perennial-local-",
        ],
    ),
    (
        "                Condition:\n                  StringEquals: { \"aws:ResourceTag/perennial:installation\": !Ref Installation }\n              - Sid: DeployTheCandidate",
        "              - Sid: DeployTheCandidate",
        &[
            "StopOwnTraining.Condition: bedrock:StopModelCustomizationJob must be bound by aws:ResourceTag/perennial:installation",
        ],
    ),
    // Resources.
    (
        "${Bucket.Arn}/data/*",
        "${Bucket.Arn}/dta/*",
        &[
            "IngestRole.Policies[ingest].PolicyDocument.ReadWhatWasDropped.Resource: arn:aws:s3:::perennial-local-123456789012-us-east-1/dta/*: “dta/*” is no place of the bucket",
        ],
    ),
    (
        "${Table.Arn}/index/due",
        "${Table.Arn}/index/dew",
        &[
            "ReconcileRole.Policies[reconcile].PolicyDocument.FindWhatIsDue.Resource: arn:aws:dynamodb:us-east-1:123456789012:table/perennial-local/index/dew: in the template there is",
        ],
    ),
    (
        ":model-customization-job/*\n                Condition",
        ":model-customisation-job/*\n                Condition",
        &[
            "Resource: arn:aws:bedrock:us-east-1:123456789012:model-customisation-job/*: Bedrock's resources are custom-model",
        ],
    ),
    (
        "parameter/perennial/${Installation}/*",
        "parameter/perenial/${Installation}/*",
        &[
            "PromoteRole.Policies[promote].PolicyDocument.MoveTheAlias.Resource: arn:aws:ssm:us-east-1:123456789012:parameter/perenial/local/*: in the template there is arn:aws:ssm",
        ],
    ),
    (
        ":event-bus/${EventBusName}",
        ":event-bus/${Installation}",
        &[
            "IngestRole.Policies[ingest].PolicyDocument.SayOwnEvents.Resource: arn:aws:events:us-east-1:123456789012:event-bus/local: in the template there is",
        ],
    ),
    (
        "                Resource: !GetAtt BedrockJobRole.Arn\n",
        "                Resource: !GetAtt EvaluateRole.Arn\n",
        &[
            "TrainRole.Policies[train].PolicyDocument.PassTheJobRole.Resource: arn:aws:iam::123456789012:role/",
            "in the template there is",
        ],
    ),
];

#[test]
fn what_a_statement_is_about_is_there() {
    each_is_refused(&STATEMENTS);
}

/// A role may lie under a path; its name, as `Ref` gives it, has none.
#[test]
fn a_role_with_a_path_is_found_by_its_name() {
    let path = changed(
        "    Type: AWS::IAM::Role\n    Properties:\n",
        "    Type: AWS::IAM::Role\n    Properties:\n      Path: /perennial/\n",
    );
    check(&path, &deployment()).unwrap_or_else(|error| panic!("{error}"));
    let policy = "  More:\n    Type: AWS::IAM::Policy\n    Properties:\n      PolicyName: more\n      Roles: [!Ref IngestRole]\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement: [{ Sid: More, Effect: Allow, Action: s3:GetObject, Resource: !Sub \"${Bucket.Arn}/data/*\" }]\n\n";
    let attached = path.replace(
        "  IngestDeadLetters:\n",
        &format!("{policy}  IngestDeadLetters:\n"),
    );
    let stack = check(&attached, &deployment()).unwrap_or_else(|error| panic!("{error}"));
    let ingest = stack.function("ingest").unwrap();
    assert_eq!(ingest.policies.len(), 2);
    assert!(ingest.role_arn.contains(":role/perennial/"));
}
