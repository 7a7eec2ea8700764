//! Holds a template to what Perennial's functions need, as core says it: settings, roles, the table, the bucket, alarms, and for
//! every event the one function that takes it. This is what continuous integration asks of `infra/template.yaml`.

mod functions;
mod rights;
mod roles;
mod routes;
mod said;
mod stores;
mod watch;

use crate::deployment::Deployment;
use crate::error::{Finding, TemplateError};
use crate::stack::{Origin, Stack};

/// Reads a template and holds it to core.
///
/// # Errors
/// Everything in it that is wrong, not understood, or not what the functions need.
pub fn check(text: &str, deployment: &Deployment) -> Result<Stack, TemplateError> {
    let stack = Stack::read(text, deployment)?;
    let mut wrong = Wrong::default();
    functions::programs(&stack, &mut wrong);
    // What a function is told is what all else is held to; where it is told nothing that fits, that is said.
    let mut told = stack.functions.iter();
    let told = told.find_map(|function| functions::looked(function, deployment).ok());
    functions::check(&stack, deployment, told.as_ref(), &mut wrong);
    if let Some(settings) = &told {
        let installation = settings.installation.as_str();
        roles::check(&stack, deployment, installation, &mut wrong);
        rights::check(&stack, deployment, settings, &mut wrong);
        watch::check(&stack, deployment, installation, &mut wrong);
        routes::check(&stack, &settings.bus, &mut wrong);
    }
    stores::check(&stack, deployment, &mut wrong);
    if wrong.0.is_empty() {
        Ok(stack)
    } else {
        Err(TemplateError::of(wrong.0))
    }
}

/// The findings.
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
