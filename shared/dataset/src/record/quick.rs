//! Records in their usual spelling, read straight from the line: known members in the usual order, texts without rare escapes, nothing
//! else, and nothing wrong. Whatever is otherwise is not read here: the tape and [`super::read`] do, and say what there is to
//! say. What is read here is what they would read; a property test of the pass holds that.
use perennial_core::limits::RecordShape;
use smallvec::{SmallVec, smallvec};

use super::{Conversation, Record, Turn};
use crate::{
    canonical::Answer,
    conversation::Role,
    json::{Looks, Marked, Text},
    scan::marks::Word,
    shape::InputShape,
};

/// More messages than this have more values than a record may have, or nearly so.
const MESSAGES: usize = 10_000;

/// A record, and where its answer begins if its line is canonical already.
#[derive(Debug)]
pub(crate) struct Quick<'a> {
    pub(crate) record: Record<'a>,
    pub(crate) shape: InputShape,
    /// Nothing if the line has to be written anew; else the line, and what [`crate::canonical::write`] would say of it.
    pub(crate) canonical: Option<(&'a str, Answer)>,
}

/// Which escapes a text may have and be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// None behind which something may hide once the text itself is read as JSON.
    Plain,
    /// Those as well: they were looked at.
    Deeper,
}

/// Reads `line`, which begins at `from` in the block with these marks. `so_far` is the shape of the records before it.
pub(crate) fn read<'a>(
    line: &'a str,
    marks: &[Word],
    from: usize,
    target: RecordShape,
    so_far: Option<InputShape>,
    escapes: Escapes,
) -> Option<Quick<'a>> {
    let is = |shape| so_far.is_none_or(|first| first == shape);
    let reader = || Reader {
        line,
        bytes: line.as_bytes(),
        looks: Marked { marks, from },
        at: 0,
        spaced: false,
        escapes,
    };
    match target {
        RecordShape::Documents if is(InputShape::Document) => reader().document(),
        RecordShape::BedrockConversation
        | RecordShape::AnthropicMessages
        | RecordShape::PromptCompletion => {
            let mut found = None;
            if is(InputShape::BedrockConversation) {
                found = reader().bedrock(target);
            }
            if found.is_none() && is(InputShape::Messages) {
                found = reader().messages();
            }
            if found.is_none() && is(InputShape::PromptCompletion) {
                found = reader().pair(target);
            }
            found
        }
        _ => None,
    }
}

struct Reader<'a, 'm> {
    line: &'a str,
    bytes: &'a [u8],
    looks: Marked<'m>,
    at: usize,
    /// Whether white space stands between values.
    spaced: bool,
    escapes: Escapes,
}

impl<'a> Reader<'a, '_> {
    fn bedrock(mut self, target: RecordShape) -> Option<Quick<'a>> {
        // As `canonical::SCHEMA_VERSION`.
        self.must(b"{\"schemaVersion\":\"bedrock-conversation-2024\",\"")?;
        let mut system = SmallVec::new();
        if self.next(b"system\":[{\"text\":\"") {
            loop {
                system.push(self.said()?);
                if !self.next(b"},{\"text\":\"") {
                    break;
                }
            }
            self.must(b"}],\"")?;
        }
        self.must(b"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"")?;
        let mut turns = Vec::with_capacity(4);
        let mut role = Role::User;
        let mut answer;
        loop {
            // From the brace of the block on.
            answer = self.at - b"{\"text\":\"".len();
            let text = self.said()?;
            turns.push(Turn::of_text(role, text, turns.len()));
            role = role.other();
            let more: &[u8] = match role {
                Role::Assistant => b"}]},{\"role\":\"assistant\",\"content\":[{\"text\":\"",
                Role::User => b"}]},{\"role\":\"user\",\"content\":[{\"text\":\"",
            };
            if !self.next(more) {
                break;
            }
        }
        self.must(b"}]}]}")?;
        self.end()?;
        if role == Role::Assistant || turns.len() > MESSAGES {
            return None;
        }
        let canonical =
            target == RecordShape::BedrockConversation && !self.spaced && system.len() <= 1;
        Some(Quick {
            record: Record::Conversation(Conversation {
                system,
                turns,
                tools: None,
            }),
            shape: InputShape::BedrockConversation,
            canonical: canonical.then_some((self.line, Some(answer))),
        })
    }

    fn messages(mut self) -> Option<Quick<'a>> {
        self.must(b"{\"messages\":[{\"role\":\"")?;
        let mut system = SmallVec::new();
        while self.next(b"system\",\"content\":\"") {
            system.push(self.said()?);
            self.must(b"},{\"role\":\"")?;
        }
        self.must(b"user\",\"content\":\"")?;
        let mut turns = Vec::with_capacity(4);
        let mut role = Role::User;
        loop {
            let text = self.said()?;
            turns.push(Turn::of_text(role, text, system.len() + turns.len()));
            role = role.other();
            let more: &[u8] = match role {
                Role::Assistant => b"},{\"role\":\"assistant\",\"content\":\"",
                Role::User => b"},{\"role\":\"user\",\"content\":\"",
            };
            if !self.next(more) {
                break;
            }
        }
        self.must(b"}]}")?;
        self.end()?;
        if role == Role::Assistant || system.len() + turns.len() > MESSAGES {
            return None;
        }
        Some(Quick {
            record: Record::Conversation(Conversation {
                system,
                turns,
                tools: None,
            }),
            shape: InputShape::Messages,
            canonical: None,
        })
    }

    fn pair(mut self, target: RecordShape) -> Option<Quick<'a>> {
        self.must(b"{\"prompt\":\"")?;
        let prompt = self.said()?;
        self.must(b",\"completion\":\"")?;
        let answer = self.at;
        let completion = self.said()?;
        self.must(b"}")?;
        self.end()?;
        let canonical = target == RecordShape::PromptCompletion && !self.spaced;
        Some(Quick {
            record: Record::Conversation(Conversation {
                system: smallvec![],
                turns: vec![
                    Turn::of_text(Role::User, prompt, 0),
                    Turn::of_text(Role::Assistant, completion, 1),
                ],
                tools: None,
            }),
            shape: InputShape::PromptCompletion,
            canonical: canonical.then_some((self.line, Some(answer))),
        })
    }

    fn document(mut self) -> Option<Quick<'a>> {
        self.must(b"{\"text\":\"")?;
        let text = self.said()?;
        self.must(b"}")?;
        self.end()?;
        Some(Quick {
            record: Record::Document(text),
            shape: InputShape::Document,
            canonical: (!self.spaced).then_some((self.line, None)),
        })
    }

    /// A text from behind its first quote to behind its last one, that has more than white space.
    #[inline(always)]
    fn said(&mut self) -> Option<Text<'a>> {
        let (start, mut at) = (self.at, self.at);
        let (mut escapes, mut ascii) = (0, true);
        loop {
            let (found, wide) = self.looks.next(at)?;
            ascii &= !wide;
            match self.bytes.get(found)? {
                b'"' => {
                    self.at = found + 1;
                    let text = Text::canonical(self.line.get(start..found)?, escapes, false, ascii);
                    return (!text.is_blank()).then_some(text);
                }
                b'\\' => {
                    // The escapes that stay as they are.
                    match self.bytes.get(found + 1)? {
                        b'n' | b'"' | b't' | b'r' => {}
                        b'\\' if self.escapes == Escapes::Deeper => {}
                        b'\\' if !matches!(self.bytes.get(found + 2)?, b'u' | b'/') => {}
                        _ => return None,
                    }
                    escapes += 1;
                    at = found + 2;
                }
                _ => return None,
            }
        }
    }

    fn must(&mut self, wanted: &[u8]) -> Option<()> {
        self.next(wanted).then_some(())
    }

    /// Goes over these bytes if they come next, white space between values apart.
    #[inline(always)]
    fn next(&mut self, wanted: &[u8]) -> bool {
        if self.bytes[self.at..].starts_with(wanted) {
            self.at += wanted.len();
            return true;
        }
        self.next_spaced(wanted)
    }

    #[inline(never)]
    fn next_spaced(&mut self, wanted: &[u8]) -> bool {
        let mut at = self.at;
        // A piece of what is wanted may begin inside a name: then letters come first.
        let mut inside = wanted.first().is_some_and(u8::is_ascii_alphabetic);
        for byte in wanted {
            while !inside && let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(at) {
                self.spaced = true;
                at += 1;
            }
            if self.bytes.get(at) != Some(byte) {
                return false;
            }
            at += 1;
            inside ^= *byte == b'"';
        }
        self.at = at;
        true
    }

    /// That nothing follows but white space.
    fn end(&mut self) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        self.spaced |= !rest.is_empty();
        rest.iter()
            .all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            .then_some(())
    }
}

#[cfg(test)]
mod tests {
    use perennial_core::limits::fine_tuning;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        compiler::Purpose,
        pass::{
            block::Worker,
            buffer::Space,
            plan::{Plan, SecretsRule},
        },
    };

    fn text() -> impl Strategy<Value = String> + Clone {
        prop_oneof![
            4 => "[a-z é]{1,40}",
            1 => "([ -!#-\\[\\]-~]|\\\\[nrt\"\\\\/bfux]|\\\\u00e9|\u{1}|\t|User:|日本){0,12}",
            1 => Just("  \\n".to_owned()),
        ]
    }

    /// Lines in the usual spelling, nearly: other members, another order, white space, a character too much or too few.
    fn line() -> impl Strategy<Value = String> {
        let turn = (
            prop_oneof![6 => Just(""), 1 => Just("assistant"), 1 => Just("user"), 1 => Just("system"), 1 => Just("tool")],
            text(),
        );
        let turns = prop_oneof![
            1 => proptest::collection::vec(turn.clone(), 0..6),
            3 => proptest::collection::vec(turn, 1..3).prop_map(|turns| [turns.clone(), turns].concat()),
        ];
        (
            (0..5_u8, turns, proptest::option::of(text()), text(), text()),
            prop_oneof![3 => Just(""), 1 => Just(" "), 1 => Just("\t\r ")],
            (any::<prop::sample::Index>(), "[\\[\\]{}\":, e\\\\]?", 0..12_u8),
        )
            .prop_map(|((shape, turns, system, one, two), blank, (at, with, how))| {
                let said = |block: bool| {
                    let turns = turns.iter().enumerate().map(|(index, (role, text))| {
                        let role = match (*role, index % 2) {
                            ("", 0) => "user",
                            ("", _) => "assistant",
                            (other, _) => other,
                        };
                        if block {
                            format!("{{\"role\":~\"{role}\",~\"content\":~[{{\"text\":~\"{text}\"}}]}}")
                        } else {
                            format!("{{\"role\":~\"{role}\",~\"content\":~\"{text}\"}}")
                        }
                    });
                    turns.collect::<Vec<_>>().join(",~")
                };
                let json = match (shape, &system) {
                    (0, None) => format!("{{\"schemaVersion\":~\"bedrock-conversation-2024\",~\"messages\":~[{}]}}", said(true)),
                    (0, Some(system)) => format!(
                        "{{\"schemaVersion\":~\"bedrock-conversation-2024\",~\"system\":~[{{\"text\":~\"{system}\"}}],~\"messages\":~[{}]~}}",
                        said(true)
                    ),
                    (1, None) => format!("{{\"messages\":~[{}]}}", said(false)),
                    (1, Some(system)) => format!("{{\"messages\":~[{{\"role\":~\"system\",~\"content\":~\"{system}\"}},{}]}}", said(false)),
                    (2, None) => format!("{{\"prompt\":~\"{one}\",~\"completion\":~\"{two}\"}}"),
                    (2, Some(extra)) => format!("{{\"prompt\":~\"{one}\",~\"completion\":~\"{two}\",~\"more\":~\"{extra}\"}}"),
                    (3, _) => format!("{{\"text\":~\"{one}\"}}"),
                    _ => format!("~{{~\"text\"~:~\"{one}\"}}~"),
                };
                let json = json.replace('~', blank);
                let at = json.floor_char_boundary(at.index(json.len() + 1));
                let rest = &json[at..];
                match how {
                    0 => format!("{}{with}{rest}", &json[..at]),
                    1 => format!("{}{}", &json[..at], rest.chars().skip(1).collect::<String>()),
                    _ => json,
                }
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 3_000, ..ProptestConfig::default() })]
        #[test]
        fn what_is_read_quickly_is_what_the_tape_reads(
            lines in proptest::collection::vec(line(), 1..4),
            target in 0..4_u8,
        ) {
            let nova = fine_tuning("amazon.nova-micro-v1:0").unwrap();
            let shape = match target {
                0 => RecordShape::BedrockConversation,
                1 => RecordShape::PromptCompletion,
                2 => RecordShape::AnthropicMessages,
                _ => RecordShape::Documents,
            };
            let limits = perennial_core::limits::DataLimits { shape, ..nova };
            let file = lines.join("\n");
            let done = |quick: bool| {
                let mut plan = Plan::new(Purpose::Training(limits.clone()), SecretsRule::Reject, 1 << 20);
                plan.quick = quick;
                let mut done = Worker::default().work(&plan, file.as_bytes(), None, Space::default());
                (String::from_utf8(std::mem::take(&mut done.out)).unwrap(), format!("{done:?}"))
            };
            prop_assert_eq!(done(true), done(false));
        }
    }

    #[test]
    fn the_usual_spellings_are_read_quickly() {
        for (line, target) in [
            (
                r#"{"schemaVersion":"bedrock-conversation-2024","system":[{"text":"s"}],"messages":[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[{"text":"a"}]}]}"#,
                RecordShape::BedrockConversation,
            ),
            (
                r#"{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q\n"}, {"role": "assistant", "content": "a"}]}"#,
                RecordShape::PromptCompletion,
            ),
            (
                r#"{"prompt": "q", "completion": "a"}"#,
                RecordShape::AnthropicMessages,
            ),
            ("{\"text\": \"a\"}\r", RecordShape::Documents),
        ] {
            let mut marks = crate::scan::marks::Marks::default();
            let nothing = crate::scan::windows::Windows::default();
            marks.look(line.as_bytes(), &nothing, &nothing);
            assert!(
                read(line, &marks.words, 0, target, None, Escapes::Plain).is_some(),
                "{line}"
            );
        }
    }
}
