//! Compressed files beside the libraries' own readers: what they read whole compiles as it would uncompressed, and what they refuse is
//! refused.
use std::io::{Read, Write};

use perennial_dataset::{Compiler, Purpose, Summary};

use crate::{
    choices::{Choices, Cuts},
    purposes::pairs,
};

/// Files that become longer are not compared: the bounds stop them.
const MOST: u64 = 1 << 20;

/// A compressed file as it is, or a text that is compressed here and then damaged.
pub fn decompress(data: &[u8]) {
    let mut choices = Choices::of(data);
    let (cuts, how) = (choices.cuts(), choices.byte() % 5);
    let (at, with) = (choices.byte(), choices.byte());
    let rest = choices.rest();
    let mut file = match how {
        0 => rest.to_vec(),
        1 => gzip(rest),
        2 => zstd::encode_all(rest, 1).expect("memory is written to"),
        4 => [gzip(rest), vec![0; 512]].concat(),
        // Two members.
        _ => [gzip(&rest[..rest.len() / 2]), gzip(&rest[rest.len() / 2..])].concat(),
    };
    if how > 0 && with > 0 && !file.is_empty() {
        let at = usize::from(at) % file.len();
        if with == 1 {
            file.truncate(at);
        } else {
            file[at] ^= with;
        }
    }
    compare(&file, cuts);
}

fn compare(file: &[u8], cuts: Cuts) {
    let compressed = compile(file, None);
    assert_eq!(
        compile(file, Some(cuts)),
        compressed,
        "cutting makes a difference"
    );
    let (mut summary, out) = compressed;
    let Some(compression) = summary.compression.take() else {
        return;
    };
    let mut text = Vec::new();
    let read = match compression.as_str() {
        "gzip" => gunzip(file, &mut text),
        _ => zstd::Decoder::new(file).and_then(|mut reader| {
            // Of 8 MiB.
            reader.window_log_max(23)?;
            reader.take(MOST).read_to_end(&mut text)
        }),
    };
    if text.len() as u64 == MOST {
        return;
    }
    if let Err(error) = read {
        assert!(summary.errors > 0, "the library says: {error}");
        return;
    }
    let (mut plain, plain_out) = compile(&text, None);
    if plain.compression.is_some() {
        assert!(summary.errors > 0, "a compressed file inside of another");
        return;
    }
    assert_eq!(summary.bytes_decompressed, text.len() as u64);
    plain.bytes_read = summary.bytes_read;
    plain.bytes_decompressed = summary.bytes_decompressed;
    assert_eq!((summary, out), (plain, plain_out));
}

/// Reads a gzip file without the zeros behind its last member, which the library takes for another one. The last bytes of a member are its
/// checksum and its length, and may be zeros, too.
fn gunzip(file: &[u8], text: &mut Vec<u8>) -> std::io::Result<usize> {
    let padding = file.iter().rev().take_while(|byte| **byte == 0).count();
    let mut said = Ok(0);
    for more in std::iter::once(padding).chain(0..padding.min(8)) {
        text.clear();
        let member = &file[..file.len() - padding + more];
        said = flate2::read::MultiGzDecoder::new(member)
            .take(MOST)
            .read_to_end(text);
        if said.is_ok() {
            break;
        }
    }
    said
}

fn compile(file: &[u8], cuts: Option<Cuts>) -> (Summary, Vec<u8>) {
    let mut compiler = Compiler::new("x.jsonl", Purpose::Training(pairs().clone()));
    let mut out = Vec::new();
    match cuts {
        Some(cuts) => cuts.pieces(file, &mut |piece| compiler.push(piece, &mut out)),
        None => compiler.push(file, &mut out),
    }
    let summary = compiler.finish(&mut out);
    (summary, out)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("memory is written to")
}
