//! Where pointers are found, and what a container may write without harm.

#![expect(clippy::unwrap_used)]

use flate2::Compression;
use flate2::write::GzEncoder;
use futures::FutureExt;
use perennial_ports::memory::MemoryCloud;
use perennial_ports::{ErrorKind, WriteObjects};

use super::*;

const OUT: &str = "work/p/r/training-1/";
const URI: &str = "s3://customer-escrow-123456789012-a1/job/";

fn manifest() -> Vec<u8> {
    format!(r#"{{"checkpoint_s3_bucket":"{URI}"}}"#).into_bytes()
}

/// A tar archive of one file (POSIX ustar), in gzip.
fn packed(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = vec![0_u8; 512];
    let mut field = |at: usize, text: &str| {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    };
    field(0, name);
    field(124, &format!("{:011o}\0", content.len()));
    field(148, "        ");
    field(156, "0");
    let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header.extend_from_slice(content);
    header.resize(header.len().next_multiple_of(512) + 1_024, 0);
    gzip(&header)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn put(cloud: &MemoryCloud, below: &str, body: Vec<u8>) {
    let key = format!("{OUT}job/{below}");
    let put = cloud
        .objects
        .put(&key, body.into(), "application/octet-stream");
    put.now_or_never().unwrap().unwrap();
}

fn found(cloud: &MemoryCloud) -> PortResult<Result<String, String>> {
    find(cloud.objects.as_ref(), OUT, "job")
        .now_or_never()
        .unwrap()
}

fn cloud() -> MemoryCloud {
    MemoryCloud::new(1, |_, _| String::new())
}

#[test]
fn the_pointer_is_found_in_each_of_the_three_places() {
    for (below, body) in [
        ("output/output/manifest.json", manifest()),
        ("output/output.tar.gz", packed("manifest.json", &manifest())),
        (
            "output/output.tar.gz",
            packed("out/manifest.json", &manifest()),
        ),
        ("manifest.json", manifest()),
    ] {
        let cloud = cloud();
        put(&cloud, below, body);
        assert_eq!(found(&cloud).unwrap(), Ok(URI.to_owned()), "{below}");
    }
}

#[test]
fn a_broken_place_does_not_hide_a_good_one() {
    let cloud = cloud();
    put(&cloud, "output/output/manifest.json", b"{}".to_vec());
    put(
        &cloud,
        "output/output.tar.gz",
        packed("manifest.json", &manifest()),
    );
    assert_eq!(found(&cloud).unwrap(), Ok(URI.to_owned()));
}

#[test]
fn what_is_no_pointer_is_told_with_its_place() {
    let cut = packed("manifest.json", &manifest());
    for (below, body, words) in [
        (
            "manifest.json",
            b"{}".to_vec(),
            "manifest.json: manifest.json names no",
        ),
        (
            "output/output.tar.gz",
            b"no gzip at all".to_vec(),
            "no complete tar archive",
        ),
        (
            "output/output.tar.gz",
            cut[..cut.len() / 2].to_vec(),
            "no complete tar archive",
        ),
        (
            "output/output.tar.gz",
            packed("loss.csv", b"1"),
            "no manifest.json in it",
        ),
        ("output/output.tar.gz", gzip(b""), "ends too early"),
        (
            "output/output.tar.gz",
            Vec::new(),
            "no complete tar archive",
        ),
    ] {
        let cloud = cloud();
        put(&cloud, below, body);
        let reason = found(&cloud).unwrap().unwrap_err();
        assert!(reason.contains(words) && reason.contains(below), "{reason}");
    }
    let nothing = found(&cloud()).unwrap().unwrap_err();
    assert!(
        nothing.contains("there is none of work/p/r/training-1/job/output/output/manifest.json"),
        "{nothing}"
    );
}

#[test]
fn a_file_that_unpacks_to_far_more_is_given_up_at_the_bound() {
    let cloud = cloud();
    // 300 MiB of zeros behind a header that says so: about 300 KB as it lies in the bucket.
    let mut header = vec![0_u8; 512];
    header[..5].copy_from_slice(b"noise");
    header[124..136].copy_from_slice(b"02300000000\0");
    header[148..156].copy_from_slice(b"        ");
    header[156] = b'0';
    let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&header).unwrap();
    let zeros = vec![0_u8; 1 << 20];
    for _ in 0..300 {
        packed.write_all(&zeros).unwrap();
    }
    put(&cloud, "output/output.tar.gz", packed.finish().unwrap());
    let reason = found(&cloud).unwrap().unwrap_err();
    assert!(
        reason.contains("larger than the 268435456 bytes"),
        "{reason}"
    );
}

#[test]
fn a_bucket_that_does_not_answer_is_no_missing_pointer() {
    let cloud = cloud();
    put(&cloud, "manifest.json", manifest());
    cloud.fail_next("s3:GetObject", ErrorKind::Unanswered, 1);
    assert_eq!(found(&cloud).unwrap_err().kind, ErrorKind::Unanswered);
}
