//! What chaos does to events, to processes and to the calls of functions; and what it leaves alone.

use std::collections::BTreeSet;

use aws_credential_types::Credentials;
use aws_sdk_s3::config::retry::RetryConfig;
use serde_json::{Value, json};

use crate::support::{Room, credentials, s3_as};

async fn room(seed: u64) -> Room {
    Room::open_with(|options| options.chaos = Some(seed)).await
}

/// How often each kind happened.
async fn count(room: &Room, kind: &str) -> usize {
    let (status, chaos) = room.control("GET", "chaos", Value::Null).await;
    assert_eq!(status, 200, "{chaos}");
    usize::try_from(chaos["kinds"][kind].as_u64().unwrap()).unwrap()
}

fn log(room: &Room) -> Vec<String> {
    let path = room.dir.path().join("cloud/logs/chaos.log");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// What is left of the chaos log's lines when their time is cut off.
fn words(line: &str) -> &str {
    line.split_once(' ').unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_lost_doubled_and_late_and_each_fault_is_a_line_and_counted() {
    let room = room(7).await;
    let orders: Vec<Value> = (0..100).map(|_| json!({})).collect();
    room.work(&orders).await;
    room.drain().await;
    let (lost, doubled, late) = (
        count(&room, "event-dropped").await,
        count(&room, "event-doubled").await,
        count(&room, "event-delayed").await,
    );
    assert!(lost > 0 && doubled > 0 && late > 0, "{:?}", log(&room));
    let journal = room.journal();
    let arrived: BTreeSet<&str> = crate::ids(&journal).into_iter().collect();
    assert_eq!(arrived.len(), 100 - lost, "only what is lost does not come");
    let killed = count(&room, "process-killed").await;
    assert!(
        journal.len() >= 100 - lost + doubled && journal.len() <= 100 - lost + doubled + killed,
        "{} lines; {lost} lost, {doubled} doubled, {killed} killed",
        journal.len()
    );
    let lines = log(&room);
    assert_eq!(lines.len(), lost + doubled + late + killed);
    for (number, line) in lines.iter().enumerate() {
        let begins = format!("fault {}: ", number + 1);
        assert!(words(line).starts_with(&begins), "{line}");
    }
    assert!(
        lines
            .iter()
            .any(|line| line.contains("event-dropped: Work for worker, no. ")),
        "{lines:#?}"
    );
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_does_the_same_to_the_same_events_and_another_does_not() {
    let mut told = Vec::new();
    for seed in [7, 7, 8] {
        let room = room(seed).await;
        for _ in 0..60 {
            room.work(&[json!({})]).await;
        }
        // How a process's end and its work fall together is not the seed's to decide.
        let lines = log(&room)
            .into_iter()
            .filter(|line| line.contains("event-"));
        let cut = |line: String| words(&line).split_once(": ").unwrap().1.to_owned();
        told.push(lines.map(cut).collect::<Vec<_>>());
        room.close().await;
    }
    assert_eq!(told[0], told[1]);
    assert_ne!(told[0], told[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_functions_event_is_handed_out_again() {
    let room = room(5).await;
    let orders: Vec<Value> = (0..30)
        .map(|_| json!({"do": "sleep", "millis": 60}))
        .collect();
    room.work(&orders).await;
    room.drain().await;
    let killed = count(&room, "process-killed").await;
    let lost = count(&room, "event-dropped").await;
    assert!(killed > 0, "{:?}", log(&room));
    let journal = room.journal();
    let slept: BTreeSet<&str> = journal
        .iter()
        .filter_map(|line| line["slept"].as_str())
        .collect();
    let dead = room.dead_letters().await.len();
    assert_eq!(
        slept.len(),
        30 - lost - dead,
        "every event that came was worked off in the end"
    );
    let text = std::fs::read_to_string(room.dir.path().join("cloud/logs/worker.log")).unwrap();
    assert!(
        text.contains("Runtime.ExitError") && text.contains("signal: 9"),
        "killed, not asked to end"
    );
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_killed_after_its_call_does_not_hear_of_it_though_it_took_effect() {
    let room = room(1).await;
    let orders: Vec<Value> = (0..90).map(|_| json!({"do": "put"})).collect();
    room.work(&orders).await;
    room.drain().await;
    let killed = count(&room, "killed-after-call").await;
    assert!(killed > 0, "{:?}", log(&room));
    // A process that hears of its call writes a line; one that does not has put its object all the same.
    let heard = room
        .journal()
        .iter()
        .filter(|line| line["put"].is_string())
        .count();
    let puts: Vec<Value> = room
        .trace()
        .into_iter()
        .filter(|line| line["eventName"] == "PutObject")
        .collect();
    let done = puts
        .iter()
        .filter(|line| line["errorCode"].is_null())
        .count();
    let lost = count(&room, "answer-lost").await;
    assert!(
        done >= heard + killed + lost,
        "{done} puts, {heard} heard, {killed} killed, {lost} lost"
    );
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_a_function_are_refused_late_or_unanswered_and_a_persons_never() {
    let room = room(11).await;
    let endpoint = room.cloud().endpoint();
    let person = s3_as(endpoint, credentials(), RetryConfig::disabled());
    for n in 0..150 {
        let put = person.put_object().bucket("perennial-local");
        put.key(format!("work/p{n}")).send().await.unwrap();
    }
    assert_eq!(
        log(&room)
            .iter()
            .filter(|line| line.contains("PutObject"))
            .count(),
        0
    );

    let function = s3_as(
        endpoint,
        of_the_worker(&room).await,
        RetryConfig::disabled(),
    );
    let mut failed = 0;
    for n in 0..150 {
        let put = function.put_object().bucket("perennial-local");
        failed += usize::from(put.key(format!("work/f{n}")).send().await.is_err());
    }
    let refused = count(&room, "call-refused").await;
    let lost = count(&room, "answer-lost").await;
    assert!(refused > 0 && lost > 0 && count(&room, "call-delayed").await > 0);
    assert_eq!(failed, refused + lost);
    let there = person
        .list_objects_v2()
        .bucket("perennial-local")
        .prefix("work/f");
    let there = there.send().await.unwrap().key_count().unwrap();
    assert_eq!(
        usize::try_from(there).unwrap(),
        150 - refused,
        "what is refused has no effect, what loses its answer has"
    );
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn some_faults_outlast_the_tries_of_an_sdk_and_some_do_not() {
    let room = room(2).await;
    let quick = RetryConfig::standard()
        .with_max_attempts(4)
        .with_initial_backoff(std::time::Duration::from_millis(1));
    let function = s3_as(room.cloud().endpoint(), of_the_worker(&room).await, quick);
    let mut failed = 0;
    for n in 0..150 {
        let put = function.put_object().bucket("perennial-local");
        failed += usize::from(put.key(format!("work/{n}")).send().await.is_err());
    }
    let faults = count(&room, "call-refused").await + count(&room, "answer-lost").await;
    assert!(failed > 0, "{:?}", log(&room));
    assert!(
        faults > failed * 4,
        "{faults} faults, {failed} calls failed: some got through"
    );
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_stops_when_it_is_told_to_and_is_not_there_unless_asked_for() {
    let room = room(7).await;
    let (status, chaos) = room.control("PUT", "chaos", json!({"on": false})).await;
    assert_eq!(
        (status, &chaos["on"], &chaos["seed"]),
        (200, &json!(false), &json!(7))
    );
    let orders: Vec<Value> = (0..100).map(|_| json!({})).collect();
    room.work(&orders).await;
    room.drain().await;
    assert_eq!(room.journal().len(), 100);
    assert_eq!(log(&room), [""; 0]);
    room.close().await;

    let calm = Room::open().await;
    let (status, refused) = calm.control("GET", "chaos", Value::Null).await;
    assert_eq!(status, 404);
    assert!(
        refused["error"].as_str().unwrap().contains("--chaos"),
        "{refused}"
    );
    calm.close().await;
}

/// The worker's own access key.
async fn of_the_worker(room: &Room) -> Credentials {
    let asked = json!({"detail": {"do": "environment"}});
    // It may be killed over this, too.
    for _ in 0..10 {
        let invoked = room
            .control("POST", "functions/worker/invoke", asked.clone())
            .await;
        if let (200, environment) = invoked {
            let of = |name: &str| environment[name].as_str().unwrap().to_owned();
            let (key, secret) = (of("AWS_ACCESS_KEY_ID"), of("AWS_SECRET_ACCESS_KEY"));
            return Credentials::new(key, secret, None, None, "the worker's");
        }
    }
    panic!("the worker does not answer");
}
