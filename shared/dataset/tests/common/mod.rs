//! What the tests share: limits, and compiling in one push or many.
#![allow(dead_code)]
use perennial_core::limits::{ContentLimits, DataLimits, RecordShape};
use perennial_dataset::{Compiler, Purpose, Summary};

pub(crate) fn limits(shape: RecordShape) -> DataLimits {
    DataLimits {
        shape,
        min_records: 1,
        max_records: 20_000,
        max_record_tokens: 32_000,
        forbidden: ["System:", "User:", "[EOS]", "<image>"]
            .map(String::from)
            .to_vec(),
        content: ContentLimits::default(),
        answers_of: None,
        source: "Nova guide".into(),
    }
}

pub(crate) fn training(shape: RecordShape) -> Purpose {
    Purpose::Training(limits(shape))
}

pub(crate) fn nova() -> Purpose {
    training(RecordShape::BedrockConversation)
}

pub(crate) fn compile(name: &str, purpose: Purpose, bytes: &[u8]) -> (Summary, Vec<u8>) {
    compile_in(name, purpose, bytes, &[])
}

/// Compiles with chunks of the given sizes, then the rest at once.
pub(crate) fn compile_in(
    name: &str,
    purpose: Purpose,
    mut bytes: &[u8],
    sizes: &[usize],
) -> (Summary, Vec<u8>) {
    let mut compiler = Compiler::new(name, purpose);
    let mut out = Vec::new();
    for size in sizes {
        let (chunk, rest) = bytes.split_at((*size).min(bytes.len()));
        compiler.push(chunk, &mut out);
        bytes = rest;
    }
    compiler.push(bytes, &mut out);
    let summary = compiler.finish(&mut out);
    (summary, out)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}
