//! Each intrinsic gives what CloudFormation gives, seen in the outputs of a small template; and what is wrong is named.
#![allow(clippy::unwrap_used)]

use perennial_local_template::{Deployment, Stack};

const HEAD: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Name: { Type: String, Default: n }
  Empty: { Type: String, Default: "" }
  Number: { Type: Number, Default: 7 }
  Items: { Type: CommaDelimitedList, Default: "a, b,c" }
Conditions:
  Named: !Not [!Equals [!Ref Name, ""]]
  Absent: !Equals [!Ref Empty, x]
  Both: !And [!Condition Named, !Not [!Condition Absent]]
  Either: !Or [!Condition Absent, Condition: Named]
Resources:
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: !Sub "q-${Name}", RedrivePolicy: { deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 2 } } }
  Dead: { Type: AWS::SQS::Queue }
  Topic: { Type: AWS::SNS::Topic }
  Role: { Type: AWS::IAM::Role, Properties: { Path: /x/, RoleName: r, AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: "sts:AssumeRole" } } } }
  Rule: { Type: AWS::Events::Rule, Properties: { EventBusName: own, Name: u, EventPattern: { source: [s] }, Targets: [{ Id: t, Arn: !Ref Topic }] } }
  Table: { Type: AWS::DynamoDB::Table, Properties: { BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{ AttributeName: a, AttributeType: S }], KeySchema: [{ AttributeName: a, KeyType: HASH }] } }
  Bucket: { Type: AWS::S3::Bucket }
  Key: { Type: AWS::KMS::Key, Condition: Absent }
  TopicPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument: { Version: "2012-10-17", Statement: { Effect: Allow, Principal: { Service: events.amazonaws.com }, Action: "sns:*", Resource: "*", Condition: { ArnLike: { "aws:SourceArn": !GetAtt Rule.Arn } } } }
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ./f/
      Runtime: provided.al2023
      Handler: bootstrap
      Events: { Q: { Type: SQS, Properties: { Queue: !GetAtt Queue.Arn } } }
Outputs:
  X:
    Value: "#;

fn value(expression: &str) -> Result<String, String> {
    let text = format!("{HEAD}{expression}\n");
    let of = Deployment::new("123456789012", "eu-west-1", "s");
    let stack = Stack::read(&text, &of).map_err(|error| error.to_string())?;
    Ok(stack
        .outputs
        .get("X")
        .cloned()
        .unwrap_or_else(|| "(none)".into()))
}

#[test]
fn intrinsics_give_what_cloudformation_gives() {
    for (expression, wanted) in [
        ("!Ref Name", "n"),
        ("{ Ref: Name }", "n"),
        ("!Ref Number", "7"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref AWS::AccountId", "123456789012"),
        ("!Ref AWS::Partition", "aws"),
        ("!Ref AWS::StackName", "s"),
        ("!Ref AWS::URLSuffix", "amazonaws.com"),
        (
            "!Ref Queue",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/q-n",
        ),
        (
            "!GetAtt Queue.Arn",
            "arn:aws:sqs:eu-west-1:123456789012:q-n",
        ),
        ("!GetAtt [Queue, QueueName]", "q-n"),
        (
            "{ Fn::GetAtt: [Queue, Arn] }",
            "arn:aws:sqs:eu-west-1:123456789012:q-n",
        ),
        ("!GetAtt Dead.QueueName", "s-Dead"),
        ("!Ref Topic", "arn:aws:sns:eu-west-1:123456789012:s-Topic"),
        ("!GetAtt Topic.TopicName", "s-Topic"),
        ("!Ref Role", "r"),
        ("!GetAtt Role.Arn", "arn:aws:iam::123456789012:role/x/r"),
        ("!Ref Rule", "u"),
        (
            "!GetAtt Rule.Arn",
            "arn:aws:events:eu-west-1:123456789012:rule/own/u",
        ),
        ("!Ref Table", "s-Table"),
        (
            "!GetAtt Table.Arn",
            "arn:aws:dynamodb:eu-west-1:123456789012:table/s-Table",
        ),
        ("!Ref Bucket", "s-bucket-local"),
        ("!GetAtt Bucket.Arn", "arn:aws:s3:::s-bucket-local"),
        ("!Ref Function", "s-Function"),
        (
            "!GetAtt Function.Arn",
            "arn:aws:lambda:eu-west-1:123456789012:function:s-Function",
        ),
        (
            "!GetAtt FunctionRole.Arn",
            "arn:aws:iam::123456789012:role/s-FunctionRole",
        ),
        (
            "!Sub a-${Name}-${Queue.Arn}",
            "a-n-arn:aws:sqs:eu-west-1:123456789012:q-n",
        ),
        ("!Sub [\"${Name}${Own}\", { Own: !Ref Number }]", "n7"),
        ("!Sub [\"${Name}\", { Name: !Ref Number }]", "7"),
        ("!Sub \"${!Name} $ {} $${Name}\"", "${Name} $ {} $n"),
        ("!Join [\"-\", [a, !Ref Name, 3]]", "a-n-3"),
        ("!Join [\"-\", !Ref Items]", "a-b-c"),
        ("!Select [1, !Ref Items]", "b"),
        ("!Select [\"2\", !Split [\"/\", a/b/c]]", "c"),
        (
            "!Select [0, !Split [\",\", !Join [\",\", !Ref Items]]]",
            "a",
        ),
        // What is not there in this deployment may stand where this deployment does not look.
        ("!If [Named, yes-it-is, !Ref Key]", "yes-it-is"),
        ("!If [Absent, x, !If [Either, !Sub \"${Name}!\", y]]", "n!"),
        ("!If [Both, a, b]", "a"),
        ("!Ref AWS::NoValue", "(none)"),
    ] {
        assert_eq!(value(expression).as_deref(), Ok(wanted), "{expression}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (expression, wanted) in [
        (
            "!Ref Nme",
            "Outputs.X: Nme is neither a parameter nor a resource of the template",
        ),
        (
            "!Ref AWS::Regio",
            "AWS::Regio is not understood; understood: AWS:: and AccountId, Region",
        ),
        (
            "!GetAtt Queue",
            "Fn::GetAtt: `Resource.Attribute` belongs here",
        ),
        (
            "!GetAtt Queue.Url",
            "Queue is an AWS::SQS::Queue and its attribute Url is not understood; understood: Arn, QueueName, QueueUrl",
        ),
        (
            "!Ref Key",
            "Key is not there in this deployment, because its condition Absent is false",
        ),
        // The branch that is not taken as well.
        (
            "!If [Named, a, !Ref Nothing]",
            "Nothing is neither a parameter",
        ),
        (
            "!If [Absent, !GetAtt Queue.Url, a]",
            "its attribute Url is not understood",
        ),
        (
            "!If [Absent, { A: !Sub \"${Nme}\" }, a]",
            "Nme is neither a parameter nor a resource",
        ),
        (
            "!If [Absent, !If [Unnamed, a, b], a]",
            "the condition Unnamed is not in the template",
        ),
        (
            "!Sub [\"${Name}\", { Nme: a }]",
            "Fn::Sub: Nme is given and used nowhere",
        ),
        (
            "!Sub \"${Nme}\"",
            "Nme is neither a parameter nor a resource",
        ),
        ("!Sub \"${Name\"", "Fn::Sub: `${` has no `}`"),
        (
            "!Sub [\"${Items}\", {}]",
            "Fn::Sub: Items is a list and no text",
        ),
        (
            "!If [Unnamed, a, b]",
            "the condition Unnamed is not in the template; there are: Absent, Both, Either, Named",
        ),
        (
            "!If [Named, a]",
            "Fn::If: a condition's name and two values belong here",
        ),
        (
            "!Equals [a, b]",
            "Fn::Equals: it gives a condition and not a value",
        ),
        (
            "!Join [a, b]",
            "Fn::Join: a delimiter and a list of texts belong here",
        ),
        (
            "!Select [9, !Ref Items]",
            "Fn::Select: an index and a list that has it belong here",
        ),
        (
            "!Split [\"\", a]",
            "Fn::Split: a delimiter and text belong here",
        ),
        (
            "!FindInMap [a, b, c]",
            "Fn::FindInMap: it is not understood; understood: Ref, Fn::Sub",
        ),
        ("!Base64 x", "Fn::Base64: it is not understood"),
        ("{ Ref: Name, Other: 1 }", "Ref must stand alone in its map"),
        (
            "!!binary x",
            "the tag tag:yaml.org,2002:!binary is none of CloudFormation's",
        ),
    ] {
        let error = value(expression).unwrap_err();
        assert!(error.contains(wanted), "{expression}\n{error}");
    }
}

fn refused(text: &str) -> String {
    let of = Deployment::new("123456789012", "us-east-1", "s");
    Stack::read(text, &of).map(drop).unwrap_err().to_string()
}

#[test]
fn circles_are_seen() {
    let conditions = refused(
        "AWSTemplateFormatVersion: '2010-09-09'\nConditions: { A: !Not [!Condition B], B: !Not [!Condition A] }\n",
    );
    assert!(
        conditions.contains("Conditions.B: the condition A depends on itself"),
        "{conditions}"
    );
    let names = refused(
        "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  A: { Type: AWS::SNS::Topic, Properties: { TopicName: !GetAtt B.TopicName } }\n  B: { Type: AWS::SNS::Topic, Properties: { TopicName: !GetAtt A.TopicName } }\n",
    );
    assert!(
        names.contains("its name depends on itself: B → A → B"),
        "{names}"
    );
}

/// What is asked of a parameter is asked of each item of its list, and read when the list is empty.
#[test]
fn constraints_hold_for_each_value() {
    let with = |default: &str, constraints: &str| {
        let text = format!(
            "AWSTemplateFormatVersion: '2010-09-09'\nParameters:\n  Ids: {{ Type: CommaDelimitedList, Default: \"{default}\", {constraints} }}\n"
        );
        let of = Deployment::new("123456789012", "us-east-1", "s");
        Stack::read(&text, &of)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    assert_eq!(with("", "AllowedPattern: \"s-[0-9]\""), Ok(()));
    assert_eq!(with("s-1,s-2", "AllowedPattern: \"s-[0-9]\""), Ok(()));
    let one = with("s-1,t-2", "AllowedPattern: \"s-[0-9]\"").unwrap_err();
    assert!(
        one.contains("Parameters.Ids.AllowedPattern: “t-2” does not match s-[0-9]"),
        "{one}"
    );
    let pattern = with("a,b", "AllowedPattern: \"(\"").unwrap_err();
    assert_eq!(pattern.matches("it is no pattern").count(), 1, "{pattern}");
    let bound = with("a", "MinValue: few").unwrap_err();
    assert!(
        bound.contains("Parameters.Ids.MinValue: “few” is no number"),
        "{bound}"
    );
}

/// Names made of names, each of the one before it, and of nothing but themselves: what CloudFormation would take hours for.
#[test]
fn what_grows_without_end_is_refused_at_once() {
    let began = std::time::Instant::now();
    let head = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n";
    let topic = |at: usize, name: &str| {
        format!("  T{at}: {{ Type: AWS::SNS::Topic, Properties: {{ TopicName: {name} }} }}\n")
    };
    let laughs: String = (0..60)
        .map(|at| {
            let next = format!("${{T{}.TopicName}}", at + 1);
            topic(at, &format!("!Sub \"{}\"", next.repeat(10)))
        })
        .chain([topic(60, "laugh")])
        .collect();
    let laughs = refused(&format!("{head}{laughs}"));
    assert!(
        laughs.contains("the text grows over 100000 bytes"),
        "{laughs}"
    );
    let chain: String = (0..400)
        .map(|at| topic(at, &format!("!GetAtt T{}.TopicName", at + 1)))
        .chain([topic(400, "end")])
        .collect();
    let chain = refused(&format!("{head}{chain}"));
    assert!(
        chain.contains("its name stands at the end of 64 others"),
        "{chain}"
    );
    let conditions: String = (0..10_000)
        .map(|at| format!("  C{at}: !Not [!Condition C{}]\n", at + 1))
        .collect();
    let conditions = refused(&format!(
        "AWSTemplateFormatVersion: '2010-09-09'\nConditions:\n{conditions}  C10000: !Equals [a, a]\n"
    ));
    assert!(
        conditions.contains("values within values are more than 256 deep"),
        "{conditions}"
    );
    let wide: String = (0..400)
        .map(|at| {
            let refs = "!Ref Long, ".repeat(100);
            format!(
                "  T{at}: {{ Type: AWS::Logs::QueryDefinition, Properties: {{ A: [{refs}] }} }}\n"
            )
        })
        .collect();
    let long = "x".repeat(4000);
    let wide = refused(&format!(
        "AWSTemplateFormatVersion: '2010-09-09'\nParameters: {{ Long: {{ Type: String, Default: {long} }} }}\nResources:\n{wide}"
    ));
    assert!(
        wide.contains("what the template makes of itself grows over 16000000 bytes"),
        "{wide}"
    );
    let keys: String = (0..80_000).map(|at| format!("k{at}: 1\n")).collect();
    let keys = refused(&keys);
    assert!(
        keys.contains("this is not understood here"),
        "{}",
        &keys[..1000]
    );
    let many: String = (0..501).map(|at| topic(at, "a")).collect();
    let many = refused(&format!("{head}{many}"));
    assert!(
        many.contains("there are 501; CloudFormation takes 500 at most"),
        "{many}"
    );
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

/// Names of one's own in a text are looked up, and not searched for one by one.
#[test]
fn a_text_of_many_names_is_read_at_once() {
    let began = std::time::Instant::now();
    let names: String = (0..30_000).map(|at| format!("n{at}: x, ")).collect();
    let text: String = (0..29_999).map(|at| format!("${{n{at}}}")).collect();
    let error = refused(&format!(
        "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  T: {{ Type: AWS::SNS::Topic, Properties: {{ TopicName: !Sub [ \"{text}\", {{ {names} }} ] }} }}\n"
    ));
    assert!(
        error.contains("Fn::Sub: n29999 is given and used nowhere"),
        "{}",
        error.chars().take(1000).collect::<String>()
    );
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}

#[test]
fn what_readers_of_yaml_disagree_on_is_refused() {
    for (plain, wanted) in [
        ("yes", "quote it"),
        ("Off", "quote it"),
        ("0123", "quote it"),
        ("0x1F", "quote it"),
        ("1_000", "quote it"),
        ("12:30:45", "quote it"),
        ("1e3", "quote it"),
        (".5", "quote it"),
        ("*x", "no YAML"),
        (
            "99999999999999999999",
            "the number 99999999999999999999 is too large",
        ),
    ] {
        let error = refused(&format!("Description: {plain}\n"));
        assert!(error.contains(wanted), "{plain}: {error}");
    }
    let twice = refused("Description: a\nDescription: b\n");
    assert!(
        twice.contains("line 2, the template: the key Description stands twice, first in line 1"),
        "{twice}"
    );
}

/// A template in which much is wrong: every finding at once, each with its line, in the order of the template.
#[test]
fn every_finding_is_told_at_once() {
    let text = r#"AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: { Runtime: nodejs22.x, Handler: bootstrap, Timeout: 60 }
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: worker
      Memory: 128
      Policies: [{ S3ReadPolicy: { BucketName: b } }, arn:aws:iam::aws:policy/AdministratorAccess]
      Events:
        Work: { Type: Api, Properties: { Path: /, Method: get } }
        Rule: { Type: EventBridgeRule, Properties: { Pattern: { source: s }, InputPath: $.detail } }
        Tick: { Type: Schedule, Properties: { Schedule: rate(1 minutes) } }
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy: { deadLetterTargetArn: arn:aws:sqs:us-east-1:123456789012:elsewhere }
  Rule:
    Type: AWS::Events::Rule
    DependsOn: [Nothing]
    Properties:
      EventPattern: { source: [s] }
      Targets: [{ Id: a, Arn: !GetAtt Jobs.Arn }, { Id: b, Arn: arn:aws:lambda:us-east-1:123456789012:function:gone }]
  Cluster: { Type: AWS::EKS::Cluster }
Mappings: {}
"#;
    insta::assert_snapshot!(refused(text));
}
