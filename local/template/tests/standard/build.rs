//! How functions are built and run; and the cause of much that is wrong is told once, and first.

use super::{Change, TEMPLATE, changed, each_is_refused, refusal};

const BUILD: [Change; 19] = [
    (
        "      BuildProperties: { Binary: train }\n",
        "",
        &["TrainFunction.Metadata.BuildProperties.Binary: the program is to be named"],
    ),
    (
        "    Timeout: 120\n",
        "",
        &[
            "PromoteFunction: MemorySize and Timeout are to be written out; Lambda gives 128 MB and 3 s",
        ],
    ),
    (
        "    MemorySize: 512\n",
        "",
        &["TrainFunction: MemorySize and Timeout are to be written out"],
    ),
    (
        "        PERENNIAL_POLL_SECONDS: !Ref PollSeconds\n",
        "",
        &["TrainFunction.Environment.Variables: PERENNIAL_POLL_SECONDS is missing"],
    ),
    (
        "    EventInvokeConfig: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600 }\n",
        "",
        &["TrainFunction.EventInvokeConfig: how often Lambda tries again"],
    ),
    (
        "            RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86400 }\n",
        "",
        &["TrainFunction.UploadAccepted.RetryPolicy: how often EventBridge tries again"],
    ),
    (
        "            DeadLetterConfig: { Arn: !GetAtt TrainDeadLetters.Arn }\n",
        "",
        &["TrainFunction.UploadAccepted.DeadLetterConfig: what cannot be sent is lost"],
    ),
    (
        "            DeadLetterConfig: { Arn: !GetAtt TrainDeadLetters.Arn }\n",
        "            DeadLetterConfig: { Arn: !GetAtt PromoteDeadLetters.Arn }\n",
        &[
            "TrainFunction.UploadAccepted.DeadLetterConfig: what cannot be sent to TrainFunction belongs among its dead letters",
        ],
    ),
    (
        "            Pattern:\n              source: [perennial]\n              detail-type: [Upload Accepted]",
        "            Pattern:\n              detail-type: [Upload Accepted]",
        &[
            "TrainFunction.UploadAccepted.Pattern.source: the rule perennial-local-train takes “Upload Accepted” of someone, which anybody could say",
        ],
    ),
    (
        "              source: [perennial]\n              detail-type: [Run Due, Pipeline Due]\n",
        "              source: [perennial]\n",
        &[
            "TrainFunction.Due.Pattern: the rule perennial-local-train-due sends “Something Else” of perennial (collecting) to train; core gives it to nobody",
        ],
    ),
    (
        "CodeUri: ../functions/train",
        "CodeUri: ../functions/promote",
        &["TrainFunction.CodeUri: “../functions/promote” is not the folder of the program train"],
    ),
    (
        "CodeUri: ../functions/train",
        "CodeUri: \"\"",
        &["TrainFunction.CodeUri: it is empty"],
    ),
    (
        "BuildMethod: rust-cargolambda",
        "BuildMethod: makefile",
        &["IngestFunction.Metadata.BuildMethod: sam build makes the functions by rust-cargolambda"],
    ),
    (
        "Architectures: [arm64]",
        "Architectures: [x86_64]",
        &["TrainFunction.Architectures: the functions are built and measured for arm64"],
    ),
    (
        "    Architectures: [arm64]\n",
        "",
        &["TrainFunction.Architectures: the functions are built"],
    ),
    (
        "Runtime: provided.al2023",
        "Runtime: provided.al2",
        &["TrainFunction.Runtime: “provided.al2” is not understood; understood: provided.al2023"],
    ),
    (
        "      Timeout: 900\n",
        "      Timeout: 900\n      ReservedConcurrentExecutions: 2\n",
        &["IngestFunction.ReservedConcurrentExecutions: small accounts cannot deploy it"],
    ),
    (
        "      ScalingConfig: { MaximumConcurrency: !Ref IngestConcurrency }\n",
        "",
        &["UploadsMapping.ScalingConfig: MaximumConcurrency bounds how many uploads"],
    ),
    (
        "PERENNIAL_BUS: !If [OwnBus, !Ref EventBus, default]",
        "PERENNIAL_BUS: \"\"",
        &["TrainFunction.Environment.Variables: PERENNIAL_BUS is missing"],
    ),
];

#[test]
fn a_function_is_built_and_run_as_it_was_measured() {
    each_is_refused(&BUILD);
}

#[test]
fn a_wrong_program_is_one_error_and_stands_where_it_is_wrong() {
    for program in [
        "ingest",
        "train",
        "evaluate",
        "promote",
        "reconcile",
        "cleanup",
    ] {
        let right = format!("BuildProperties: {{ Binary: {program} }}");
        let line = 1 + TEMPLATE[..TEMPLATE.find(&right).unwrap()]
            .matches('\n')
            .count();
        let wrong = right.replace(program, "inquest");
        let error = refusal(&changed(&right, &wrong));
        let mut letters = program.chars();
        let first = letters.next().unwrap().to_ascii_uppercase();
        let id = format!("{first}{}Function", letters.as_str());
        let expected = format!(
            "the template has one error\n  line {line}, {id}.Metadata.BuildProperties.Binary: there is no program “inquest”; \
             there are ingest, train, evaluate, promote, reconcile, cleanup"
        );
        assert_eq!(error, expected);
    }
}

#[test]
fn a_program_that_two_functions_have_is_named() {
    let error = refusal(&changed("{ Binary: train }", "{ Binary: promote }"));
    assert!(
        error.contains("another function has the program promote too"),
        "{error}"
    );
    assert!(error.starts_with("the template has one error"), "{error}");
}
