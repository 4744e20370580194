//! A way to PostgreSQL that can be closed: a socket beside the server's, with its own directory as host.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use testkit::Cluster;
use tokio::io::copy_bidirectional;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// The name of every socket of PostgreSQL's at the usual port.
const SOCKET: &str = ".s.PGSQL.5432";

/// Open until it is closed.
pub(crate) struct Way {
    directory: PathBuf,
    is_open: Arc<watch::Sender<bool>>,
}

impl Way {
    /// A way to this server, in a directory of this name.
    pub(crate) fn to(cluster: &Cluster, name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("sluis-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let listener = UnixListener::bind(directory.join(SOCKET)).expect("a socket");
        let is_open = Arc::new(watch::Sender::new(true));
        let server = cluster.directory().join(SOCKET);
        let opened = Arc::clone(&is_open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), opened.subscribe()));
            }
        });
        Self { directory, is_open }
    }

    pub(crate) fn host(&self) -> &Path {
        &self.directory
    }

    /// Closes the way, as a network does that loses everything: nobody is told. Or opens it again.
    pub(crate) fn open(&self, is_open: bool) {
        self.is_open.send_replace(is_open);
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Carries bytes both ways while the way is open; when it is opened again, what waited goes on.
async fn carry(mut client: UnixStream, server: PathBuf, mut open: watch::Receiver<bool>) {
    let Ok(()) = open.wait_for(|is_open| *is_open).await.map(drop) else {
        return;
    };
    let Ok(mut server) = UnixStream::connect(server).await else {
        return;
    };
    loop {
        let closed = async { open.wait_for(|is_open| !*is_open).await.map(drop) };
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            closed = closed => if closed.is_err() { return },
        }
        if open.wait_for(|is_open| *is_open).await.is_err() {
            return;
        }
    }
}
