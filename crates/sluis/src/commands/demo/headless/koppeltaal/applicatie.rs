//! The applications of the journey: their keys, and where those are shown.

use jose::{Algorithm, Jwks, RsaSize, SigningKey, generate_pkcs8};
use koppeltaal::ClientId;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Somebody with a key.
pub(super) struct Applicatie {
    /// Who it is.
    pub(super) id: ClientId,
    /// With what it signs.
    pub(super) key: SigningKey,
}

/// A fresh key.
pub(super) fn new_key() -> Result<SigningKey, String> {
    let made = generate_pkcs8(Algorithm::Es384, RsaSize::Bits2048);
    let made = made.map_err(|_| "no key was made")?;
    SigningKey::from_pkcs8(Algorithm::Es384, &made).map_err(|_| "no key was made".to_owned())
}

/// Shows the key set of each at a port of this machine, whose base URL it gives.
pub(super) async fn show_keys(keys: &[(&'static str, &SigningKey)]) -> Result<String, String> {
    let set = |key: &SigningKey| Jwks::new(vec![key.public().clone()]).map(|set| set.to_json());
    let sets: Vec<(String, String)> = keys
        .iter()
        .filter_map(|(name, key)| Some((format!("GET /{name} "), set(key).ok()?.to_string())))
        .collect();
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(|why| why.to_string())?;
    let at = listener.local_addr().map_err(|why| why.to_string())?;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = [0; 1024];
            let read = socket.read(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let found = sets
                .iter()
                .find(|(line, _)| head.starts_with(line.as_str()));
            let body = found.map_or("", |(_, set)| set.as_str());
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n{body}",
                body.len()
            );
            // Who does not listen gets no keys.
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    Ok(format!("http://{at}"))
}
