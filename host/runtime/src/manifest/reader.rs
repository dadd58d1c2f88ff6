//! Reading TOML tables so that every fault is found at once, with its line, and unknown keys name the nearest known one.
//!
//! A [`Table`] hands out values and remembers which keys were asked for; `finish` reports the rest.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::parse::ManifestProblem;
use super::template::Template;

/// The faults found so far, and where each named table begins.
#[derive(Debug)]
pub(super) struct Problems<'s> {
    source: &'s str,
    found: RefCell<Vec<ManifestProblem>>,
    places: RefCell<BTreeMap<String, usize>>,
}

impl<'s> Problems<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, found: RefCell::default(), places: RefCell::default() }
    }

    /// Notes a fault at a byte of the source.
    pub(super) fn report(&self, byte: usize, place: &str, message: impl Into<String>) {
        let line = self.source.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1;
        self.push(line, place, message.into());
    }

    /// Notes a fault in a table that has been read before.
    pub(super) fn report_at(&self, place: &str, message: impl Into<String>) {
        let byte = self.places.borrow().get(place).copied().unwrap_or(0);
        self.report(byte, place, message);
    }

    /// Every fault in the order of the source.
    pub(super) fn into_found(self) -> Vec<ManifestProblem> {
        let mut found = self.found.into_inner();
        found.sort_by(|a, b| a.line.cmp(&b.line).then_with(|| a.message.cmp(&b.message)));
        found.dedup();
        found
    }

    fn push(&self, line: usize, place: &str, message: String) {
        self.found.borrow_mut().push(ManifestProblem { line, place: place.to_owned(), message });
    }
}

/// One table of the manifest.
pub(super) struct Table<'t> {
    table: &'t DeTable<'t>,
    start: usize,
    place: String,
    /// What tells it from the others of its list.
    label: String,
    asked: RefCell<Vec<&'static str>>,
    problems: &'t Problems<'t>,
}

impl<'t> Table<'t> {
    pub(super) fn root(table: &'t Spanned<DeTable<'t>>, problems: &'t Problems<'t>) -> Self {
        Self::new(table.get_ref(), 0, "manifest".to_owned(), problems)
    }

    fn new(table: &'t DeTable<'t>, start: usize, place: String, problems: &'t Problems<'t>) -> Self {
        problems.places.borrow_mut().entry(place.clone()).or_insert(start);
        Self { table, start, place, label: String::new(), asked: RefCell::default(), problems }
    }

    pub(super) fn report(&self, key: &str, message: impl Into<String>) {
        let byte = self.table.get(key).map_or(self.start, |value| value.span().start);
        self.problems.report(byte, &self.place, message);
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// Text, if given.
    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            other => self.wrong(key, "text", other),
        }
    }

    /// Text that must be there and not be empty.
    pub(super) fn required(&self, key: &'static str) -> String {
        match self.text(key) {
            Some(text) if !text.trim().is_empty() => text,
            Some(_) => {
                self.report(key, format!("`{key}` is empty"));
                String::new()
            }
            None => {
                if !self.has(key) {
                    self.report(key, format!("`{key}` is missing"));
                }
                String::new()
            }
        }
    }

    /// A required name: small letters, digits, `-` and `_`, at most 64.
    pub(super) fn name(&self, key: &'static str) -> String {
        let name = self.required(key);
        let fits = name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
        if !name.is_empty() && !fits {
            self.report(key, format!("`{name}` is not a name: small letters, digits and `-`, at most 64"));
        }
        name
    }

    /// True or false; false if not given.
    pub(super) fn flag(&self, key: &'static str) -> bool {
        self.switch(key).unwrap_or(false)
    }

    /// True or false, if given.
    pub(super) fn switch(&self, key: &'static str) -> Option<bool> {
        match self.value(key)?.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            other => self.wrong(key, "true or false", other),
        }
    }

    /// Text, true, false or a whole number, as text.
    pub(super) fn scalar(&self, key: &'static str) -> Option<String> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Boolean(flag) => Some(flag.to_string()),
            DeValue::Integer(number) => Some(number.to_string()),
            other => self.wrong(key, "text, a whole number, true or false", other),
        }
    }

    /// A whole number within the range, if given.
    pub(super) fn integer(&self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(key)?;
        let DeValue::Integer(written) = value.get_ref() else {
            return self.wrong(key, "a whole number", value.get_ref());
        };
        let number = i64::from_str_radix(written.as_str(), written.radix()).ok().filter(|n| range.contains(n));
        if number.is_none() {
            self.report(key, format!("`{key}` is not within {} to {}", range.start(), range.end()));
        }
        number
    }

    /// A number that fits `u32`, if given.
    pub(super) fn count(&self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let wide = i64::from(*range.start())..=i64::from(*range.end());
        self.integer(key, wide).and_then(|number| u32::try_from(number).ok())
    }

    /// A list of texts; empty if not given.
    pub(super) fn texts(&self, key: &'static str) -> Vec<String> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            return self.wrong(key, "a list of texts", value.get_ref()).unwrap_or_default();
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => texts.push(text.to_string()),
                other => {
                    let message = format!("`{key}` is a list of texts, and holds {}", article(other));
                    self.problems.report(item.span().start, &self.place, message);
                }
            }
        }
        texts
    }

    /// A list of texts with at least one.
    pub(super) fn some_texts(&self, key: &'static str) -> Vec<String> {
        let texts = self.texts(key);
        if texts.is_empty() {
            let how = if self.has(key) { "empty" } else { "missing" };
            self.report(key, format!("`{key}` is {how}"));
        }
        texts
    }

    /// A table of texts, in the order of its keys; empty if not given.
    pub(super) fn pairs(&self, key: &'static str) -> Vec<(String, String)> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            return self.wrong(key, "a table of texts", value.get_ref()).unwrap_or_default();
        };
        let mut pairs = Vec::new();
        for (name, value) in table.iter() {
            match value.get_ref() {
                DeValue::String(text) => pairs.push((name.get_ref().to_string(), text.to_string())),
                other => {
                    let message = format!("`{key}.{}` should be text, and is {}", name.get_ref(), article(other));
                    self.problems.report(value.span().start, &self.place, message);
                }
            }
        }
        pairs
    }

    /// One of some words, if given.
    pub(super) fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        self.pick(key, &text, words)
    }

    /// A list of words; empty if not given.
    pub(super) fn words<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Vec<T> {
        self.texts(key).iter().filter_map(|text| self.pick(key, text, words)).collect()
    }

    fn pick<T: Copy>(&self, key: &str, text: &str, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.report(key, format!("`{key}` cannot be `{text}`: it is one of {}", known.join(", ")));
        }
        found
    }

    /// A template, if given.
    pub(super) fn template(&self, key: &'static str) -> Option<Template> {
        let text = self.text(key)?;
        Some(self.as_template(key, &text))
    }

    /// A template that must be there.
    pub(super) fn required_template(&self, key: &'static str) -> Template {
        let text = self.required(key);
        self.as_template(key, &text)
    }

    /// A table of templates.
    pub(super) fn templates(&self, key: &'static str) -> Vec<(String, Template)> {
        self.pairs(key).into_iter().map(|(name, text)| (name, self.as_template(key, &text))).collect()
    }

    /// A list of templates.
    pub(super) fn template_lines(&self, key: &'static str) -> Vec<Template> {
        self.some_texts(key).iter().map(|text| self.as_template(key, text)).collect()
    }

    fn as_template(&self, key: &str, text: &str) -> Template {
        Template::parse(text).unwrap_or_else(|fault| {
            self.report(key, format!("`{key}`: {fault}"));
            Template::default()
        })
    }

    /// A table below this one, if given.
    pub(super) fn table(&self, key: &'static str) -> Option<Table<'t>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Table(table) => {
                let place = if self.place == "manifest" { format!("[{key}]") } else { format!("{} {key}", self.place) };
                Some(Table::new(table, value.span().start, place, self.problems))
            }
            other => self.wrong(key, "a table", other),
        }
    }

    /// The tables of a list such as `[[origin]]`, each called by its `label` key, or by its number.
    pub(super) fn tables(&self, key: &'static str, label: &'static str) -> Vec<Table<'t>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            return self.wrong(key, "a list of tables", value.get_ref()).unwrap_or_default();
        };
        let mut tables: Vec<Table<'t>> = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let DeValue::Table(table) = item.get_ref() else {
                let message = format!("`{key}` is a list of tables, and holds {}", article(item.get_ref()));
                self.problems.report(item.span().start, &self.place, message);
                continue;
            };
            let name = table.get(label).and_then(|name| name.get_ref().as_str()).map(str::to_owned);
            let name = name.unwrap_or_else(|| format!("#{}", number + 1));
            let place = match self.place.as_str() {
                "manifest" => format!("[[{key}]] {name}"),
                above => format!("{above} {key} {name}"),
            };
            let same = tables.iter().filter(|table| table.label == name).count();
            let place = numbered(&place, same);
            let mut table = Table::new(table, table_start(item.span(), table), place, self.problems);
            table.label = name;
            tables.push(table);
        }
        tables
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table.iter() {
            let name: &str = key.get_ref();
            if asked.contains(&name) {
                continue;
            }
            let hint = nearest(name, asked.iter().copied());
            self.problems.report(key.span().start, &self.place, format!("unknown key `{name}`{hint}"));
        }
    }

    fn value(&self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.borrow_mut().push(key);
        self.table.get(key)
    }

    fn wrong<T>(&self, key: &str, wanted: &str, found: &DeValue<'_>) -> Option<T> {
        self.report(key, format!("`{key}` should be {wanted}, and is {}", article(found)));
        None
    }
}

/// `, did you mean …?` for the nearest of the known names, or nothing where none is near.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    known
        .map(|candidate| (strsim::damerau_levenshtein(candidate, name), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1) || candidate.starts_with(name))
        .min()
        .map(|(_, candidate)| format!(", did you mean `{candidate}`?"))
        .unwrap_or_default()
}

/// The place of the second table of a name is `… (2)`.
pub(super) fn numbered(place: &str, earlier: usize) -> String {
    if earlier == 0 { place.to_owned() } else { format!("{place} ({})", earlier + 1) }
}

/// Where a table of a list begins: its header, or its first key where the header has no span.
fn table_start(span: Range<usize>, table: &DeTable<'_>) -> usize {
    if span.is_empty() { table.keys().map(|key| key.span().start).min().unwrap_or(span.start) } else { span.start }
}

fn article(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
