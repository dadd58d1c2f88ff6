//! Tapes: the requests and responses of a sync as they cross the `http` capability, to read again without a network.
//!
//! A tape is a folder: `tape.json` says whose it is, and one file a page holds the exchanges of that page in order.
//! Exchanges are addressed by export, collection, key, restart and page, never by time, so a tape recorded with any
//! number of workers replays with any other. Our secrets never cross the capability, so none can be on a tape; the
//! target's data is, hence mode 0600.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use ring::rand::{SecureRandom, SystemRandom};

use crate::configuration::{Given, Source};
use crate::http::{Body, HttpError, Request, Response};
use crate::problem::{Category, Problem};

const VERSION: u32 = 1;

/// Whose tape it is and what a replay needs to be the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub version: u32,
    pub plugin: String,
    pub plugin_version: String,
    pub interface: String,
    /// Normalised; of a secret only that it was set.
    pub configuration: BTreeMap<String, String>,
    /// The secrets that were set.
    pub secrets: Vec<String>,
    /// Seconds since 1970.
    pub started_at: i64,
    pub sync_id: String,
}

impl Header {
    /// The random part of the recorded sync id, so that a replay has the same id.
    pub(crate) fn seed(&self) -> Result<[u8; 16], Problem> {
        let id = accord_c1z::sync_id::SyncId::parse(&self.sync_id);
        id.map(|id| id.random()).ok_or_else(|| {
            Problem::new(Category::Usage, "TAPE-001", format!("the tape is damaged: `{}` is no sync id", self.sync_id))
        })
    }

    /// The recorded configuration, as if the operator had given it. A replay opens no connection, so a secret needs no
    /// right value: each gets random bytes.
    pub fn given(&self) -> Vec<(String, Given)> {
        let source = || Source::File("tape.json".to_owned());
        let texts = self.configuration.iter().filter(|(name, _)| !name.contains('.'));
        let secrets = self.secrets.iter().map(|name| (name.clone(), Given::new(source(), random_text())));
        texts.map(|(name, text)| (name.clone(), Given::new(source(), text.clone()))).chain(secrets).collect()
    }
}

fn random_text() -> String {
    let mut bytes = [0; 20];
    // Without randomness the text is all zeros, which no replay minds.
    let _ = SystemRandom::new().fill(&mut bytes);
    crate::plugin::hex(&bytes)
}

/// Where a page stands in a sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    pub export: String,
    pub collection: String,
    pub key: Option<String>,
    pub restart: u32,
    pub page: u32,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.export)?;
        if !self.collection.is_empty() {
            write!(f, " {}", self.collection)?;
        }
        if let Some(key) = &self.key {
            write!(f, "/{key}")?;
        }
        if self.restart > 0 {
            write!(f, " restart {}", self.restart)?;
        }
        write!(f, " page {}", self.page)
    }
}

/// One request and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    request: TapeRequest,
    answer: Answer,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TapeRequest {
    method: String,
    origin: Option<String>,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Option<TapeBody>,
    auth: Option<String>,
    insert: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum TapeBody {
    Json(String),
    Form(Vec<(String, String)>),
    Bytes { content_type: String, bytes: Bytes },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Answer {
    Response { status: u16, headers: Vec<(String, String)>, body: Bytes, clock_ahead_seconds: Option<i64> },
    Error(HttpError),
}

/// Text where it is text, so that people can read a tape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Bytes {
    Text(String),
    Base64(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    address: Address,
    exchanges: Vec<Exchange>,
}

impl Exchange {
    pub(crate) fn new(request: &Request, answer: &Result<Response, HttpError>) -> Self {
        let answer = match answer {
            Ok(response) => Answer::Response {
                status: response.status,
                headers: response.headers.clone(),
                body: Bytes::of(&response.body),
                clock_ahead_seconds: response.clock_ahead_seconds,
            },
            Err(error) => Answer::Error(error.clone()),
        };
        Self { request: TapeRequest::of(request), answer }
    }

    /// The recorded answer, if this is the recorded request.
    pub(crate) fn answer_to(&self, request: &Request) -> Result<Result<Response, HttpError>, String> {
        let asked = TapeRequest::of(request);
        if asked != self.request {
            return Err(format!("the tape has {}, the connector asks {}", self.request, asked));
        }
        Ok(match &self.answer {
            Answer::Response { status, headers, body, clock_ahead_seconds } => Ok(Response {
                status: *status,
                headers: headers.clone(),
                body: body.bytes()?,
                clock_ahead_seconds: *clock_ahead_seconds,
            }),
            Answer::Error(error) => Err(error.clone()),
        })
    }
}

impl TapeRequest {
    fn of(request: &Request) -> Self {
        Self {
            method: request.method.clone(),
            origin: request.origin.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            body: request.body.as_ref().map(|body| match body {
                Body::Json(text) => TapeBody::Json(text.clone()),
                Body::Form(fields) => TapeBody::Form(fields.clone()),
                Body::Bytes { content_type, bytes } => {
                    TapeBody::Bytes { content_type: content_type.clone(), bytes: Bytes::of(bytes) }
                }
            }),
            auth: request.auth.clone(),
            insert: request.insert.clone(),
        }
    }
}

impl fmt::Display for TapeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.method, self.origin.as_deref().unwrap_or(""), self.path)?;
        for (index, (name, value)) in self.query.iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl Bytes {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Base64(text) => STANDARD.decode(text).map_err(|error| format!("the tape is damaged: {error}")),
        }
    }
}

/// Writes a tape.
#[derive(Debug)]
pub struct Recorder {
    folder: PathBuf,
}

impl Recorder {
    /// Begins a tape in `folder`, which must be new or empty, or goes on with the tape of the same sync in it.
    pub fn begin(folder: &Path, header: &Header) -> Result<Self, Problem> {
        let begin = || -> std::io::Result<Option<String>> {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let path = folder.join("tape.json");
            if path.exists() {
                let same = serde_json::from_slice::<Header>(&fs::read(&path)?).is_ok_and(|known| known == *header);
                return Ok((!same).then(|| "it holds the tape of another sync".to_owned()));
            }
            let unfinished = part_of(&path);
            for entry in fs::read_dir(folder)? {
                // A run that was killed while it began a tape leaves this.
                if entry?.path() != unfinished {
                    return Ok(Some("it is not empty".to_owned()));
                }
            }
            write_private(&path, &serde_json::to_vec_pretty(header)?)?;
            Ok(None)
        };
        match begin() {
            Ok(None) => Ok(Self { folder: folder.to_path_buf() }),
            Ok(Some(reason)) => {
                let headline = format!("cannot record into `{}`: {reason}", folder.display());
                Err(Problem::new(Category::Usage, "TAPE-001", headline).remedy("name a new folder with --record"))
            }
            Err(error) => Err(unwritable(folder, &error)),
        }
    }

    /// Keeps the exchanges of one page; a page that was read again replaces what was there.
    pub(crate) fn page(&self, address: &Address, exchanges: Vec<Exchange>) -> Result<(), Problem> {
        let path = self.folder.join(file_name(address));
        let page = Page { address: address.clone(), exchanges };
        serde_json::to_vec(&page)
            .map_err(std::io::Error::from)
            .and_then(|bytes| write_private(&path, &bytes))
            .map_err(|error| unwritable(&path, &error))
    }
}

/// Reads a tape.
#[derive(Debug)]
pub struct Player {
    folder: PathBuf,
    pub header: Header,
}

impl Player {
    pub fn open(folder: &Path) -> Result<Self, Problem> {
        let path = folder.join("tape.json");
        let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        let header: Header = serde_json::from_slice(&bytes).map_err(|error| unreadable(&path, &error))?;
        if header.version != VERSION {
            return Err(unreadable(&path, &format!("version {} of tapes is not known", header.version)));
        }
        Ok(Self { folder: folder.to_path_buf(), header })
    }

    /// The exchanges of one page.
    pub(crate) fn page(&self, address: &Address) -> Result<Vec<Exchange>, Problem> {
        let path = self.folder.join(file_name(address));
        let bytes = fs::read(&path).map_err(|error| {
            let text = format!("the tape has no {address}: {error}");
            Problem::new(Category::Usage, "TAPE-003", text)
                .place(path.display().to_string())
                .means("the connector reads other pages than when the tape was recorded")
                .remedy("record the tape again with this version of the connector")
        })?;
        let page: Page = serde_json::from_slice(&bytes).map_err(|error| unreadable(&path, &error))?;
        Ok(page.exchanges)
    }
}

/// The version of tapes that this host writes.
pub fn version() -> u32 {
    VERSION
}

fn file_name(address: &Address) -> String {
    let mut name = address.export.clone();
    if !address.collection.is_empty() {
        name = format!("{name}.{}", address.collection);
    }
    if let Some(key) = &address.key {
        let digest = ring::digest::digest(&ring::digest::SHA256, key.as_bytes());
        let short: String = crate::plugin::hex(digest.as_ref()).chars().take(16).collect();
        name = format!("{name}@{short}");
    }
    format!("{name}.r{}.p{:06}.json", address.restart, address.page)
}

/// Whatever kills the run, the file is whole or not there.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = part_of(path);
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?.write_all(bytes)?;
    fs::rename(part, path)
}

fn part_of(path: &Path) -> PathBuf {
    path.with_extension("part")
}

fn unwritable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(Category::Storage, "TAPE-002", format!("cannot record into `{}`: {error}", path.display()))
}

fn unreadable(path: &Path, error: &dyn fmt::Display) -> Problem {
    Problem::new(Category::Usage, "TAPE-001", format!("cannot replay `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(sync_id: &str) -> Header {
        Header {
            version: VERSION,
            plugin: "duo".to_owned(),
            plugin_version: "1.0.0".to_owned(),
            interface: "0.1".to_owned(),
            configuration: BTreeMap::new(),
            secrets: Vec::new(),
            started_at: 0,
            sync_id: sync_id.to_owned(),
        }
    }

    fn refusal(folder: &Path, header: &Header) -> String {
        Recorder::begin(folder, header).unwrap_err().headline
    }

    #[test]
    fn a_recording_goes_on_in_its_own_folder_and_in_no_other() {
        let desk = tempfile::tempdir().unwrap();
        let (folder, header) = (desk.path().join("a/tape"), header("one"));
        Recorder::begin(&folder, &header).unwrap();
        Recorder::begin(&folder, &header).unwrap();
        let other = Header { sync_id: "two".to_owned(), ..header.clone() };
        assert!(refusal(&folder, &other).ends_with("it holds the tape of another sync"));
        assert!(refusal(&desk.path().join("a"), &header).ends_with("it is not empty"));
    }

    #[test]
    fn a_recording_that_was_killed_as_it_began_can_begin_again() {
        let desk = tempfile::tempdir().unwrap();
        fs::write(desk.path().join("tape.part"), "{\"vers").unwrap();
        Recorder::begin(desk.path(), &header("one")).unwrap();
        let names: Vec<_> = fs::read_dir(desk.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["tape.json"]);
        assert_eq!(Player::open(desk.path()).unwrap().header, header("one"));
    }
}
