//! Unpacking a file into a private temporary database.
//!
//! The decoder is fed exactly what it asks for, a block at a time, so that damage is located to the block. Several
//! frames in a row are one database, sizes and checksums are optional: older writers left them out.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zstd::zstd_safe::{self, DCtx, DParameter, InBuffer, OutBuffer};

use super::error::ContainerError;
use super::input::Input;
use super::{Limits, MAGIC, MAGIC_V3, Watch, v3};

/// An unpacked database. The file is deleted when this is dropped.
#[derive(Debug)]
pub struct Extracted {
    file: NamedTempFile,
    /// Size of the container.
    pub bytes: u64,
    /// Size of the database.
    pub database_bytes: u64,
    /// One in files of current writers.
    pub frames: u32,
    /// The first frame's declared size, if it has one.
    pub declared_bytes: Option<u64>,
    /// Whether the first frame says that a checksum follows; if it does, it was right.
    pub has_checksum: bool,
}

impl Extracted {
    /// Where the database lies.
    pub fn path(&self) -> &Path {
        self.file.path()
    }
}

/// Unpacks a file into `folder`, readable by its owner only.
///
/// # Errors
/// What is wrong with the file and where; a limit that it exceeds; the folder. Nothing remains in the folder then.
pub fn extract(
    path: &Path,
    folder: &Path,
    limits: &Limits,
    watch: &mut Watch<'_>,
) -> Result<Extracted, ContainerError> {
    let mut name = tempfile::Builder::new();
    unpack(path, folder, name.prefix(".accord-").suffix(".db"), limits, watch)
}

/// Unpacks a file as the file `place`, over one that a killed process left there.
///
/// # Errors
/// As [`extract`].
pub fn extract_as(
    path: &Path,
    place: &Path,
    limits: &Limits,
    watch: &mut Watch<'_>,
) -> Result<Extracted, ContainerError> {
    let fault = |source| ContainerError::File { doing: "unpacking into", path: place.to_owned(), source };
    let name = place.file_name().ok_or_else(|| fault(io::Error::other("it names no file")))?;
    match fs::remove_file(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault(error)),
        _ => {}
    }
    let folder = place.parent().unwrap_or(Path::new("."));
    unpack(path, folder, tempfile::Builder::new().prefix(name).rand_bytes(0), limits, watch)
}

fn unpack(
    path: &Path,
    folder: &Path,
    name: &tempfile::Builder<'_, '_>,
    limits: &Limits,
    watch: &mut Watch<'_>,
) -> Result<Extracted, ContainerError> {
    let at_path = |doing, source| ContainerError::File { doing, path: path.to_owned(), source };
    let source = File::open(path).map_err(|source| at_path("opening", source))?;
    let bytes = source.metadata().map_err(|source| at_path("opening", source))?.len();
    let mut file = name.tempfile_in(folder).map_err(|source| ContainerError::File {
        doing: "unpacking into",
        path: folder.to_owned(),
        source,
    })?;
    let mut decoder = Decoder {
        input: Input::new(source),
        path: path.to_owned(),
        bytes,
        limits: *limits,
        folder: folder.to_owned(),
        decoded: 0,
    };
    decoder.magic()?;
    let (frames, first) = decoder.frames(file.as_file_mut(), watch)?;
    Ok(Extracted {
        file,
        bytes,
        database_bytes: decoder.decoded,
        frames,
        declared_bytes: first.declared,
        has_checksum: first.has_checksum,
    })
}

/// What a frame's header says.
#[derive(Debug, Clone, Copy, Default)]
struct FrameHeader {
    declared: Option<u64>,
    has_checksum: bool,
}

struct Decoder {
    input: Input<File>,
    path: PathBuf,
    bytes: u64,
    limits: Limits,
    folder: PathBuf,
    decoded: u64,
}

impl Decoder {
    fn magic(&mut self) -> Result<(), ContainerError> {
        let begins = self.peek(MAGIC.len())?.to_vec();
        if begins.is_empty() {
            return Err(ContainerError::Empty);
        }
        if begins == MAGIC_V3 {
            self.input.consume(MAGIC_V3.len());
            let rest = self.peek(v3::MANIFEST_SHOWN)?;
            return Err(v3::refusal(rest));
        }
        if begins == MAGIC {
            self.input.consume(MAGIC.len());
            return Ok(());
        }
        if begins.len() < MAGIC.len() && MAGIC.starts_with(&begins) {
            return Err(ContainerError::Truncated { at: begins.len() as u64 });
        }
        Err(ContainerError::NotC1z { begins })
    }

    /// Decodes frame after frame to the end of the file.
    fn frames(&mut self, out: &mut File, watch: &mut Watch<'_>) -> Result<(u32, FrameHeader), ContainerError> {
        let mut context = DCtx::try_create().ok_or_else(|| self.error(io::ErrorKind::OutOfMemory.into()))?;
        let window_log = self.limits.window_bytes.max(1).ilog2().clamp(10, 31);
        context
            .set_parameter(DParameter::WindowLogMax(window_log))
            .map_err(|code| self.damaged(zstd_safe::get_error_name(code)))?;
        let mut buffer = Vec::with_capacity(DCtx::out_size());
        let (mut frames, mut first) = (0, None);
        loop {
            if frames > 0 && self.peek(1)?.is_empty() {
                return Ok((frames, first.unwrap_or_default()));
            }
            let header = self.frame_header(frames)?;
            first = first.or(header);
            let before = self.decoded;
            self.frame(&mut context, &mut buffer, out, watch)?;
            // The library does not compare when the last block is empty, and some writers end with an empty block.
            let declared = header.and_then(|header| header.declared);
            if declared.is_some_and(|declared| declared != self.decoded - before) {
                return Err(self.damaged("the frame is not as long as it declares"));
            }
            frames += 1;
        }
    }

    /// Looks at the next frame's header: whether there is a frame at all, and whether it declares too much.
    /// `None` for a skippable frame.
    fn frame_header(&mut self, frames: u32) -> Result<Option<FrameHeader>, ContainerError> {
        /// The longest header: magic 4, descriptor 1, window 1, dictionary 4, content size 8.
        const LONGEST: usize = 18;
        let (at, of) = (self.input.position(), self.bytes);
        let limit = self.limits.decoded_bytes;
        let decoded = self.decoded;
        let ahead = self.peek(LONGEST)?;
        match *ahead {
            [0x28, 0xb5, 0x2f, 0xfd, descriptor, ..] => {
                let declared = zstd_safe::get_frame_content_size(ahead).ok().flatten();
                match declared {
                    Some(size) if size.saturating_add(decoded) > limit => {
                        Err(ContainerError::TooLarge { limit, declared })
                    }
                    _ => Ok(Some(FrameHeader { declared, has_checksum: descriptor & 0b100 != 0 })),
                }
            }
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Ok(None),
            _ if [0x28, 0xb5, 0x2f, 0xfd].starts_with(ahead) => Err(ContainerError::Truncated { at: of }),
            _ if frames > 0 => Err(ContainerError::Trailing { at, of }),
            _ => Err(ContainerError::Damaged { at, of, reason: "no zstd frame begins here" }),
        }
    }

    /// Decodes one frame.
    fn frame(
        &mut self,
        context: &mut DCtx<'_>,
        buffer: &mut Vec<u8>,
        out: &mut File,
        watch: &mut Watch<'_>,
    ) -> Result<(), ContainerError> {
        // Five bytes are the least that a header has; from then on the decoder says what it wants next.
        let mut wanted = 5;
        loop {
            watch.step(self.input.position(), self.bytes)?;
            let ahead = self.input.peek(wanted).map_err(|source| read_error(&self.path, source))?;
            if ahead.is_empty() {
                return Err(ContainerError::Truncated { at: self.bytes });
            }
            buffer.clear();
            let mut input = InBuffer::around(ahead);
            let mut output = OutBuffer::around(buffer);
            let result = context.decompress_stream(&mut output, &mut input);
            let consumed = input.pos();
            let hint = result.map_err(|code| self.decoding_error(code))?;
            self.input.consume(consumed);
            self.keep(buffer, out)?;
            match hint {
                0 => return Ok(()),
                hint => wanted = hint,
            }
        }
    }

    fn keep(&mut self, decoded: &[u8], out: &mut File) -> Result<(), ContainerError> {
        self.decoded += decoded.len() as u64;
        if self.decoded > self.limits.decoded_bytes {
            return Err(ContainerError::TooLarge { limit: self.limits.decoded_bytes, declared: None });
        }
        let unpacking = |source| ContainerError::File { doing: "unpacking into", path: self.folder.clone(), source };
        out.write_all(decoded).map_err(unpacking)
    }

    fn decoding_error(&self, code: usize) -> ContainerError {
        // zstd returns its error numbers negated; the numbers are fixed in zstd_errors.h.
        const WINDOW_TOO_LARGE: usize = 16;
        const CHECKSUM_WRONG: usize = 22;
        match code.wrapping_neg() {
            WINDOW_TOO_LARGE => ContainerError::WindowTooLarge { limit: self.limits.window_bytes },
            CHECKSUM_WRONG => ContainerError::Checksum { at: self.input.position(), of: self.bytes },
            _ => self.damaged(zstd_safe::get_error_name(code)),
        }
    }

    fn damaged(&self, reason: &'static str) -> ContainerError {
        ContainerError::Damaged { at: self.input.position(), of: self.bytes, reason }
    }

    fn peek(&mut self, wanted: usize) -> Result<&[u8], ContainerError> {
        self.input.peek(wanted).map_err(|source| read_error(&self.path, source))
    }

    fn error(&self, source: io::Error) -> ContainerError {
        read_error(&self.path, source)
    }
}

fn read_error(path: &Path, source: io::Error) -> ContainerError {
    ContainerError::File { doing: "reading", path: path.to_owned(), source }
}
