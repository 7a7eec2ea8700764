//! The checksums that S3 takes and returns, computed while content streams by.
//!
//! Source: "Checking object integrity for data uploads in Amazon S3", S3 User Guide.

use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::ids;

/// A checksum algorithm of S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    /// CRC-32.
    Crc32,
    /// CRC-32C.
    Crc32c,
    /// CRC-64/NVME, which S3 computes when the client names none.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// The name in the API: `CRC32`, `CRC32C`, `CRC64NVME`, `SHA1`, `SHA256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The algorithm of that name, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// The header that carries it.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The checksum of a small text, raw.
    fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Crc32 => Crc32::checksum(bytes).to_vec(),
            Self::Crc32c => Crc32c::checksum(bytes).to_vec(),
            Self::Crc64Nvme => Crc64Nvme::checksum(bytes).to_vec(),
            Self::Sha1 => Sha1::checksum(bytes).to_vec(),
            Self::Sha256 => Sha256::checksum(bytes).to_vec(),
        }
    }
}

/// Checksums of one content, base64 as in the API; a composite one ends in `-N`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checksums {
    /// CRC-32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crc32: Option<String>,
    /// CRC-32C.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crc32c: Option<String>,
    /// CRC-64/NVME.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crc64nvme: Option<String>,
    /// SHA-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha1: Option<String>,
    /// SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl Checksums {
    /// The checksum by that algorithm.
    #[must_use]
    pub fn get(&self, algorithm: Algorithm) -> Option<&str> {
        match algorithm {
            Algorithm::Crc32 => self.crc32.as_deref(),
            Algorithm::Crc32c => self.crc32c.as_deref(),
            Algorithm::Crc64Nvme => self.crc64nvme.as_deref(),
            Algorithm::Sha1 => self.sha1.as_deref(),
            Algorithm::Sha256 => self.sha256.as_deref(),
        }
    }

    /// Sets the checksum by that algorithm.
    pub fn set(&mut self, algorithm: Algorithm, value: String) {
        let place = match algorithm {
            Algorithm::Crc32 => &mut self.crc32,
            Algorithm::Crc32c => &mut self.crc32c,
            Algorithm::Crc64Nvme => &mut self.crc64nvme,
            Algorithm::Sha1 => &mut self.sha1,
            Algorithm::Sha256 => &mut self.sha256,
        };
        *place = Some(value);
    }

    /// The algorithms that have a checksum here.
    #[must_use]
    pub fn algorithms(&self) -> Vec<Algorithm> {
        Algorithm::ALL
            .into_iter()
            .filter(|algorithm| self.get(*algorithm).is_some())
            .collect()
    }

    /// Whether these are checksums of checksums, as of a multipart upload.
    #[must_use]
    pub fn is_composite(&self) -> bool {
        self.algorithms()
            .into_iter()
            .filter_map(|algorithm| self.get(algorithm))
            .any(|value| value.contains('-'))
    }

    /// Checks every checksum that the client gave against the computed ones.
    pub(crate) fn check(&self, computed: &Self) -> Result<(), StoreError> {
        for algorithm in self.algorithms() {
            let given = self.get(algorithm).unwrap_or_default();
            if ids::from_base64(given).is_none_or(|raw| raw.len() != algorithm.length()) {
                let algorithm = algorithm.name();
                return Err(StoreError::InvalidDigest { algorithm });
            }
            if computed.get(algorithm) != Some(given) {
                let algorithm = algorithm.name();
                return Err(StoreError::BadDigest { algorithm });
            }
        }
        Ok(())
    }

    /// The composite checksum of parts: the checksum of their raw checksums, and their number.
    pub(crate) fn composite<'a>(
        algorithm: Algorithm,
        parts: impl Iterator<Item = &'a Self>,
    ) -> Option<Self> {
        let (mut raw, mut count) = (Vec::new(), 0);
        for part in parts {
            raw.extend(ids::from_base64(part.get(algorithm)?)?);
            count += 1;
        }
        let mut result = Self::default();
        let digest = ids::base64(&algorithm.of(&raw));
        result.set(algorithm, format!("{digest}-{count}"));
        Some(result)
    }
}

/// A hasher for those algorithms.
pub(crate) fn hasher(algorithms: &[Algorithm]) -> ChecksumHasher {
    let mut hasher = ChecksumHasher::default();
    for algorithm in algorithms {
        match algorithm {
            Algorithm::Crc32 => hasher.crc32 = Some(Crc32::new()),
            Algorithm::Crc32c => hasher.crc32c = Some(Crc32c::new()),
            Algorithm::Crc64Nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
            Algorithm::Sha1 => hasher.sha1 = Some(Sha1::new()),
            Algorithm::Sha256 => hasher.sha256 = Some(Sha256::new()),
        }
    }
    hasher
}

/// What the hasher computed.
pub(crate) fn finish(hasher: ChecksumHasher) -> Checksums {
    let sums = hasher.finalize();
    Checksums {
        crc32: sums.checksum_crc32,
        crc32c: sums.checksum_crc32c,
        crc64nvme: sums.checksum_crc64nvme,
        sha1: sums.checksum_sha1,
        sha256: sums.checksum_sha256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_checksum_and_no_checksum_are_told_apart() {
        let mut hasher = hasher(&[Algorithm::Crc32]);
        hasher.update(b"hello");
        let computed = finish(hasher);
        assert_eq!(computed.crc32.as_deref(), Some("NhCmhg=="));
        let given = |text: &str| Checksums {
            crc32: Some(text.to_owned()),
            ..Checksums::default()
        };
        assert!(given("NhCmhg==").check(&computed).is_ok());
        let wrong = given("AAAAAA==").check(&computed);
        assert!(matches!(
            wrong,
            Err(StoreError::BadDigest { algorithm: "CRC32" })
        ));
        let broken = given("AAAA").check(&computed);
        assert!(matches!(broken, Err(StoreError::InvalidDigest { .. })));
    }

    #[test]
    fn a_composite_checksum_says_how_many_parts() {
        let part = Checksums {
            crc32: Some("NhCmhg==".to_owned()),
            ..Checksums::default()
        };
        let whole = Checksums::composite(Algorithm::Crc32, [&part, &part].into_iter()).unwrap();
        assert!(whole.is_composite());
        assert!(whole.crc32.unwrap().ends_with("==-2"));
    }
}
