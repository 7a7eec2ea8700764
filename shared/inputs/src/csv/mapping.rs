//! Which columns of a table become which members of a record: as the configuration says, or by a table of known names.
use std::fmt;

use crate::{What, trouble::excerpt};

/// What the records are for, which decides where the names of the columns leave it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// Pairs to train on: an answer is the member `completion`, and `text` beside a label is a prompt.
    #[default]
    Pairs,
    /// Questions with the answers that they should have: an answer is the member `referenceResponse`.
    Evaluation,
    /// Documents: a column `text` is the document, whatever stands beside it.
    Documents,
}

/// Who decided on the mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The configuration.
    Configured,
    /// The columns have the names of the members.
    AsNamed,
    /// The columns have well-known other names.
    Synonyms,
}

/// One member and the columns that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// The member of the record.
    pub member: String,
    /// The names of its columns; the texts of more than one are joined with a blank line between, empty ones left out.
    pub columns: Vec<String>,
    /// Where the columns stand, from 0.
    pub(crate) at: Vec<usize>,
    /// Whether the member is left out where its text is empty.
    pub(crate) optional: bool,
}

/// The mapping that was taken, for a report: `prompt = text, completion = category`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Who decided on it.
    pub taken: Taken,
    /// The members in their order.
    pub members: Vec<Mapped>,
    /// What stands between the fields.
    pub delimiter: char,
}

impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, member) in self.members.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let columns: Vec<String> = member.columns.iter().map(|name| shown(name)).collect();
            write!(f, "{comma}{} = {}", member.member, columns.join(" + "))?;
        }
        Ok(())
    }
}

/// A member, and the names under which its column is known, in lower case, the best first.
struct Column {
    member: &'static str,
    names: &'static [&'static str],
    /// Columns whose text is added to it, if they are there.
    with: &'static [&'static str],
    optional: bool,
}

const fn column(member: &'static str, names: &'static [&'static str]) -> Column {
    Column {
        member,
        names,
        with: &[],
        optional: false,
    }
}

const SYSTEM: Column = Column {
    member: "system",
    names: &["system"],
    with: &[],
    optional: true,
};

/// The known sets of columns: the first one of which every column is there is taken, and the columns beside it are
/// left out. Names are compared without regard to case and to white space around them.
///
/// The first five are shapes of records under their own names; the others are names that public data sets have:
/// `instruction`, `input`, `output` those of Stanford Alpaca and its kin, `text` with `label` or `category` those of text
/// classification. [`ANSWER`] stands for `completion`, or for `referenceResponse` in an evaluation set.
const KNOWN: &[&[Column]] = &[
    &[
        column("prompt", &["prompt"]),
        column("completion", &["completion"]),
        SYSTEM,
    ],
    &[
        column("prompt", &["prompt"]),
        column(
            "referenceResponse",
            &["referenceresponse", "reference_response"],
        ),
        Column {
            optional: true,
            ..column("category", &["category"])
        },
    ],
    &[
        column("prompt", &["prompt"]),
        column("response", &["response"]),
        SYSTEM,
    ],
    &[
        column("image-ref", &["image-ref", "image_ref"]),
        column("caption", &["caption"]),
    ],
    &[
        Column {
            with: &["input"],
            ..column("prompt", &["instruction"])
        },
        column(ANSWER, &["output", "response", "completion"]),
        SYSTEM,
    ],
    &[
        column("prompt", &["question"]),
        column(ANSWER, &["answer"]),
        SYSTEM,
    ],
    &[
        column("prompt", &["input"]),
        column(ANSWER, &["output"]),
        SYSTEM,
    ],
    &[
        column("prompt", &["text"]),
        column(ANSWER, &["category", "label", "intent"]),
    ],
];

/// What is taken alone: documents, and prompts that a teacher answers.
const ALONE: &[&[Column]] = &[
    &[column("text", &["text"])],
    &[column("input", &["input"])],
    &[column("prompt", &["prompt"])],
];

/// The member of an answer, by what the records are for.
const ANSWER: &str = "completion";
const REFERENCE: &str = "referenceResponse";

/// The mapping for a header with these names, or why there is none. `configured` are members with their columns.
pub(crate) fn mapping(
    names: &[String],
    configured: &[(String, String)],
    purpose: Purpose,
    delimiter: u8,
) -> Result<Mapping, What> {
    let mut mapping = if configured.is_empty() {
        known(names, purpose)?
    } else {
        as_configured(names, configured)?
    };
    mapping.delimiter = char::from(delimiter);
    for member in &mapping.members {
        for column in &member.columns {
            if names.iter().filter(|name| *name == column).count() > 1 {
                return Err(What::HeaderTwice {
                    column: shown(column),
                });
            }
        }
    }
    Ok(mapping)
}

fn as_configured(names: &[String], configured: &[(String, String)]) -> Result<Mapping, What> {
    let mut members = Vec::new();
    for (member, column) in configured {
        let Some(at) = names.iter().position(|name| name == column.trim()) else {
            return Err(What::MissingColumn {
                member: shown(member),
                column: shown(column),
                nearest: nearest(column, names),
                columns: listed(names.iter()),
            });
        };
        members.push(Mapped {
            member: member.clone(),
            columns: vec![names[at].clone()],
            at: vec![at],
            // Whether the configuration names the column or the header does, a row may leave it empty.
            optional: matches!(member.as_str(), "system" | "category"),
        });
    }
    Ok(Mapping {
        taken: Taken::Configured,
        members,
        delimiter: ',',
    })
}

fn known(names: &[String], purpose: Purpose) -> Result<Mapping, What> {
    let lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let tables = match purpose {
        Purpose::Documents => [ALONE, KNOWN],
        Purpose::Pairs | Purpose::Evaluation => [KNOWN, ALONE],
    };
    let members = tables
        .iter()
        .flat_map(|table| table.iter())
        .find_map(|set| matched(set, names, &lower))
        .ok_or_else(|| What::UnknownColumns {
            columns: listed(names.iter()),
        })?;
    let as_named = members
        .iter()
        .all(|member| member.columns.len() == 1 && member.columns[0] == member.member);
    let mut mapping = Mapping {
        taken: if as_named {
            Taken::AsNamed
        } else {
            Taken::Synonyms
        },
        members,
        delimiter: ',',
    };
    if purpose == Purpose::Evaluation && !as_named {
        for member in &mut mapping.members {
            if member.member == ANSWER {
                REFERENCE.clone_into(&mut member.member);
            }
        }
    }
    Ok(mapping)
}

fn matched(set: &[Column], names: &[String], lower: &[String]) -> Option<Vec<Mapped>> {
    let mut members = Vec::new();
    for column in set {
        let find = |wanted: &&str| lower.iter().position(|name| name == wanted);
        let Some(at) = column.names.iter().find_map(find) else {
            if column.optional {
                continue;
            }
            return None;
        };
        let at: Vec<usize> = [at]
            .into_iter()
            .chain(column.with.iter().filter_map(find))
            .collect();
        members.push(Mapped {
            member: column.member.to_owned(),
            columns: at.iter().map(|at| names[*at].clone()).collect(),
            at,
            optional: column.optional,
        });
    }
    Some(members)
}

/// Whether the first row can be no header: a name is empty, long, a number or a sentence, and none is a known one.
pub(crate) fn looks_like_data(names: &[String]) -> bool {
    let is_known = |name: &String| {
        let name = name.to_lowercase();
        KNOWN
            .iter()
            .chain(ALONE)
            .flat_map(|set| set.iter())
            .any(|column| column.names.contains(&name.as_str()))
    };
    let is_data = |name: &String| {
        name.chars().count() > 60
            || name.split_whitespace().count() > 6
            || name.ends_with(['.', '!', '?', '。', '？', '！'])
            || name.contains('\n')
            || name.parse::<f64>().is_ok()
    };
    !names.iter().any(is_known) && names.iter().any(is_data)
}

/// Names for a person, at most twelve of them.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    const MOST: usize = 12;
    let all: Vec<&String> = names.collect();
    let mut list: Vec<String> = all
        .iter()
        .take(MOST)
        .map(|name| format!("`{}`", shown(name)))
        .collect();
    if all.len() > MOST {
        list.push(format!("{} more", all.len() - MOST));
    }
    list.join(", ")
}

fn shown(name: &str) -> String {
    excerpt(name.as_bytes())
}

fn nearest(column: &str, names: &[String]) -> Option<String> {
    // A jumbled header must not cost a comparison of two long texts.
    const LONGEST: usize = 100;
    let wanted = column.trim().to_lowercase();
    names
        .iter()
        .filter(|name| name.len() <= LONGEST && wanted.len() <= LONGEST)
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name))
        .filter(|(similar, _)| *similar >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.clone())
}
