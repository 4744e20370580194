//! A PostgreSQL server of a test's own: in a directory that goes, reached by a Unix socket there, and
//! stopped when the value goes or the process ends, in whatever way.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// How long the server may take to come up on a busy machine, in steps of 20 ms.
const READY_STEPS: u32 = 1_500;
/// The user that owns everything.
const USER: &str = "sluis";
const SETTINGS: &str = "
    listen_addresses = ''
    max_connections = 100
    shared_buffers = 32MB
    log_line_prefix = '%m [%p] '
";

/// A server.
pub struct Cluster {
    directory: PathBuf,
    programs: PathBuf,
    guard: Child,
}

impl Cluster {
    /// A new server with an empty database `sluis`, and settings beside the usual ones.
    ///
    /// # Panics
    /// When PostgreSQL is not installed (`./test` does that) or does not come up.
    pub fn start(settings: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sluis-cluster-{}-{number}", std::process::id());
        let (directory, programs) = (scratch().join(name), programs());
        make(&programs, &directory, settings);
        let cluster = Self::on(directory, programs);
        cluster.sql("postgres", "CREATE DATABASE sluis");
        cluster
    }

    /// Runs the server on a directory that holds `data`.
    fn on(directory: PathBuf, programs: PathBuf) -> Self {
        let guard = guard(&programs, &directory);
        let cluster = Self {
            directory,
            programs,
            guard,
        };
        cluster.wait_until_ready();
        cluster
    }

    /// A standby of this server, which its commits wait for from now on.
    ///
    /// # Panics
    /// When it does not connect.
    #[must_use]
    pub fn standby(&self) -> Self {
        let name = self.directory.file_name().expect("a name");
        let name = format!("{}-standby", name.to_string_lossy());
        let directory = self.directory.with_file_name(name);
        make_empty(&directory);
        let mut copy = unprivileged(&self.programs.join("pg_basebackup"));
        copy.args(["-R", "-X", "stream", "-c", "fast", "--no-sync", "-U", USER])
            .arg("-h")
            .arg(&self.directory);
        done(copy.arg("-D").arg(directory.join("data")));
        let standby = Self::on(directory, self.programs.clone());
        self.sql(
            "postgres",
            "ALTER SYSTEM SET synchronous_standby_names = '*'",
        );
        self.sql("postgres", "SELECT pg_reload_conf()");
        let waits = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        self.wait_until("postgres", waits, "1");
        standby
    }

    /// Makes a standby the one that takes writes.
    ///
    /// # Panics
    /// When it does not.
    pub fn promote(&self) {
        let mut promote = unprivileged(&self.programs.join("pg_ctl"));
        let data = self.directory.join("data");
        done(promote.args(["promote", "-w", "-D"]).arg(data));
    }

    fn wait_until_ready(&self) {
        for _ in 0..READY_STEPS {
            let mut ask = Command::new(self.programs.join("pg_isready"));
            ask.args(["-q", "-p", "5432", "-h"]).arg(&self.directory);
            if ask.status().is_ok_and(|status| status.success()) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        unreachable!("the server did not come up:\n{log}");
    }

    /// The directory of its socket, which is the host in its address.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The address of its database.
    pub fn address(&self) -> String {
        format!("host={} user={USER} dbname=sluis", self.directory.display())
    }

    /// Lets a database do something.
    ///
    /// # Panics
    /// When it does not.
    pub fn sql(&self, database: &str, sql: &str) {
        done(&mut self.psql(database, sql));
    }

    /// What a database answers to a question for one value.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn ask(&self, database: &str, sql: &str) -> String {
        let answer = self.psql(database, sql).stdin(Stdio::null()).output();
        let answer = answer.expect("psql runs");
        assert!(answer.status.success(), "{sql}: {answer:?}");
        String::from_utf8_lossy(&answer.stdout).trim().to_owned()
    }

    /// Waits until a database answers so.
    ///
    /// # Panics
    /// When it still does not after half a minute.
    pub fn wait_until(&self, database: &str, sql: &str, answer: &str) {
        for _ in 0..READY_STEPS {
            if self.ask(database, sql) == answer {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        unreachable!("{sql} is not {answer}");
    }

    fn psql(&self, database: &str, sql: &str) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.arg("-qXtA")
            .args(["-v", "ON_ERROR_STOP=1", "-U", USER, "-h"])
            .arg(&self.directory)
            .args(["-d", database, "-c", sql])
            .current_dir("/");
        psql
    }

    /// Stops the server as an operator would (`fast`), or as a crash would (`immediate`).
    ///
    /// # Panics
    /// When it does not stop.
    pub fn stop(&self, mode: &str) {
        let mut stop = unprivileged(&self.programs.join("pg_ctl"));
        let data = self.directory.join("data");
        done(stop.args(["stop", "-w", "-m", mode, "-D"]).arg(data));
    }

    /// Starts it again.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_again(&self) {
        let data = self.directory.join("data");
        let mut start = unprivileged(&self.programs.join("pg_ctl"));
        start
            .args(["start", "-w", "-l"])
            .arg(data.join("log"))
            .arg("-D");
        let socket = format!("-k {}", self.directory.display());
        done(start.arg(&data).arg("-o").arg(socket));
    }

    /// Makes the server and all its processes stand still (`STOP`), or go on (`CONT`).
    ///
    /// # Panics
    /// When it does not run.
    pub fn signal(&self, signal: &str) {
        let file = fs::read_to_string(self.directory.join("data/postmaster.pid")).expect("it runs");
        let pid = file.lines().next().expect("a process id");
        let listed = Command::new("ps")
            .args(["--ppid", pid, "-o", "pid="])
            .output();
        let children = String::from_utf8(listed.expect("ps").stdout).expect("numbers");
        let mut kill = Command::new("kill");
        kill.arg(format!("-{signal}"))
            .arg(pid)
            .args(children.split_whitespace());
        // A process may have ended since it was listed.
        let _ = kill.stderr(Stdio::null()).status();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// Where PostgreSQL's programs are: the newest there is.
fn programs() -> PathBuf {
    let entries = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let found = entries.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let newest = found
        .filter(|programs| programs.join("initdb").exists())
        .max();
    newest.expect(
        "no PostgreSQL under /usr/lib/postgresql: apt-get install postgresql, or run ./test",
    )
}

fn make_empty(directory: &Path) {
    fs::create_dir_all(directory).expect("a directory");
    if is_root() {
        done(Command::new("chown").arg("postgres").arg(directory));
    }
}

fn make(programs: &Path, directory: &Path, settings: &str) {
    make_empty(directory);
    let data = directory.join("data");
    let mut init = unprivileged(&programs.join("initdb"));
    init.args([
        "-A",
        "trust",
        "-N",
        "-E",
        "UTF8",
        "--locale=C",
        "-U",
        USER,
        "-D",
    ]);
    done(init.arg(&data));
    let file = data.join("postgresql.auto.conf");
    fs::write(file, format!("{SETTINGS}{settings}\n")).expect("writable");
}

/// Runs the server, and ends it when this process ends: then the guard's standard input does. The server
/// may have been restarted meanwhile, so its number is read then.
fn guard(programs: &Path, directory: &Path) -> Child {
    let script = r#"dir=$0
        "$@" >"$dir/log" 2>&1 </dev/null &
        cat >/dev/null
        pid=$(head -n 1 "$dir/data/postmaster.pid") && kill -CONT "$pid" && kill -QUIT "$pid"
        for try in $(seq 200); do
            [ -e "$dir/data/postmaster.pid" ] || break
            sleep 0.05
        done
        rm -rf "$dir""#;
    let server = unprivileged(&programs.join("postgres"));
    let mut guard = Command::new("sh");
    guard.arg("-c").arg(script).arg(directory);
    guard.arg(server.get_program()).args(server.get_args());
    guard
        .arg("-D")
        .arg(directory.join("data"))
        .arg("-k")
        .arg(directory);
    guard.stdin(Stdio::piped()).spawn().expect("starts")
}

/// In memory where possible. As root not in `TMPDIR`: the user `postgres` may have no way into it.
fn scratch() -> PathBuf {
    let memory = Path::new("/dev/shm");
    match is_root() {
        true if memory.is_dir() => memory.to_owned(),
        true => PathBuf::from("/tmp"),
        false => std::env::temp_dir(),
    }
}

/// PostgreSQL refuses to run as root.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    command.arg(program);
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Runs a program that must succeed, without its output: a server would keep a pipe open.
fn done(command: &mut Command) {
    let silent = || File::create("/dev/null").expect("there");
    let status = command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(silent())
        .stderr(silent())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{command:?}");
}
