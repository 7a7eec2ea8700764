//! One table of the file while it is read: typed look-ups that note a problem, with its line, and go on with the default.

use std::ops::{Bound, RangeBounds};
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::errors::ConfigError;
use super::keys::{fix_for_unknown, known_keys};
use super::values::UnknownValue;
use crate::money::Usd;
use crate::span::Span;

/// The problems found so far, and the lines of the text.
pub(super) struct Problems {
    line_starts: Vec<usize>,
    pub(super) errors: Vec<ConfigError>,
}

impl Problems {
    pub(super) fn new(text: &str) -> Self {
        let after_each_break = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            line_starts: std::iter::once(0).chain(after_each_break).collect(),
            errors: Vec::new(),
        }
    }

    /// The line, from 1, of a byte of the text.
    pub(super) fn line(&self, byte: usize) -> usize {
        self.line_starts
            .partition_point(|start| *start <= byte)
            .max(1)
    }

    pub(super) fn add(
        &mut self,
        byte: usize,
        key: &str,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.errors.push(ConfigError {
            line: self.line(byte),
            key: key.to_owned(),
            found: found.into(),
            fix: fix.into(),
        });
    }
}

/// A value as a message shows it, in at most 60 characters.
pub(super) fn show(value: &DeValue<'_>) -> String {
    let short = |text: &str| {
        let mut short: String = text.chars().take(60).collect();
        if short.len() < text.len() {
            short.push('…');
        }
        short
    };
    match value {
        DeValue::String(text) => format!("the string {:?}", short(text)),
        DeValue::Integer(number) => format!("the number {}", short(&number.to_string())),
        DeValue::Float(number) => format!("the number {}", short(number.as_str())),
        DeValue::Boolean(value) => format!("the boolean {value}"),
        DeValue::Datetime(_) => "a date or time".to_owned(),
        DeValue::Array(_) => "an array".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// One table, or the absence of one: then every key has its default.
pub(super) struct Section<'t, 'i> {
    path: &'static str,
    table: Option<&'t DeTable<'i>>,
}

impl<'t, 'i> Section<'t, 'i> {
    /// Opens the table at `path` and notes every key in it that is not known.
    pub(super) fn open(
        path: &'static str,
        table: Option<&'t DeTable<'i>>,
        problems: &mut Problems,
    ) -> Self {
        let section = Self { path, table };
        let known = known_keys(path);
        for key in table.into_iter().flat_map(DeTable::keys) {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let name: String = name.chars().take(80).collect();
            let fix = fix_for_unknown(path, &name);
            problems.add(
                key.span().start,
                &section.key(&name),
                "this key is not known",
                fix,
            );
        }
        section
    }

    /// Opens the table of that name, at the top of the file.
    pub(super) fn inner(&self, name: &'static str, problems: &mut Problems) -> Self {
        Section::open(name, self.table(name, name, problems), problems)
    }

    /// Opens the table of that name below this one, if it is there.
    pub(super) fn below(
        &self,
        name: &str,
        path: &'static str,
        problems: &mut Problems,
    ) -> Option<Self> {
        let table = self.table(name, path, problems)?;
        Some(Section::open(path, Some(table), problems))
    }

    /// A list of strings, each checked; empty if it is not there.
    pub(super) fn strings(
        &self,
        name: &str,
        most: usize,
        valid: impl Fn(&str) -> bool,
        fix: &str,
        problems: &mut Problems,
    ) -> Vec<String> {
        let Some(value) = self.value(name) else {
            return Vec::new();
        };
        let items = match value.get_ref() {
            DeValue::Array(items) if items.len() <= most => items,
            _ => {
                self.wrong(name, fix, problems);
                return Vec::new();
            }
        };
        let mut read = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::String(text) if valid(text) => read.push(text.to_string()),
                other => problems.add(
                    item.span().start,
                    &self.key(name),
                    format!("found {}", show(other)),
                    fix,
                ),
            }
        }
        read
    }

    /// A string that fits.
    pub(super) fn text(
        &self,
        name: &str,
        valid: impl Fn(&str) -> bool,
        fix: &str,
        problems: &mut Problems,
    ) -> Option<String> {
        let text = self.string(name, fix, problems)?;
        if valid(text) {
            return Some(text.to_owned());
        }
        self.wrong(name, fix, problems);
        None
    }

    /// The table under a key.
    pub(super) fn table(
        &self,
        name: &str,
        path: &str,
        problems: &mut Problems,
    ) -> Option<&'t DeTable<'i>> {
        let value = self.value(name)?;
        let DeValue::Table(table) = value.get_ref() else {
            let fix = format!("Write its keys under [{path}].");
            problems.add(
                value.span().start,
                path,
                format!("found {}", show(value.get_ref())),
                fix,
            );
            return None;
        };
        Some(table)
    }

    pub(super) fn value(&self, name: &str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.table?.get(name)
    }

    pub(super) fn key(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Notes what was found under a key, and the fix.
    pub(super) fn wrong(&self, name: &str, fix: impl Into<String>, problems: &mut Problems) {
        let (byte, found) = self
            .value(name)
            .map_or((0, "it is missing".to_owned()), |value| {
                (
                    value.span().start,
                    format!("found {}", show(value.get_ref())),
                )
            });
        problems.add(byte, &self.key(name), found, fix);
    }

    pub(super) fn string(&self, name: &str, fix: &str, problems: &mut Problems) -> Option<&'t str> {
        match self.value(name)?.get_ref() {
            DeValue::String(text) => Some(text),
            _ => {
                self.wrong(name, fix, problems);
                None
            }
        }
    }

    /// One of a set of words.
    pub(super) fn word<T: FromStr<Err = UnknownValue>>(
        &self,
        name: &str,
        example: &str,
        problems: &mut Problems,
    ) -> Option<T> {
        let text = self.string(
            name,
            &format!("Write a word in quotes, such as {example:?}."),
            problems,
        )?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(unknown) => {
                let fix = match unknown.nearest {
                    Some(word) => format!("Write {word:?}, or another of {}.", unknown.allowed),
                    None => format!("Write one of {}.", unknown.allowed),
                };
                self.wrong(name, fix, problems);
                None
            }
        }
    }

    /// A length of time of at least `least`.
    pub(super) fn span(
        &self,
        name: &str,
        least: Span,
        default: Span,
        problems: &mut Problems,
    ) -> Span {
        let fix = format!(
            "Write a length of time from {least} to {}, such as \"{default}\".",
            Span::MAX
        );
        let Some(text) = self.string(name, &fix, problems) else {
            return default;
        };
        match Span::parse(text) {
            Ok(span) if span >= least => span,
            _ => {
                self.wrong(name, fix, problems);
                default
            }
        }
    }

    /// A whole number.
    pub(super) fn whole(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
        default: u64,
        problems: &mut Problems,
    ) -> u64 {
        let Some(value) = self.value(name) else {
            return default;
        };
        let number = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        match number {
            Some(number) if range.contains(&number) => number,
            _ => {
                let fix = format!(
                    "Write a whole number from {} to {}.",
                    range.start(),
                    range.end()
                );
                self.wrong(name, fix, problems);
                default
            }
        }
    }

    /// A number, with or without a fraction.
    pub(super) fn number(
        &self,
        name: &str,
        range: impl RangeBounds<f64>,
        default: f64,
        problems: &mut Problems,
    ) -> f64 {
        let Some(value) = self.value(name) else {
            return default;
        };
        match float(value.get_ref()) {
            Some(number) if range.contains(&number) => number,
            _ => {
                let fix = format!("Write a number {}, such as {default}.", words_of(&range));
                self.wrong(name, fix, problems);
                default
            }
        }
    }

    /// Yes or no; no if it is not there.
    pub(super) fn boolean(&self, name: &str, problems: &mut Problems) -> bool {
        match self.value(name).map(|value| value.get_ref()) {
            None => false,
            Some(DeValue::Boolean(value)) => *value,
            Some(_) => {
                self.wrong(name, "Write true or false.", problems);
                false
            }
        }
    }

    /// An amount of dollars.
    pub(super) fn dollars(&self, name: &str, default: Usd, problems: &mut Problems) -> Usd {
        const MOST: f64 = 10_000_000.0;
        if self.value(name).is_none() {
            return default;
        }
        Usd::from_dollars(self.number(name, 0.0..=MOST, default.as_dollars(), problems))
    }
}

/// The value of an integer or a finite float.
pub(super) fn float(value: &DeValue<'_>) -> Option<f64> {
    let number = match value {
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok()? as f64
        }
        DeValue::Float(number) => number.as_str().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

fn words_of(range: &impl RangeBounds<f64>) -> String {
    use Bound::{Excluded, Included};
    match (range.start_bound(), range.end_bound()) {
        (Included(low), Included(high)) => format!("from {low} to {high}"),
        (Included(low), Excluded(high)) => format!("from {low} to below {high}"),
        (Excluded(low), Excluded(high)) => format!("above {low} and below {high}"),
        (Excluded(low), Included(high)) => format!("above {low}, at most {high}"),
        (Included(low), Bound::Unbounded) => format!("of {low} or more"),
        _ => "in its range".to_owned(),
    }
}
