//! A tar archive, walked piece by piece for the manifest in it. What comes in is unpacked already; nothing is kept but one header
//! or one manifest at a time.

use super::{CheckpointError, LARGEST_MANIFEST, MOST_UNPACKED, pointer};

const BLOCK: usize = 512;
const MANIFEST: &str = "manifest.json";

/// The walk through one archive.
#[derive(Debug)]
pub struct Archive {
    at: At,
    walked: u64,
    found: Option<String>,
    /// Why the last manifest gave no pointer: another folder of the archive may hold a better one.
    refused: Option<CheckpointError>,
}

#[derive(Debug)]
enum At {
    /// So much of a header.
    Header(Vec<u8>),
    /// So many bytes of a file and its padding are passed over.
    Passing(u64),
    /// So much of a manifest of so many bytes; then its padding.
    Manifest(Vec<u8>, usize),
    /// After the block that ends an archive.
    End,
}

impl Default for Archive {
    fn default() -> Self {
        Self {
            at: At::Header(Vec::with_capacity(BLOCK)),
            walked: 0,
            found: None,
            refused: None,
        }
    }
}

impl Archive {
    /// Takes the next unpacked bytes. `true` when nothing further needs to be read.
    ///
    /// # Errors
    /// [`CheckpointError::BrokenArchive`] for what is no tar archive, [`CheckpointError::TooLarge`] where nothing is found within the
    /// bound.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<bool, CheckpointError> {
        while !bytes.is_empty() {
            if self.is_over() {
                return Ok(true);
            }
            let taken = self.step(bytes)?;
            self.walked += taken as u64;
            if self.walked > MOST_UNPACKED {
                return Err(CheckpointError::TooLarge {
                    limit: MOST_UNPACKED,
                });
            }
            bytes = &bytes[taken..];
        }
        Ok(self.is_over())
    }

    /// What was found, once there is no more to feed.
    ///
    /// # Errors
    /// As [`pointer`], and where there is no manifest or the archive ends within a file.
    pub fn finish(self) -> Result<String, CheckpointError> {
        if let Some(found) = self.found {
            return Ok(found);
        }
        match (&self.at, self.refused) {
            (At::Header(header), Some(refused)) if header.is_empty() => Err(refused),
            (At::End, Some(refused)) => Err(refused),
            (At::End, None) => Err(CheckpointError::NoManifest),
            (At::Header(header), None) if header.is_empty() && self.walked > 0 => {
                Err(CheckpointError::NoManifest)
            }
            _ => Err(broken("it ends too early")),
        }
    }

    fn is_over(&self) -> bool {
        self.found.is_some() || matches!(self.at, At::End)
    }

    /// Takes some of the bytes, at least one, and says how many.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, CheckpointError> {
        match &mut self.at {
            At::Header(header) => {
                let taken = bytes.len().min(BLOCK - header.len());
                header.extend_from_slice(&bytes[..taken]);
                if header.len() == BLOCK {
                    self.at = next(header)?;
                }
                Ok(taken)
            }
            At::Passing(left) => {
                let taken =
                    usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *left -= taken as u64;
                if *left == 0 {
                    self.at = At::Header(Vec::with_capacity(BLOCK));
                }
                Ok(taken)
            }
            At::Manifest(content, size) => {
                let taken = bytes.len().min(*size - content.len());
                content.extend_from_slice(&bytes[..taken]);
                if content.len() == *size {
                    match pointer(content) {
                        Ok(found) => self.found = Some(found),
                        Err(error) => self.refused = Some(error),
                    }
                    let padding = size.next_multiple_of(BLOCK) - *size;
                    self.at = passing(padding as u64);
                }
                Ok(taken)
            }
            At::End => Ok(bytes.len()),
        }
    }
}

fn broken(why: &str) -> CheckpointError {
    CheckpointError::BrokenArchive(why.to_owned())
}

fn passing(left: u64) -> At {
    match left {
        0 => At::Header(Vec::with_capacity(BLOCK)),
        left => At::Passing(left),
    }
}

/// What follows a header.
fn next(header: &[u8]) -> Result<At, CheckpointError> {
    if header.iter().all(|byte| *byte == 0) {
        return Ok(At::End);
    }
    if number(&header[148..156]) != Some(checksum(header)) {
        return Err(broken("a header's checksum is wrong"));
    }
    let size = number(&header[124..136]).ok_or_else(|| broken("a file's size is no number"))?;
    let padded = size
        .checked_next_multiple_of(BLOCK as u64)
        .ok_or_else(|| broken("a file's size is out of all bounds"))?;
    // Long names (`L`, `x`) stand in a file of their own before the file that they name, which is passed over as any other is.
    let is_file = matches!(header[156], b'0' | 0);
    if !is_file || !is_manifest(&header[..100]) {
        return Ok(passing(padded));
    }
    match usize::try_from(size) {
        Ok(size) if size <= LARGEST_MANIFEST => Ok(match size {
            0 => passing(0),
            size => At::Manifest(Vec::with_capacity(size), size),
        }),
        _ => Err(CheckpointError::TooLarge {
            limit: LARGEST_MANIFEST as u64,
        }),
    }
}

fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0);
    &field[..end.unwrap_or(field.len())]
}

fn is_manifest(name: &[u8]) -> bool {
    text(name).rsplit(|byte| *byte == b'/').next() == Some(MANIFEST.as_bytes())
}

/// An octal number, filled up with spaces or zeros. The binary form of larger files is none: no manifest stands behind 8 GiB.
fn number(field: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text(field)).ok()?.trim();
    match digits {
        "" => Some(0),
        digits => u64::from_str_radix(digits, 8).ok(),
    }
}

/// The sum of the header's bytes, those of the sum itself taken for spaces.
fn checksum(header: &[u8]) -> u64 {
    let bytes = header.iter().enumerate();
    bytes
        .map(|(at, byte)| match (148..156).contains(&at) {
            true => u64::from(b' '),
            false => u64::from(*byte),
        })
        .sum()
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const URI: &str = "s3://customer-escrow-123456789012-a1/job/";

    /// One file of an archive (POSIX ustar).
    fn file(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut header = vec![0_u8; BLOCK];
        let mut field = |at: usize, text: &str| {
            header[at..at + text.len()].copy_from_slice(text.as_bytes());
        };
        field(0, name);
        field(100, "0000644\0");
        field(124, &format!("{:011o}\0", content.len()));
        field(257, "ustar\x0000");
        header[156] = kind;
        let sum = checksum(&header);
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        header.extend_from_slice(content);
        header.resize(header.len().next_multiple_of(BLOCK), 0);
        header
    }

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes: Vec<u8> = files
            .iter()
            .flat_map(|(name, content)| file(name, b'0', content))
            .collect();
        bytes.resize(bytes.len() + 2 * BLOCK, 0);
        bytes
    }

    fn walk(bytes: &[u8], piece: usize) -> Result<String, CheckpointError> {
        let mut archive = Archive::default();
        for piece in bytes.chunks(piece.max(1)) {
            if archive.feed(piece)? {
                break;
            }
        }
        archive.finish()
    }

    fn manifest() -> Vec<u8> {
        format!(r#"{{"checkpoint_s3_bucket":"{URI}"}}"#).into_bytes()
    }

    #[test]
    fn the_manifest_is_found_wherever_it_lies_and_however_the_bytes_come() {
        let manifest = manifest();
        for name in [
            "manifest.json",
            "./manifest.json",
            "output/job/manifest.json",
        ] {
            let bytes = archive(&[("loss.csv", &[7; 1_300]), ("empty", b""), (name, &manifest)]);
            for piece in [1, 7, 511, 512, 513, 100_000] {
                assert_eq!(walk(&bytes, piece).unwrap(), URI, "{name} {piece}");
            }
        }
    }

    #[test]
    fn a_manifest_without_a_pointer_does_not_hide_a_better_one() {
        let manifest = manifest();
        let bytes = archive(&[
            ("a/manifest.json", b"{\"files\":[]}"),
            ("manifest.json", &manifest),
        ]);
        assert_eq!(walk(&bytes, 512).unwrap(), URI);
        let alone = archive(&[("a/manifest.json", b"{\"files\":[]}")]);
        assert!(
            walk(&alone, 512)
                .unwrap_err()
                .to_string()
                .contains("it names files")
        );
    }

    #[test]
    fn what_names_are_no_files_is_no_manifest() {
        let mut bytes = file("manifest.json", b'2', b"");
        bytes.extend(file("manifest.json", b'x', &manifest()));
        bytes.extend(archive(&[("not-manifest.json", &manifest())]));
        assert_eq!(walk(&bytes, 512), Err(CheckpointError::NoManifest));
    }

    #[test]
    fn what_is_broken_or_too_large_is_refused() {
        let bytes = archive(&[("loss.csv", &[7; 1_300])]);
        assert_eq!(walk(&bytes, 512), Err(CheckpointError::NoManifest));
        for cut in [1, 300, 600, 1_500] {
            let error = walk(&bytes[..cut], 512).unwrap_err();
            assert!(
                matches!(error, CheckpointError::BrokenArchive(_)),
                "{cut}: {error}"
            );
        }
        assert!(walk(b"", 512).is_err());
        assert!(
            walk(&[b'x'; 600], 512)
                .unwrap_err()
                .to_string()
                .contains("checksum")
        );
        let large = archive(&[("manifest.json", &vec![b' '; LARGEST_MANIFEST + 1])]);
        assert!(matches!(
            walk(&large, 512),
            Err(CheckpointError::TooLarge { .. })
        ));
        // A file that says it is larger than all that is read.
        let mut header = file("weights", b'0', b"");
        header[124..136].copy_from_slice(b"77777777777\0");
        let sum = checksum(&header);
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut archive = Archive::default();
        archive.feed(&header).unwrap();
        let piece = vec![0_u8; 1 << 20];
        let pieces = (0..300).find_map(|_| archive.feed(&piece).err());
        assert!(matches!(pieces, Some(CheckpointError::TooLarge { .. })));
    }

    proptest! {
        #[test]
        fn no_bytes_crash_it_or_come_out_otherwise_when_cut(
            bytes in proptest::collection::vec(any::<u8>(), 0..3_000),
            flips in proptest::collection::vec((0_usize..2_048, any::<u8>()), 0..4),
            piece in 1_usize..700,
        ) {
            let _ = walk(&bytes, piece);
            let mut archive = archive(&[("a", b"b"), ("manifest.json", &manifest())]);
            for (at, byte) in flips {
                if let Some(place) = archive.get_mut(at) {
                    *place = byte;
                }
            }
            prop_assert_eq!(walk(&archive, piece), walk(&archive, archive.len()));
        }
    }
}
