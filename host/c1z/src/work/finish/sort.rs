//! Sorting more numbers than memory should hold: sorted runs of bounded length, merged while they are read back.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::super::Error;

/// Numbers sorted at a time: 8 MiB.
const RUN: usize = 1 << 20;
/// Numbers of one run that are read back at a time: 64 KiB.
const PART: usize = 1 << 13;

/// Makes the table of runs, for one sorter after the other.
pub(super) fn create(connection: &Connection) -> Result<(), Error> {
    Ok(connection.execute_batch(
        "CREATE TEMP TABLE runs (run INTEGER NOT NULL, part INTEGER NOT NULL, numbers BLOB NOT NULL, PRIMARY KEY (run, part))",
    )?)
}

/// Gives back what the last sorter took.
pub(super) fn clear(connection: &Connection) -> Result<(), Error> {
    Ok(connection.execute_batch("DELETE FROM temp.runs")?)
}

/// Takes numbers in any order.
pub(super) struct Sorter<'a> {
    connection: &'a Connection,
    run: Vec<u64>,
    /// Runs that were put away.
    stored: i64,
    capacity: usize,
}

impl<'a> Sorter<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self::with_capacity(connection, RUN)
    }

    fn with_capacity(connection: &'a Connection, capacity: usize) -> Self {
        Self { connection, run: Vec::new(), stored: 0, capacity }
    }

    pub(super) fn push(&mut self, number: u64) -> Result<(), Error> {
        if self.run.len() == self.capacity {
            self.store()?;
        }
        self.run.push(number);
        Ok(())
    }

    fn store(&mut self) -> Result<(), Error> {
        if self.stored == 0 {
            clear(self.connection)?;
        }
        self.run.sort_unstable();
        let mut insert =
            self.connection.prepare_cached("INSERT INTO temp.runs (run, part, numbers) VALUES (?, ?, ?)")?;
        for (part, numbers) in (0_i64..).zip(self.run.chunks(PART)) {
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            insert.execute(params![self.stored, part, bytes])?;
        }
        self.stored += 1;
        self.run.clear();
        Ok(())
    }

    /// All numbers in ascending order, each as often as it came.
    pub(super) fn sorted(mut self) -> Result<Sorted<'a>, Error> {
        self.run.sort_unstable();
        let mut runs = vec![Run { number: -1, parts: 0, numbers: self.run, at: 0 }];
        runs.extend((0..self.stored).map(|number| Run { number, parts: 0, numbers: Vec::new(), at: 0 }));
        let find = self.connection.prepare_cached("SELECT numbers FROM temp.runs WHERE run = ? AND part = ?")?;
        let mut sorted = Sorted { runs, heads: BinaryHeap::new(), find };
        for index in 0..sorted.runs.len() {
            sorted.advance(index)?;
        }
        Ok(sorted)
    }
}

/// One sorted run, as far as it is in memory.
struct Run {
    number: i64,
    /// Parts that were read so far.
    parts: i64,
    numbers: Vec<u64>,
    at: usize,
}

/// The numbers, read back in order.
pub(super) struct Sorted<'a> {
    runs: Vec<Run>,
    /// The next number of each run that has one.
    heads: BinaryHeap<Reverse<(u64, usize)>>,
    find: CachedStatement<'a>,
}

impl Sorted<'_> {
    pub(super) fn next(&mut self) -> Result<Option<u64>, Error> {
        let Some(Reverse((number, index))) = self.heads.pop() else { return Ok(None) };
        self.advance(index)?;
        Ok(Some(number))
    }

    fn advance(&mut self, index: usize) -> Result<(), Error> {
        let Some(run) = self.runs.get_mut(index) else { return Ok(()) };
        if run.at == run.numbers.len() {
            let part: Option<Vec<u8>> = self.find.query_row([run.number, run.parts], |row| row.get(0)).optional()?;
            run.parts += 1;
            run.at = 0;
            run.numbers.clear();
            let part = part.unwrap_or_default();
            run.numbers.extend(part.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)));
        }
        if let Some(number) = run.numbers.get(run.at) {
            run.at += 1;
            self.heads.push(Reverse((*number, index)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(numbers: &[u64], capacity: usize) -> Vec<u64> {
        let connection = Connection::open_in_memory().unwrap();
        create(&connection).unwrap();
        let sort = || -> Vec<u64> {
            let mut sorter = Sorter::with_capacity(&connection, capacity);
            numbers.iter().for_each(|number| sorter.push(*number).unwrap());
            let mut sorted = sorter.sorted().unwrap();
            std::iter::from_fn(|| sorted.next().unwrap()).collect()
        };
        let once = sort();
        assert_eq!(sort(), once, "the next sorter finds nothing of the last one");
        once
    }

    #[test]
    fn any_number_of_runs_comes_back_in_order() {
        // A walk through all residues, some of them twice, and numbers that use every bit.
        let numbers: Vec<u64> = (0..50_000_u64).map(|n| (n * 7919 % 40_009) * (u64::MAX / 40_009)).collect();
        let mut wanted = numbers.clone();
        wanted.sort_unstable();
        for capacity in [1_usize << 20, 50_000, 49_999, 12_345, PART * 2] {
            assert_eq!(sorted(&numbers, capacity), wanted, "{capacity} at a time");
        }
        assert_eq!(sorted(&[3, 1, 3, 2], 1), [1, 2, 3, 3]);
        assert_eq!(sorted(&[], 1), [0_u64; 0]);
    }
}
