//! Tables as files on the web have them.

use std::fmt;

use super::printable;

/// A table. Columns that say nothing are left out, and so is a table without rows.
#[derive(Debug)]
pub(crate) struct MarkdownTable {
    heading: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl MarkdownTable {
    pub(crate) fn new(heading: &[&'static str]) -> Self {
        Self { heading: heading.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, unless the same one is there.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let row: Vec<String> = cells.into_iter().map(|cell| tamed(&cell).replace('|', "\\|")).collect();
        if !self.rows.contains(&row) {
            self.rows.push(row);
        }
    }
}

impl fmt::Display for MarkdownTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return Ok(());
        }
        let says = |column: &usize| self.rows.iter().any(|row| row.get(*column).is_some_and(|cell| !cell.is_empty()));
        let columns: Vec<usize> = (0..self.heading.len()).filter(says).collect();
        let heading: Vec<String> = self.heading.iter().map(|&name| name.to_owned()).collect();
        let rule = vec!["---".to_owned(); self.heading.len()];
        for row in [&heading, &rule].into_iter().chain(&self.rows) {
            for cell in columns.iter().filter_map(|column| row.get(*column)) {
                write!(f, "| {cell}{}", if cell.is_empty() { "" } else { " " })?;
            }
            f.write_str("|\n")?;
        }
        Ok(())
    }
}

/// A list, one item a line.
pub(crate) fn markdown_list(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().map(|item| format!("- {}\n", tamed(&item))).collect()
}

/// A name or value, to be read as it stands.
pub(crate) fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Several of them.
pub(crate) fn codes<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(|text| code(text.as_ref())).collect::<Vec<_>>().join(", ")
}

/// Text of others on one line, which opens no comment and so ends no block either.
fn tamed(text: &str) -> String {
    printable(text).replace("<!--", "\\<!--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_stays_in_its_cell() {
        let mut table = MarkdownTable::new(&["name", "what it is"]);
        table.row([code("a|b"), "one | two\n| three <!-- end -->".to_owned()]);
        let wanted = "| name | what it is |\n| --- | --- |\n| `a\\|b` | one \\| two \\| three \\<!-- end --> |\n";
        assert_eq!(table.to_string(), wanted);
        assert_eq!(markdown_list(["one\n- two".to_owned()]), "- one - two\n");
    }

    #[test]
    fn what_says_nothing_or_nothing_new_is_left_out() {
        let mut table = MarkdownTable::new(&["one", "two", "three"]);
        assert_eq!(table.to_string(), "");
        for cells in [["a", "", "b"], ["c", "", ""], ["a", "", "b"]] {
            table.row(cells.map(str::to_owned));
        }
        assert_eq!(table.to_string(), "| one | three |\n| --- | --- |\n| a | b |\n| c | |\n");
    }
}
