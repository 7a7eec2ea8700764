//! The files that an upload's records name: looked at under `media/` of the bucket, a bounded number of them, as long as there is time.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use perennial_core::names::PipelineName;
use perennial_core::upload::UploadStatus;
use perennial_engine::{Invocation, records};
use perennial_ports::memory::MemoryCloud;
use perennial_ports::{
    Clock as _, ErrorKind, ObjectInfo, ObjectStream, PortError, PortResult, ReadObjects,
};
use perennial_tests::{World, config};
use serde_json::json;

const KEY: &str = "data/bot/pictures.jsonl";
const REPORT: &str = "reports/bot/uploads/data/bot/pictures.jsonl.txt";

/// A PNG of so many pixels, as far as anybody looks.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    file.extend(width.to_be_bytes());
    file.extend(height.to_be_bytes());
    file.extend([8, 6, 0, 0, 0]);
    file
}

fn record(uri: &str, format: &str) -> String {
    let kind = if format == "mp4" { "video" } else { "image" };
    let media = json!({ "format": format, "source": { "s3Location": { "uri": uri } } });
    let record = json!({
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [
            { "role": "user", "content": [{ kind: media }, { "text": format!("What is {uri}?") }] },
            { "role": "assistant", "content": [{ "text": format!("The picture {uri}.") }] },
        ],
    });
    format!("{record}\n")
}

fn here(name: &str) -> String {
    record(&format!("s3://bucket/media/bot/{name}"), "png")
}

fn lite() -> World {
    let world = World::new();
    world.upload(
        "pipelines/bot.toml",
        config("").replace("nova-micro", "nova-lite"),
    );
    world
}

async fn status(world: &World) -> UploadStatus {
    let name = PipelineName::parse("bot").expect("valid");
    let upload = records::upload(world.cloud.table.as_ref(), &name, KEY).await;
    upload.expect("readable").expect("known").record.status
}

#[tokio::test]
async fn what_is_missing_too_large_or_too_small_is_a_finding_with_its_line_and_the_upload_is_rejected()
 {
    let mut world = lite();
    let objects = world.cloud.objects.clone();
    objects.upload("media/bot/good.png", png(640, 480));
    objects.upload("media/bot/small.png", png(24, 480));
    objects.upload("media/bot/large.png", vec![0; (10 << 20) + 1]);
    objects.upload("media/bot/text.png", b"no picture".to_vec());
    let names = [
        "good.png",
        "good.png",
        "gone.png",
        "small.png",
        "large.png",
        "text.png",
    ];
    let text: String = names.iter().map(|name| here(name)).collect();
    world.upload(KEY, text);
    world.settle().await;
    let report = world.report(REPORT);
    assert!(report.starts_with("rejected"), "{report}");
    for words in [
        "line 3: media-missing: there is no image at this address: s3://bucket/media/bot/gone.png",
        "line 4: media-size: the image has 24 by 480 pixels where a side has at least 25: s3://bucket/media/bot/small.png",
        "line 5: media-size: the image has 10,485,761 bytes where at most 10,485,760 are taken",
        "line 6: media-size: the image is no PNG, JPEG, GIF or WebP file and the record says png",
        "5 files that records name were looked at",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
    assert!(!report.contains("good.png"), "{report}");
    assert_eq!(status(&world).await, UploadStatus::Rejected);
    assert!(world.cloud.objects.keys("shards/").is_empty());

    for name in ["gone", "small", "large", "text"] {
        objects.upload(&format!("media/bot/{name}.png"), png(640, 480));
    }
    let text: String = names.iter().rev().map(|name| here(name)).collect();
    world.upload(KEY, text);
    world.settle().await;
    let report = world.report(REPORT);
    assert!(report.starts_with("accepted"), "{report}");
}

#[tokio::test]
async fn an_address_that_leads_out_of_media_lies_nowhere_whatever_lies_there() {
    let mut world = lite();
    let objects = world.cloud.objects.clone();
    objects.upload("media/../pictures/a.png", png(640, 480));
    objects.upload("pictures/a.png", png(640, 480));
    world.upload(KEY, record("s3://bucket/media/../pictures/a.png", "png"));
    world.settle().await;
    let report = world.report(REPORT);
    assert!(
        report.starts_with("rejected") && report.contains("line 1: media-missing"),
        "{report}"
    );
}

#[tokio::test]
async fn what_was_not_looked_at_is_said_and_no_reason_to_reject() {
    let mut world = lite();
    let objects = world.cloud.objects.clone();
    objects.upload("media/bot/a.png", png(640, 480));
    objects.upload("media/bot/b.png", png(640, 480));
    let elsewhere = record("s3://bucket/pictures/c.png", "png");
    world.upload(KEY, [here("a.png"), here("b.png"), elsewhere].concat());
    world.settle().await;
    let report = world.report(REPORT);
    assert!(report.starts_with("accepted"), "{report}");
    let words = "2 files that records name were looked at; not 1 outside s3://bucket/media/";
    assert!(report.contains(words), "{report}");

    let mut lines = Vec::new();
    for n in 0..2_003 {
        objects.upload(&format!("media/bot/{n}.png"), png(640, 480));
        lines.push(here(&format!("{n}.png")));
    }
    world.upload(KEY, lines.concat());
    world.settle().await;
    let report = world.report(REPORT);
    assert!(report.starts_with("accepted"), "{report}");
    let words = "2,000 files that records name were looked at; not what came after the first 2000";
    assert!(report.contains(words), "{report}");
}

/// The bucket, where what lies under `media/` takes its time, or gives no answer.
struct Slow {
    cloud: MemoryCloud,
    each: SignedDuration,
    answers: bool,
}

#[async_trait]
impl ReadObjects for Slow {
    async fn head(&self, key: &str) -> PortResult<Option<ObjectInfo>> {
        if key.starts_with("media/") {
            self.cloud.clock.advance(self.each);
            if !self.answers {
                let kind = ErrorKind::Unanswered;
                return Err(PortError::new("s3:HeadObject", kind, "no answer"));
            }
        }
        self.cloud.objects.head(key).await
    }

    async fn open(&self, key: &str, version: Option<&str>) -> PortResult<Box<dyn ObjectStream>> {
        self.cloud.objects.open(key, version).await
    }

    async fn open_range(
        &self,
        key: &str,
        tag: &str,
        range: std::ops::Range<u64>,
    ) -> PortResult<Box<dyn ObjectStream>> {
        self.cloud.objects.open_range(key, tag, range).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> PortResult<Vec<ObjectInfo>> {
        self.cloud.objects.list(prefix, after).await
    }
}

#[tokio::test]
async fn what_no_answer_came_for_or_no_time_was_left_for_is_said_and_no_reason_to_reject() {
    for (seconds, answers, words) in [
        (
            0,
            false,
            "0 files that records name were looked at; not 100: s3:HeadObject: no answer",
        ),
        (
            20,
            true,
            "44 files that records name were looked at; not 56, as the time was up",
        ),
    ] {
        let mut world = lite();
        world.settle().await;
        let mut text = String::new();
        for n in 0..100 {
            let name = format!("{n}.png");
            world
                .cloud
                .objects
                .upload(&format!("media/bot/{name}"), png(640, 480));
            text.push_str(&here(&name));
        }
        world.cloud.objects.upload(KEY, text.into_bytes());
        let event = world
            .cloud
            .objects
            .take_events()
            .pop()
            .expect("the upload's");
        let ports = perennial_ingest::Ports {
            desk: world.desk(),
            read: Arc::new(Slow {
                cloud: world.cloud.clone(),
                each: SignedDuration::from_secs(seconds),
                answers,
            }),
            write: world.cloud.objects.clone(),
            pause: world.cloud.clock.clone(),
            bucket: "bucket".into(),
            page: None,
        };
        let now = world.cloud.clock.now();
        let invocation = Invocation::new("i", now + SignedDuration::from_mins(15), now);
        perennial_ingest::take(&ports, &event.to_string(), &invocation)
            .await
            .expect("taken");
        let report = world.report(REPORT);
        assert!(report.starts_with("accepted"), "{report}");
        assert!(report.contains(words), "{words}: {report}");
    }
}
