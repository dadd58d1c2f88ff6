//! The plain part of YAML: mappings, lists and text. Everything with which a small document can become a large one, or
//! mean two things, is refused: anchors, aliases, tags, a name twice, a second document, nesting without measure.

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use zeroize::Zeroizing;

use super::SealError;

/// A value. Text is wiped when dropped, since nobody knows yet what it is.
pub(super) enum Node {
    Null,
    Text(Zeroizing<String>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Mappings and lists inside each other. Kubeconfigs have six.
const DEPTH: usize = 16;

/// Values in all.
const NODES: usize = 20_000;

impl Node {
    /// Reads the one document of a text.
    pub(super) fn parse(text: &str) -> Result<Self, SealError> {
        let mut reader = Reader { parser: Parser::new_from_str(text), nodes: 0 };
        let first = reader.next()?;
        let node = reader.node(first, 0)?;
        match (reader.next()?, reader.next()?) {
            (Event::DocumentEnd, Event::StreamEnd) => Ok(node),
            _ => Err(SealError::unreadable("holds more than one YAML document")),
        }
    }

    /// What stands under a name.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(known, _)| known == name).map(|(_, node)| node).filter(|node| !matches!(node, Self::Null))
    }

    /// The text under a name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_text()
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The items of the list under a name.
    pub(super) fn items(&self, name: &str) -> &[Self] {
        if let Some(Self::List(items)) = self.get(name) { items } else { &[] }
    }

    /// The entries of a mapping.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        if let Self::Map(entries) = self { entries } else { &[] }
    }

    /// Every text in it, names of mappings not counted.
    pub(super) fn texts<'n>(&'n self, into: &mut Vec<&'n str>) {
        match self {
            Self::Null => {}
            Self::Text(text) => into.push(text),
            Self::List(items) => items.iter().for_each(|item| item.texts(into)),
            Self::Map(entries) => entries.iter().for_each(|(_, node)| node.texts(into)),
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    /// The next event of interest. What the parser complains of is not told: it may quote the document.
    fn next(&mut self) -> Result<Event<'t>, SealError> {
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::Nothing | Event::StreamStart | Event::DocumentStart(_), _))) => {}
                Some(Ok((event, _))) => return Ok(event),
                Some(Err(error)) => {
                    let line = error.marker().line();
                    return Err(SealError::unreadable(format!("is not YAML (line {line})")));
                }
                None => return Ok(Event::StreamEnd),
            }
        }
    }

    fn node(&mut self, event: Event<'t>, depth: usize) -> Result<Node, SealError> {
        self.nodes += 1;
        if depth > DEPTH || self.nodes > NODES {
            return Err(SealError::unreadable("is nested too deeply or has too many values"));
        }
        match event {
            Event::Scalar(text, style, 0, None) => {
                let null = matches!(style, ScalarStyle::Plain) && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                Ok(if null { Node::Null } else { Node::Text(Zeroizing::new(text.into_owned())) })
            }
            Event::SequenceStart(0, None) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => return Ok(Node::List(items)),
                        event => items.push(self.node(event, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(0, None) => self.mapping(depth),
            Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(_) => {
                Err(SealError::unreadable("uses anchors, aliases or tags of YAML, which are not read"))
            }
            _ => Err(SealError::unreadable("ends too early")),
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Node, SealError> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        loop {
            let name = match self.next()? {
                Event::MappingEnd => return Ok(Node::Map(entries)),
                Event::Scalar(name, _, 0, None) => name.into_owned(),
                _ => return Err(SealError::unreadable("has a mapping whose names are no plain text")),
            };
            if entries.iter().any(|(known, _)| *known == name) {
                return Err(SealError::unreadable("has the same name twice in a mapping"));
            }
            let event = self.next()?;
            entries.push((name, self.node(event, depth + 1)?));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(node: &Node) -> String {
        match node {
            Node::Null => "~".to_owned(),
            Node::Text(text) => text.to_string(),
            Node::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(",")),
            Node::Map(entries) => {
                let entries: Vec<_> = entries.iter().map(|(name, node)| format!("{name}:{}", shown(node))).collect();
                format!("{{{}}}", entries.join(","))
            }
        }
    }

    #[test]
    fn the_plain_part_is_read_and_scalars_stay_text() {
        let text = "a: 1\nb: [x, 'y: z', null]\nc: {d: true, e: ~}\nf: |\n  two\n  lines\n";
        assert_eq!(shown(&Node::parse(text).unwrap()), "{a:1,b:[x,y: z,~],c:{d:true,e:~},f:two\nlines\n}");
    }

    #[test]
    fn what_can_grow_or_mean_two_things_is_refused() {
        let laughs = "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n";
        let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
        let wide = format!("[{}]", "x,".repeat(30_000));
        for text in [
            laughs,
            "a: *b\n",
            "a: &x 1\n",
            "a: !!str 1\n",
            "<<: *x\n",
            "a: 1\na: 2\n",
            "a: 1\n---\nb: 2\n",
            "? [x]\n: 1\n",
            "a: [",
            "a: \"never-shown",
            &deep,
            &wide,
            "",
        ] {
            match Node::parse(text) {
                Err(SealError::Unreadable(why)) => assert!(!why.contains("never-shown"), "{why}"),
                Err(SealError::Refused(why)) => panic!("{why}"),
                // Nothing at all is a null, which is no kubeconfig.
                Ok(node) => assert!(text.is_empty() && matches!(node, Node::Null), "{text}"),
            }
        }
    }
}
