//! Holds a template to core: to what Perennial's functions need, without which they do not run or lose data unseen, and to the
//! standard, which is all else that `infra/template.yaml` keeps to. What lacks a need is refused wherever it is to run; what
//! departs from the standard is refused in our own template, by continuous integration, and told of anybody else's.

mod functions;
mod rights;
mod roles;
mod routes;
mod said;
mod stores;
mod watch;

use perennial_core::settings::Settings;

use crate::deployment::Deployment;
use crate::error::{Finding, TemplateError};
use crate::stack::{Origin, Stack};

/// Reads a template and holds it to what Perennial's functions need. The standard is not asked for: see [`hold`].
///
/// # Errors
/// Everything in it that is wrong, not understood, or not what the functions need.
pub fn check(text: &str, deployment: &Deployment) -> Result<Stack, TemplateError> {
    let stack = Stack::read(text, deployment)?;
    let held = hold(&stack, deployment);
    if held.needs.is_empty() {
        Ok(stack)
    } else {
        Err(TemplateError::of(held.needs))
    }
}

/// What a stack lacks, each finding once and in the order of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Without this Perennial does not run, or loses data unseen: programs, settings, the routes of events, the table's keys and index
    /// and forgetting, versions and announcements of the bucket.
    pub needs: Vec<Finding>,
    /// In this it departs from the standard: rights, roles, what watches and protects, how functions are built, the names of logical ids.
    pub standard: Vec<Finding>,
}

/// Holds a stack to core.
#[must_use]
pub fn hold(stack: &Stack, deployment: &Deployment) -> Held {
    let mut lists = Lists::default();
    functions::programs(stack, &mut lists.needs);
    // What a function is told is what all else is held to; where it is told nothing that fits, that is said.
    let mut told = stack.functions.iter();
    let told = told.find_map(|function| functions::looked(function, deployment).ok());
    functions::check(stack, deployment, told.as_ref(), &mut lists);
    if let Some(settings) = &told {
        let installation = settings.installation.as_str();
        roles::check(stack, deployment, installation, &mut lists.standard);
        rights::check(stack, deployment, settings, &mut lists.standard);
        watch::check(stack, deployment, installation, &mut lists.standard);
        routes::check(stack, settings, &mut lists);
    }
    stores::check(stack, deployment, told.as_ref(), &mut lists);
    Held {
        needs: TemplateError::of(lists.needs.0).0,
        standard: TemplateError::of(lists.standard.0).0,
    }
}

/// The findings of both kinds.
#[derive(Debug, Default)]
struct Lists {
    needs: Wrong,
    standard: Wrong,
}

/// The findings of one kind.
#[derive(Debug, Default)]
struct Wrong(Vec<Finding>);

impl Wrong {
    fn say(&mut self, origin: &Origin, place: &str, message: impl Into<String>) {
        let place = match place {
            "" => origin.id.clone(),
            place => format!("{}.{place}", origin.id),
        };
        self.0.push(Finding::new(origin.line, place, message));
    }

    fn at(&mut self, line: usize, place: String, message: impl Into<String>) {
        self.0.push(Finding::new(line, place, message));
    }

    fn of_all(&mut self, place: &str, message: impl Into<String>) {
        self.0.push(Finding::new(0, place, message));
    }
}

/// The one of a template's buckets or tables that the functions are told; the only one, where they are told none that fits.
fn of_functions<'s, T>(
    all: &'s [T],
    name: impl Fn(&T) -> &str,
    told: Option<&Settings>,
    of: impl Fn(&Settings) -> &str,
) -> Option<&'s T> {
    let mut found = all.iter();
    let named = told.and_then(|told| found.find(|one| name(one) == of(told)));
    named.or(match all {
        [only] => Some(only),
        _ => None,
    })
}
