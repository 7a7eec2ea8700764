//! The commands of `cargo xtask`, and the steps that they are made of.

/// A command.
pub(crate) struct Order {
    pub(crate) name: &'static str,
    pub(crate) steps: &'static [Step],
    /// Whether what stands behind it goes to its one step.
    pub(crate) takes_more: bool,
}

/// One thing to do.
pub(crate) struct Step {
    /// As it is announced.
    pub(crate) name: &'static str,
    pub(crate) action: Action,
    /// What to do when it fails.
    pub(crate) advice: &'static str,
}

pub(crate) enum Action {
    /// A call of cargo with these arguments.
    Cargo(&'static [&'static str]),
    /// The Python tests in this folder of `tests/`.
    Python(&'static str),
    /// What stands behind `bench`, measured.
    Bench,
}

const fn order(name: &'static str, steps: &'static [Step]) -> Order {
    Order {
        name,
        steps,
        takes_more: false,
    }
}

pub(crate) const ORDERS: [Order; 10] = [
    order(
        "test",
        &[
            FORMATTING,
            CLIPPY,
            TESTS,
            PERMISSIONS,
            BINARIES,
            CONFORMANCE,
            DIFFERENTIAL,
            WIRING,
            CARGO_LAMBDA,
            SCHEDULES,
            FOUND,
            PLANTED,
        ],
    ),
    order("fmt", &[FORMAT]),
    order("lint", &[CLIPPY]),
    order("conformance", &[BINARIES, CONFORMANCE]),
    order("differential", &[BINARIES, DIFFERENTIAL]),
    order("wiring", &[BINARIES, WIRING]),
    order("cargo-lambda", &[BINARIES, CARGO_LAMBDA]),
    Order {
        name: "simulate",
        steps: &[SIMULATE],
        takes_more: true,
    },
    Order {
        name: "bench",
        steps: &[BENCH],
        takes_more: true,
    },
    Order {
        name: "demo",
        steps: &[DEMO],
        takes_more: true,
    },
];

/// The simulator, optimised and without any SDK, with the feature that ships nowhere.
macro_rules! simulate {
    ($($argument:literal),*) => {
        &[
            "run",
            "--locked",
            "--quiet",
            "--profile",
            "simulation",
            "--package",
            "perennial-simulator",
            "--features",
            "plant",
            "--",
            $($argument),*
        ]
    };
}

const FORMATTING: Step = Step {
    name: "formatting",
    // `cargo fmt` resolves nothing, so it knows no `--locked`.
    action: Action::Cargo(&["fmt", "--all", "--check"]),
    advice: "run `cargo xtask fmt` and look at what it changed",
};

const CLIPPY: Step = Step {
    name: "Clippy",
    action: Action::Cargo(&[
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]),
    advice: "mend what Clippy names above; `cargo xtask lint` repeats this step alone. If it says that Cargo.lock \
             must be updated, run `cargo check --workspace` and commit Cargo.lock",
};

const TESTS: Step = Step {
    name: "tests",
    action: Action::Cargo(&["test", "--locked", "--workspace"]),
    advice: "the failed test is named above; `cargo test -p PACKAGE NAME` repeats it alone. A changed snapshot is \
             looked at in its .snap.new file and, if it is right, renamed to .snap",
};

/// Right after the tests, whose logs it reads, and with the same packages: the program must not be built anew between.
const PERMISSIONS: Step = Step {
    name: "permissions, allowed and used",
    action: Action::Cargo(&[
        "test",
        "--locked",
        "--workspace",
        "--test",
        "permissions",
        "--",
        "--ignored",
        "--nocapture",
    ]),
    advice: "the list above says which permission of infra/template.yaml no test uses, or which exception of \
             tests/permissions.toml is not needed any more",
};

const BINARIES: Step = Step {
    name: "the program and the functions, as the next steps start them",
    action: Action::Cargo(&["build", "--locked", "--workspace", "--bins"]),
    advice: "mend what the compiler names above",
};

const CONFORMANCE: Step = Step {
    name: "AWS's SDK against the local cloud",
    action: Action::Python("conformance"),
    advice: "the local cloud answers something that AWS's own model does not know; `cargo xtask conformance` repeats this step alone",
};

const DIFFERENTIAL: Step = Step {
    name: "the Nova Forge SDK against what is stated of it",
    action: Action::Python("differential"),
    advice: "what tests/differential/src/statement says of a validator is not what that says itself, or its package was not fetched: \
             the package index must be within reach once; `cargo xtask differential` repeats this step alone",
};

const WIRING: Step = Step {
    name: "the template: AWS's linters, and a deployment on another emulator",
    action: Action::Python("wiring"),
    advice: "what did not come, or was denied, is named above; `cargo xtask wiring` repeats this step alone",
};

const CARGO_LAMBDA: Step = Step {
    name: "cargo lambda watch and invoke",
    action: Action::Python("cargo-lambda"),
    advice: "what docs/cargo-lambda.md tells people to do does not work; `cargo xtask cargo-lambda` repeats this step alone",
};

const SCHEDULES: Step = Step {
    name: "20,000 schedules",
    action: Action::Cargo(simulate!("--seeds", "20000")),
    advice: "the line above that says `replay it` shows the schedule event by event. docs/simulator.md says how to read it",
};

const FOUND: Step = Step {
    name: "found faults, planted again",
    action: Action::Cargo(&[
        "test",
        "--locked",
        "--profile",
        "simulation",
        "--package",
        "perennial-simulator",
        "--features",
        "plant",
        "--test",
        "planted",
    ]),
    advice: "a seed does not lead to its fault any more: its message says how another is found",
};

const PLANTED: Step = Step {
    name: "planted bugs",
    action: Action::Cargo(simulate!("--plant", "all", "--seeds", "20000")),
    advice: "a planted bug was not noticed: a checker has gone blind, or the schedules do not lead there any more",
};

const SIMULATE: Step = Step {
    name: "simulator",
    action: Action::Cargo(simulate!()),
    advice: "the line above that says `replay it` shows the schedule event by event",
};

const BENCH: Step = Step {
    name: "bench",
    action: Action::Bench,
    advice: "without Python and the package index, `cargo xtask bench dataset --no-python` measures what is Rust",
};

const FORMAT: Step = Step {
    name: "format",
    action: Action::Cargo(&["fmt", "--all"]),
    advice: "mend the syntax error named above",
};

const DEMO: Step = Step {
    name: "demo",
    action: Action::Cargo(&["run", "--locked", "--package", "perennial", "--", "demo"]),
    advice: "the demo says above what did not happen, and where its logs are",
};
