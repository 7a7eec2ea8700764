//! What a run is trained on: assembled by the bucket's copies or by reading, the same file; the newest first; and `[data] from`.

use jiff::SignedDuration;
use perennial_core::manifest::index_key;
use perennial_core::names::PipelineName;
use perennial_core::run::{Outcome, Run};
use perennial_core::upload::{Upload, UploadStatus};
use perennial_engine::records;
use perennial_ports::ErrorKind;
use perennial_ports::memory::operation;
use perennial_tests::{World, config, evaluation, training};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn known(world: &World, key: &str) -> Upload {
    let name = PipelineName::parse("bot").expect("valid");
    let upload = records::upload(world.cloud.table.as_ref(), &name, key).await;
    upload
        .expect("readable")
        .expect("the upload is known")
        .record
}

fn spoken(from: &str, to: &str) -> String {
    training().replace(from, to)
}

/// Three uploads that share records, accepted one after the other; no run is opened before the last. All have an index; no run copies
/// less than `smallest` bytes.
async fn three(world: &mut World, holdout: bool, smallest: u64) {
    world.cloud.objects.set_smallest_copy(200);
    let config = config("").replace("min_records = 100", "min_records = 450");
    world.upload("pipelines/bot.toml", config);
    if !holdout {
        world.upload("eval/bot/questions.jsonl", evaluation());
    }
    for (key, text) in [
        ("data/bot/a.jsonl", spoken("Hello", "Good day")),
        (
            "data/bot/b.jsonl",
            spoken("How can I", "In which way can I"),
        ),
        ("data/bot/c.jsonl", training()),
    ] {
        world.upload(key, text);
        world.settle().await;
    }
    world.cloud.objects.set_smallest_copy(smallest);
}

async fn first_run(world: &mut World) -> (Run, String) {
    world.pass(HOUR * 6).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:?}", run.state);
    let key = &run.prepared.as_ref().expect("prepared").training_key;
    let file = world.cloud.objects.read_text(key).expect("written");
    (run, file)
}

fn calls(world: &World, operation: &str) -> u64 {
    world.cloud.faults.calls(operation)
}

#[tokio::test]
async fn copied_or_read_the_training_file_is_the_same() {
    for holdout in [false, true] {
        let mut read = World::new();
        three(&mut read, holdout, u64::MAX).await;
        let (run, expected) = first_run(&mut read).await;
        assert_eq!(calls(&read, operation::COPY_PART), 0);
        let expected_prepared = run.prepared.expect("prepared");
        assert!(expected_prepared.duplicates > 0, "{expected_prepared:?}");
        assert_eq!(expected_prepared.held_out > 0, holdout);

        let mut copied = World::new();
        three(&mut copied, holdout, 200).await;
        let index = index_key(
            &known(&copied, "data/bot/c.jsonl")
                .await
                .shard
                .expect("in")
                .key,
        );
        assert!(copied.cloud.objects.read(&index).is_some());
        let (run, file) = first_run(&mut copied).await;
        assert!(calls(&copied, operation::COPY_PART) > 2);
        assert_eq!(file, expected);
        let mut prepared = run.prepared.expect("prepared");
        prepared
            .training_key
            .clone_from(&expected_prepared.training_key);
        prepared
            .evaluation_key
            .clone_from(&expected_prepared.evaluation_key);
        assert_eq!(prepared, expected_prepared);
        assert_eq!(copied.failures, [] as [&str; 0]);
    }
}

#[tokio::test]
async fn an_index_that_does_not_fit_its_shard_is_not_believed() {
    for spoil in ["the index", "no index", "the shard"] {
        let mut files = Vec::new();
        for smallest in [u64::MAX, 200] {
            let mut world = World::new();
            // With the largest number nothing is copied.
            three(&mut world, false, smallest).await;
            let shard = known(&world, "data/bot/b.jsonl")
                .await
                .shard
                .expect("in")
                .key;
            match spoil {
                "the index" => drop(world.cloud.objects.upload(&index_key(&shard), "rubbish")),
                "no index" => drop(world.cloud.objects.delete(&index_key(&shard))),
                _ => {
                    let text = world.cloud.objects.read_text(&shard).expect("there");
                    let changed = text.replace("In which way", "By what means");
                    assert_ne!(changed, text);
                    world.cloud.objects.upload(&shard, changed);
                }
            }
            files.push(first_run(&mut world).await.1);
        }
        assert_eq!(files[0], files[1], "{spoil}");
        assert_eq!(files[1].contains("By what means"), spoil == "the shard");
    }
}

#[tokio::test]
async fn a_copy_that_fails_leaves_nothing_and_is_made_later() {
    for kind in [
        ErrorKind::Conflict,
        ErrorKind::Unanswered,
        ErrorKind::Throttled,
    ] {
        let mut read = World::new();
        three(&mut read, false, u64::MAX).await;
        let (_, expected) = first_run(&mut read).await;
        let mut world = World::new();
        three(&mut world, false, 200).await;
        world.cloud.faults.fail_next(operation::COPY_PART, kind, 2);
        let (_, file) = first_run(&mut world).await;
        assert_eq!(file, expected, "{kind:?}");
    }
}

#[tokio::test]
async fn over_the_models_maximum_the_newest_go_first_and_the_report_names_what_was_left_out() {
    let many = |name: &str, records: usize| -> String {
        (0..records)
            .map(|n| {
                format!(
                    "{{\"prompt\":\"{name} {n}\",\"completion\":\"{}\"}}\n",
                    n % 2
                )
            })
            .collect()
    };
    let mut named = Vec::new();
    for (smallest, use_) in [(u64::MAX, "all"), (200, "new")] {
        let mut world = World::new();
        world.cloud.objects.set_smallest_copy(200);
        let config = config(&format!("[data]\nuse = \"{use_}\"\n"));
        world.upload("pipelines/bot.toml", config.replace("= 100", "= 20300"));
        world.upload("eval/bot/questions.jsonl", evaluation());
        for (key, text) in [
            ("data/bot/oldest.jsonl", many("oldest", 200)),
            ("data/bot/older.jsonl", many("older", 150)),
            ("data/bot/newest.jsonl", many("newest", 19_900)),
            ("data/bot/last.jsonl", many("last", 60)),
        ] {
            world.upload(key, text);
            world.settle().await;
        }
        world.cloud.objects.set_smallest_copy(smallest);
        world.pass(HOUR).await;
        let run = world.runs("bot").await.remove(0);
        let prepared = run.prepared.clone().expect("prepared");
        assert_eq!((prepared.records, prepared.left_out), (20_000, 310));
        let file = world
            .cloud
            .objects
            .read_text(&prepared.training_key)
            .expect("written");
        let of_older = file.lines().filter(|line| line.contains("older ")).count();
        assert!(of_older == 40 && !file.contains("oldest"));
        let left_out: Vec<_> = prepared
            .left_out_of
            .iter()
            .map(|upload| (upload.object.as_str(), upload.records))
            .collect();
        assert_eq!(
            left_out,
            [
                ("data/bot/older.jsonl", 110),
                ("data/bot/oldest.jsonl", 200)
            ]
        );
        let text = perennial_engine::reports::run_text(&run, &[]);
        for line in [
            "310 over the limit",
            "over the limit: 110 records of data/bot/older.jsonl",
            "over the limit: 200 records of data/bot/oldest.jsonl",
        ] {
            assert!(text.contains(line), "{text}");
        }
        // What `new` leaves out comes in no later run: that is said when the run is opened, and with the figure once it is known.
        let gone = "with [data] use = \"new\" the 310 records over the limit are in no later dataset either";
        assert_eq!(text.contains(gone), use_ == "new", "{text}");
        let may_be = "of 20310 records at most 20000 are trained on, the newest uploads first; with [data] use = \"new\" the others";
        assert_eq!(
            run.because.contains(may_be),
            use_ == "new",
            "{}",
            run.because
        );
        named.push(file);
    }
    assert!(named[0] == named[1]);
}

fn from(list: &str) -> String {
    config(&format!("[data]\nfrom = {list}\n"))
}

#[tokio::test]
async fn what_is_outside_from_is_reported_and_never_starts_a_run() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", from("[\"curated/\"]"));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/drafts/a.jsonl", training());
    world.upload("data/bot/broken.jsonl", "{");
    world.pass(HOUR * 30).await;
    for key in ["data/bot/drafts/a.jsonl", "data/bot/broken.jsonl"] {
        assert_eq!(known(&world, key).await.status, UploadStatus::Outside);
        let report = world.report(&format!("reports/bot/uploads/{key}.txt"));
        assert!(
            report.contains("outside [data] from, not taken in"),
            "{report}"
        );
    }
    let pipeline = world.pipeline("bot").await;
    assert_eq!((pipeline.pending_uploads, pipeline.pending_records), (0, 0));
    assert!(world.runs("bot").await.is_empty());
    assert!(
        world.cloud.objects.keys("shards/bot/training/").is_empty(),
        "it is not read"
    );

    // Below the prefix it counts.
    world.upload("data/bot/curated/a.jsonl", training());
    world.pass(HOUR * 6).await;
    let runs = world.runs("bot").await;
    assert_eq!((runs.len(), runs[0].dataset.uploads), (1, 1));
}

#[tokio::test]
async fn a_change_of_from_takes_uploads_in_and_out_and_buys_no_run_on_what_is_known() {
    for lost in [false, true] {
        let mut world = World::new();
        world.upload("pipelines/bot.toml", config("").replace("= 100", "= 300"));
        world.upload("eval/bot/questions.jsonl", evaluation());
        world.upload("data/bot/a.jsonl", training());
        world.pass(HOUR).await;
        assert_eq!(world.pipeline("bot").await.pending_records, 168);

        // Out: it does not count any more.
        world.upload(
            "pipelines/bot.toml",
            from("[\"curated/\"]").replace("= 100", "= 300"),
        );
        world.upload("data/bot/curated/b.jsonl", spoken("Hello", "Good day"));
        world.pass(HOUR).await;
        let pipeline = world.pipeline("bot").await;
        assert_eq!(
            (pipeline.pending_uploads, pipeline.pending_records),
            (1, 168)
        );
        assert_eq!(
            known(&world, "data/bot/a.jsonl").await.status,
            UploadStatus::Outside
        );
        assert!(world.runs("bot").await.is_empty());

        // In again: both are new, and trained on.
        world.upload("pipelines/bot.toml", config("").replace("= 100", "= 300"));
        world.pass(HOUR * 6).await;
        let runs = world.runs("bot").await;
        assert_eq!((runs.len(), runs[0].dataset.uploads), (1, 2));
        assert_eq!(runs[0].outcome(), Some(Outcome::Promoted));

        // What the champion was trained on goes and comes back with its place: nothing is new. That holds too when the word that
        // `ingest` says to itself is lost.
        if lost {
            world.delivery.lose_first.insert("Object Found".into(), 3);
        }
        world.upload("pipelines/bot.toml", from("[\"curated/\"]"));
        world.pass(HOUR * 30).await;
        world.upload("pipelines/bot.toml", config(""));
        world.pass(HOUR * 30).await;
        assert_eq!(
            known(&world, "data/bot/a.jsonl").await.status,
            UploadStatus::Accepted
        );
        let pipeline = world.pipeline("bot").await;
        assert_eq!((pipeline.pending_uploads, pipeline.pending_records), (0, 0));
        assert_eq!(world.runs("bot").await.len(), 1, "nothing new was uploaded");
    }
}

#[tokio::test]
async fn no_run_seals_what_from_does_not_take_even_if_its_word_is_lost() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config("").replace("= 100", "= 300"));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/a.jsonl", training());
    world.pass(HOUR).await;
    world.delivery.lose_first.insert("Object Found".into(), 2);
    world.upload("data/bot/curated/b.jsonl", spoken("Hello", "Good day"));
    world.upload("pipelines/bot.toml", from("[\"curated/\"]"));
    world.pass(HOUR * 6).await;
    let runs = world.runs("bot").await;
    assert_eq!((runs.len(), runs[0].dataset.uploads), (1, 1));
    assert_eq!(runs[0].prepared.as_ref().expect("prepared").records, 168);
    assert_eq!(
        known(&world, "data/bot/a.jsonl").await.status,
        UploadStatus::Outside
    );
}

#[tokio::test]
async fn the_earlier_version_of_a_rejected_file_is_compiled_anew_for_new_settings() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config("").replace("= 100", "= 300"));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/a.jsonl", training());
    world.settle().await;
    world.upload("data/bot/a.jsonl", "{\"prompt\": 1}\n");
    world.settle().await;
    let rejected = known(&world, "data/bot/a.jsonl").await;
    assert_eq!(rejected.status, UploadStatus::Rejected);
    let before = rejected.shard.expect("the earlier version stays");

    let stricter = config("[data]\nsecrets = \"reject\"\n").replace("= 100", "= 300");
    world.upload("pipelines/bot.toml", stricter);
    world.pass(HOUR).await;
    let anew = known(&world, "data/bot/a.jsonl")
        .await
        .shard
        .expect("stays");
    assert_ne!(anew.compile_digest, before.compile_digest);
    assert_eq!(
        (&anew.version, anew.sequence, anew.records),
        (&before.version, before.sequence, 168)
    );
    let report = world.report("reports/bot/uploads/data/bot/a.jsonl.txt");
    assert!(
        report.contains("was compiled anew for the settings of now"),
        "{report}"
    );

    world.upload("data/bot/b.jsonl", spoken("Hello", "Good day"));
    world.pass(HOUR * 6).await;
    let runs = world.runs("bot").await;
    assert_eq!((runs.len(), runs[0].dataset.uploads), (1, 2));
}

/// What assembling reads and takes, printed: `cargo test -p perennial-tests --test sealing -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "takes a minute and 2 GB of memory"]
async fn measured_with_ten_shards_of_thirty_mebibytes() {
    for holdout in [false, true] {
        for smallest in [u64::MAX, 5 << 20] {
            let mut world = World::new();
            world.cloud.objects.set_piece(1 << 20);
            world.cloud.objects.set_smallest_copy(5 << 20);
            world.upload("pipelines/bot.toml", config("").replace("= 100", "= 20000"));
            if !holdout {
                world.upload("eval/bot/questions.jsonl", evaluation());
            }
            for shard in 0..10 {
                let filler = "lorem ipsum dolor sit amet ".repeat(580);
                let text: String = (0..2_000)
                    .map(|n| {
                        format!(
                            "{{\"prompt\":\"{shard} {n} {filler}\",\"completion\":\"{}\"}}\n",
                            n % 2
                        )
                    })
                    .collect();
                world.upload(&format!("data/bot/{shard}.jsonl"), text);
                world.settle().await;
            }
            world.cloud.objects.set_smallest_copy(smallest);
            let (read, copies) = (
                world.cloud.objects.bytes_read(),
                calls(&world, operation::COPY_PART),
            );
            let started = std::time::Instant::now();
            world.pass(SignedDuration::from_mins(6)).await;
            let took = started.elapsed();
            let run = world.runs("bot").await.remove(0);
            let prepared = run.prepared.expect("prepared");
            let length = world
                .cloud
                .objects
                .read(&prepared.training_key)
                .expect("written")
                .len();
            println!(
                "hold-out {holdout}, {}: {} bytes read for a file of {length}, {} copies, {took:?}; {} records, {} held out",
                if smallest == u64::MAX {
                    "streamed"
                } else {
                    "by indexes"
                },
                world.cloud.objects.bytes_read() - read,
                calls(&world, operation::COPY_PART) - copies,
                prepared.records,
                prepared.held_out,
            );
        }
    }
}
