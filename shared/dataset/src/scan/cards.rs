//! Numbers of payment cards: 13 to 19 digits that begin as a card's do and have the right checksum (ISO/IEC 7812).

use super::marks::{Marks, WIDTH};

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
            }
            at = end;
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
    // The letter of an escape is white space in the text.
    let escape =
        before > 0 && block[before - 1] == b'\\' && matches!(block[before], b'n' | b'r' | b't');
    !escape
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
        if end - start > 64 {
            break;
        }
    }
    end
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
