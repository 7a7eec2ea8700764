//! What was measured, as a table that can stand in docs/performance.md as it is printed, and what it says about the bars.

use std::fmt::Write;

use super::tools::{BEGINNING_MIB, Cores, Data, Left, Measured, Part, Tool};

/// The bars of the compiler: this much of a bare parse on one core, so many times the official validator's speed, and so many times one
/// core's speed on two.
const LEAST_OF_BARE: f64 = 0.6;
const LEAST_TIMES_OFFICIAL: f64 = 30.0;
const LEAST_TIMES_ONE_CORE: f64 = 1.7;

/// One tool on one file.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) tool: &'static Tool,
    pub(super) data: Data,
    pub(super) cores: Cores,
    pub(super) measured: Result<Measured, Left>,
}

impl Row {
    pub(super) fn new(tool: &'static Tool, data: Data, cores: Cores) -> Self {
        let measured = Err(Left::Out("no round was made".to_owned()));
        Self {
            tool,
            data,
            cores,
            measured,
        }
    }

    /// Takes a round: the fastest counts, the most memory that any of them took, and a failure before all.
    pub(super) fn add(&mut self, round: Result<Measured, Left>) {
        self.measured = match (&self.measured, round) {
            (Err(Left::Failed(why)), _) => Err(Left::Failed(why.clone())),
            (Ok(best), Ok(round)) => {
                let peak_bytes = best.peak_bytes.max(round.peak_bytes);
                let faster = if round.seconds < best.seconds {
                    round
                } else {
                    best.clone()
                };
                Ok(Measured {
                    peak_bytes,
                    ..faster
                })
            }
            (_, round) => round,
        };
    }

    fn rate(&self) -> Option<f64> {
        self.measured.as_ref().ok().map(Measured::rate)
    }
}

fn rate(rows: &[Row], is: impl Fn(&Row) -> bool) -> Option<f64> {
    rows.iter().find(|row| is(row)).and_then(Row::rate)
}

fn bare(rows: &[Row], data: Data) -> Option<f64> {
    rate(rows, |row| {
        row.data == data && row.cores == Cores::One && row.tool.is_bare()
    })
}

/// The official validator of the records in the file: of conversations for their other form, too.
fn official(rows: &[Row], data: Data) -> Option<f64> {
    let documents = data == Data::Documents;
    rate(rows, |row| {
        (row.data == Data::Documents) == documents && row.tool.is_official()
    })
}

/// A tool that stopped early looks fast: whose count is not the bare parse's, with both.
fn other_count<'a>(rows: &[Row], row: &'a Row) -> Option<(&'a Row, f64, f64)> {
    let found = row.measured.as_ref().ok()?.records;
    let bare = rows
        .iter()
        .find(|other| other.data == row.data && other.tool.is_bare())?;
    let all = bare.measured.as_ref().ok()?.records;
    (row.tool.part == Part::Whole && found != all).then_some((row, found, all))
}

pub(super) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| file | tool | cores | MB/s | of bare sonic-rs | times amzn-nova-forge | CPU, s/GB | peak memory |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let name = match row.tool.part {
            Part::Whole => row.tool.name.to_owned(),
            Part::Beginning => format!("{} (first {BEGINNING_MIB} MiB)", row.tool.name),
        };
        let cells = match &row.measured {
            Err(_) => "– | – | – | – | –".to_owned(),
            Ok(measured) => {
                let rate = measured.rate();
                let cpu = measured.cpu_seconds / measured.bytes * 1e9;
                format!(
                    "{} | {} | {} | {cpu:.2} | {:.0} MiB",
                    figure(Some(rate)),
                    bare(rows, row.data)
                        .map_or("–".to_owned(), |bare| format!("{:.2}", rate / bare)),
                    figure(official(rows, row.data).map(|official| rate / official)),
                    measured.peak_bytes / f64::from(1 << 20),
                )
            }
        };
        let line = format!(
            "| {} | {name} | {} | {cells} |\n",
            row.data.name(),
            row.cores
        );
        text.push_str(&line);
    }
    text
}

/// What is missing in the table and why, and what it says about the bars.
pub(super) fn notes(rows: &[Row]) -> String {
    let mut lines = Vec::new();
    for row in rows {
        if let Err(Left::Out(why) | Left::Failed(why)) = &row.measured {
            let (name, data, cores) = (row.tool.name, row.data.name(), row.cores);
            lines.push(format!(
                "Not measured: {name}, {data}, cores: {cores}: {why}"
            ));
        }
    }
    for (row, found, all) in rows.iter().filter_map(|row| other_count(rows, row)) {
        let (name, data) = (row.tool.name, row.data.name());
        lines.push(format!(
            "{name} found {found} {data} of {all}: its speed means nothing"
        ));
    }
    for data in [Data::Conversations, Data::Messages, Data::Documents] {
        let ours = |cores| {
            rate(rows, |row| {
                row.data == data && row.tool.is_ours() && row.cores == cores
            })
        };
        let Some(one) = ours(Cores::One) else {
            continue;
        };
        let mut line = format!("Perennial on {}:", data.name());
        let bars = [
            (
                "of the bare parse",
                bare(rows, data).map(|bare| one / bare),
                LEAST_OF_BARE,
            ),
            (
                "times amzn-nova-forge",
                official(rows, data).map(|other| one / other),
                LEAST_TIMES_OFFICIAL,
            ),
            (
                "times one core on two",
                ours(Cores::Two).map(|two| two / one),
                LEAST_TIMES_ONE_CORE,
            ),
        ];
        for (what, found, least) in bars {
            let Some(found) = found else { continue };
            let held = if found >= least { "held" } else { "NOT held" };
            // A String takes everything.
            let _ = write!(line, " {found:.2} {what} (at least {least}: {held});");
        }
        if let Some(both) = ours(Cores::OneEach) {
            let _ = write!(
                line,
                " {:.2} times one core by two processes, a core for each;",
                both / one
            );
        }
        if let Some(share) = share_of_processor(rows, data) {
            let _ = write!(
                line,
                " {share:.2} of the bare parse by the processor's time"
            );
        }
        lines.push(line.trim_end_matches(';').to_owned());
    }
    lines.join("\n")
}

/// The first bar by the processor's time: what it would be if nothing else were at work.
fn share_of_processor(rows: &[Row], data: Data) -> Option<f64> {
    let rate = |is: &dyn Fn(&Tool) -> bool| {
        let one = |row: &&Row| row.data == data && row.cores == Cores::One && is(row.tool);
        let measured = rows.iter().find(one)?.measured.as_ref().ok()?;
        Some(measured.cpu_rate())
    };
    Some(rate(&Tool::is_ours)? / rate(&Tool::is_bare)?)
}

/// What a file of gigabytes took.
pub(super) fn big(measured: &Measured, most_mib: u64) -> String {
    let peak = measured.peak_bytes / f64::from(1 << 20);
    format!(
        "{} MB/s, {} records, peak memory {peak:.1} MiB (at most {most_mib} MiB and 32 bytes for each record up to the model's limit)",
        figure(Some(measured.rate())),
        measured.records
    )
}

/// With as many digits as mean something.
fn figure(number: Option<f64>) -> String {
    match number {
        None => "–".to_owned(),
        Some(number) if number < 10.0 => format!("{number:.2}"),
        Some(number) if number < 100.0 => format!("{number:.1}"),
        Some(number) => format!("{number:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tools::TOOLS;
    use super::*;

    fn measured(rate: f64) -> Measured {
        Measured {
            seconds: 1.0,
            cpu_seconds: 0.5,
            bytes: rate * 1e6,
            records: 1.0,
            peak_bytes: 1024.0 * 1024.0,
        }
    }

    /// Rates by hand: sonic-rs at 1,000, ours at 700, 1,400 on two and 1,260 as two processes, the official one at 10.
    fn rows() -> Vec<Row> {
        let mut rows: Vec<Row> = TOOLS.iter().flat_map(Tool::rows).collect();
        for row in &mut rows {
            let rate = match row.tool {
                tool if tool.is_bare() => 1_000.0,
                tool if tool.is_ours() => match row.cores {
                    Cores::One => 700.0,
                    Cores::Two => 1_400.0,
                    Cores::OneEach => 1_260.0,
                },
                tool if tool.is_official() => 10.0,
                _ => 100.0,
            };
            row.measured = Ok(measured(rate));
        }
        rows
    }

    #[test]
    fn ratios_are_to_the_same_file_on_one_core() {
        let table = table(&rows());
        for line in [
            "| conversations | **Perennial, all rules, compiled** | 1 | 700 | 0.70 | 70.0 | 0.71 | 1 MiB |",
            "| documents | **Perennial, all rules, compiled** | 2 | 1400 | 1.40 | 140 | 0.36 | 1 MiB |",
            "| documents | **Perennial, all rules, compiled** | 2 × 1 | 1260 | 1.26 | 126 | 0.40 | 1 MiB |",
            "| conversations | amzn-nova-forge, SFT validator (first 16 MiB) | 1 | 10.0 | 0.01 | 1.00 | 50.00 | 1 MiB |",
        ] {
            assert!(table.contains(line), "{table}");
        }
    }

    #[test]
    fn a_bar_that_does_not_hold_is_said_and_what_is_missing_too() {
        let mut rows = rows();
        let held = notes(&rows);
        assert!(!held.contains("NOT"), "{held}");
        assert!(
            held.contains(
                "2.00 times one core on two (at least 1.7: held); 1.80 times one core by two processes, a core for each"
            ),
            "{held}"
        );
        for row in rows.iter_mut().filter(|row| row.tool.is_ours()) {
            row.measured = match row.cores {
                Cores::One => Ok(measured(500.0)),
                _ => Err(Left::Out("no threads".to_owned())),
            };
        }
        let notes = notes(&rows);
        assert!(
            notes.contains("0.50 of the bare parse (at least 0.6: NOT held)"),
            "{notes}"
        );
        assert!(
            notes.contains("cores: 2: no threads") && !notes.contains("on two"),
            "{notes}"
        );
    }

    #[test]
    fn a_tool_that_stopped_early_is_named() {
        let mut rows = rows();
        assert!(!notes(&rows).contains("means nothing"));
        let polars = rows.iter_mut().find(|row| row.tool.word == "polars");
        let Some(Row {
            measured: Ok(early),
            ..
        }) = polars
        else {
            panic!("polars is measured")
        };
        early.records = 0.5;
        assert!(notes(&rows).contains("`read_ndjson` found 0.5 conversations of 1"));
    }

    #[test]
    fn the_best_round_counts_with_the_most_memory_and_a_failure_stays() {
        let mut row = Row::new(&TOOLS[0], Data::Documents, Cores::One);
        let slow = Measured {
            seconds: 2.0,
            peak_bytes: 9.0,
            ..measured(1.0)
        };
        let fast = Measured {
            seconds: 1.0,
            peak_bytes: 5.0,
            ..slow.clone()
        };
        for round in [&slow, &fast, &slow] {
            row.add(Ok(round.clone()));
        }
        let best = row.measured.clone().expect("measured");
        assert_eq!((best.seconds, best.peak_bytes), (1.0, 9.0));
        row.add(Err(Left::Failed("gone".to_owned())));
        row.add(Ok(fast));
        assert_eq!(row.measured, Err(Left::Failed("gone".to_owned())));
    }
}
