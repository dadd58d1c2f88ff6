//! Who holds an entitlement through others, packed in the order of the file.
//!
//! Temporary table `passed`: of each entitlement that receives, entries of 64 bits in ascending order, in parts of bounded
//! length. The parts of an entitlement cover all principals, from 0 to the last there can be. An entry names a principal
//! and one source, and whether the principal holds the source directly. For those who were granted the receiving
//! entitlement itself it is a source too; for the others grants are made: `made` of each part, none of one whose grants
//! became rows of `grants`.

use std::ops::RangeInclusive;

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::super::Error;
use super::super::pairs::narrow;
use super::graph::Rank;
use super::rank::blob;

/// Entries in one part: 16 KiB.
const PART: usize = 1 << 11;

/// A principal and one entitlement through which it comes to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry(u64);

impl Entry {
    /// # Errors
    /// A rank that has more than 31 bits: no file has so many entitlements.
    pub(super) fn new(principal: u32, source: Rank, direct: bool) -> Result<Self, Error> {
        let source = narrow(2 * source + i64::from(direct))?;
        Ok(Self(u64::from(principal) << 32 | u64::from(source)))
    }

    pub(super) fn principal(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(super) fn source(self) -> Rank {
        Rank::from(self.0 as u32 / 2)
    }

    /// Whether the principal holds the source by a grant that a connector pushed.
    pub(super) fn is_direct(self) -> bool {
        self.0 % 2 == 1
    }

    pub(super) fn to_number(self) -> u64 {
        self.0
    }

    pub(super) fn of_number(number: u64) -> Self {
        Self(number)
    }
}

/// Whether these entries of one principal make a grant of the entitlement that receives.
pub(super) fn make_a_grant(entitlement: Rank, entries: &[Entry]) -> bool {
    !entries.is_empty() && entries.iter().all(|entry| entry.source() != entitlement)
}

/// The principals of one part for whom it makes a grant.
pub(super) fn made(entitlement: Rank, part: &[u8]) -> Vec<u32> {
    let entries: Vec<Entry> = entries(part).collect();
    let made = by_principal(&entries).filter(|entries| make_a_grant(entitlement, entries));
    made.filter_map(|entries| Some(entries.first()?.principal())).collect()
}

/// Sorted entries, those of each principal together.
fn by_principal(entries: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    entries.chunk_by(|one, other| one.principal() == other.principal())
}

pub(super) fn create(connection: &Connection) -> Result<(), Error> {
    Ok(connection.execute_batch(
        "CREATE TEMP TABLE passed (
             entitlement INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, made INTEGER NOT NULL,
             entries BLOB NOT NULL, PRIMARY KEY (entitlement, last)
         )",
    )?)
}

/// Writes the entries of one entitlement, which come in order.
pub(super) struct PassedOn<'a> {
    insert: CachedStatement<'a>,
    entitlement: Rank,
    /// The first principal of the part.
    first: u32,
    part: Vec<Entry>,
    /// Grants that the part makes.
    made: u64,
    /// Grants that the parts before it make.
    made_before: u64,
}

impl<'a> PassedOn<'a> {
    pub(super) fn to(connection: &'a Connection, entitlement: Rank) -> Result<Self, Error> {
        let insert = connection.prepare_cached(
            "INSERT INTO temp.passed (entitlement, first, last, made, entries) VALUES (?, ?, ?, ?, ?)",
        )?;
        Ok(Self { insert, entitlement, first: 0, part: Vec::new(), made: 0, made_before: 0 })
    }

    /// Adds all entries of one principal. Tells whether a part was put away: a moment to look up.
    pub(super) fn push(&mut self, entries: &[Entry]) -> Result<bool, Error> {
        self.part.extend_from_slice(entries);
        self.made += u64::from(make_a_grant(self.entitlement, entries));
        let (Some(last), true) = (self.part.last(), self.part.len() >= PART) else { return Ok(false) };
        let last = last.principal();
        self.flush(last)?;
        self.first = last.saturating_add(1);
        Ok(true)
    }

    /// Tells how many grants are made.
    pub(super) fn finish(mut self) -> Result<u64, Error> {
        self.flush(u32::MAX)?;
        Ok(self.made_before)
    }

    fn flush(&mut self, last: u32) -> Result<(), Error> {
        let entries: Vec<u8> = self.part.drain(..).flat_map(|entry| entry.0.to_le_bytes()).collect();
        self.insert.execute(params![self.entitlement, self.first, last, self.made.cast_signed(), entries])?;
        self.made_before += std::mem::take(&mut self.made);
        Ok(())
    }
}

/// The entries of one part.
fn entries(part: &[u8]) -> impl Iterator<Item = Entry> {
    part.as_chunks().0.iter().map(|bytes| Entry(u64::from_le_bytes(*bytes)))
}

/// Finds entries. Who asks in the order of the file finds most of them in the part that was read last.
pub(super) struct Passed<'a> {
    find: CachedStatement<'a>,
    entitlement: Rank,
    covered: RangeInclusive<u32>,
    part: Vec<Entry>,
}

impl<'a> Passed<'a> {
    pub(super) fn new(connection: &'a Connection) -> Result<Self, Error> {
        let find = connection.prepare_cached(
            "SELECT first, last, entries FROM temp.passed WHERE entitlement = ? AND last >= ? ORDER BY last LIMIT 1",
        )?;
        Ok(Self { find, entitlement: 0, covered: 0..=u32::MAX, part: Vec::new() })
    }

    /// Empty for whoever comes to it through nothing.
    pub(super) fn of(&mut self, entitlement: Rank, principal: u32) -> Result<&[Entry], Error> {
        if entitlement != self.entitlement || !self.covered.contains(&principal) {
            self.part.clear();
            self.covered = 0..=u32::MAX;
            let part = &mut self.part;
            let found = self.find.query_row(params![entitlement, principal], |row| {
                Ok((row.get(0)?, row.get(1)?, blob(row, 2).map(|bytes| part.extend(entries(bytes)))))
            });
            if let Some((first, last, read)) = found.optional()? {
                read?;
                self.covered = first..=last;
            }
            self.entitlement = entitlement;
        }
        let begin = self.part.partition_point(|entry| entry.principal() < principal);
        let rest = self.part.get(begin..).unwrap_or_default();
        let end = rest.iter().take_while(|entry| entry.principal() == principal).count();
        Ok(rest.get(..end).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_what_it_was_made_of_and_no_rank_is_cut() {
        let most = i64::from(u32::MAX / 2);
        for (principal, source, direct) in [(u32::MAX, 7, true), (1, most, true), (0, 1, false)] {
            let entry = Entry::new(principal, source, direct).unwrap();
            assert_eq!((entry.principal(), entry.source(), entry.is_direct()), (principal, source, direct));
        }
        assert!(Entry::new(1, most + 1, false).is_err());
    }

    #[test]
    fn a_grant_is_made_for_those_who_hold_sources_only() {
        let entries = [(1, 4, true), (1, 5, true), (2, 5, true), (3, 4, false), (3, 6, true), (9, 6, false)];
        let part =
            entries.map(|(principal, source, direct)| Entry::new(principal, source, direct).unwrap().to_number());
        let part = part.map(u64::to_le_bytes).concat();
        assert_eq!(made(5, &part), [3, 9]);
        assert_eq!(made(4, &part), [2, 9]);
        assert_eq!(made(7, &part), [1, 2, 3, 9]);
    }

    #[test]
    fn every_principal_is_found_whichever_part_it_is_in() {
        let connection = Connection::open_in_memory().unwrap();
        create(&connection).unwrap();
        // Every third principal, through as many sources as the number's last digit tells, and one through very many.
        let many = i64::try_from(PART).unwrap() + 10;
        let of = |principal: u32| -> Vec<Entry> {
            let sources = if principal == 300 { many } else { i64::from(principal % 10) };
            (1..=sources).map(|source| Entry::new(principal, source, false).unwrap()).collect()
        };
        let principals = || (3..20_000).step_by(3);
        let mut passed_on = PassedOn::to(&connection, 5).unwrap();
        let parts = principals().filter(|principal| passed_on.push(&of(*principal)).unwrap()).count();
        assert!(parts > 10, "{parts} parts");
        passed_on.finish().unwrap();
        PassedOn::to(&connection, 6).unwrap().finish().unwrap();
        let mut passed = Passed::new(&connection).unwrap();
        let wanted = |principal: u32| if principal.is_multiple_of(3) { of(principal) } else { Vec::new() };
        for principal in (1..20_010).chain((1..20_010).rev().step_by(7)).chain([300, 19_999, 1, u32::MAX]) {
            let expected = if principal < 20_000 { wanted(principal) } else { Vec::new() };
            assert_eq!(passed.of(5, principal).unwrap(), expected, "{principal}");
        }
        assert!(passed.of(6, 3).unwrap().is_empty());
        assert!(passed.of(4, 3).unwrap().is_empty());
        assert_eq!(passed.of(5, 3).unwrap(), of(3));
    }
}
