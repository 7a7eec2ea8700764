//! Planted faults: lost answers and refusals.

use perennial_local_services::Faults;
use serde_json::json;

use crate::bench::{Bench, job_request, training};

#[test]
fn a_lost_answer_was_performed_and_a_refusal_was_not() {
    let bench = Bench::new();
    bench.put("train.jsonl", &training("a"));
    let faults = json!({
        "loseAnswers": { "CreateModelCustomizationJob": 1 },
        "refuse": { "GetModelCustomizationJob": { "times": 2, "code": "ThrottlingException", "message": "Slow down." } },
    });
    bench
        .services
        .set_faults(serde_json::from_value(faults).unwrap());
    let create = || bench.bedrock("POST", "/model-customization-jobs", &job_request("job"));
    let lost = create();
    assert!(lost.lost && lost.status == 500);
    let job = lost.outcome.response_elements["jobArn"].clone();
    assert!(job.is_string());
    assert_eq!(create().good()["jobArn"], job);
    for _ in 0..2 {
        let reply = bench.get("/model-customization-jobs/job");
        assert_eq!(reply.status, 429);
        assert_eq!(
            reply.refused(),
            ("ThrottlingException".to_owned(), "Slow down.".to_owned())
        );
    }
    bench.get("/model-customization-jobs/job").good();
    assert_eq!(bench.services.faults(), Faults::default());
}

#[test]
fn an_unknown_fault_is_an_error() {
    assert!(serde_json::from_value::<Faults>(json!({ "failEverything": 1 })).is_err());
}
