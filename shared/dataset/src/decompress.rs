//! gzip and zstd, pushed piece by piece, within bounds on size and ratio.
//!
//! Input is regrouped into blocks of a fixed size, so that a broken stream breaks at the same place however its bytes
//! were cut into chunks.
use std::io::Write;

use flate2::write::GzDecoder;
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

use crate::{
    compiler::Bounds,
    finding::{Problem, bounded},
    rules,
    sniff::Compression,
};

const BLOCK: usize = 16 << 10;
const PIECE: usize = 64 << 10;
/// The largest window of a zstd stream, as a power of two: 8 MiB, which the format asks of every decoder, and which it takes to read one.
const WINDOW: u32 = 23;

pub(crate) struct Decompressor {
    codec: Codec,
    bounds: Bounds,
    block: Vec<u8>,
    read: u64,
    pub(crate) written: u64,
}

enum Codec {
    /// The member that is read now.
    Gzip(Box<GzDecoder<Vec<u8>>>),
    /// Zeros behind the last member, to the end of the file, as tapes and blocks of a device pad it.
    Padding,
    Zstd {
        decoder: ZstdDecoder<'static>,
        piece: Vec<u8>,
        in_frame: bool,
    },
}

impl Decompressor {
    pub(crate) fn new(compression: Compression, bounds: Bounds) -> Result<Self, Problem> {
        let codec = match compression {
            Compression::Gzip => Codec::Gzip(Box::new(GzDecoder::new(Vec::new()))),
            Compression::Zstd => {
                let mut decoder = ZstdDecoder::new().map_err(|error| broken(&error.to_string()))?;
                decoder
                    .set_parameter(DParameter::WindowLogMax(WINDOW))
                    .map_err(|error| broken(&error.to_string()))?;
                Codec::Zstd {
                    decoder,
                    piece: vec![0; PIECE],
                    in_frame: false,
                }
            }
        };
        Ok(Self {
            codec,
            bounds,
            block: Vec::with_capacity(BLOCK),
            read: 0,
            written: 0,
        })
    }

    /// Hands what `chunk` decompresses to, piece by piece, to `each`, until that returns false.
    pub(crate) fn push(
        &mut self,
        mut chunk: &[u8],
        mut each: impl FnMut(&[u8]) -> bool,
    ) -> Result<(), Problem> {
        while !chunk.is_empty() {
            let (part, rest) = chunk.split_at(chunk.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(part);
            chunk = rest;
            if self.block.len() == BLOCK && !self.decode_block(&mut each)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Decompresses what is left, and looks whether the stream is complete.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(&[u8]) -> bool) -> Result<(), Problem> {
        if !self.decode_block(&mut each)? {
            return Ok(());
        }
        match &mut self.codec {
            Codec::Gzip(decoder) => {
                // The decoder does not tell a missing end from a wrong checksum. (Writing to it after this may never
                // return.)
                let ended = decoder.try_finish().map_err(|_| truncated());
                let last = std::mem::take(decoder.get_mut());
                self.hand_over(&last, &mut each)?;
                ended
            }
            Codec::Zstd { in_frame: true, .. } => Err(truncated()),
            Codec::Padding | Codec::Zstd { .. } => Ok(()),
        }
    }

    fn decode_block(&mut self, each: &mut impl FnMut(&[u8]) -> bool) -> Result<bool, Problem> {
        let block = std::mem::take(&mut self.block);
        let more = self.decode(&block, each);
        self.block = block;
        self.block.clear();
        more
    }

    fn decode(
        &mut self,
        block: &[u8],
        each: &mut impl FnMut(&[u8]) -> bool,
    ) -> Result<bool, Problem> {
        self.read += block.len() as u64;
        let mut at = 0;
        let mut drained = true;
        while at < block.len() || !drained {
            let piece = match &mut self.codec {
                Codec::Gzip(decoder) => {
                    let taken = decoder
                        .write(&block[at..])
                        .map_err(|error| broken(&error.to_string()))?;
                    at += taken;
                    let mut piece = std::mem::take(decoder.get_mut());
                    if taken == 0 {
                        // The member ended.
                        decoder
                            .try_finish()
                            .map_err(|error| broken(&error.to_string()))?;
                        piece.append(decoder.get_mut());
                        self.codec = if block[at] == 0 {
                            Codec::Padding
                        } else {
                            Codec::Gzip(Box::new(GzDecoder::new(Vec::new())))
                        };
                    }
                    piece
                }
                Codec::Padding => {
                    if block[at..].iter().any(|byte| *byte != 0) {
                        return Err(broken("something follows the zeros behind the last member"));
                    }
                    at = block.len();
                    Vec::new()
                }
                Codec::Zstd {
                    decoder,
                    piece,
                    in_frame,
                } => {
                    let mut input = InBuffer::around(&block[at..]);
                    let mut output = OutBuffer::around(&mut piece[..]);
                    let hint = decoder
                        .run(&mut input, &mut output)
                        .map_err(|error| unread(&error.to_string()))?;
                    *in_frame = hint != 0;
                    at += input.pos();
                    let written = output.pos();
                    // A full output may have more to come without further input.
                    drained = written < PIECE;
                    if input.pos() == 0 && written == 0 && at < block.len() {
                        return Err(broken("the decoder made no progress"));
                    }
                    piece[..written].to_vec()
                }
            };
            if !self.hand_over(&piece, each)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn hand_over(
        &mut self,
        piece: &[u8],
        each: &mut impl FnMut(&[u8]) -> bool,
    ) -> Result<bool, Problem> {
        self.written += piece.len() as u64;
        let bounds = &self.bounds;
        if self.written > bounds.decompressed {
            return Err(Problem::of_file(
                &rules::DECOMPRESSED_SIZE,
                format!(
                    "more than {} bytes from {} compressed bytes read so far",
                    bounds.decompressed, self.read
                ),
                "Split the file into several smaller ones.",
            ));
        }
        if self.written > bounds.ratio_from && self.written / self.read.max(1) > bounds.ratio {
            return Err(Problem::of_file(
                &rules::DECOMPRESSION_RATIO,
                format!(
                    "{} compressed bytes became {} so far",
                    self.read, self.written
                ),
                "Text compresses 3 to 20 times. Look at what the file repeats, or upload it uncompressed.",
            ));
        }
        Ok(piece.is_empty() || each(piece))
    }
}

fn truncated() -> Problem {
    Problem::of_file(
        &rules::TRUNCATED_COMPRESSION,
        "the compressed data ends in the middle, or does not match its checksum",
        "The file was cut off or changed while it was written or copied. Compress and upload it again.",
    )
}

/// What zstd says of a frame that it does not read.
fn unread(said: &str) -> Problem {
    if !said.contains("too much memory") {
        return broken(said);
    }
    Problem::of_file(
        &rules::BROKEN_COMPRESSION,
        "a zstd stream with a window of more than 8 MiB",
        "Compress it again without --long and without --ultra: levels up to zstd -19 have a window of 8 MiB at most.",
    )
}

fn broken(said: &str) -> Problem {
    Problem::of_file(
        &rules::BROKEN_COMPRESSION,
        format!("the decompressor said: {}", bounded(said)),
        "Test the file with gzip -t or zstd -t, then compress (zstd without --long and --ultra) and upload it again.",
    )
}
