//! A JSON text as one list of nodes in the order of the text. There is one parser for all that is read.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::Problem;

/// Bytes of text for each node that is expected. Too few cost a copy of the list.
const BYTES_A_NODE: usize = 16;

#[derive(Debug)]
pub(super) enum Node<'t> {
    Null,
    Flag(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Cow<'t, str>),
    /// How many nodes it is long, with this one. Its items follow.
    List(usize),
    /// How many nodes it is long, with this one. A text and a value for each of its members follow.
    Object(usize),
}

impl Node<'_> {
    fn length(&self) -> usize {
        match self {
            Self::List(length) | Self::Object(length) => *length,
            _ => 1,
        }
    }
}

/// A parsed text.
#[derive(Debug)]
pub(super) struct Tree<'t>(Vec<Node<'t>>);

impl<'t> Tree<'t> {
    pub(super) fn parse(text: &'t [u8]) -> Result<Self, Problem> {
        let mut nodes = Vec::with_capacity(text.len() / BYTES_A_NODE);
        let mut parser = serde_json::Deserializer::from_slice(text);
        let parsed = Next(&mut nodes).deserialize(&mut parser).and_then(|()| parser.end());
        parsed.map(|()| Self(nodes)).map_err(|error| Problem::syntax(&error))
    }

    pub(super) fn root(&self) -> Json<'_> {
        Json { nodes: &self.0 }
    }
}

/// One value of a JSON text, or that there is none.
#[derive(Debug, Clone, Copy)]
pub struct Json<'t> {
    /// The value's own nodes, and perhaps more after them. Empty: the value is missing.
    nodes: &'t [Node<'t>],
}

impl<'t> Json<'t> {
    pub(super) const MISSING: Self = Self { nodes: &[] };

    /// The text.
    pub fn text(self) -> Option<&'t str> {
        match self.nodes.first() {
            Some(Node::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The switch.
    pub fn flag(self) -> Option<bool> {
        match self.nodes.first() {
            Some(Node::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// The whole number, if it fits.
    pub fn whole<N: TryFrom<u64> + TryFrom<i64>>(self) -> Option<N> {
        match self.nodes.first() {
            Some(Node::Unsigned(number)) => N::try_from(*number).ok(),
            Some(Node::Signed(number)) => N::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The items of the list.
    pub fn items(self) -> Option<impl Iterator<Item = Json<'t>>> {
        let Some(Node::List(length)) = self.nodes.first() else { return None };
        let mut rest = self.nodes.get(1..*length).unwrap_or_default();
        Some(std::iter::from_fn(move || {
            let item = Json { nodes: rest };
            rest = rest.get(rest.first()?.length()..).unwrap_or_default();
            Some(item)
        }))
    }

    /// The members of the object.
    pub fn members(self) -> Option<impl Iterator<Item = (&'t str, Json<'t>)>> {
        let mut rest = self.member_nodes()?;
        Some(std::iter::from_fn(move || {
            let (Node::Text(name), value) = rest.split_first()? else { return None };
            rest = value.get(value.first()?.length()..).unwrap_or_default();
            Some((&**name, Json { nodes: value }))
        }))
    }

    pub(super) fn member_nodes(self) -> Option<&'t [Node<'t>]> {
        match self.nodes.first() {
            Some(Node::Object(length)) => self.nodes.get(1..*length),
            _ => None,
        }
    }

    /// All of it, as it can be changed and sent back. None: it is missing.
    pub(super) fn value(self) -> Option<Value> {
        Some(match self.nodes.first()? {
            Node::Null => Value::Null,
            Node::Flag(flag) => (*flag).into(),
            Node::Unsigned(number) => (*number).into(),
            Node::Signed(number) => (*number).into(),
            Node::Float(number) => (*number).into(),
            Node::Text(text) => (**text).into(),
            Node::List(_) => self.items()?.filter_map(Self::value).collect(),
            Node::Object(_) => self.members()?.filter_map(|(name, value)| Some((name, value.value()?))).collect(),
        })
    }

    /// Whether there is nothing, or null.
    pub fn is_nothing(self) -> bool {
        matches!(self.nodes.first(), None | Some(Node::Null))
    }

    pub(super) fn is_missing(self) -> bool {
        self.nodes.is_empty()
    }

    /// What it is, as a sentence says it. None: it is missing.
    pub(super) fn kind(self) -> Option<&'static str> {
        Some(match self.nodes.first()? {
            Node::Null => "null",
            Node::Flag(_) => "true or false",
            Node::Unsigned(_) | Node::Signed(_) | Node::Float(_) => "a number",
            Node::Text(_) => "text",
            Node::List(_) => "a list",
            Node::Object(_) => "an object",
        })
    }
}

/// Finds a member among nodes, from one place on. Gives its value, and the place after it.
pub(super) fn find<'t>(nodes: &'t [Node<'t>], from: usize, name: &str) -> Option<(Json<'t>, usize)> {
    let mut at = from;
    loop {
        let Node::Text(found) = nodes.get(at)? else { return None };
        let value = nodes.get(at + 1..)?;
        at += 1 + value.first()?.length();
        if found == name {
            return Some((Json { nodes: value }, at));
        }
    }
}

/// Puts what comes next in the text at the end of the list.
struct Next<'n, 't>(&'n mut Vec<Node<'t>>);

impl<'n, 't> Next<'n, 't> {
    fn is<E>(self, node: Node<'t>) -> Result<(), E> {
        self.0.push(node);
        Ok(())
    }
}

impl<'t> DeserializeSeed<'t> for Next<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Next<'_, 't> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.is(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        self.is(Node::Flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.is(Node::Unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.is(Node::Signed(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.is(Node::Float(number))
    }

    fn visit_borrowed_str<E>(self, text: &'t str) -> Result<(), E> {
        self.is(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.is(Node::Text(Cow::Owned(text.into())))
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut items: A) -> Result<(), A::Error> {
        let Self(nodes) = self;
        let at = nodes.len();
        nodes.push(Node::List(1));
        while items.next_element_seed(Next(nodes))?.is_some() {}
        let length = nodes.len() - at;
        nodes[at] = Node::List(length);
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(self, mut members: A) -> Result<(), A::Error> {
        let Self(nodes) = self;
        let at = nodes.len();
        nodes.push(Node::Object(1));
        while members.next_key_seed(Next(nodes))?.is_some() {
            members.next_value_seed(Next(nodes))?;
        }
        let length = nodes.len() - at;
        nodes[at] = Node::Object(length);
        Ok(())
    }
}
