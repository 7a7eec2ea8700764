//! A killed process loses nothing that it acknowledged and leaves no half object.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use perennial_local_s3::{Store, StoreError};

const CHILD_DIR: &str = "PERENNIAL_TEST_STORE";
const BUCKET: &str = "models";

/// Not a test of its own: what the child process does until it is killed.
#[tokio::test]
async fn child_that_writes_until_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let store = Store::open(Path::new(&dir)).unwrap();
    store.create_bucket(BUCKET, "us-east-1").await.unwrap();
    for number in 0.. {
        let content = vec![number as u8; 200_000];
        let key = format!("k{}", number % 7);
        let info = store
            .put_bytes(BUCKET, &key, content, Default::default())
            .await
            .unwrap();
        // Past the test harness, which keeps what is printed.
        let line = format!(
            "\nacknowledged {key} {} {}\n",
            info.version_id, number as u8
        );
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
}

#[tokio::test]
async fn killed_while_writing() {
    let dir = tempfile::tempdir().unwrap();
    let mut total = 0;
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_writes_until_killed", "--nocapture"])
            .env(CHILD_DIR, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut acknowledged = Vec::new();
        for line in BufReader::new(child.stderr.take().unwrap()).lines() {
            let line = line.unwrap();
            let words: Vec<&str> = line.split(' ').collect();
            if let ["acknowledged", key, version, byte] = words[..] {
                acknowledged.push((
                    key.to_owned(),
                    version.to_owned(),
                    byte.parse::<u8>().unwrap(),
                ));
            }
            if acknowledged.len() == 5 * round {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for (key, version, byte) in &acknowledged {
            use tokio::io::AsyncReadExt as _;
            let (info, mut file) = store.get(BUCKET, key, Some(version)).await.unwrap();
            let mut content = Vec::new();
            file.read_to_end(&mut content).await.unwrap();
            assert_eq!(content.len() as u64, info.size);
            assert!(content.iter().all(|found| found == byte));
        }
        total += acknowledged.len();
        let changes = store.changes_after(0, usize::MAX).await.unwrap();
        // The last write of a round may have been done and not yet acknowledged.
        assert!(
            (total..=total + round).contains(&changes.len()),
            "{} changes",
            changes.len()
        );
        assert_eq!(files(&dir.path().join("content")), changes.len());
        assert_eq!(files(&dir.path().join("incoming")), 0);
    }
}

#[tokio::test]
async fn what_a_killed_process_left_is_swept_and_one_process_has_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.create_bucket(BUCKET, "us-east-1").await.unwrap();
    let info = store
        .put_bytes(BUCKET, "k", "kept", Default::default())
        .await
        .unwrap();
    assert!(matches!(
        Store::open(dir.path()),
        Err(StoreError::InUse { .. })
    ));
    drop(store);
    std::fs::write(dir.path().join("incoming/half"), "half").unwrap();
    std::fs::create_dir_all(dir.path().join("content/zz")).unwrap();
    std::fs::write(
        dir.path().join("content/zz/uncommittedzz"),
        "whole, but never committed",
    )
    .unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.read(BUCKET, "k").await.unwrap(), "kept");
    assert_eq!(store.head(BUCKET, "k", None).await.unwrap(), info);
    assert_eq!(files(dir.path().join("content").as_path()), 1);
    assert_eq!(files(dir.path().join("incoming").as_path()), 0);
    assert_eq!(
        store.changes_after(0, 10).await.unwrap().len(),
        1,
        "the outbox is kept"
    );
}

#[tokio::test]
async fn a_file_is_put_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    store.create_bucket(BUCKET, "us-east-1").await.unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, vec![7; 1_000_000]).unwrap();
    let info = store
        .put_file(BUCKET, "k", &file, Default::default())
        .await
        .unwrap();
    assert_eq!(info.size, 1_000_000);
    assert_eq!(store.read(BUCKET, "k").await.unwrap().len(), 1_000_000);
    assert!(file.exists());
}

fn files(dir: &Path) -> usize {
    let entries = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}
