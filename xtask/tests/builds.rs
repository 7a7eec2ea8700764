//! `cargo run -- demo`, `cargo lambda watch` and `cargo xtask test` share one build of every third-party crate: a
//! difference in one feature would compile the AWS SDK twice, which takes minutes.

use std::collections::BTreeMap;
use std::process::Command;

/// Third-party packages with the features that they are built with.
fn packages(arguments: &[&str]) -> BTreeMap<String, String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree", "--locked", "--prefix", "none", "--format", "{p}|{f}",
        ])
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo is there, as it runs this test");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| !line.contains("perennial"))
        .filter_map(|line| {
            let (package, features) = line.trim_end_matches(" (*)").split_once('|')?;
            Some((package.to_owned(), features.to_owned()))
        })
        .collect()
}

#[test]
fn the_demo_the_functions_and_the_tests_build_third_party_crates_with_the_same_features() {
    let demo = packages(&["--edges", "normal,build", "--package", "perennial"]);
    let tests = packages(&["--edges", "normal,build,dev", "--workspace"]);
    // What `cargo lambda watch` builds when it is asked for a function: the default members.
    let watched = packages(&["--edges", "normal,build"]);
    assert_eq!(watched, demo, "the functions alone ask for other features");
    let different: Vec<String> = demo
        .iter()
        .filter(|(package, features)| tests.get(*package) != Some(features))
        .map(|(package, features)| {
            format!(
                "{package}: {features} for the demo, {:?} for the tests",
                tests.get(package)
            )
        })
        .collect();
    assert!(
        different.is_empty(),
        "ask for the tests' features in cli/Cargo.toml too:\n{}",
        different.join("\n")
    );
}
