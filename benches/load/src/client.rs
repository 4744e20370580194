//! One connection of a client: TLS, and the little of HTTP/1.1 that a token endpoint needs. Requests
//! are put together in one buffer and written at once, so that the client is not what is measured.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Result;

/// Bytes of an answer, at most: a token answer has about one and a half thousand.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// An open connection.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    host: String,
    request: Vec<u8>,
    answer: Vec<u8>,
    /// How long the head of the answer is.
    head: usize,
}

impl Connection {
    /// Connects to a host that is served at this address.
    ///
    /// # Errors
    /// When nobody listens there, or the handshake fails.
    pub async fn open(config: Arc<ClientConfig>, host: &str, at: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(at).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(host.to_owned())?;
        let stream = TlsConnector::from(config).connect(name, stream).await?;
        Ok(Self {
            stream,
            host: format!("{host}:{}", at.port()),
            request: Vec::with_capacity(2048),
            answer: Vec::with_capacity(4096),
            head: 0,
        })
    }

    /// Posts a form: the status, and the body until the next request.
    ///
    /// # Errors
    /// When the connection ends before the answer does.
    pub async fn post(&mut self, path: &str, form: &str) -> Result<(u16, &str)> {
        self.post_with(path, "", form).await
    }

    /// The same, with lines of the head that each end in CRLF.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub async fn post_with(&mut self, path: &str, more: &str, form: &str) -> Result<(u16, &str)> {
        self.request.clear();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n{more}\r\n",
            self.host,
            form.len()
        );
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(form.as_bytes());
        self.stream.write_all(&self.request).await?;
        self.stream.flush().await?;
        self.hear().await
    }

    /// Gets a resource, with a bearer token or as anybody: the status, and the body until the next request.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub async fn get(&mut self, path: &str, token: Option<&str>) -> Result<(u16, &str)> {
        self.request.clear();
        let bearer = token.map(|token| format!("authorization: Bearer {token}\r\n"));
        let bearer = bearer.as_deref().unwrap_or_default();
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{bearer}\r\n", self.host);
        self.request.extend_from_slice(head.as_bytes());
        self.stream.write_all(&self.request).await?;
        self.stream.flush().await?;
        self.hear().await
    }

    async fn hear(&mut self) -> Result<(u16, &str)> {
        self.answer.clear();
        let (head, length) = loop {
            self.more().await?;
            let Some(end) = find(&self.answer, b"\r\n\r\n") else {
                continue;
            };
            let head = std::str::from_utf8(&self.answer[..end])?;
            break (
                end + 4,
                content_length(head).ok_or("an answer without length")?,
            );
        };
        self.head = head;
        while self.answer.len() < head + length {
            self.more().await?;
        }
        let status = std::str::from_utf8(self.answer.get(9..12).unwrap_or_default())?;
        let body = std::str::from_utf8(&self.answer[head..head + length])?;
        Ok((status.parse()?, body))
    }

    /// A header of the last answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = std::str::from_utf8(self.answer.get(..self.head)?).ok()?;
        let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.trim())
    }

    async fn more(&mut self) -> Result<()> {
        let read = self.stream.read_buf(&mut self.answer).await?;
        if read == 0 || self.answer.len() > ANSWER_BYTES_MAX {
            return Err("the server ended the connection, or said too much".into());
        }
        Ok(())
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

fn content_length(head: &str) -> Option<usize> {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    length.1.trim().parse().ok()
}

/// A member of a flat JSON object whose value is text without escapes, as tokens are.
pub fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\":\""))?;
    Some(rest.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_an_answer() {
        let json = r#"{"id_token":"a.b.c","refresh_token":"d.1.1.e","scope":"openid"}"#;
        assert_eq!(member(json, "refresh_token"), Some("d.1.1.e"));
        assert_eq!(member(json, "token"), None);
    }

    #[test]
    fn the_length_of_an_answer_is_found_whatever_its_spelling() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nx: y";
        assert_eq!(content_length(head), Some(12));
        assert_eq!(content_length("HTTP/1.1 200 OK"), None);
    }
}
