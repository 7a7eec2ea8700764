//! Text fitted into columns, as most terminals count them: character by character.
use unicode_width::UnicodeWidthChar;

/// The text in lines of at most so many columns, broken at spaces, and within a word where it is too long for a line.
pub(crate) fn wrapped(text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        if used > 0 && used + 1 + columns_of(word) > width {
            lines.push('\n');
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        for character in word.chars() {
            if used + columns(character) > width {
                lines.push('\n');
                used = 0;
            }
            lines.push(character);
            used += columns(character);
        }
    }
    lines
}

fn columns(character: char) -> usize {
    character.width().unwrap_or(0)
}

pub(crate) fn columns_of(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// A line of three parts in at most `room` columns: the start and the end go first, then the end of the middle, of which at least the
/// start stays. `mark` stands where something was cut.
pub(crate) fn cropped(parts: [String; 3], room: usize, beside: usize, mark: &str) -> [String; 3] {
    let [before, part, after] = parts;
    let rest = columns_of(&part) + columns_of(&after);
    let before = cut_start(before, (room / 3).max(room.saturating_sub(rest)), mark);
    let left = room.saturating_sub(columns_of(&before));
    let most = left.saturating_sub(beside);
    if columns_of(&part) > most {
        return [before, cut_end(part, most, mark), String::new()];
    }
    let left = left.saturating_sub(columns_of(&part));
    [before, part, cut_end(after, left, mark)]
}

fn cut_end(text: String, room: usize, mark: &str) -> String {
    if columns_of(&text) <= room {
        return text;
    }
    let mut used = columns_of(mark);
    let kept = text.chars().take_while(|character| {
        used += columns(*character);
        used <= room
    });
    kept.collect::<String>() + if columns_of(mark) <= room { mark } else { "" }
}

fn cut_start(text: String, room: usize, mark: &str) -> String {
    let cut = cut_end(text.chars().rev().collect(), room, mark);
    cut.chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(parts: [&str; 3], room: usize, beside: usize) -> String {
        let [before, part, after] = cropped(parts.map(str::to_owned), room, beside, "…");
        format!("{before}[{part}]{after}")
    }

    #[test]
    fn the_part_that_is_meant_is_the_last_to_be_cut() {
        assert_eq!(
            cut(["before ", "part", " after"], 17, 0),
            "before [part] after"
        );
        assert_eq!(
            cut(["before ", "part", " after"], 14, 0),
            "…re [part] after"
        );
        assert_eq!(
            cut(["before ", "part", " and a long end"], 14, 0),
            "…re [part] and …"
        );
        assert_eq!(
            cut(["before ", "a very long part", " after"], 12, 0),
            "…re [a very …]"
        );
        assert_eq!(
            cut(["before ", "a very long part", " after"], 12, 3),
            "…re [a ve…]"
        );
        assert_eq!(cut(["", "日本語", ""], 5, 0), "[日本…]");
        assert_eq!(cut(["a", "b", "c"], 0, 0), "[]");
    }

    #[test]
    fn lines_are_broken_at_spaces_and_words_only_where_they_must() {
        assert_eq!(wrapped("one two three", 7), "one two\nthree");
        assert_eq!(wrapped("abcdefghij", 4), "abcd\nefgh\nij");
        assert_eq!(wrapped("", 4), "");
    }
}
