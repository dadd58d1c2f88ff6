//! The texts of principals by their ranks: most of them in memory, of bounded size, the rest looked up.

use rusqlite::{Connection, Row, Statement};

use super::super::Error;
use super::rank::text;

/// Bytes of text that are held; with where they end, about twice as many.
const HELD_BYTES: usize = 8 << 20;

/// Principals by rank.
pub(super) struct Principals<'a> {
    /// `type:resource`, one after the other from rank 1 on.
    texts: String,
    /// Where each ends, and how long its type is.
    ends: Vec<(usize, u32)>,
    find: Statement<'a>,
    /// The last one that was looked up.
    found: (u32, String, u32),
}

/// What a row says of its principal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Principal<'a> {
    /// `type:resource`
    pub(super) text: &'a str,
    pub(super) resource_type: &'a str,
    pub(super) resource: &'a str,
}

impl<'a> Principals<'a> {
    pub(super) fn new(scratch: &'a Connection) -> Result<Self, Error> {
        Self::holding(scratch, HELD_BYTES)
    }

    fn holding(scratch: &'a Connection, bytes: usize) -> Result<Self, Error> {
        let (mut texts, mut ends) = (String::new(), Vec::new());
        let mut select =
            scratch.prepare("SELECT type || ':' || resource, octet_length(type) FROM temp.principals ORDER BY rank")?;
        let mut rows = select.query([])?;
        while texts.len() < bytes
            && let Some(row) = rows.next()?
        {
            let type_length = push(&mut texts, row)?;
            ends.push((texts.len(), type_length));
        }
        drop(rows);
        let find = scratch
            .prepare("SELECT type || ':' || resource, octet_length(type) FROM temp.principals WHERE rank = ?")?;
        Ok(Self { texts, ends, find, found: (0, String::new(), 0) })
    }

    pub(super) fn of(&mut self, rank: u32) -> Result<Principal<'_>, Error> {
        let held = rank.checked_sub(1).map(|index| index as usize).filter(|index| *index < self.ends.len());
        let (text, type_length) = match held {
            Some(index) => {
                let begin = index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end);
                let (end, type_length) = self.ends.get(index).copied().unwrap_or_default();
                (self.texts.get(begin..end).unwrap_or_default(), type_length)
            }
            None => {
                let (known, text, type_length) = &mut self.found;
                if *known != rank {
                    text.clear();
                    *type_length = self.find.query_row([rank], |row| Ok(push(text, row)))??;
                    *known = rank;
                }
                (text.as_str(), *type_length)
            }
        };
        let colon = type_length as usize;
        let (resource_type, resource) = (text.get(..colon), text.get(colon + 1..));
        Ok(Principal { text, resource_type: resource_type.unwrap_or_default(), resource: resource.unwrap_or_default() })
    }
}

/// Adds the text of a row, and tells how long its type is.
fn push(texts: &mut String, row: &Row<'_>) -> Result<u32, Error> {
    texts.push_str(text(row, 0)?);
    Ok(row.get(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_held_is_looked_up() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TEMP TABLE principals (rank INTEGER PRIMARY KEY, type TEXT, resource TEXT);
                 INSERT INTO temp.principals VALUES (1, 'user', 'a:b'), (2, 'größe', 'Ünï'), (3, 'user', '')",
            )
            .unwrap();
        for bytes in [0, 1, 10, 1000] {
            let mut principals = Principals::holding(&connection, bytes).unwrap();
            for (rank, resource_type, resource) in
                [(2, "größe", "Ünï"), (1, "user", "a:b"), (3, "user", ""), (2, "größe", "Ünï")]
            {
                let found = principals.of(rank).unwrap();
                assert_eq!((found.resource_type, found.resource), (resource_type, resource), "{bytes} bytes held");
                assert_eq!(found.text, format!("{resource_type}:{resource}"));
            }
        }
        assert!(Principals::holding(&connection, 1000).unwrap().of(4).is_err());
    }
}
