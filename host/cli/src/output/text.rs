//! Numbers, sizes, times and tables as people read them.

/// A number with its thousands apart: `1,204`.
pub(crate) fn grouped(number: u64) -> String {
    accord_c1z::container::grouped(number)
}

/// A size: `412 KiB`.
pub(crate) fn bytes(size: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.iter().find(|(_, unit)| size >= *unit) {
        // One digit behind the point below ten, none above.
        Some((name, unit)) if size < 10 * unit => {
            let tenths = size * 10 / unit;
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        Some((name, unit)) => format!("{} {name}", grouped(size / unit)),
        None => format!("{size} bytes"),
    }
}

/// Seconds as `00:41` or `1:02:03`.
pub(crate) fn clock_time(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes:02}:{seconds:02}") }
}

/// Columns as wide as their widest cell; the last one is not filled up.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    indent: &'static str,
}

impl Table {
    /// A table with a heading.
    pub(crate) fn new(heading: &[&str]) -> Self {
        let mut table = Self::default();
        table.row(heading.iter().map(|cell| (*cell).to_owned()));
        table
    }

    /// A table without a heading, moved in.
    pub(crate) fn indented() -> Self {
        Self { rows: Vec::new(), indent: "  " }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| super::printable(&cell)).collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = self.indent.to_owned();
            for (position, (cell, width)) in row.iter().zip(&widths).enumerate() {
                line.push_str(if position > 0 { "  " } else { "" });
                line.push_str(&format!("{cell:<width$}"));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!(bytes(17), "17 bytes");
        assert_eq!(bytes(421_888), "412 KiB");
        assert_eq!(bytes(1_600_000), "1.5 MiB");
        assert_eq!(clock_time(41), "00:41");
        assert_eq!(clock_time(3_723), "1:02:03");
        assert_eq!(grouped(8_911), "8,911");
    }

    #[test]
    fn columns_line_up_and_nothing_steers_the_terminal() {
        let mut table = Table::new(&["NAME", "VERSION"]);
        table.row(["duo".to_owned(), "1.0.0".to_owned()]);
        table.row(["a\u{1b}[2Jlonger".to_owned(), "2".to_owned()]);
        assert_eq!(table.to_string(), "NAME         VERSION\nduo          1.0.0\na [2Jlonger  2\n");
    }
}
