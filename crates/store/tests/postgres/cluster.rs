//! A PostgreSQL server of the tests' own: in a directory that goes, reached by a Unix socket there,
//! stopped when the last test of the process has ended, also when the process was killed.

use std::env;
use std::error::Error;
use std::fs::{self, File, Permissions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use store::postgres::Postgres;
use tokio_postgres::{Client, NoTls};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The database that every test gets a copy of.
pub(crate) const TEMPLATE: &str = "sluis_template";
/// How long the server may take to come up on a busy machine, in steps of 20 ms.
pub(crate) const READY_STEPS: u32 = 1_500;
const SETTINGS: &str = "
    listen_addresses = ''
    max_connections = 100
    shared_buffers = 32MB
    fsync = on
    full_page_writes = on
    synchronous_commit = on
    deadlock_timeout = 200ms
    log_line_prefix = '%m [%p] '
";

/// A server.
pub(crate) struct Cluster {
    dir: PathBuf,
    bin: PathBuf,
    guard: Child,
}

impl Cluster {
    /// The server of this process: started by the first test, stopped after the last.
    pub(crate) fn shared() -> Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Ok(running);
        }
        let cluster = Arc::new(Self::start(&scratch())?);
        *shared = Arc::downgrade(&cluster);
        Ok(cluster)
    }

    /// A server with its files under `base`.
    pub(crate) fn start(base: &Path) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let bin = binaries()?;
        let template = template(&bin)?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = base.join(format!("sluis-pg-{}-{number}", std::process::id()));
        run(Command::new("cp").arg("-a").arg(&template).arg(&dir))?;
        Self::on(dir, bin)
    }

    /// A standby of this server, which its commits wait for from now on.
    pub(crate) async fn standby(&self) -> Result<Self> {
        let name = self.dir.file_name().ok_or("a name")?.to_string_lossy();
        let dir = self.dir.with_file_name(format!("{name}-standby"));
        fs::create_dir_all(&dir)?;
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&dir))?;
        }
        let mut copy = unprivileged(&self.bin.join("pg_basebackup"));
        let options = [
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
            "-U",
            "sluis",
        ];
        copy.args(options).arg("-h").arg(&self.dir);
        run(copy.arg("-D").arg(dir.join("data")))?;
        let standby = Self::on(dir, self.bin.clone())?;
        let admin = client(&self.address("postgres")).await?;
        let wait = "ALTER SYSTEM SET synchronous_standby_names = '*'";
        admin.batch_execute(wait).await?;
        admin.batch_execute("SELECT pg_reload_conf()").await?;
        let waits = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        for _ in 0..READY_STEPS {
            if admin.query_one(waits, &[]).await?.get::<_, i64>(0) == 1 {
                return Ok(standby);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("the standby did not connect".into())
    }

    /// Makes a standby the one that takes writes.
    pub(crate) fn promote(&self) -> Result<()> {
        let mut promote = unprivileged(&self.bin.join("pg_ctl"));
        run(promote
            .args(["promote", "-w", "-D"])
            .arg(self.dir.join("data")))
    }

    /// Whether the server takes connections.
    pub(crate) fn is_up(&self) -> Result<bool> {
        let mut ask = Command::new(self.bin.join("pg_isready"));
        ask.args(["-q", "-p", "5432", "-h"]).arg(&self.dir);
        Ok(ask.status()?.success())
    }

    /// Runs the server on a directory that holds `data`.
    fn on(dir: PathBuf, bin: PathBuf) -> Result<Self> {
        // The guard ends the server when this process does, in whatever way: then its standard
        // input ends. The server may have been restarted meanwhile, so its number is read then.
        let script = r#"dir=$0
            "$@" >"$dir/log" 2>&1 </dev/null &
            cat >/dev/null
            pid=$(head -n 1 "$dir/data/postmaster.pid") && kill -CONT "$pid" && kill -QUIT "$pid"
            for try in $(seq 200); do
                [ -e "$dir/data/postmaster.pid" ] || break
                sleep 0.05
            done
            rm -rf "$dir""#;
        let server = server(&bin, &dir);
        let guard = Command::new("sh")
            .arg("-c")
            .arg(script)
            .arg(&dir)
            .args(&server)
            .stdin(Stdio::piped())
            .spawn()?;
        let cluster = Self { dir, bin, guard };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    fn wait_until_ready(&self) -> Result<()> {
        for _ in 0..READY_STEPS {
            if self.is_up()? {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        let log = fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        Err(format!("the server did not come up:\n{log}").into())
    }

    /// Where its socket is.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The address of one of its databases.
    pub(crate) fn address(&self, database: &str) -> String {
        format!("host={} user=sluis dbname={database}", self.dir.display())
    }

    /// Stops the server as an operator would (`fast`), or as a crash would (`immediate`).
    pub(crate) fn stop(&self, mode: &str) -> Result<()> {
        let pg_ctl = self.bin.join("pg_ctl");
        let mut stop = unprivileged(&pg_ctl);
        run(stop
            .args(["stop", "-w", "-m", mode, "-D"])
            .arg(self.dir.join("data")))
    }

    /// Starts it again.
    pub(crate) fn start_again(&self) -> Result<()> {
        let data = self.dir.join("data");
        let mut start = unprivileged(&self.bin.join("pg_ctl"));
        start
            .args(["start", "-w", "-l"])
            .arg(data.join("log"))
            .arg("-D");
        let socket = format!("-k {}", self.dir.display());
        // Not through pipes: the server would keep them open.
        let started = start.arg(&data).arg("-o").arg(socket).stdin(Stdio::null());
        let started = started
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if !started.success() {
            return Err("the server did not start again".into());
        }
        Ok(())
    }

    /// Writes a file that only the server may read, beside its data.
    pub(crate) fn give(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.dir.join("data").join(name);
        fs::write(&path, content)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&path))?;
        }
        Ok(path)
    }

    /// Makes the server and all its processes stand still, or go on.
    pub(crate) fn signal(&self, signal: &str) -> Result<()> {
        let pid = fs::read_to_string(self.dir.join("data/postmaster.pid"))?;
        let pid = pid.lines().next().ok_or("a process id")?.to_owned();
        let children = Command::new("ps")
            .args(["--ppid", &pid, "-o", "pid="])
            .output()?;
        let children = String::from_utf8(children.stdout)?;
        let mut kill = Command::new("kill");
        kill.arg(signal).arg(&pid).args(children.split_whitespace());
        // A process may have ended since it was listed.
        kill.stderr(Stdio::null()).status()?;
        Ok(())
    }

    /// What the server wrote about itself.
    pub(crate) fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.dir.join("log"))?)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

pub(crate) async fn client(address: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Where PostgreSQL's programs are.
pub(crate) fn binaries() -> Result<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    let missing = "no PostgreSQL server under /usr/lib/postgresql: apt-get install postgresql, or \
                   run ./test, which does so";
    Ok(found.pop().ok_or(missing)?)
}

/// A directory that holds a cluster with the schema, made once per target directory and schema.
fn template(bin: &Path) -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    (
        bin,
        SETTINGS,
        include_str!("../../src/postgres/migrations/0001_rows.sql"),
        include_str!("../../src/postgres/migrations/0002_retention_and_epochs.sql"),
    )
        .hash(&mut hasher);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let kept = target.join(format!("postgres-{:016x}", hasher.finish()));
    let lock = File::create(target.join("postgres.lock"))?;
    lock.lock()?;
    if !kept.exists() {
        let made = make_template(bin)?;
        let aside = kept.with_extension("part");
        let _ = fs::remove_dir_all(&aside);
        run(Command::new("cp").arg("-a").arg(&made).arg(&aside))?;
        fs::remove_dir_all(&made)?;
        fs::rename(&aside, &kept)?;
    }
    Ok(kept)
}

fn make_template(bin: &Path) -> Result<PathBuf> {
    let dir = scratch().join(format!("sluis-pg-new-{}", std::process::id()));
    fs::create_dir_all(&dir)?;
    if is_root() {
        run(Command::new("chown").arg("postgres").arg(&dir))?;
    }
    let options = [
        "-A",
        "trust",
        "-U",
        "sluis",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    ];
    let mut initdb = unprivileged(&bin.join("initdb"));
    run(initdb
        .args(options)
        .arg("--wal-segsize=4")
        .arg("-D")
        .arg(dir.join("data")))?;
    let settings = dir.join("data/postgresql.conf");
    let written = fs::read_to_string(&settings)?;
    fs::write(&settings, written + SETTINGS)?;
    // The guard removes what it guarded; the template is a copy of the directory as it is stopped.
    let running = dir.with_extension("run");
    run(Command::new("cp").arg("-a").arg(&dir).arg(&running))?;
    let cluster = Cluster::on(running.clone(), bin.to_owned())?;
    let migrated = thread::scope(|scope| {
        let migrating = scope.spawn(|| {
            tokio::runtime::Runtime::new()?.block_on(async {
                let admin = client(&cluster.address("postgres")).await?;
                let make = format!("CREATE DATABASE {TEMPLATE}");
                admin.batch_execute(&make).await?;
                Postgres::migrate(&cluster.address(TEMPLATE)).await?;
                Result::Ok(())
            })
        });
        migrating.join().map_err(|_| "migrating panicked")?
    });
    migrated?;
    cluster.stop("fast")?;
    fs::remove_dir_all(&dir)?;
    run(Command::new("cp").arg("-a").arg(&running).arg(&dir))?;
    Ok(dir)
}

/// The command line of a server on this directory.
fn server(bin: &Path, dir: &Path) -> Vec<String> {
    let postgres = unprivileged(&bin.join("postgres"));
    let program = std::iter::once(postgres.get_program());
    let words = program.chain(postgres.get_args());
    let mut words: Vec<String> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let dir = dir.display();
    words.extend(["-D".to_owned(), format!("{dir}/data")]);
    words.extend(["-k".to_owned(), dir.to_string()]);
    words
}

/// PostgreSQL refuses to run as root.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program);
    command
}

fn is_root() -> bool {
    let mut status = String::new();
    let read =
        File::open("/proc/self/status").and_then(|mut file| file.read_to_string(&mut status));
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    read.is_ok() && uid.and_then(|uid| uid.split_whitespace().nth(1)) == Some("0")
}

/// In memory where possible. As root not in `TMPDIR`: the user `postgres` may have no way into it.
pub(crate) fn scratch() -> PathBuf {
    let memory = Path::new("/dev/shm");
    match is_root() {
        true if memory.is_dir() => memory.to_owned(),
        true => PathBuf::from("/tmp"),
        false => env::temp_dir(),
    }
}

fn run(command: &mut Command) -> Result<()> {
    let done = command.stdin(Stdio::null()).output()?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("{command:?}: {}: {said}", done.status).into())
}
