//! From the finished database to the renamed file: check, pack, check again, rename.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use rusqlite::{Connection, OpenFlags};

use super::super::Error;
use super::{FinishOptions, Finished, Progress, Summary, check_cancelled, packed_path, stoppable};
use crate::container::{self, ContainerError, MAGIC, Watch};

const BUFFER: usize = 128 * 1024;

/// A file that goes away when this does, unless it was published.
#[derive(Debug)]
pub(in super::super) struct Temporary {
    path: PathBuf,
    kept: bool,
}

impl Temporary {
    /// Removes what an earlier run may have left under this name.
    pub(in super::super) fn new(path: PathBuf) -> Result<Self, Error> {
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", &path, source)),
            _ => Ok(Self { path, kept: false }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn create(&self, mode: u32) -> Result<File, Error> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode);
        options.open(&self.path).map_err(|source| Error::file("create", &self.path, source))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

pub(super) fn publish(
    target: &Path,
    build: Temporary,
    summary: Summary,
    options: &mut FinishOptions<'_>,
) -> Result<Finished, Error> {
    (options.progress)(Progress::Verifying);
    check_database(build.path(), &summary, options)?;
    let mut packed = Temporary::new(packed_path(target))?;
    // The field's files are readable by others; who does not want that has a umask.
    let file = packed.create(0o644)?;
    let mut output = Hashing { output: BufWriter::with_capacity(BUFFER, file), digest: Context::new(&SHA256) };
    let written = {
        let progress = &mut options.progress;
        let mut report = |bytes, of| progress(Progress::Compressing { bytes, of });
        let mut watch = Watch { cancel: &options.cancel, progress: &mut report };
        container::write(build.path(), &mut output, &mut watch)
    };
    let written = written.map_err(|error| pack_error(error, packed.path()))?;
    let Hashing { output, digest } = output;
    let file = output.into_inner().map_err(|error| Error::file("write", packed.path(), error.into_error()))?;
    file.sync_all().map_err(|source| Error::file("write", packed.path(), source))?;
    drop(file);

    (options.progress)(Progress::Verifying);
    check_packed(packed.path(), written.database_bytes, options)?;
    drop(build);
    fs::rename(packed.path(), target).map_err(|source| Error::file("rename to", target, source))?;
    packed.kept = true;
    sync_folder(target)?;
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest.finish().as_ref());
    Ok(Finished { summary, bytes: written.bytes, sha256, database_bytes: written.database_bytes })
}

/// Opens the database anew: is it sound, and does it hold what was counted?
fn check_database(path: &Path, summary: &Summary, options: &FinishOptions<'_>) -> Result<(), Error> {
    let check = || -> Result<(), Error> {
        let failed = |reason: String| Error::Verification { path: path.to_path_buf(), reason };
        let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        stoppable(&mut connection, &options.cancel)?;
        let state: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if state != "ok" {
            return Err(failed(state));
        }
        let counts = &summary.counts;
        for (table, counted) in [
            ("v1_resource_types", counts.resource_types),
            ("v1_resources", counts.resources),
            ("v1_entitlements", counts.entitlements),
            ("v1_grants", counts.grants),
            ("v1_sync_runs", 1),
        ] {
            let rows: i64 = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
            if rows.cast_unsigned() != counted {
                return Err(failed(format!("{table} has {rows} rows instead of {counted}")));
            }
        }
        Ok(())
    };
    check().map_err(|error| error.located("check", path))
}

/// Unpacks the file to its end: it is one whole frame, of as many bytes as the database has, and they give the checksum
/// that was made while they were packed.
fn check_packed(packed: &Path, database_bytes: u64, options: &FinishOptions<'_>) -> Result<(), Error> {
    let failed = |reason: String| Error::Verification { path: packed.to_path_buf(), reason };
    let file = File::open(packed).map_err(|source| Error::file("open", packed, source))?;
    let mut source = BufReader::with_capacity(BUFFER, file);
    let mut magic = [0; MAGIC.len()];
    source.read_exact(&mut magic).map_err(|error| failed(error.to_string()))?;
    if magic != MAGIC {
        return Err(failed("it does not begin as a c1z file".to_owned()));
    }
    // The end of the frame, where the checksum is, and the end of the file are read like everything before them.
    let mut decoder = zstd::Decoder::with_buffer(source).map_err(|error| failed(error.to_string()))?;
    let mut buffer = vec![0; BUFFER];
    let mut bytes = 0;
    loop {
        check_cancelled(options)?;
        match decoder.read(&mut buffer).map_err(|error| failed(error.to_string()))? {
            0 if bytes == database_bytes => return Ok(()),
            0 => return Err(failed(format!("it holds {bytes} bytes instead of {database_bytes}"))),
            count => bytes += count as u64,
        }
    }
}

/// A rename is on disk when its folder is.
fn sync_folder(target: &Path) -> Result<(), Error> {
    let folder = target.parent().unwrap_or(Path::new("/"));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| Error::file("sync", folder, source))
}

fn pack_error(error: ContainerError, packed: &Path) -> Error {
    match error {
        ContainerError::Cancelled => Error::Cancelled,
        // Writing is what fails: the database was just read.
        ContainerError::File { source, .. } => Error::file("write", packed, source),
        other => Error::Verification { path: packed.to_path_buf(), reason: other.to_string() },
    }
}

struct Hashing<W> {
    output: W,
    digest: Context,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.output.write(bytes)?;
        self.digest.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
