//! What whoever decides on permissions sees: what is there, what is not, and what cannot be told.

use perennial_local_services::ServiceName;
use serde_json::json;

use crate::bench::{Bench, MICRO};

#[test]
fn what_is_there_is_described_with_its_tags_by_name_and_by_arn() {
    let bench = Bench::new();
    let arn = bench.job("job");
    let name = "/perennial/p/model";
    let put = json!({ "Name": name, "Value": "v", "Type": "String", "Tags": [{ "Key": "a", "Value": "1" }] });
    bench
        .target(ServiceName::Ssm, "AmazonSSM.PutParameter", &put)
        .good();
    let parameter = "arn:aws:ssm:us-east-1:123456789012:parameter/perennial/p/model";
    for identifier in [name, parameter, &format!("{parameter}:1")] {
        let found = bench.services.described("parameter", identifier).unwrap();
        let found = found.unwrap_or_else(|| panic!("{identifier} is missing"));
        assert_eq!(found.arn, parameter);
        assert_eq!(found.tags, [("a".to_owned(), "1".to_owned())]);
    }
    for identifier in ["job", &arn] {
        let kind = "model-customization-job";
        let found = bench.services.described(kind, identifier).unwrap();
        assert_eq!(found.unwrap().arn, arn);
    }
    for (kind, identifier) in [
        ("model-customization-job", "another"),
        ("custom-model", MICRO),
        ("custom-model", "no name/of: anything"),
        ("parameter", "/perennial/p/other"),
    ] {
        assert_eq!(bench.services.described(kind, identifier), Ok(None));
    }
}

#[test]
fn what_cannot_be_read_is_not_missing() {
    let bench = Bench::new();
    bench.job("job");
    let database = bench.folder.path().join("services.sqlite");
    let database = rusqlite::Connection::open(database).unwrap();
    database
        .execute("UPDATE documents SET json = 'broken'", [])
        .unwrap();
    for identifier in ["job", "another"] {
        let error = bench
            .services
            .described("model-customization-job", identifier)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with(&format!(
                "the model-customization-job {identifier} could not be looked up"
            )),
            "{error}"
        );
    }
    database.execute("DROP TABLE documents", []).unwrap();
    for kind in ["custom-model", "custom-model-deployment", "parameter"] {
        assert!(bench.services.described(kind, "a").is_err(), "{kind}");
    }
}
