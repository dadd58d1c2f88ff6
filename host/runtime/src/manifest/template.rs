//! Text with holes: `https://{api-hostname}`, `Basic base64({integration-key}:{mac-hex})`.
//!
//! A template knows its holes by name and nothing of what fills them.

/// Text with named holes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// `{name}`.
    Hole(String),
    /// `base64(…)`, in the standard alphabet with padding.
    Base64(Vec<Part>),
}

impl Template {
    /// Reads a template; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let parts = parts(&mut rest, false)?;
        Ok(Self { parts })
    }

    /// The names of its holes, in order.
    pub fn holes(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect(&self.parts, &mut names);
        names
    }

    /// Fills the holes; a name that `fill` does not know is the error.
    pub fn render<F>(&self, fill: &F) -> Result<Vec<u8>, String>
    where
        F: Fn(&str) -> Option<Vec<u8>>,
    {
        render(&self.parts, fill)
    }
}

fn collect<'a>(parts: &'a [Part], names: &mut Vec<&'a str>) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Hole(name) => names.push(name),
            Part::Base64(inner) => collect(inner, names),
        }
    }
}

fn render<F>(parts: &[Part], fill: &F) -> Result<Vec<u8>, String>
where
    F: Fn(&str) -> Option<Vec<u8>>,
{
    use base64::Engine as _;
    let mut out = Vec::new();
    for part in parts {
        match part {
            Part::Text(text) => out.extend_from_slice(text.as_bytes()),
            Part::Hole(name) => out.extend(fill(name).ok_or_else(|| name.clone())?),
            Part::Base64(inner) => {
                let inner = render(inner, fill)?;
                out.extend_from_slice(base64::engine::general_purpose::STANDARD.encode(inner).as_bytes());
            }
        }
    }
    Ok(out)
}

fn parts(rest: &mut &str, nested: bool) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut text = String::new();
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix('{') {
            let Some((name, tail)) = after.split_once('}') else {
                return Err("`{` without `}`".to_owned());
            };
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
                return Err(format!("`{{{name}}}` is not a name"));
            }
            flush(&mut text, &mut parts);
            parts.push(Part::Hole(name.to_owned()));
            *rest = tail;
        } else if let Some(after) = rest.strip_prefix("base64(") {
            if nested {
                return Err("`base64(` inside `base64(`".to_owned());
            }
            flush(&mut text, &mut parts);
            *rest = after;
            parts.push(Part::Base64(self::parts(rest, true)?));
            *rest = rest.strip_prefix(')').ok_or("`base64(` without `)`")?;
        } else if first == ')' && nested {
            break;
        } else if first == '}' {
            return Err("`}` without `{`".to_owned());
        } else {
            text.push(first);
            *rest = rest.strip_prefix(first).unwrap_or_default();
        }
    }
    flush(&mut text, &mut parts);
    Ok(parts)
}

fn flush(text: &mut String, parts: &mut Vec<Part>) {
    if !text.is_empty() {
        parts.push(Part::Text(std::mem::take(text)));
    }
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn holes_and_base64_are_filled() {
        let template = Template::parse("Basic base64({user}:{mac-hex})!").unwrap();
        assert_eq!(template.holes(), ["user", "mac-hex"]);
        let text = template.render(&|name| Some(if name == "user" { b"a".to_vec() } else { b"b".to_vec() }));
        assert_eq!(text.unwrap(), b"Basic YTpi!");
        assert_eq!(template.render(&|name| (name == "user").then(Vec::new)), Err("mac-hex".to_owned()));
    }

    #[test]
    fn broken_templates_are_refused() {
        for text in ["{a", "a}", "base64({a}", "{}", "{a b}", "base64(base64({a}))"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
