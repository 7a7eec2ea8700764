//! Values as the checks read them: a place on the tape, by name and by index.
//!
//! What every record goes through is inlined, so that a name is compared with a constant in one step.
use std::borrow::Cow;

use super::{
    tape::{CONTROL, NAME_ESCAPED, Node, NodeKind, REWRITE, Tape, WIDE},
    text::Text,
};

/// What a value is.
pub(crate) enum Kind<'a> {
    Null,
    Bool(bool),
    /// As it stands in the line.
    Number(&'a str),
    Text(Text<'a>),
    Array,
    Object,
}

/// One value of a parsed line.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    line: &'a str,
    nodes: &'a [Node],
    at: usize,
}

impl Tape {
    /// The whole value of the line that was parsed last. `line` must be that line.
    pub(crate) fn value<'a>(&'a self, line: &'a str) -> Value<'a> {
        Value {
            line,
            nodes: &self.nodes,
            at: 0,
        }
    }
}

impl<'a> Value<'a> {
    #[inline(always)]
    fn node(self) -> &'a Node {
        &self.nodes[self.at]
    }

    pub(crate) fn kind(self) -> Kind<'a> {
        let node = self.node();
        match node.kind {
            NodeKind::Null => Kind::Null,
            NodeKind::Bool => Kind::Bool(self.raw() == "true"),
            NodeKind::Number => Kind::Number(self.raw()),
            NodeKind::Text => Kind::Text(self.text_of(node)),
            NodeKind::Array => Kind::Array,
            NodeKind::Object => Kind::Object,
        }
    }

    #[inline(always)]
    fn text_of(self, node: &Node) -> Text<'a> {
        let raw = self.raw();
        let control = node.flags & CONTROL != 0;
        if node.flags & REWRITE == 0 {
            Text::canonical(raw, node.escapes, control, node.flags & WIDE == 0)
        } else {
            Text::rewritten(raw, control)
        }
    }

    /// As it stands in the line; a text without its quotes.
    pub(crate) fn raw(self) -> &'a str {
        let node = self.node();
        &self.line[node.start as usize..node.end as usize]
    }

    /// Where it stands in the line, in bytes; a text without its quotes.
    pub(crate) fn span(self) -> (usize, usize) {
        let node = self.node();
        (node.start as usize, node.end as usize)
    }

    #[inline(always)]
    pub(crate) fn text(self) -> Option<Text<'a>> {
        let node = self.node();
        (node.kind == NodeKind::Text).then(|| self.text_of(node))
    }

    /// Whether it is this text; `plain` must need no escape.
    #[inline(always)]
    pub(crate) fn is(self, plain: &str) -> bool {
        let node = self.node();
        node.kind == NodeKind::Text
            && if node.flags & REWRITE == 0 {
                self.raw() == plain
            } else {
                self.text_of(node).raw() == plain
            }
    }

    pub(crate) fn is_null(self) -> bool {
        self.node().kind == NodeKind::Null
    }

    pub(crate) fn is_array(self) -> bool {
        self.node().kind == NodeKind::Array
    }

    pub(crate) fn is_object(self) -> bool {
        self.node().kind == NodeKind::Object
    }

    /// What a person calls this value.
    pub(crate) fn kind_name(self) -> &'static str {
        match self.node().kind {
            NodeKind::Null => "null",
            NodeKind::Bool => "a boolean",
            NodeKind::Number => "a number",
            NodeKind::Text => "a string",
            NodeKind::Array => "an array",
            NodeKind::Object => "an object",
        }
    }

    /// The values of an array or of an object, in order; none of any other value.
    #[inline(always)]
    pub(crate) fn items(self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let node = self.node();
        let holds = matches!(node.kind, NodeKind::Array | NodeKind::Object);
        let end = if holds { node.next as usize } else { 0 };
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let value = Value { at, ..self };
                at = self.nodes[at].next as usize;
                value
            })
        })
    }

    /// The name of a member.
    pub(crate) fn name(self) -> Cow<'a, str> {
        let node = self.node();
        let raw = &self.line[node.name.0 as usize..node.name.1 as usize];
        if node.flags & NAME_ESCAPED == 0 {
            Cow::Borrowed(raw)
        } else {
            Cow::Owned(Text::rewritten(raw, false).plain().into_owned())
        }
    }

    /// The text of an object that has one member of this name and no other.
    #[inline(always)]
    pub(crate) fn only_text(self, name: &str) -> Option<Text<'a>> {
        let node = self.node();
        let member = Value {
            at: self.at + 1,
            ..self
        };
        // Its one member is a text, so it ends with the node after it.
        (node.kind == NodeKind::Object
            && node.next as usize == self.at + 2
            && member.is_named(name))
        .then(|| member.text())
        .flatten()
    }

    /// The values of an object that has these two members, in this order, and no other.
    #[inline(always)]
    pub(crate) fn only_two(self, names: [&str; 2]) -> Option<[Value<'a>; 2]> {
        if !self.is_object() {
            return None;
        }
        let mut members = self.items();
        let two = [members.next()?, members.next()?];
        (members.next().is_none() && two[0].is_named(names[0]) && two[1].is_named(names[1]))
            .then_some(two)
    }

    #[inline(always)]
    fn is_named(self, name: &str) -> bool {
        let node = self.node();
        if node.flags & NAME_ESCAPED == 0 {
            self.line.as_bytes()[node.name.0 as usize..node.name.1 as usize] == *name.as_bytes()
        } else {
            self.name() == name
        }
    }

    /// A member of an object.
    #[inline(always)]
    pub(crate) fn get(self, name: &str) -> Option<Value<'a>> {
        if !self.is_object() {
            return None;
        }
        self.items().find(|member| member.is_named(name))
    }

    #[inline(always)]
    pub(crate) fn has(self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A member that is there and not null.
    #[inline(always)]
    pub(crate) fn some(self, name: &str) -> Option<Value<'a>> {
        self.get(name).filter(|value| !value.is_null())
    }

    /// How many values it holds.
    pub(crate) fn count(self) -> usize {
        self.items().count()
    }

    /// Appends the value as compact JSON in canonical form, its quotes included.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        match self.kind() {
            Kind::Null => out.extend_from_slice(b"null"),
            Kind::Bool(_) | Kind::Number(_) => out.extend_from_slice(self.raw().as_bytes()),
            Kind::Text(text) => {
                out.push(b'"');
                out.extend_from_slice(text.raw().as_bytes());
                out.push(b'"');
            }
            Kind::Array => {
                out.push(b'[');
                for (index, item) in self.items().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Kind::Object => {
                out.push(b'{');
                for (index, member) in self.items().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    out.push(b'"');
                    out.extend_from_slice(Text::of(&member.name()).raw().as_bytes());
                    out.extend_from_slice(b"\":");
                    member.write(out);
                }
                out.push(b'}');
            }
        }
    }
}
