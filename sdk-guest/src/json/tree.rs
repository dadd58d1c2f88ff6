//! A JSON text as one list of nodes in the order of the text.

use std::borrow::Cow;

use super::{Problem, parse};

#[derive(Debug)]
pub(super) enum Node<'t> {
    Null,
    Flag(bool),
    /// As it is written.
    Number(&'t str),
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
pub(crate) struct Tree<'t>(Vec<Node<'t>>);

impl<'t> Tree<'t> {
    pub(crate) fn parse(text: &'t [u8]) -> Result<Self, Problem> {
        parse::nodes(text).map(Self)
    }

    pub(crate) fn root(&self) -> Json<'_> {
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
    pub fn whole<N: TryFrom<i128>>(self) -> Option<N> {
        N::try_from(self.integer()?).ok()
    }

    fn integer(self) -> Option<i128> {
        let Some(Node::Number(number)) = self.nodes.first() else { return None };
        match number.strip_prefix('-') {
            Some(digits) => digits.parse().ok().map(|number: u64| -i128::from(number)),
            None => number.parse().ok().map(|number: u64| i128::from(number)),
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

    /// Whether there is nothing, or null.
    pub fn is_nothing(self) -> bool {
        matches!(self.nodes.first(), None | Some(Node::Null))
    }

    pub(super) fn first(self) -> Option<&'t Node<'t>> {
        self.nodes.first()
    }

    pub(super) fn is_missing(self) -> bool {
        self.nodes.is_empty()
    }

    /// What it is, as a sentence says it. None: it is missing.
    pub(super) fn kind(self) -> Option<&'static str> {
        Some(match self.nodes.first()? {
            Node::Null => "null",
            Node::Flag(_) => "true or false",
            Node::Number(_) => "a number",
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
