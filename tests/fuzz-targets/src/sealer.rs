//! Sealing over any bytes: every line is counted once, cutting changes nothing, and what was sealed seals to itself.
use perennial_core::limits::DataLimits;
use perennial_dataset::{EvalRecord, Excluded, Sealed, Sealer, prompt_of};

use crate::{
    choices::{Choices, Cuts},
    purposes::pairs,
};

/// Shards, each ended by a byte 0x00.
pub fn sealer(data: &[u8]) {
    let mut choices = Choices::of(data);
    let (cuts, switches) = (choices.cuts(), choices.byte());
    let limits = DataLimits {
        max_records: if switches & 1 == 0 { 3 } else { 10_000 },
        ..pairs().clone()
    };
    let excluded = EvalRecord {
        prompt: "What?".into(),
        reference_response: "That.".into(),
        category: None,
    };
    let excluded = Excluded::of(if switches & 2 == 0 {
        &[]
    } else {
        std::slice::from_ref(&excluded)
    });
    let share = [0.0, 0.1, 0.5, 1.0][usize::from(switches / 4) % 4];
    let new = || {
        Sealer::new(
            &limits,
            excluded.clone(),
            Some(("support-bot".into(), share)),
        )
    };
    let bytes = choices.rest();
    let (sealed, out) = seal(new(), bytes, None);
    assert_eq!(
        seal(new(), bytes, Some(cuts)),
        (sealed.clone(), out.clone())
    );

    let lines = bytes
        .split(|byte| matches!(byte, b'\n' | 0))
        .filter(|line| !line.trim_ascii().is_empty())
        .count() as u64;
    let counted = sealed.records + sealed.duplicates + sealed.leaked + sealed.held_out;
    assert_eq!(
        counted + sealed.left_out + sealed.unreadable,
        lines,
        "{sealed:?}"
    );
    assert!(sealed.leaked_to_the_letter <= sealed.leaked);
    assert!(sealed.records <= limits.max_records && sealed.held_out <= limits.max_records);
    assert!((0.0..=1.0).contains(&sealed.leak_share()));
    let written: Vec<&[u8]> = out.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(written.len() as u64, sealed.records);
    assert!(
        written
            .iter()
            .all(|line| line.ends_with(b"\n") && prompt_of(line).is_some())
    );
    assert!(sealed.prompts.len() as u64 <= sealed.records);
    let held_out = sealed
        .held_out_records
        .split_inclusive(|byte| *byte == b'\n');
    assert_eq!(
        held_out
            .filter(|line| EvalRecord::parse(line).is_some())
            .count() as u64,
        sealed.held_out - sealed.held_out_again - sealed.held_out_taught
    );
    assert!(sealed.conflicts <= sealed.records + sealed.held_out);
    assert_eq!(
        sealed.conflicts > 0,
        sealed
            .conflict_between
            .is_some_and(|(here, there)| here > there)
    );

    let (again, same) = seal(new(), &out, None);
    assert_eq!(same, out);
    assert_eq!(
        (again.records, again.duplicates, again.held_out),
        (sealed.records, 0, 0)
    );
}

fn seal(mut sealer: Sealer, bytes: &[u8], cuts: Option<Cuts>) -> (Sealed, Vec<u8>) {
    let mut out = Vec::new();
    for shard in bytes.split(|byte| *byte == 0) {
        match cuts {
            Some(cuts) => cuts.pieces(shard, &mut |piece| sealer.push(piece, &mut out)),
            None => sealer.push(shard, &mut out),
        }
        sealer.end_shard(&mut out);
    }
    (sealer.finish(), out)
}
