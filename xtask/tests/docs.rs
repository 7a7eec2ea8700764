//! The pages say what the tree holds: links lead somewhere, named tests exist, no key and no crate is left out.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn read(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below a folder whose name ends so, as paths from the root; what is built is left out.
fn files(folder: &Path, end: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = folder.join(&name);
        if root().join(&path).is_dir() {
            if !name.starts_with('.') && name != "target" {
                files(&path, end, found);
            }
        } else if name.ends_with(end) {
            found.push(path);
        }
    }
}

fn all(end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(Path::new(""), end, &mut found);
    found.sort();
    found
}

/// The text between each `open` and the next `close`.
fn between<'a>(text: &'a str, open: &str, close: char) -> Vec<&'a str> {
    text.split(open)
        .skip(1)
        .filter_map(|rest| rest.split_once(close).map(|(found, _)| found))
        .collect()
}

/// A page without its code, where brackets mean something else.
fn prose(page: &str) -> String {
    let text: String = page.split("```").step_by(2).collect();
    text.split('`').step_by(2).collect()
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> Vec<String> {
    let text: String = page.split("```").step_by(2).collect();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn every_link_of_every_page_leads_somewhere() {
    let mut broken = Vec::new();
    for page in all(".md") {
        let text = read(page.to_str().unwrap());
        for link in between(&prose(&text), "](", ')') {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => root().join(&page),
                path => root().join(&page).parent().unwrap().join(path),
            };
            let leads = target.exists()
                && (anchor.is_empty()
                    || anchors(&fs::read_to_string(&target).unwrap())
                        .iter()
                        .any(|a| a == anchor));
            if !leads {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "links that lead nowhere:\n{}",
        broken.join("\n")
    );
}

/// A row of docs/promises.md names its tests as `path::test`.
#[test]
fn every_promise_names_tests_that_exist() {
    let page = read("docs/promises.md");
    let named: Vec<(&str, &str)> = page
        .split('`')
        .filter_map(|code| code.split_once(".rs::"))
        .collect();
    assert!(named.len() > 10, "the page names {} tests", named.len());
    for (file, test) in named {
        let text = read(&format!("{file}.rs"));
        assert!(
            text.contains(&format!("fn {test}(")),
            "docs/promises.md names {file}.rs::{test}, which is not there: correct the row"
        );
    }
}

#[test]
fn every_key_of_the_configuration_has_its_row() {
    let template = read("shared/core/src/config/template.rs");
    let page = read("docs/configuration.md");
    let body = template
        .split_once("r#\"")
        .unwrap()
        .1
        .split_once("\"#")
        .unwrap()
        .0;
    let mut table = String::new();
    for line in body.lines() {
        if let Some(name) = between(line, "[", ']')
            .first()
            .filter(|_| line.starts_with('['))
        {
            table = format!("{name}.");
        } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ") {
            let key = key.trim();
            let is_key =
                !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let row = format!("`{table}{key}`");
            assert!(
                !is_key || page.contains(&row),
                "docs/configuration.md has no {row}"
            );
        }
    }
}

#[test]
fn the_architecture_names_every_crate() {
    let page = read("docs/architecture.md");
    for manifest in all("Cargo.toml") {
        let folder = manifest.parent().unwrap().to_str().unwrap();
        assert!(
            page.contains(&format!("`{folder}")) || folder.is_empty(),
            "docs/architecture.md does not name {folder}"
        );
    }
}
