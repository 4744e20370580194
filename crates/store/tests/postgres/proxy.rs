//! A way to the server that can be cut at chosen moments.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::cluster::{Result, scratch};
use super::database::Database;

/// What happens to the next COMMIT that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It never reaches the server.
    Before,
    /// The server has committed; its answer does not come back.
    After,
    /// The home loses its connection at once; the server gets the COMMIT half a second later.
    Late,
    /// As `After`, and nobody gets through for so long.
    AfterAndAway(Duration),
}

/// A socket beside the server's.
pub(crate) struct Proxy {
    dir: PathBuf,
    database: String,
    cut: Arc<Mutex<Option<Cut>>>,
    silent: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) fn before(database: &Database) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = scratch().join(format!("sluis-way-{}-{number}", std::process::id()));
        fs::create_dir_all(&dir)?;
        let listener = UnixListener::bind(dir.join(".s.PGSQL.5432"))?;
        let server = database.cluster.dir().join(".s.PGSQL.5432");
        let cut = Arc::<Mutex<Option<Cut>>>::default();
        let silent = Arc::<AtomicBool>::default();
        let way = Way {
            server,
            silent: Arc::clone(&silent),
            cut: Arc::clone(&cut),
            away: Arc::default(),
        };
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !way.is_away() {
                    tokio::spawn(way.clone().carry(client));
                }
            }
        });
        Ok(Self {
            dir,
            database: database.name.clone(),
            cut,
            silent,
            task,
        })
    }

    pub(crate) fn address(&self) -> String {
        format!(
            "host={} user=sluis dbname={}",
            self.dir.display(),
            self.database
        )
    }

    pub(crate) fn cut_next(&self, cut: Cut) {
        *self.cut.lock().unwrap_or_else(PoisonError::into_inner) = Some(cut);
    }

    /// From now on no byte gets through, and nobody is told; or all goes on where it stopped.
    pub(crate) fn silence(&self, silent: bool) {
        self.silent.store(silent, Ordering::Release);
    }

    /// Whether the cut that was asked for has been made.
    pub(crate) fn has_cut(&self) -> bool {
        self.cut
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

#[derive(Clone)]
struct Way {
    server: PathBuf,
    cut: Arc<Mutex<Option<Cut>>>,
    away: Arc<Mutex<bool>>,
    silent: Arc<AtomicBool>,
}

impl Way {
    fn is_away(&self) -> bool {
        *self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_away(&self, away: bool) {
        *self.away.lock().unwrap_or_else(PoisonError::into_inner) = away;
    }

    /// Carries bytes both ways until one end closes or the connection is cut.
    async fn carry(self, mut client: UnixStream) {
        let Ok(mut server) = UnixStream::connect(&self.server).await else {
            return;
        };
        let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        loop {
            tokio::select! {
                read = client.read(&mut up) => {
                    let Ok(bytes @ 1..) = read else { return };
                    self.wait_while_silent().await;
                    let commit = up[..bytes].windows(7).any(|at| at == b"COMMIT\0");
                    let cut = if commit { self.take_cut() } else { None };
                    match cut {
                        None => if server.write_all(&up[..bytes]).await.is_err() { return },
                        Some(Cut::Before) => return,
                        Some(cut) => return self.cut(cut, client, server, &up[..bytes]).await,
                    }
                }
                read = server.read(&mut down) => {
                    let Ok(bytes @ 1..) = read else { return };
                    self.wait_while_silent().await;
                    if client.write_all(&down[..bytes]).await.is_err() { return }
                }
            }
        }
    }

    async fn wait_while_silent(&self) {
        while self.silent.load(Ordering::Acquire) {
            sleep(Duration::from_millis(10)).await;
        }
    }

    fn take_cut(&self) -> Option<Cut> {
        self.cut
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    async fn cut(&self, cut: Cut, client: UnixStream, mut server: UnixStream, bytes: &[u8]) {
        let mut client = Some(client);
        if cut == Cut::Late {
            client = None;
            sleep(Duration::from_millis(500)).await;
        }
        if server.write_all(bytes).await.is_err() {
            return;
        }
        let (mut said, mut part) = (Vec::new(), [0; 1 << 12]);
        while !said.windows(7).any(|at| at == b"COMMIT\0") {
            match server.read(&mut part).await {
                Ok(bytes @ 1..) => said.extend_from_slice(&part[..bytes]),
                _ => break,
            }
        }
        if let Cut::AfterAndAway(how_long) = cut {
            self.set_away(true);
            drop(client.take());
            sleep(how_long).await;
            self.set_away(false);
        }
    }
}
