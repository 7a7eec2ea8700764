//! Numbers of payment cards: 13 to 19 digits that begin as a card's do and have the right checksum (ISO/IEC 7812).

use super::{
    ends_escape,
    marks::{Marks, WIDTH},
};

/// Places in a block of text where a card's number stands, as start and end in bytes; `marks` are those of the block.
pub(crate) fn find(block: &[u8], marks: &Marks, mut each: impl FnMut(usize, usize)) {
    let mut done = 0;
    for word in &marks.digits {
        let start = word * WIDTH;
        let to = block.len().min(start + WIDTH);
        let mut at = run_start(block, start.max(done), done);
        while at < to {
            if !block[at].is_ascii_digit() || goes_on_before(block, at) {
                at += 1;
                continue;
            }
            let end = number_end(block, at);
            if is_card(&block[at..end]) && !goes_on_after(block, end) {
                each(at, end);
                at = end;
            } else {
                at = in_groups(block, at, end, &mut each);
            }
        }
        done = at;
    }
}

/// Where the digits begin that go on at `at`, in a row or in groups; what is before `done` was looked at.
fn run_start(block: &[u8], mut at: usize, done: usize) -> usize {
    let digit = |at: usize| block.get(at).is_some_and(u8::is_ascii_digit);
    while at > done {
        if digit(at - 1) {
            at -= 1;
        } else if at > done + 1
            && matches!(block[at - 1], b' ' | b'-')
            && digit(at - 2)
            && digit(at)
        {
            at -= 2;
        } else {
            break;
        }
    }
    at
}

/// Whether the digits at `at` are a part of what stands before them: a longer number, a word, an address, a fraction.
fn goes_on_before(block: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return false;
    };
    !ends_escape(block, before)
        && (block[before].is_ascii_alphanumeric()
            || matches!(block[before], b'.' | b'_' | b'/' | b'-')
            // Behind a name it is a value; behind anything else, the end of Base64 or a part of an address.
            || block[before] == b'=' && !is_assigned(block, before))
}

/// Whether a name or a quote stands before the sign at `at`.
fn is_assigned(block: &[u8], at: usize) -> bool {
    let name = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-' | b' ' | b'"' | b'\'' | b']' | b'\\')
    };
    at.checked_sub(1).is_some_and(|before| name(block[before]))
}

/// Whether what ends at `end` goes on: a full stop at the end of a sentence is no fraction.
fn goes_on_after(block: &[u8], end: usize) -> bool {
    let next = |at: usize| block.get(at).copied().unwrap_or(b' ');
    match next(end) {
        b'.' | b'-' => next(end + 1).is_ascii_digit(),
        byte => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'='),
    }
}

/// Behind the last digit of a number whose digits may stand in groups, one blank or hyphen between them.
fn number_end(block: &[u8], start: usize) -> usize {
    let mut end = start;
    while end < block.len() {
        if block[end].is_ascii_digit() {
            end += 1;
        } else if matches!(block[end], b' ' | b'-')
            && block.get(end + 1).is_some_and(u8::is_ascii_digit)
        {
            end += 2;
        } else {
            break;
        }
        if end - start > LIST {
            break;
        }
    }
    end
}

/// The most bytes of a number in groups; what goes on is a list of numbers.
const LIST: usize = 64;

/// Looks for cards among the groups of `start..end`, which are none together: when a card ends, or how many there are, may stand a blank
/// away. What hyphens bind is not parted. Returns where to go on.
fn in_groups(block: &[u8], start: usize, end: usize, each: &mut impl FnMut(usize, usize)) -> usize {
    let goes_on = start >= 2 && block[start - 1] == b' ' && block[start - 2].is_ascii_digit();
    let is_list = end - start > LIST || goes_on;
    let (mut at, mut behind_card) = (start, false);
    while let Some(blank) = memchr::memchr(b' ', &block[at..end]) {
        let card = card_at(block, at, is_list, behind_card);
        behind_card = card.is_some();
        let Some(card) = card else {
            at += blank + 1;
            continue;
        };
        each(at, card);
        at = card;
        if at >= end {
            return at;
        }
        // Behind a card is a blank, and behind that the next group.
        at += 1;
    }
    // The last group, before which there was a blank.
    if at > start
        && let Some(card) = card_at(block, at, is_list, behind_card)
    {
        each(at, card);
        at = card;
    }
    at.max(end)
}

/// How the companies part their numbers.
const PARTED: &[&[usize]] = &[&[4, 4, 4, 4], &[4, 4, 4, 4, 3], &[4, 6, 5], &[4, 6, 4]];

/// Where the card ends whose first group begins at `at`: a number without a blank in it, or one that is parted as numbers of cards are.
fn card_at(block: &[u8], at: usize, is_list: bool, behind_card: bool) -> Option<usize> {
    let width = |at: usize| {
        let digits = block.get(at..).unwrap_or_default().iter();
        digits
            .take(20)
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let is = |end: usize| is_card(&block[at..end]) && !goes_on_after(block, end);
    if width(at) != 4 {
        let end = at + width(at);
        return is(end).then_some(end);
    }
    // Of many numbers of four digits one after the other, any four might be a card's.
    let ends_there = |end: usize| block.get(end) != Some(&b' ') || width(end + 1) != 4;
    let four_before = at >= 5
        && block[at - 1] == b' '
        && width(at - 5) == 4
        && !(at >= 6 && block[at - 6].is_ascii_digit());
    let begins_there = behind_card || !four_before;
    PARTED.iter().find_map(|groups| {
        let mut end = at;
        for (index, wanted) in groups.iter().enumerate() {
            if index > 0 {
                let between = block.get(end)?;
                // The same between all of them.
                if !matches!(between, b' ' | b'-') || *between != block[at + 4] {
                    return None;
                }
                end += 1;
            }
            if width(end) != *wanted {
                return None;
            }
            end += wanted;
        }
        let apart = match is_list {
            true => begins_there && ends_there(end),
            false => begins_there || ends_there(end),
        };
        (apart && is(end)).then_some(end)
    })
}

fn is_card(number: &[u8]) -> bool {
    let mut digits = [0_u8; 19];
    let mut count = 0;
    for byte in number.iter().filter(|byte| byte.is_ascii_digit()) {
        if count == digits.len() {
            return false;
        }
        digits[count] = byte - b'0';
        count += 1;
    }
    let digits = &digits[..count];
    if count < 13 || digits.iter().all(|digit| *digit == digits[0]) {
        return false;
    }
    let start = digits[..4]
        .iter()
        .fold(0_u16, |number, digit| number * 10 + u16::from(*digit));
    let issued = matches!(
        (start, count),
        (4000..=4999, 13 | 16 | 19)
            | (5100..=5599 | 2221..=2720, 16)
            | (3400..=3499 | 3700..=3799, 15)
            | (6011 | 6440..=6599 | 3528..=3589, 16..=19)
            | (3000..=3059 | 3600..=3699 | 3800..=3999, 14)
            // UnionPay, and Maestro, whose shorter numbers are too like others.
            | (6200..=6299, 16..=19)
            | (5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763, 16..=19)
    );
    issued && luhn(digits)
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let digit = u32::from(*digit);
            match index % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::windows::Windows;

    fn cards(text: &str) -> Vec<String> {
        let (mut found, mut marks) = (Vec::new(), Marks::default());
        marks.look(text.as_bytes(), &Windows::default(), &Windows::default());
        find(text.as_bytes(), &marks, |start, end| {
            found.push(text[start..end].to_owned())
        });
        found
    }

    #[test]
    fn test_numbers_of_the_card_companies_are_found_wherever_they_stand() {
        for card in [
            "4111 1111 1111 1111",
            "4111111111111111",
            "5555-5555-5555-4444",
            "378282246310005",
            "4222222222222",
            "6011111111111117",
            "3530111333300000",
            "30569309025904",
            "6211111111111115",
            "6200 0000 0000 0000 000",
            "5018111111111112",
            "6304000000000000",
            "6759649826438453",
        ] {
            for before in 0..40 {
                for (start, end) in [
                    (" ", ", thanks"),
                    ("\\n", "\\n"),
                    (" \\\"", "\\\"."),
                    (" ", "."),
                    ("卡", ""),
                    ("card=", "&cvc=123"),
                    ("card:", ","),
                    ("\\\"card\\\":", "}"),
                    ("card: ", ";"),
                    ("card = ", ""),
                    ("(", ")"),
                ] {
                    let text = format!("{}{start}{card}{end}", "x".repeat(before));
                    assert_eq!(cards(&text), [card], "{text}");
                }
            }
        }
    }

    #[test]
    fn a_number_a_blank_away_hides_no_card() {
        let (card, whole, amex) = (
            "4111 1111 1111 1111",
            "4111111111111111",
            "3782 822463 10005",
        );
        let other = "5555 5555 5555 4444";
        for (text, found) in [
            (
                "My card is 4111 1111 1111 1111 12/27".to_owned(),
                vec![card],
            ),
            (format!("{card} 1227 123"), vec![card]),
            (format!("{card} 123"), vec![card]),
            (format!("1 {whole}"), vec![whole]),
            (format!("2 {card}"), vec![card]),
            (format!("{whole} 12/27"), vec![whole]),
            (format!("{amex} 1227"), vec![amex]),
            (format!("2026-11-21 {card}"), vec![card]),
            (
                "4111-1111-1111-1111 12/27".to_owned(),
                vec!["4111-1111-1111-1111"],
            ),
            (format!("{card} {other}"), vec![card, other]),
            (
                format!("{whole} 5555555555554444"),
                vec![whole, "5555555555554444"],
            ),
            (format!("{card} {other} {card}"), vec![card, other, card]),
            (format!("{}{whole} 9", "12 ".repeat(40)), vec![whole]),
            (format!("{}{card} 9", "12 ".repeat(40)), vec![card]),
        ] {
            for before in 0..70 {
                let text = format!("{} {text}", "x".repeat(before));
                assert_eq!(cards(&text), found, "{text}");
            }
        }
    }

    #[test]
    fn lists_of_numbers_are_no_cards() {
        let many = |step: usize| {
            (0..200)
                .map(|n| (4000 + n * step).to_string())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let digits = |n: usize| (n * 7 % 10).to_string();
        let few = |of: &dyn Fn(usize) -> String| (0..200).map(of).collect::<Vec<_>>().join(" ");
        for text in [
            many(1),
            many(7),
            few(&digits),
            few(&|n| (40 + n % 10).to_string()),
            few(&|n| (400 + n).to_string()),
            "14111111111111111 12".to_owned(),
            "4111111111111111-12 7".to_owned(),
            "12 4111111111111111abc".to_owned(),
            "7 41111111-1111-1111-1111-111111111111 7".to_owned(),
        ] {
            assert!(cards(&text).is_empty(), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_no_cards() {
        for text in [
            "4111111111111112",
            "0000000000000000",
            "0.4111111111111111",
            "6311111111111114",
            "5019111111111111",
            "id_4111111111111111",
            "order 12345678901234567890123",
            "2026-11-21 20:01:08 1763755268",
            "card=4111111111111112",
            "x=4111111111111111.5",
            "x=-4111111111111111",
            "x=41111111111111110000",
            "x=4111111111111111abc",
            "aGVsbG8==4111111111111111",
            "41111111-1111-1111-1111-111111111111",
            "id=41111111-1111-4111-8111-111111111111",
            "id:550e8400-e29b-41d4-a716-446655440000",
            "3.14159265358979323846",
            "https://a.b/4111111111111111",
            "41111111111111111111111",
        ] {
            assert!(cards(text).is_empty(), "{text}");
        }
    }
}
