//! Grants that are nothing but two ranks: one row for many, in the order of the file.
//!
//! Temporary table `packed`: an entitlement's principals, ascending and distinct, in parts of bounded length. Grants that
//! have more to say are rows of `grants`: of a pair that is in both, only such as have an id of their own. The grants of a
//! nested entitlement are unpacked, since rows can be sorted by their text.

use rusqlite::{CachedStatement, Connection, params};

use super::super::Error;
use super::rank::blob;

/// Principals in one part: 64 KiB.
const PART: usize = 1 << 14;

/// Makes the table; pairs come in order.
pub(super) struct Packer<'a> {
    insert: CachedStatement<'a>,
    entitlement: u32,
    part: i64,
    principals: Vec<u8>,
}

impl<'a> Packer<'a> {
    pub(super) fn new(connection: &'a Connection) -> Result<Self, Error> {
        connection.execute_batch(
            "CREATE TEMP TABLE packed (
                 entitlement INTEGER NOT NULL, part INTEGER NOT NULL, principals BLOB NOT NULL,
                 PRIMARY KEY (entitlement, part)
             )",
        )?;
        let insert =
            connection.prepare_cached("INSERT INTO temp.packed (entitlement, part, principals) VALUES (?, ?, ?)")?;
        Ok(Self { insert, entitlement: 0, part: 0, principals: Vec::new() })
    }

    pub(super) fn push(&mut self, entitlement: u32, principal: u32) -> Result<(), Error> {
        if entitlement != self.entitlement {
            self.flush()?;
            (self.entitlement, self.part) = (entitlement, 0);
        } else if self.principals.len() == PART * size_of::<u32>() {
            self.flush()?;
        }
        self.principals.extend_from_slice(&principal.to_le_bytes());
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Error> {
        if !self.principals.is_empty() {
            self.insert.execute(params![self.entitlement, self.part, self.principals])?;
            self.principals.clear();
            self.part += 1;
        }
        Ok(())
    }
}

/// The principals of one part.
pub(super) fn principals(part: &[u8]) -> impl Iterator<Item = u32> {
    part.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes))
}

/// Makes an entitlement's grants rows of `grants`, where statements can see each.
pub(super) fn unpack(connection: &Connection, entitlement: i64) -> Result<(), Error> {
    let mut select =
        connection.prepare_cached("SELECT principals FROM temp.packed WHERE entitlement = ? ORDER BY part")?;
    let mut insert = connection.prepare_cached("INSERT INTO temp.grants VALUES (?, ?, 0, NULL, 1, 0)")?;
    let mut parts = select.query([entitlement])?;
    while let Some(part) = parts.next()? {
        for principal in principals(blob(part, 0)?) {
            insert.execute(params![entitlement, principal])?;
        }
    }
    drop(parts);
    connection.prepare_cached("DELETE FROM temp.packed WHERE entitlement = ?")?.execute([entitlement])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_bounded_and_their_principals_become_rows() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TEMP TABLE grants (entitlement, principal, variant, extra, copies, expands)")
            .unwrap();
        let many: Vec<u32> = (1..).take(2 * PART + 5).collect();
        let full = u32::try_from(PART).unwrap();
        let packed = [(3, &many[..]), (4, &[9]), (7, &many[..PART])];
        let mut packer = Packer::new(&connection).unwrap();
        for (entitlement, principals) in packed {
            principals.iter().for_each(|principal| packer.push(entitlement, *principal).unwrap());
        }
        packer.finish().unwrap();
        let parts = || -> Vec<(u32, u32, u32)> {
            let mut select = connection.prepare("SELECT entitlement, part, length(principals) / 4 FROM temp.packed");
            let rows = select.as_mut().unwrap().query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            rows.unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(parts(), [(3, 0, full), (3, 1, full), (3, 2, 5), (4, 0, 1), (7, 0, full)]);

        unpack(&connection, 3).unwrap();
        assert_eq!(parts(), [(4, 0, 1), (7, 0, full)]);
        let mut select =
            connection.prepare("SELECT principal FROM temp.grants WHERE entitlement = 3 ORDER BY 1").unwrap();
        let unpacked: Vec<u32> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(unpacked == many, "{} of {}", unpacked.len(), many.len());
    }
}
