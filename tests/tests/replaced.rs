//! A replacement in quarantine: what it replaced is trained on meanwhile, by whatever settings, or a run says that it is not.

use jiff::SignedDuration;
use perennial_core::names::PipelineName;
use perennial_core::run::{Outcome, Run};
use perennial_core::upload::Upload;
use perennial_engine::records;
use perennial_tests::{World, config, evaluation, shuffled, training};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const KEY: &str = "data/bot/a.jsonl";

async fn known(world: &World) -> Upload {
    let name = PipelineName::parse("bot").expect("valid");
    let upload = records::upload(world.cloud.table.as_ref(), &name, KEY).await;
    upload.expect("readable").expect("known").record
}

/// A pipeline whose first file was replaced by a worse one, which a declined run left in quarantine.
async fn replaced(first: &str) -> World {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    world.upload("eval/bot/e.jsonl", evaluation());
    world.upload(KEY, first);
    world.pass(HOUR * 6).await;
    world.upload(KEY, shuffled());
    world.pass(HOUR * 6).await;
    let declined = world.runs("bot").await.remove(1);
    assert_eq!(declined.outcome(), Some(Outcome::Declined));
    world
}

/// Other settings, for which every upload is compiled anew, and new data; the run on them.
async fn other_settings(world: &mut World) -> Run {
    world.upload(
        "pipelines/bot.toml",
        config("[data]\nsecrets = \"reject\"\n"),
    );
    world.pass(HOUR).await;
    world.upload("data/bot/b.jsonl", training().replace("Hello", "Hi"));
    world.pass(HOUR * 6).await;
    world.runs("bot").await.remove(2)
}

#[tokio::test]
async fn what_a_quarantined_replacement_replaced_is_compiled_anew_for_new_settings() {
    for lost in [0, 3] {
        let mut world = replaced(&training()).await;
        let before = known(&world).await.earlier.expect("the first version");
        // What `ingest` says to itself may be lost; opening the run says it again.
        world
            .delivery
            .lose_first
            .insert("Object Found".into(), lost);
        let run = other_settings(&mut world).await;
        assert_eq!(run.dataset.uploads, 2, "{}", run.because);
        assert!(!run.because.contains("left out"), "{}", run.because);
        let prepared = run.prepared.clone().expect("prepared");
        assert_eq!(prepared.records, 168 + 24);
        assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:?}", run.state);

        let anew = known(&world).await.earlier.expect("still there");
        assert_ne!(anew.compile_digest, before.compile_digest);
        assert_eq!(
            (&anew.version, anew.sequence, anew.records, anew.accepted_at),
            (&before.version, before.sequence, 168, before.accepted_at)
        );
        let report = world.report("reports/bot/uploads/data/bot/a.jsonl.txt");
        let words = format!(
            "the earlier version {} (168 records), which is trained on meanwhile, was compiled anew",
            before.version
        );
        assert_eq!(report.matches(&words).count(), 1, "{report}");
        assert!(report.starts_with("accepted"), "{report}");
    }
}

#[tokio::test]
async fn an_earlier_version_that_cannot_be_compiled_anew_is_missed_in_words() {
    let secret = "{\"prompt\":\"The key?\",\"completion\":\"AKIAPERENNIAL7PAGES2\"}\n";
    for (first, gone, why) in [
        (
            training(),
            true,
            "the bucket does not hold that version any more",
        ),
        (
            format!("{}{secret}", training()),
            false,
            "it has 1 errors with these settings",
        ),
    ] {
        let mut world = replaced(&first).await;
        let earlier = known(&world).await.earlier.expect("the first version");
        if gone {
            assert!(world.cloud.objects.delete_version(KEY, &earlier.version));
        }
        let run = other_settings(&mut world).await;
        assert_eq!(run.dataset.uploads, 1);
        let words = format!(
            "1 uploads: {KEY}, version {} ({} records): {why}",
            earlier.version, earlier.records
        );
        assert!(run.because.contains(&words), "{}", run.because);
        let report = world.report("reports/bot/uploads/data/bot/a.jsonl.txt");
        assert!(
            report.contains(&format!("cannot be compiled anew: {why}")),
            "{report}"
        );
        let report = world.report(&format!("reports/bot/runs/{}.txt", run.id));
        assert!(report.contains(&words), "{report}");
        let unusable = known(&world).await.earlier.expect("noted").unusable;
        assert_eq!(unusable.expect("noted").why, why);
    }
}

#[tokio::test]
async fn what_no_run_is_opened_for_names_the_uploads_that_the_settings_reject() {
    let secret = "{\"prompt\":\"The key?\",\"completion\":\"AKIAPERENNIAL7PAGES2\"}\n";
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config("[data]\nsecrets = \"warn\"\n"));
    world.upload("eval/bot/e.jsonl", evaluation());
    world.upload(KEY, format!("{}{secret}", training()));
    world.settle().await;
    world.upload(
        "pipelines/bot.toml",
        config("[data]\nsecrets = \"reject\"\n"),
    );
    world.settle().await;
    world.pass(HOUR).await;
    assert_eq!(world.runs("bot").await.len(), 0);
    let nothing = world.pipeline("bot").await.nothing_to_train;
    let words = nothing.expect("the reason is on record").reason;
    assert!(
        words.contains(KEY) && words.contains("compiled for other settings"),
        "{words}"
    );
}
