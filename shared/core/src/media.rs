//! Where a file that a record names lies: the one rule of the upload and of `perennial check --media`.

/// What an address says, as far as `media/` is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaAddress<'a> {
    /// Elsewhere: no S3 URI, or not under its bucket's `media/`. It is not looked at.
    Elsewhere,
    /// Under `media/` in words, and out of it again or to no file: a part is `.` or `..`, or the name is empty. Nothing lies there.
    Nowhere,
    /// The object `media/…` of this bucket.
    Object {
        /// The bucket.
        bucket: &'a str,
        /// The key, with `media/`.
        key: &'a str,
    },
}

impl<'a> MediaAddress<'a> {
    /// Of `s3://<bucket>/<key>`.
    #[must_use]
    pub fn of(uri: &'a str) -> Self {
        let split = uri.strip_prefix("s3://");
        let Some((bucket, key)) = split.and_then(|rest| rest.split_once('/')) else {
            return Self::Elsewhere;
        };
        match key.strip_prefix("media/") {
            None => Self::Elsewhere,
            Some(inside)
                if inside.is_empty()
                    || inside.ends_with('/')
                    || inside.split('/').any(|part| matches!(part, "." | "..")) =>
            {
                Self::Nowhere
            }
            Some(_) => Self::Object { bucket, key },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_an_object_of_media_or_to_nothing() {
        for key in [
            "media/bot/a.png",
            "media/bot/x/ü.png",
            "media/a..png",
            "media/bot//a.png",
        ] {
            let uri = format!("s3://b/{key}");
            assert_eq!(
                MediaAddress::of(&uri),
                MediaAddress::Object { bucket: "b", key }
            );
        }
        for uri in [
            "s3://b/media/../data/x.png",
            "s3://b/media/bot/../../a.png",
            "s3://b/media/bot/./a.png",
            "s3://b/media/bot/..",
            "s3://b/media/bot/",
            "s3://b/media/",
        ] {
            assert_eq!(MediaAddress::of(uri), MediaAddress::Nowhere, "{uri}");
        }
        for uri in [
            "s3://b/data/bot/a.png",
            "https://b/media/a.png",
            "s3://b",
            "media/a.png",
        ] {
            assert_eq!(MediaAddress::of(uri), MediaAddress::Elsewhere, "{uri}");
        }
    }
}
