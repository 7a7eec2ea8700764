//! What a person reads of an upload: the page beside its report, in the bucket.

use crate::harness::{Cloud, config, runtime, wait};

/// As AWS spells its access keys, and no key of anybody.
const SECRET: &str = "AKIAPERENNIAL7PAGES2";

#[test]
fn an_accepted_and_a_rejected_upload_have_a_page_beside_their_report_with_what_was_found_and_no_secret()
 {
    let cloud = Cloud::start();
    // Nothing is to be trained here.
    let patient = config("").replace("quiet_for = \"1s\"", "quiet_for = \"1h\"");
    cloud.drop_file("pipelines/bot.toml", patient);
    cloud.wait_for_report("bot/configuration.txt", "in force");
    let good = perennial_tests::training();
    let (first, _) = good.split_once('\n').unwrap();
    let twice = format!("{good}{first}\n");
    cloud.put("data/bot/good.jsonl", twice.as_bytes());
    let accepted = cloud.page("data/bot/good.jsonl", "accepted");
    for words in [
        "data/bot/good.jsonl",
        "exact-duplicate",
        "1 exact repetition of earlier records, the first at line 169",
        "168 records are in",
    ] {
        assert!(accepted.contains(words), "{words}: {accepted}");
    }

    let leak = format!("{{\"prompt\": \"sign in with {SECRET}\", \"completion\": \"password\"}}");
    let bad = format!("{good}{{\"prompt\": \"<b>broken</b>\",\n{leak}\n");
    cloud.put("data/bot/bad.jsonl", bad.as_bytes());
    let rejected = cloud.page("data/bot/bad.jsonl", "rejected");
    for words in [
        "data/bot/bad.jsonl",
        "broken-json",
        "line 169",
        "secret",
        "line 170",
        "an AWS access key id",
    ] {
        assert!(rejected.contains(words), "{words}: {rejected}");
    }
    assert!(!rejected.contains("<b>broken"), "what a file holds is text");
    for form in ["html", "json", "txt"] {
        let key = format!("reports/bot/uploads/data/bot/bad.jsonl.{form}");
        let report = cloud.object(&key).unwrap();
        assert!(!report.contains(SECRET), "{key}: {report}");
    }
}

impl Cloud {
    /// The page of an upload, once its report says this. It was written before the report.
    fn page(&self, object: &str, status: &str) -> String {
        let report = format!("bot/uploads/{object}");
        self.wait_for_report(&format!("{report}.txt"), status);
        let key = format!("reports/{report}.html");
        let client = self.s3();
        let content_type = runtime().block_on(async {
            let asked = client.head_object().bucket("perennial-local").key(&key);
            let head = asked.send().await.unwrap();
            head.content_type().map(str::to_owned)
        });
        assert_eq!(content_type.as_deref(), Some("text/html; charset=utf-8"));
        let page = wait("the page is there", || self.object(&key));
        assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
        let (_, body) = page.split_once("<body>").unwrap();
        assert!(body.to_lowercase().contains(status), "{body}");
        body.to_owned()
    }
}
