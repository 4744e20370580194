//! Where a catalogue is fetched: a URL, or a file that an operator puts down.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use etoegang::dienstencatalogus::reading::BOUNDS;
use http::StatusCode;
use http::header::{ETAG, IF_NONE_MATCH};

use super::kept::bounded;
use crate::outside::{Bounds, Headers, Outside};

/// Seconds that one fetch may take.
const FETCH_S_MAX: u32 = 60;

/// Where the file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plaats {
    /// Whoever publishes it.
    Url(String),
    /// A file on this machine.
    Bestand(PathBuf),
}

/// By which a file is known again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Merk {
    /// The publisher's mark (RFC 9110 §8.8.3).
    Etag(String),
    /// When the file was written, and how long it is.
    Bestand(SystemTime, u64),
}

/// A file that was fetched.
pub(super) struct Gehaald {
    pub(super) file: Vec<u8>,
    pub(super) merk: Option<Merk>,
}

/// No file came: what the operator reads.
pub(super) struct NietGehaald(String);

impl Plaats {
    /// The file; nothing when it is the one that we know.
    pub(super) async fn haal(
        &self,
        outside: &Outside,
        known: Option<&Merk>,
    ) -> Result<Option<Gehaald>, NietGehaald> {
        match self {
            Self::Url(url) => from_url(outside, url, known).await,
            Self::Bestand(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || from_disk(&path)).await;
                let read = read.map_err(|error| NietGehaald(error.to_string()))?;
                read.map(Some)
                    .map_err(|error| NietGehaald(error.to_string()))
            }
        }
    }

    /// Whether it is a file that was edited since.
    pub(super) fn is_changed(&self, known: Option<&Merk>) -> bool {
        match (self, known) {
            (Self::Bestand(path), Some(known)) => mark(path).is_some_and(|mark| mark != *known),
            _ => false,
        }
    }

    pub(super) const fn is_on_disk(&self) -> bool {
        matches!(self, Self::Bestand(_))
    }
}

async fn from_url(
    outside: &Outside,
    url: &str,
    known: Option<&Merk>,
) -> Result<Option<Gehaald>, NietGehaald> {
    let bounds = Bounds {
        bytes_max: BOUNDS.bytes,
        timeout_s: FETCH_S_MAX,
    };
    let headers = Headers::none().accept("application/xml, text/xml");
    // RFC 9110 §13.1.2: send it only if it is another than ours.
    let headers = match known {
        Some(Merk::Etag(etag)) => headers.with(IF_NONE_MATCH, etag),
        _ => headers,
    };
    let answer = outside.get_within(url, headers, bounds).await;
    let answer = answer.map_err(|error| NietGehaald(error.to_string()))?;
    match answer.status {
        StatusCode::OK => {
            let etag = answer.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
            Ok(Some(Gehaald {
                merk: etag.map(|etag| Merk::Etag(etag.to_owned())),
                file: answer.body,
            }))
        }
        StatusCode::NOT_MODIFIED if known.is_some() => Ok(None),
        status => Err(NietGehaald(format!("the answer was {status}"))),
    }
}

fn from_disk(path: &Path) -> io::Result<Gehaald> {
    // Looked at before it is read: an edit in between makes another mark.
    let merk = mark(path);
    let file = bounded(path)?.ok_or(io::ErrorKind::NotFound)?;
    Ok(Gehaald { file, merk })
}

fn mark(path: &Path) -> Option<Merk> {
    let data = fs::metadata(path).ok()?;
    Some(Merk::Bestand(data.modified().ok()?, data.len()))
}

impl fmt::Display for Plaats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Bestand(path) => path.display().fmt(f),
        }
    }
}

impl fmt::Display for NietGehaald {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
