//! Damaged, hostile and foreign files: always an error that says what and where, never a panic, in bounded space.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use accord_c1z::container::{ContainerError, Limits, MAGIC, Watch, extract};
use accord_c1z::reader::ReadError;
use accord_c1z::schema::FileProfile;

use crate::support::{container_around, content, file, golden, open, sample_file, verdict, verdict_within};

fn message(path: &Path) -> String {
    open(path).unwrap_err().to_string()
}

fn limited(path: &Path, limits: Limits) -> Result<(), ContainerError> {
    let cancel = AtomicBool::new(false);
    let mut watch = Watch { cancel: &cancel, progress: &mut |_, _| {} };
    extract(path, path.parent().unwrap(), &limits, &mut watch).map(drop)
}

// Checklist 6.
#[test]
fn files_that_are_no_c1z_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (bytes, expected) in [
        (&b""[..], "the file is empty"),
        (b"PK\x03\x04 and more", r"not a c1z file: it begins with `PK\x03\x04 `"),
        (b"SQLite format 3\0", "not a c1z file: it begins with `SQLit`"),
        (b"x", "not a c1z file: it begins with `x`"),
        (b"C1Z", "zstd: the file ends in the middle of a frame, at byte 3"),
        (b"C1ZF\0", "zstd: the file ends in the middle of a frame, at byte 5"),
        (b"C1ZF\0not zstd at all", "zstd: damaged at byte 5 of 20 (no zstd frame begins here)"),
        (
            b"C1Z3\0",
            "this is a c1z v3 (its manifest does not decode), which accord does not read; sync again with the sqlite storage engine",
        ),
        (
            b"C1Z3\0\xff\xff\xff\xff",
            "this is a c1z v3 (its manifest does not decode), which accord does not read; sync again with the sqlite storage engine",
        ),
    ] {
        assert_eq!(message(&file(folder.path(), bytes)), expected);
    }
    let missing = message(&folder.path().join("none.c1z"));
    assert!(missing.starts_with("opening `") && missing.contains("none.c1z"), "{missing}");
}

#[test]
fn a_truncated_file_tells_where_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(golden("demo-sdk-0.2.51.c1z")).unwrap();
    let path = file(folder.path(), &whole[..2750]);
    assert_eq!(message(&path), "zstd: the file ends in the middle of a frame, at byte 2,750");
    assert_eq!(
        verdict(&path).to_string(),
        "header ok · zstd: the file ends in the middle of a frame, at byte 2,750 · not readable"
    );
}

#[test]
fn a_wrong_checksum_tells_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(golden("demo-sdk-0.2.51.c1z")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let path = file(folder.path(), &bytes);
    assert_eq!(message(&path), "zstd: CRC mismatch at byte 5,610 of 5,614");
    let verdict = verdict(&path);
    assert_eq!(verdict.to_string(), "header ok · zstd: CRC mismatch at byte 5,610 of 5,614 · not readable");
    assert!(!verdict.is_readable() && !verdict.is_sound());
}

#[test]
fn bytes_after_the_last_frame_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(golden("demo-sdk-0.2.51.c1z")).unwrap();
    bytes.extend(b"garbage");
    let path = file(folder.path(), &bytes);
    assert_eq!(message(&path), "zstd: 7 bytes that are no frame follow at byte 5,614 of 5,621");
    bytes.truncate(5614);
    bytes.extend(&bytes.clone()[5..9]);
    assert_eq!(
        message(&file(folder.path(), &bytes)),
        "zstd: the file ends in the middle of a frame, at byte 5,618",
        "a second frame that only begins"
    );
}

#[test]
fn zstd_around_something_else_is_told_from_a_damaged_container() {
    let folder = tempfile::tempdir().unwrap();
    let text = container_around(folder.path(), b"hello");
    assert_eq!(message(&text), "the database inside is damaged or not one: file is not a database");
    let verdict = verdict(&text);
    assert_eq!(
        verdict.to_string(),
        "header ok · zstd ok · database: the database inside is damaged or not one: file is not a database · not readable"
    );
}

#[test]
fn a_broken_database_in_a_good_container_is_an_error_or_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample_file(folder.path(), FileProfile::Current);
    let database = std::fs::read(folder.path().join("build.db")).unwrap();
    let good = content(&open(&sample).unwrap()).unwrap();
    let mut noticed = 0;
    // One byte in a page's header or the file's, in every page: cell pointers, page types, free space.
    for page in (0..database.len()).step_by(4096) {
        for offset in [0, 1, 3, 5, 8, 18, 19, 100, 105] {
            let mut broken = database.clone();
            broken[page + offset] ^= 0x5a;
            let path = container_around(folder.path(), &broken);
            let same = open(&path).and_then(|reader| content(&reader)).is_ok_and(|read| read == good);
            let sound = verdict(&path).is_sound();
            assert!(same || !sound, "page {page} offset {offset}: other content, and the verdict is sound");
            noticed += usize::from(!sound);
        }
    }
    assert!(noticed > 50, "only {noticed} damages were noticed");
    for length in (0..database.len()).step_by(4096 / 2) {
        let path = container_around(folder.path(), &database[..length]);
        assert!(!verdict(&path).is_sound(), "cut to {length} bytes");
    }
}

// Checklist 7.
#[test]
fn a_bomb_stops_at_the_limit_with_and_without_a_declared_size() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { decoded_bytes: 1 << 20, ..Limits::default() };
    // 64 MiB of zeros in a few kilobytes.
    let zeros = || std::io::repeat(0).take(64 << 20);
    for declared in [false, true] {
        let mut bytes = MAGIC.to_vec();
        let mut encoder = zstd::Encoder::new(&mut bytes, 3).unwrap();
        encoder.include_contentsize(declared).unwrap();
        encoder.set_pledged_src_size(declared.then_some(64 << 20)).unwrap();
        std::io::copy(&mut zeros(), &mut encoder).unwrap();
        encoder.finish().unwrap();
        assert!(bytes.len() < 20_000);
        let path = file(folder.path(), &bytes);
        let error = limited(&path, limits).unwrap_err();
        let expected = if declared {
            "the database is larger than the limit of 1,048,576 bytes: it declares 67,108,864"
        } else {
            "the database is larger than the limit of 1,048,576 bytes"
        };
        assert_eq!(error.to_string(), expected);
        let inner = tempfile::tempdir().unwrap();
        let verdict = verdict_within(&path, inner.path(), &limits);
        assert_eq!(verdict.to_string(), format!("header ok · zstd: {expected} · not readable"));
        assert_eq!(std::fs::read_dir(inner.path()).unwrap().count(), 0, "nothing remains of a bomb");
    }
    // Many small frames, each within the limit.
    let mut bytes = MAGIC.to_vec();
    let frame = zstd::encode_all(&vec![0; 600_000][..], 3).unwrap();
    bytes.extend(frame.repeat(3));
    assert!(matches!(
        limited(&file(folder.path(), &bytes), limits),
        Err(ContainerError::TooLarge { limit: 1_048_576, .. })
    ));
}

// Checklist 7.
#[test]
fn a_window_above_the_limit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = MAGIC.to_vec();
    let mut encoder = zstd::Encoder::new(&mut bytes, 3).unwrap();
    encoder.window_log(28).unwrap();
    encoder.write_all(b"a little").unwrap();
    encoder.finish().unwrap();
    let path = file(folder.path(), &bytes);
    let error = limited(&path, Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "reading the file would take more memory than the limit of 134,217,728 bytes");
    limited(&path, Limits { window_bytes: 256 << 20, ..Limits::default() }).unwrap();
}

#[test]
fn unpacking_stops_on_request_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cancel = AtomicBool::new(false);
    let stop_at_once = &mut |_, _| cancel.store(true, std::sync::atomic::Ordering::Relaxed);
    let mut watch = Watch { cancel: &cancel, progress: stop_at_once };
    let error = extract(&golden("demo-sdk-0.2.51.c1z"), folder.path(), &Limits::default(), &mut watch).unwrap_err();
    assert!(matches!(error, ContainerError::Cancelled));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn each_flipped_byte_of_a_file_is_an_error_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let path = golden("expanded-sdk-0.25.0.c1z");
    let bytes = std::fs::read(&path).unwrap();
    let good = content(&open_in(folder.path(), &path).unwrap()).unwrap();
    let mut accepted = Vec::new();
    for position in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[position] ^= 1 << (position % 8);
        let path = file(folder.path(), &flipped);
        if let Ok(reader) = open(&path) {
            assert_eq!(content(&reader).unwrap(), good, "byte {position}");
            accepted.push(position);
        }
    }
    // What is left are bits that do not change what is decoded: a larger window, another match with the same bytes.
    assert!(accepted.len() < bytes.len() / 100, "accepted with a flipped byte at {accepted:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "only the last test file");
}

#[test]
fn each_truncation_of_a_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(golden("expanded-sdk-0.25.0.c1z")).unwrap();
    for length in 0..bytes.len() {
        let error = open(&file(folder.path(), &bytes[..length])).unwrap_err();
        let expected = match length {
            0 => matches!(&error, ReadError::Container(ContainerError::Empty)),
            _ => matches!(&error, ReadError::Container(ContainerError::Truncated { at }) if *at == length as u64),
        };
        assert!(expected, "cut to {length} bytes: {error}");
    }
}

fn open_in(folder: &Path, path: &Path) -> Result<accord_c1z::reader::Reader, ReadError> {
    accord_c1z::reader::Reader::open(path, folder)
}
