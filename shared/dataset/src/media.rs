//! The files that records name: which they are, and what each has to be for the model. They are looked at elsewhere, and what was
//! seen of them comes back as findings.
use std::collections::HashMap;

use imagesize::ImageType;

use crate::{
    finding::{EXCERPT, Finding, LISTED},
    masked::start,
    record::{Block, Record},
    rules::{self, Rule, Severity},
    summary::{Summary, Verdict, grouped},
};

pub use crate::record::MediaKind;

/// A file that a record names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaReference {
    /// `s3://bucket/key`.
    pub uri: String,
    /// What the record takes it for.
    pub kind: MediaKind,
    /// The format that the record names, in lower case.
    pub format: String,
    /// The first line on which it stands.
    pub line: u64,
}

/// The files that the records of one file name, each once for whatever they take it for: one that is named as a PNG and as a JPEG image is
/// one of them at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaReferences {
    /// In the order in which they came first.
    pub listed: Vec<MediaReference>,
    /// How often another was named when there were as many as are kept.
    pub more: u64,
}

/// What was seen of such a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaSeen {
    /// There is no such object.
    Missing,
    /// It is there.
    There {
        /// Its size in bytes.
        bytes: u64,
        /// What the first bytes of an image say of it; nothing where they do not say it. Of one that is no longer than what is looked
        /// at ([`ImageSeen::START`]), no more can be said: it is broken.
        image: Option<ImageSeen>,
    },
}

/// What the first bytes of an image say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageSeen {
    /// The format, as records name it: `png`, `jpeg`, `gif`, `webp`.
    pub format: &'static str,
    /// In pixels.
    pub width: u64,
    /// In pixels.
    pub height: u64,
}

impl ImageSeen {
    /// How many bytes of an image are looked at. Its sides stand in the first ones, unless much of something else stands before them.
    pub const START: usize = 64 << 10;

    /// What the first bytes say; nothing where the sides stand further behind.
    #[must_use]
    pub fn of(start: &[u8]) -> Option<Self> {
        let format = match imagesize::image_type(start) {
            Ok(ImageType::Png) => "png",
            Ok(ImageType::Jpeg) => "jpeg",
            Ok(ImageType::Gif) => "gif",
            Ok(ImageType::Webp) => "webp",
            _ => "no PNG, JPEG, GIF or WebP file",
        };
        let unknown = format.contains(' ');
        let size = match imagesize::blob_size(start) {
            Ok(size) => (size.width as u64, size.height as u64),
            Err(_) if unknown => (0, 0),
            Err(_) => return None,
        };
        Some(Self {
            format,
            width: size.0,
            height: size.1,
        })
    }
}

/// What a model asks of the files that its records name.
#[derive(Debug, Clone, Copy)]
pub struct MediaLimits {
    rule: &'static Rule,
    image_bytes: u64,
    video_bytes: u64,
    document_bytes: u64,
    /// The shortest and the longest side of an image, in pixels.
    side: (u64, u64),
    /// The most pixels of an image.
    pixels: u64,
    /// How many times as long as the other a side may be.
    aspect: u64,
}

const MIB: u64 = 1 << 20;

impl MediaLimits {
    /// What this model's fine-tuning asks; nothing where it takes no media.
    #[must_use]
    pub fn of(model: &str, technique: &str) -> Option<Self> {
        let images = Self {
            rule: &rules::MEDIA_SIZE,
            image_bytes: 10 * MIB,
            video_bytes: 50 * MIB,
            document_bytes: 10 * MIB,
            side: (25, u64::MAX),
            pixels: u64::MAX,
            aspect: u64::MAX,
        };
        let all = [
            images,
            Self {
                rule: &rules::LLAMA_IMAGE_SIZE,
                side: (10, 8_192),
                ..images
            },
            Self {
                rule: &rules::CAPTION_IMAGE_SIZE,
                image_bytes: 50_000_000,
                side: (512, 4_096),
                pixels: 12_582_912,
                aspect: 4,
                ..images
            },
        ];
        all.into_iter()
            .find(|limits| limits.rule.applies.holds_for(model, technique))
    }

    /// What is wrong with a file: the rule, what was found, and how to fix it.
    fn check(
        &self,
        named: &MediaReference,
        seen: MediaSeen,
    ) -> Option<(&'static Rule, String, &'static str)> {
        let kind = named.kind.as_str();
        let (bytes, image) = match seen {
            MediaSeen::Missing => {
                let fix = "Put the file there before the data, or mend the address; then upload the data again.";
                let found = format!("there is no {kind} at this address");
                return Some((&rules::MEDIA_MISSING, found, fix));
            }
            MediaSeen::There { bytes, image } => (bytes, image),
        };
        let most = match named.kind {
            MediaKind::Image => self.image_bytes,
            MediaKind::Video => self.video_bytes,
            MediaKind::Document => self.document_bytes,
        };
        if bytes == 0 {
            let fix = "Put the whole file there again, and upload the data again.";
            return Some((self.rule, format!("the {kind} is an empty file"), fix));
        }
        if bytes > most {
            let found = format!(
                "the {kind} has {} bytes where at most {} are taken",
                grouped(bytes),
                grouped(most)
            );
            let fix = "Make the file smaller, put it there again, and upload the data again.";
            return Some((self.rule, found, fix));
        }
        if named.kind != MediaKind::Image {
            return None;
        }
        let Some(image) = image else {
            let found = format!(
                "the image, of {} bytes in all, does not say how many pixels it has: it is cut off or broken",
                grouped(bytes)
            );
            let fix = "Write the image again, put it there, and upload the data again.";
            return (bytes <= ImageSeen::START as u64).then_some((self.rule, found, fix));
        };
        let same = |format: &str| {
            if format == "jpg" {
                "jpeg".to_owned()
            } else {
                format.to_owned()
            }
        };
        if same(&named.format) != image.format {
            let found = format!(
                "the image is {} and the record says {}",
                image.format,
                start(&named.format, 20)
            );
            let fix = "Name the format that the file has, or convert the file.";
            return Some((self.rule, found, fix));
        }
        let (short, long) = (image.width.min(image.height), image.width.max(image.height));
        let sides = format!(
            "the image has {} by {} pixels",
            grouped(image.width),
            grouped(image.height)
        );
        let wrong = if short < self.side.0 {
            format!("{sides} where a side has at least {}", grouped(self.side.0))
        } else if long > self.side.1 {
            format!("{sides} where a side has at most {}", grouped(self.side.1))
        } else if short.saturating_mul(long) > self.pixels {
            format!("{sides} where {} in all are taken", grouped(self.pixels))
        } else if long > short.saturating_mul(self.aspect) {
            format!(
                "{sides} where a side is at most {} times the other",
                self.aspect
            )
        } else {
            return None;
        };
        let fix = "Scale or cut the image, put it there again, and upload the data again.";
        Some((self.rule, wrong, fix))
    }
}

impl Summary {
    /// Takes in what was seen of the files that the records name. What is wrong with one is a finding, and the upload is rejected.
    pub fn take_media<'a>(
        &mut self,
        limits: &MediaLimits,
        seen: impl IntoIterator<Item = (&'a MediaReference, MediaSeen)>,
    ) {
        for (named, seen) in seen {
            let Some((rule, found, fix)) = limits.check(named, seen) else {
                continue;
            };
            *self.finding_counts.entry(rule.id.to_owned()).or_default() += 1;
            self.errors += 1;
            self.verdict = Verdict::Rejected;
            // What the upload is rejected for takes the place of what it is not.
            if self.findings.len() >= LISTED
                && let Some(at) =
                    (self.findings.iter()).rposition(|listed| listed.severity != Severity::Error)
            {
                self.findings.remove(at);
            }
            if self.findings.len() < LISTED {
                self.findings.push(Finding {
                    rule: rule.id.to_owned(),
                    severity: Severity::Error,
                    line: named.line,
                    path: String::new(),
                    found: format!("{found}: {}", start(&named.uri, EXCERPT)),
                    fix: fix.to_owned(),
                    excerpt: None,
                });
            }
        }
    }
}

/// Hands every file that a record names to `each`: its address, kind and format.
pub(crate) fn for_each(record: &Record<'_>, mut each: impl FnMut(&str, MediaKind, &str)) {
    match record {
        Record::Caption { image, .. } => {
            let uri = image.plain();
            let format = uri.rsplit('.').next().unwrap_or_default();
            each(&uri, MediaKind::Image, format);
        }
        Record::Conversation(conversation) => {
            for block in conversation.turns.iter().flat_map(|turn| &turn.blocks) {
                if let Block::Media(media) = block {
                    each(&media.uri.plain(), media.kind, &media.format.plain());
                }
            }
        }
        Record::Document(_)
        | Record::Reinforcement { .. }
        | Record::Preference(_)
        | Record::Log { .. } => {}
    }
}

/// Gathers what the blocks of a file found, in order.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    most: usize,
    /// By address: what each was taken for so far.
    known: HashMap<String, Vec<(MediaKind, String)>>,
    pub(crate) references: MediaReferences,
}

impl Gathered {
    /// Keeps so many at most.
    pub(crate) fn keep(&mut self, most: usize) {
        self.most = most;
    }

    pub(crate) fn take(&mut self, named: Vec<MediaReference>, base: u64) {
        for mut reference in named {
            let is_known = self.known.get(&reference.uri).is_some_and(|known| {
                (known.iter())
                    .any(|(kind, format)| *kind == reference.kind && *format == reference.format)
            });
            if is_known {
                continue;
            }
            if self.references.listed.len() == self.most {
                self.references.more += 1;
                continue;
            }
            (self.known.entry(reference.uri.clone()))
                .or_default()
                .push((reference.kind, reference.format.clone()));
            reference.line += base;
            self.references.listed.push(reference);
        }
    }
}
