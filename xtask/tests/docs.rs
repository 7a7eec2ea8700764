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

/// A path from the root, such as `shared/core/src/keys.rs`; `*` and placeholders in capitals are none.
#[test]
fn every_path_that_a_page_names_is_there() {
    let folders = [
        "cli/",
        "docs/",
        "events/",
        "functions/",
        "infra/",
        "local/",
        "shared/",
        "tests/",
        "xtask/",
    ];
    // Made by `sam deploy --guided`.
    let made = ["infra/samconfig.toml"];
    let mut missing = Vec::new();
    for page in all(".md") {
        let text = read(page.to_str().unwrap());
        for code in text.split('`').skip(1).step_by(2) {
            let path = code.split("::").next().unwrap();
            let is_path = folders.iter().any(|folder| path.starts_with(folder))
                && path
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c));
            // A module that has grown may be a folder by now.
            let folder = path.trim_end_matches(".rs");
            let is_there = [path, folder, &format!("{path}.rs")]
                .iter()
                .any(|path| root().join(path).exists());
            if is_path && !is_there && !made.contains(&path) {
                missing.push(format!("{}: {path}", page.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// A promise of docs/promises.md names its tests as `path::test`.
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

const PROMISES: &str = "docs/promises.md";
const CHECKS: &str = "tests/simulator/src/checks";

/// Each promise of docs/promises.md, a heading of the third rank, with what stands below it.
fn promises(page: &str) -> Vec<(&str, &str)> {
    let sections = page.split("\n## ").skip(1);
    let promises = sections.flat_map(|section| section.split("\n### ").skip(1));
    promises
        .map(|promise| promise.split_once('\n').unwrap_or((promise, "")))
        .collect()
}

/// What a promise says after `- Tests:`, say, up to the next point of its list.
fn point<'a>(promise: &'a str, name: &str) -> &'a str {
    let mut points = promise
        .split("\n- ")
        .map(|point| point.trim_start_matches("- "));
    let found = points.find_map(|point| point.trim_start().strip_prefix(name));
    found.unwrap_or_default().trim()
}

/// The checkers that a text names, as `path` “name”.
fn named_checkers(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('“') {
        let (name, after) = after.split_once('”').unwrap_or((after, ""));
        let path = before.split('`').rfind(|code| code.ends_with(".rs"));
        found.push((path.unwrap_or_default(), name));
        rest = after;
    }
    found
}

/// The first string literal after a place in a source file.
fn literal_after<'a>(text: &'a str, place: &str) -> Option<&'a str> {
    let rest = text.split_once(place)?.1;
    Some(rest.split_once('"')?.1.split_once('"')?.0)
}

/// Every checker that the simulator asks, as `all()` in `checks/mod.rs` lists it: its file and its name.
fn checkers() -> Vec<(String, String)> {
    let list = read(&format!("{CHECKS}/mod.rs"));
    let (_, list) = list.split_once("fn all()").unwrap();
    let (list, _) = list.split_once("\n}").unwrap();
    let checkers: Vec<_> = between(list, "Box::new(", ')')
        .into_iter()
        .map(|checker| {
            let (module, rest) = checker.split_once("::").unwrap();
            let kind: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            let path = format!("{CHECKS}/{module}.rs");
            let text = read(&path);
            let (_, text) = text.split_once(&format!("impl Check for {kind}")).unwrap();
            let name = literal_after(text, "fn name(&self)").unwrap().to_owned();
            (path, name)
        })
        .collect();
    assert!(
        checkers.len() > 5,
        "checks/mod.rs is not read rightly: {checkers:?}"
    );
    checkers
}

#[test]
fn every_promise_has_a_test_and_a_checker_or_a_reason_for_none() {
    let page = read(PROMISES);
    let promises = promises(&page);
    assert!(
        promises.len() > 20,
        "the page has {} promises",
        promises.len()
    );
    for (promise, below) in promises {
        let kept = point(below, "Kept by:");
        assert!(
            !kept.is_empty(),
            "{PROMISES} does not say how this is kept: {promise}"
        );
        let tests = point(below, "Tests:");
        assert!(
            tests.contains(".rs::"),
            "{PROMISES} names no test of: {promise}"
        );
        let checker = point(below, "Checker:");
        let none = checker
            .strip_prefix("none; ")
            .is_some_and(|why| why.len() > 10);
        assert!(
            none == named_checkers(checker).is_empty(),
            "{PROMISES} names no checker of this, nor says why there is none (`Checker: none; …`): {promise}"
        );
    }
}

/// A checker is named by its file and by its words, as they stand in the simulator.
#[test]
fn every_checker_that_a_promise_names_is_there() {
    let page = read(PROMISES);
    let checkers = checkers();
    for (promise, below) in promises(&page) {
        for (path, name) in named_checkers(point(below, "Checker:")) {
            let listed = checkers
                .iter()
                .any(|(file, words)| file == path && words == name);
            // The world itself has promises that are no checker's of their own.
            let world = path.starts_with("tests/simulator/src/world/")
                && root().join(path).is_file()
                && read(path).contains(&format!("\"{name}\""));
            assert!(
                listed || world,
                "{PROMISES} names the checker `{path}` “{name}”, which is not there, at: {promise}"
            );
        }
    }
}

#[test]
fn every_checker_of_the_simulator_holds_a_promise() {
    let page = read(PROMISES);
    let named: Vec<(&str, &str)> = promises(&page)
        .into_iter()
        .flat_map(|(_, below)| named_checkers(point(below, "Checker:")))
        .collect();
    for (path, name) in checkers() {
        assert!(
            named.contains(&(path.as_str(), name.as_str())),
            "no promise of {PROMISES} names the checker `{path}` “{name}”"
        );
    }
}

/// The planted bugs by their names, as `Plant::ALL` and then `Plant::RARE` list them.
fn planted() -> Vec<String> {
    let text = read("tests/simulator/src/plant.rs");
    let (_, names) = text.split_once("fn name(self)").unwrap();
    let listed = ["pub const ALL", "pub const RARE"]
        .into_iter()
        .flat_map(|list| {
            let (_, all) = text.split_once(list).unwrap();
            let (_, all) = all.split_once('=').unwrap();
            let (all, _) = all.split_once("];").unwrap();
            between(all, "Self::", ',')
        });
    let planted: Vec<String> = listed
        .map(|plant| {
            let name = literal_after(names, &format!("Self::{plant} =>"));
            name.unwrap_or_else(|| panic!("{plant} has no name"))
                .to_owned()
        })
        .collect();
    assert!(
        planted.len() >= 10,
        "plant.rs is not read rightly: {planted:?}"
    );
    planted
}

#[test]
fn every_planted_bug_stands_in_its_table_and_no_other_does() {
    let page = read(PROMISES);
    let (_, section) = page.split_once("\n## Planted bugs\n").unwrap();
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows: Vec<&str> = between(section, "\n| `", '`');
    assert_eq!(
        rows,
        planted(),
        "the rows of “Planted bugs” in {PROMISES}, in the order of `Plant::ALL` and `Plant::RARE`"
    );
    let checkers = checkers();
    for name in between(section, "| “", '”') {
        assert!(
            checkers.iter().any(|(_, words)| words == name) || name == "every run ends",
            "{PROMISES} says that “{name}” catches a planted bug; no checker has that name"
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
    let mut in_stages = false;
    for line in body.lines() {
        let line = line.trim_start_matches("# ");
        in_stages |= line.starts_with("[[");
        if let Some(name) = between(line, "[", ']')
            .first()
            .filter(|_| line.starts_with('[') && !line.starts_with("[["))
        {
            table = format!("{name}.");
            in_stages = false;
        } else if let Some((key, _)) = line.split_once(" = ") {
            let key = key.trim();
            // What a stage may have stands in a sentence.
            let is_key = !in_stages
                && !key.is_empty()
                && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let row = format!("`{table}{key}`");
            assert!(
                !is_key || page.contains(&row),
                "docs/configuration.md has no {row}"
            );
        }
    }
}

/// Each crate's folder with its manifest.
fn crates() -> Vec<(String, String)> {
    let manifests = all("Cargo.toml").into_iter();
    let crates = manifests.map(|manifest| {
        let folder = manifest.parent().unwrap().to_str().unwrap().to_owned();
        (folder, read(manifest.to_str().unwrap()))
    });
    crates.filter(|(folder, _)| !folder.is_empty()).collect()
}

#[test]
fn the_architecture_names_every_crate_and_all_that_it_depends_on() {
    let page = read("docs/architecture.md");
    let crates = crates();
    let folder_of = |package: &str| {
        let name = format!("name = \"{package}\"");
        let found = crates.iter().find(|(_, manifest)| manifest.contains(&name));
        found.map(|(folder, _)| folder.as_str()).unwrap()
    };
    for (folder, manifest) in &crates {
        let row = page
            .lines()
            .find_map(|line| line.strip_prefix(&format!("| `{folder}` | ")))
            .unwrap_or_else(|| panic!("docs/architecture.md has no row for {folder}"));
        let (_, allowed) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        let allowed: Vec<&str> = allowed
            .split(", ")
            .map(|word| word.split(" (").next().unwrap().trim_matches('`'))
            .collect();
        let (_, section) = manifest.split_once("[dependencies]\n").unwrap();
        let section = section.split("\n[").next().unwrap();
        let ours = section
            .lines()
            .filter(|line| line.starts_with("perennial-") && !line.contains("optional = true"));
        for line in ours {
            let on = folder_of(line.split(['.', ' ']).next().unwrap());
            let words = [on, on.trim_start_matches("shared/"), "all of it"];
            let is_named = words.iter().any(|word| allowed.contains(word))
                || on.starts_with("functions/") && allowed.contains(&"functions");
            assert!(
                is_named,
                "{folder} depends on {on}; docs/architecture.md allows it {allowed:?}"
            );
        }
    }
}

/// Whoever opens the README gets to every page by two links.
#[test]
fn every_page_is_within_two_links_of_the_readme() {
    let mut reached = vec![PathBuf::from("README.md")];
    for _ in 0..2 {
        for page in reached.clone() {
            let folder = page.parent().unwrap().to_owned();
            let text = read(page.to_str().unwrap());
            for link in between(&prose(&text), "](", ')') {
                let path = folder.join(link.split('#').next().unwrap());
                let Ok(path) = root().join(path).canonicalize() else {
                    continue;
                };
                let path = path.strip_prefix(root().canonicalize().unwrap()).unwrap();
                if path.extension().is_some_and(|end| end == "md") {
                    reached.push(path.to_owned());
                }
            }
        }
    }
    for page in all(".md") {
        assert!(reached.contains(&page), "{}", page.display());
    }
}
