//! What a file costs at least: `floor FILE FOLDER` takes the rows of a finished file and does with them what cannot be
//! left out: inserts them into the same tables, builds the same indexes, packs the same database. Plain statements, as
//! anybody would write them. Prints the CPU seconds of each as JSON; taking the rows out is not counted.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use accord_c1z::container::{self, Watch};
use accord_c1z::database::NewDatabase;
use accord_c1z::reader::Reader;
use accord_c1z::schema::FileProfile;
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
    let database = NewDatabase::create(&path, FileProfile::Current, "", "")?;

    let mut insert = Duration::ZERO;
    for table in tables(&source)? {
        insert += copy(&source, database.connection(), &table)?;
    }
    let (indexes, ()) = timed(|| {
        database.create_partial_indexes()?;
        database.create_indexes(|_, _| {})?;
        database.close()
    })?;
    let (compress, written) = timed(|| {
        let mut output = BufWriter::new(File::create(folder.join("floor.c1z"))?);
        let cancel = AtomicBool::new(false);
        container::write(&path, &mut output, &mut Watch { cancel: &cancel, progress: &mut |_, _| {} })
            .map_err(Failure::from)
    })?;
    for name in ["floor.db", "floor.c1z"] {
        std::fs::remove_file(folder.join(name))?;
    }
    let [insert, indexes, compress] = [insert, indexes, compress].map(|time| time.as_secs_f64());
    let bytes = written.bytes;
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
