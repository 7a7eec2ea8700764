//! The roles of `infra/template.yaml`: what is allowed is used, what is used is allowed, and a permission that is changed to
//! something wrong is named.
#![allow(clippy::unwrap_used)]

mod exceptions;
mod used;
mod wrong;

use perennial_local::Template;
use perennial_local_policy::Role;

/// The role of each function, as the template declares it, by the functions' short names.
fn roles() -> Vec<Role> {
    let stack = Template::standard().check().unwrap();
    let functions = stack.functions.iter();
    functions
        .map(|function| Role::read(&function.binary, &function.policies).unwrap())
        .collect()
}
