//! The place of a value inside a record, as a chain on the stack: written out only for a finding.
use std::fmt;

/// A JSON path such as `$.messages[2].role`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("$"),
            Self::Member(above, name) => write!(f, "{above}.{}", crate::masked::masked(name)),
            Self::Item(above, index) => write!(f, "{above}[{index}]"),
        }
    }
}

impl From<Path<'_>> for String {
    fn from(path: Path<'_>) -> Self {
        path.to_string()
    }
}
