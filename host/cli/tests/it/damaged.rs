//! Sync files that are damaged, or were made to do damage: `stats` and `verify` say what is wrong in a line, and a sync
//! moves them aside, whole, before it writes its own.

use std::io::Write;

use accord_c1z::reader::Reader;
use accord_fixtures::duo::{DuoServer, Options, Shape, World};
use accord_fixtures::world::Random;

use crate::rows::Rows;
use crate::support::{Call, Desk, Outcome, names};

const FILE: &str = "sync.c1z";
const MAGIC: &[u8] = b"C1ZF\0";

/// A desk with the file of a real sync.
struct Place {
    desk: Desk,
    server: DuoServer,
    good: Vec<u8>,
}

impl Place {
    fn new() -> Self {
        let shape = Shape { seed: 10, users: 60, groups: 10, memberships: 4, admins: 10 };
        let server = DuoServer::start(World::generate(&shape), Options::default()).unwrap();
        let desk = Desk::new();
        desk.accord(&["sync", "duo"]).against(&server).run().exits(0);
        let good = std::fs::read(desk.path(FILE)).unwrap();
        Self { desk, server, good }
    }

    /// The database inside the good file.
    fn database(&self) -> Vec<u8> {
        let good = self.desk.write("good.c1z", &self.good);
        let folder = tempfile::tempdir().unwrap();
        let reader = Reader::open(&good, folder.path()).unwrap();
        std::fs::remove_file(good).unwrap();
        std::fs::read(reader.container().unwrap().path()).unwrap()
    }

    fn sync(&self) -> Call {
        self.desk.accord(&["sync", "duo"]).against(&self.server)
    }

    /// `verify` and `stats` refuse it in one line each, with the same words.
    #[track_caller]
    fn is_told(&self, wreck: &Wreck) {
        let file = self.desk.write("wreck.c1z", &wreck.bytes).display().to_string();
        let scratch = tempfile::tempdir().unwrap();
        let look = |command| wreck.limited(self.desk.accord(&[command, &file])).env("BATON_TMPDIR", scratch.path());
        let verdict = calm(look("verify").run(), wreck).exits(14);
        let lines: Vec<&str> = verdict.stdout.lines().filter(|line| !line.starts_with("  ")).collect();
        assert!(
            matches!(*lines, [line] if line.contains(" · ") || line.starts_with("header: ")),
            "{wreck:?}: {}",
            verdict.stdout
        );
        assert!(
            lines[0].ends_with("not readable") || lines[0].ends_with("readable, with faults"),
            "{wreck:?}: {lines:?}"
        );
        assert!(lines[0].contains(wreck.told), "{wreck:?}: {lines:?}");
        assert_eq!(verdict.stderr, "", "{wreck:?}");

        let stats = calm(look("stats").run(), wreck).exits(14);
        assert_eq!((stats.stdout.as_str(), stats.errors()), ("", 1), "{wreck:?}: {stats:?}");
        let (error, rest) = stats.stderr.split_once('\n').unwrap();
        assert!(error.starts_with(&format!("error[FILE-001] `{file}` cannot be read: ")), "{wreck:?}: {error}");
        assert!(error.contains(wreck.told), "{wreck:?}: {error}");
        assert!(rest.is_empty() || rest.starts_with("  do      "), "{wreck:?}: {rest}");
        std::fs::remove_file(file).unwrap();
        let left = [self.desk.names(), names(scratch.path())].concat();
        assert_eq!(left, [FILE], "{wreck:?}: nothing is left of a look at it");
    }

    /// A sync moves it aside, says so, and writes a good file; the next one moves nothing.
    #[track_caller]
    fn is_moved_aside(&self, wreck: &Wreck) {
        let Self { desk, server, .. } = self;
        desk.write(FILE, &wreck.bytes);
        let outcome = calm(wreck.limited(self.sync()).run(), wreck).exits(0);
        let names = desk.names();
        let aside = match names.as_slice() {
            [file, aside] if file == FILE && aside.starts_with("sync.c1z.corrupt-2") => aside,
            _ => panic!("{wreck:?}: {names:?}"),
        };
        let outcome = outcome.tells(&["sync.c1z` cannot be read (", wreck.told, "it is now `", aside]);
        assert_eq!(outcome.stderr.matches("it is now").count(), 1, "{wreck:?}: told once: {}", outcome.stderr);
        assert!(std::fs::read(desk.path(aside)).unwrap() == wreck.bytes, "{wreck:?}: kept to the last byte");
        desk.accord(&["verify", FILE]).run().exits(0);
        Rows::of(desk, FILE).are(&server.expected());

        let again = wreck.limited(self.sync()).run().exits(0);
        assert!(!again.stderr.contains("cannot be read"), "{wreck:?}: {}", again.stderr);
        assert_eq!(desk.names(), names, "{wreck:?}: moved once");
        assert!(std::fs::read(desk.path(aside)).unwrap() == wreck.bytes, "{wreck:?}");
        std::fs::remove_file(desk.path(aside)).unwrap();
    }
}

/// A file that cannot be read.
struct Wreck {
    name: String,
    bytes: Vec<u8>,
    /// What it is told with.
    told: &'static str,
    /// In MiB, instead of the usual 10 GiB.
    limit: Option<&'static str>,
}

impl Wreck {
    fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>, told: &'static str) -> Self {
        Self { name: name.into(), bytes: bytes.into(), told, limit: None }
    }

    fn limited(&self, call: Call) -> Call {
        match self.limit {
            Some(limit) => call.env("BATON_DECODER_MAX_DECODED_SIZE_MB", limit),
            None => call,
        }
    }
}

impl std::fmt::Debug for Wreck {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// No panic, and no fault of accord.
#[track_caller]
fn calm(outcome: Outcome, wreck: &Wreck) -> Outcome {
    let printed = outcome.printed();
    assert!(!printed.contains("panicked") && !printed.contains("BUG-"), "{wreck:?}: {printed}");
    outcome
}

/// What a careful writer would have made of these bytes.
fn container(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(MAGIC.to_vec(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.set_pledged_src_size(Some(bytes.len() as u64)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// So many MiB of zeros in a file that does not say how many there are.
fn zeros(count: usize) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(MAGIC.to_vec(), 1).unwrap();
    encoder.include_contentsize(false).unwrap();
    let piece = vec![0; 1 << 20];
    for _ in 0..count {
        encoder.write_all(&piece).unwrap();
    }
    encoder.finish().unwrap()
}

/// A frame that declares a tebibyte: eight bytes of size (0xc0), and no window (0x20). What follows is a block of zeros.
fn vast() -> Vec<u8> {
    let mut bytes = [MAGIC, b"\x28\xb5\x2f\xfd\xe0"].concat();
    bytes.extend((1_u64 << 40).to_le_bytes());
    bytes.extend([0x02, 0x00, 0x10, 0x00]);
    bytes
}

fn truncated(good: &[u8]) -> Vec<Wreck> {
    let whole = good.len();
    [1, 4, 5, 9, 30, whole / 3, whole / 2, whole - 4, whole - 1]
        .map(|length| {
            Wreck::new(format!("{length} of {whole} bytes"), &good[..length], "ends in the middle of a frame")
        })
        .into()
}

fn foreign(good: &[u8]) -> Vec<Wreck> {
    vec![
        Wreck::new("no magic", &good[5..], "not a c1z file"),
        Wreck::new("another magic", [b"PK\x03\x04\0", &good[5..]].concat(), "not a c1z file: it begins with `PK"),
        Wreck::new("text", "hello, world\n", "not a c1z file: it begins with `hello`"),
        Wreck::new("trailing text", [good, b"and more"].concat(), "8 bytes that are no frame follow"),
        Wreck::new("trailing zeros", [good, &[0; 4096]].concat(), "4,096 bytes that are no frame follow"),
        Wreck::new("no frame", [MAGIC, b"no frame at all"].concat(), "no zstd frame begins here"),
        Wreck::new("text inside", container(b"hello"), "the database inside is damaged or not one"),
        Wreck::new("nothing inside", container(b""), "the database inside is"),
    ]
}

/// Whole containers around databases that are not.
fn broken(database: &[u8]) -> Vec<Wreck> {
    let told = "database";
    let page_bytes = usize::from(u16::from_be_bytes([database[16], database[17]]));
    let last = database.len() / page_bytes - 1;
    // The last one ends in the middle of its last page, which SQLite alone would not notice.
    let mut wrecks: Vec<Wreck> = [512, page_bytes, database.len() / 2, last * page_bytes, last * page_bytes + 512]
        .map(|length| Wreck::new(format!("{length} bytes of a database"), container(&database[..length]), told))
        .into();
    let mut header = database.to_vec();
    header[..16].fill(b'x');
    wrecks.push(Wreck::new("another header", container(&header), told));
    // The third page, the middle, the last: schema, rows, indexes.
    for page in [2, last / 2, last] {
        let mut garbled = database.to_vec();
        garbled[page * page_bytes..][..200].fill(0xa5);
        wrecks.push(Wreck::new(format!("page {page} garbled"), container(&garbled), told));
    }
    let mut other = database.to_vec();
    for position in 0..other.len() - 12 {
        if other[position..].starts_with(b"v1_sync_runs") {
            other[position..][..12].copy_from_slice(b"v1_sync_rums");
        }
    }
    wrecks.push(Wreck::new("another program's database", container(&other), "the database inside"));
    wrecks
}

fn bombs() -> Vec<Wreck> {
    let bomb = zeros(2 << 10);
    assert!(bomb.len() < 1 << 20, "a bomb is small: {}", bomb.len());
    vec![
        Wreck::new(
            "a bomb that says so",
            vast(),
            "larger than the limit of 10,737,418,240 bytes: it declares 1,099,511,627,776",
        ),
        Wreck {
            limit: Some("64"),
            ..Wreck::new("a bomb that does not", bomb, "larger than the limit of 67,108,864 bytes")
        },
    ]
}

#[test]
fn whatever_is_wrong_with_a_file_is_told_in_a_line() {
    let place = Place::new();
    let wrecks = [truncated(&place.good), foreign(&place.good), broken(&place.database()), bombs()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    for wreck in &wrecks {
        place.is_told(wreck);
    }
    let empty = Wreck::new("empty", "", "the file is empty");
    place.is_told(&empty);
}

#[test]
fn a_sync_onto_a_file_that_cannot_be_read_moves_it_aside() {
    let place = Place::new();
    let cut = truncated(&place.good).into_iter().step_by(3).collect();
    let wrecks =
        [cut, foreign(&place.good), broken(&place.database()), bombs()].into_iter().flatten().collect::<Vec<_>>();
    for wreck in &wrecks {
        place.is_moved_aside(wreck);
    }
}

#[test]
fn an_empty_file_is_nothing_that_could_be_kept() {
    let place = Place::new();
    place.desk.write(FILE, "");
    let outcome = place.sync().run().exits(0);
    assert!(!outcome.stderr.contains("cannot be read"), "{}", outcome.stderr);
    assert_eq!(place.desk.names(), [FILE]);
    Rows::of(&place.desk, FILE).are(&place.server.expected());
}

#[test]
fn flipped_bits_are_noticed_or_change_nothing() {
    let place = Place::new();
    let good = place.desk.accord(&["stats", FILE]).run().exits(0).stdout;
    let mut random = Random::new(20_260_810);
    let (mut noticed, mut moved) = (0, 0);
    for number in 0..150 {
        // The header's bytes are few and matter most.
        let position = if number < 40 { number } else { random.below(place.good.len()) };
        let mut bytes = place.good.clone();
        bytes[position] ^= 1 << random.below(8);
        let wreck = Wreck::new(format!("a bit of byte {position} flipped"), bytes, "");
        let file = place.desk.write("wreck.c1z", &wreck.bytes).display().to_string();
        let verdict = calm(place.desk.accord(&["verify", &file]).run(), &wreck);
        let stats = calm(place.desk.accord(&["stats", &file]).run(), &wreck);
        std::fs::remove_file(file).unwrap();
        if verdict.code == 0 {
            assert_eq!(stats.exits(0).stdout, good, "{wreck:?}: accepted, so it must say the same");
            continue;
        }
        verdict.exits(14);
        assert_eq!(stats.exits(14).errors(), 1, "{wreck:?}");
        noticed += 1;
        if noticed % 20 == 0 {
            place.is_moved_aside(&wreck);
            moved += 1;
        }
    }
    assert!(noticed >= 145, "only {noticed} of 150 were noticed");
    assert!(moved >= 7, "only {moved} were moved aside");
}

#[test]
fn a_bomb_takes_no_memory() {
    /// The smallest bomb is more.
    const MEBIBYTES: u32 = 40;
    let place = Place::new();
    place.desk.accord(&["verify", FILE]).within_memory(MEBIBYTES).run().exits(0);
    for wreck in bombs() {
        let file = place.desk.write("wreck.c1z", &wreck.bytes).display().to_string();
        for command in ["verify", "stats"] {
            let outcome = wreck.limited(place.desk.accord(&[command, &file])).within_memory(MEBIBYTES).run().exits(14);
            let told = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(told.contains("larger than the limit"), "{wreck:?}, {command}: {told}");
        }
    }
    let unclear = place.desk.accord(&["stats", FILE]).env("BATON_DECODER_MAX_DECODED_SIZE_MB", "much").run().exits(2);
    unclear.tells(&["BATON_DECODER_MAX_DECODED_SIZE_MB is `much`, and should be a number of MiB"]);
}
