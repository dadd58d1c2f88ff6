//! What a file costs at least: `floor FILE FOLDER` takes the rows of a finished file and does with them what cannot be
//! left out: inserts them, encoded and sorted, into the same tables, builds the same indexes, and packs the database.
//! Plainly, as the field's files are made: pages of 4 KiB, all indexes afterwards, zstd level 3 with a window of 8 MiB.
//! Prints the CPU seconds of each as JSON; taking the rows out is not counted.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use accord_c1z::reader::Reader;
use accord_c1z::schema::{self, FileProfile};
use cpu_time::ProcessTime;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

type Failure = Box<dyn std::error::Error>;

/// Rows that are taken out at a time, so that memory stays small.
const ROWS: usize = 4096;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, folder] = arguments.as_slice() else { return Err("wanted: FILE FOLDER".into()) };
    let folder = Path::new(folder);
    let reader = Reader::open(Path::new(file), folder)?;
    let source = Connection::open(reader.container().ok_or("the file is no container")?.path())?;
    let path = folder.join("floor.db");
    let database = Connection::open(&path)?;
    database.execute_batch(
        "pragma page_size = 4096; pragma journal_mode = off; pragma synchronous = off; pragma locking_mode = exclusive;
         pragma cache_size = -16384; pragma temp_store = file; begin",
    )?;
    schema::create_tables(&database, FileProfile::Current)?;

    let mut insert = Duration::ZERO;
    for table in tables(&source)? {
        insert += copy(&source, &database, &table)?;
    }
    let (indexes, ()) = timed(|| {
        schema::create_indexes(&database, FileProfile::Current, |_| true, |_, _| {})?;
        database.execute_batch("commit")
    })?;
    drop(database);
    let packed = folder.join("floor.c1z");
    let (compress, ()) = timed(|| {
        let mut encoder = zstd::Encoder::new(File::create(&packed)?, 3)?;
        encoder.window_log(23)?;
        encoder.include_checksum(true)?;
        std::io::copy(&mut File::open(&path)?, &mut encoder)?;
        encoder.finish().map(drop)
    })?;
    let bytes = packed.metadata()?.len();
    for name in ["floor.db", "floor.c1z"] {
        std::fs::remove_file(folder.join(name))?;
    }
    let [insert, indexes, compress] = [insert, indexes, compress].map(|time| time.as_secs_f64());
    let line = format!("{{\"insert\":{insert},\"indexes\":{indexes},\"compress\":{compress},\"bytes\":{bytes}}}");
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

fn tables(source: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut names = source.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")?;
    names.query_map([], |row| row.get(0))?.collect()
}

/// Copies a table, and tells what the inserting took.
fn copy(source: &Connection, target: &Connection, table: &str) -> Result<Duration, Failure> {
    let mut select = source.prepare(&format!("SELECT * FROM {table} ORDER BY id"))?;
    let columns = select.column_count();
    let places = vec!["?"; columns].join(", ");
    let mut insert = target.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?;
    let mut rows = select.query([])?;
    let mut spent = Duration::ZERO;
    loop {
        let mut taken: Vec<Vec<Value>> = Vec::with_capacity(ROWS);
        while taken.len() < ROWS
            && let Some(row) = rows.next()?
        {
            taken.push((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?);
        }
        let (time, ()) = timed(|| taken.iter().try_for_each(|row| insert.execute(params_from_iter(row)).map(drop)))?;
        spent += time;
        if taken.len() < ROWS {
            return Ok(spent);
        }
    }
}

fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(Duration, T), E> {
    let began = ProcessTime::now();
    let done = work()?;
    Ok((began.elapsed(), done))
}
