//! What only a disk and a second process can show: a kill between commit and answer, and a disk
//! that fails.
//!
//! The tests start this same test binary again as a child that writes and says on its standard
//! output what was answered; what it says is then held against what is on disk.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use store::{Commit, Embedded, NotCommitted, Store};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use verdict::{Actor, Change, CommitId, Event, Expect, Key, Moment, Row, Sealed, Space, Then};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Names the state directory to the child.
const CHILD: &str = "STORE_TEST_CHILD_DIR";
const NOW: Moment = Moment::from_unix(1_000_000);
const LATER: Moment = Moment::from_unix(9_000_000);
/// Requests that the child runs at once.
const FAMILIES: u8 = 32;

#[test]
fn a_kill_under_load_loses_no_answer_and_applies_nothing_twice() -> Result<()> {
    if let Some(dir) = env::var_os(CHILD) {
        return Runtime::new()?.block_on(rotate_for_ever(Path::new(&dir)));
    }
    let dir = Scratch::new("kill");
    for round in 0..3 {
        let mut child = start(
            Command::new(env::current_exe()?),
            "a_kill_under_load_loses_no_answer_and_applies_nothing_twice",
            &dir,
        )?;
        let mut said = Said::default();
        said.read(&mut child, 1_500 + 700 * round)?;
        child.process.kill()?;
        // What was answered before the kill may still be in the pipe.
        said.read(&mut child, usize::MAX)?;
        child.process.wait()?;
        Runtime::new()?.block_on(held_against(&dir.0, &said))?;
    }
    Ok(())
}

#[test]
fn a_disk_that_fails_ends_the_store_and_leaves_nothing_unsettled() -> Result<()> {
    if let Some(dir) = env::var_os(CHILD) {
        return Runtime::new()?.block_on(write_until_down(Path::new(&dir)));
    }
    let dir = Scratch::new("fail");
    // Files may grow to some megabytes; every write beyond that fails, in the middle of a COMMIT.
    let mut limited = Command::new("sh");
    let script = r#"trap "" XFSZ; ulimit -f 6000; exec "$0" "$@""#;
    limited.arg("-c").arg(script).arg(env::current_exe()?);
    let mut child = start(
        limited,
        "a_disk_that_fails_ends_the_store_and_leaves_nothing_unsettled",
        &dir,
    )?;
    let mut said = Said::default();
    said.read(&mut child, usize::MAX)?;
    assert!(child.process.wait()?.success());
    assert!(said.lines > 10, "it worked at first");
    assert!(!said.unknown.is_empty(), "it failed at a COMMIT");
    Runtime::new()?.block_on(async {
        settle_unknown(&dir.0, &said).await?;
        held_against(&dir.0, &said).await
    })
}

/// The child of the first test: every family advances as fast as the store lets it.
async fn rotate_for_ever(dir: &Path) -> Result<()> {
    let home = Arc::new(Embedded::open(dir)?);
    let mut families = JoinSet::new();
    for family in 0..FAMILIES {
        let home = Arc::clone(&home);
        families.spawn(async move {
            let row = row(&home, &grant(family)).await?;
            let mut generation = row.map_or(0, |row| row.version);
            loop {
                generation += 1;
                home.commit(rotation(family, generation)?).await?;
                say("answered", family, generation)?;
            }
        });
    }
    let ended: Option<Result<()>> = families.join_next().await.transpose()?;
    ended.unwrap_or(Ok(()))
}

/// The child of the second test: writes until the store says that it is down, then makes sure that
/// it stays so.
async fn write_until_down(dir: &Path) -> Result<()> {
    let home = Arc::new(Embedded::open(dir)?);
    let mut families = JoinSet::new();
    for family in 0..FAMILIES {
        let home = Arc::clone(&home);
        families.spawn(async move {
            for generation in 1.. {
                match home.commit(rotation(family, generation)?).await {
                    Ok(()) => say("answered", family, generation)?,
                    Err(NotCommitted::Unknown) => say("unknown", family, generation)?,
                    Err(NotCommitted::Down) => break,
                    Err(other) => return Err(other.into()),
                }
            }
            Ok(())
        });
    }
    while let Some(ended) = families.join_next().await {
        let ended: Result<()> = ended?;
        ended?;
    }
    assert!(home.is_down());
    let small = Commit::new(CommitId([0xff; 16]), NOW, vec![], vec![])?;
    assert_eq!(home.commit(small).await, Err(NotCommitted::Down));
    assert!(home.get(&[grant(0)], NOW).await.is_err());
    assert!(home.sweep(NOW, 10).await.is_err());
    assert!(home.audit(0, 10).await.is_err());
    Ok(())
}

/// Every commit whose outcome is unknown is sent again, with its own id, to the store that comes
/// up next.
async fn settle_unknown(dir: &Path, said: &Said) -> Result<()> {
    let home = Embedded::open(dir)?;
    for (&family, &generation) in &said.unknown {
        home.commit(rotation(family, generation)?).await?;
        let row = row(&home, &grant(family)).await?.ok_or("settled")?;
        assert_eq!(row.version, generation);
    }
    Ok(())
}

/// Whether the disk holds every answer, each rotation once, and nothing that can be spent again.
async fn held_against(dir: &Path, said: &Said) -> Result<()> {
    let home = Embedded::open(dir)?;
    let logged = logged(&home).await?;
    for family in 0..FAMILIES {
        let answered = said.answered.get(&family).copied().unwrap_or(0);
        let row_here = row(&home, &grant(family)).await?;
        let generation = row_here.as_ref().map_or(0, |row| row.version);
        assert!(generation >= answered, "family {family} lost an answer");
        let Some(row_here) = row_here else { continue };
        let beside = row(&home, &beside(family)).await?.ok_or("both rows")?;
        assert_eq!((beside.version, beside.last), (generation, row_here.last));
        assert_eq!(row_here.last, id(family, generation));
        let once_each: Vec<u64> = (1..=generation).collect();
        assert_eq!(logged.get(&family), Some(&once_each));

        // Whoever got no answer sends the commit again: applied once, however it ended.
        home.commit(rotation(family, generation)?).await?;
        let after = row(&home, &grant(family)).await?;
        assert_eq!(after.map(|row| row.version), Some(generation));
        for spent in 1..=generation {
            let key = token(family, spent);
            let change = vec![Change::spend(key.clone(), LATER)];
            let again = Commit::new(CommitId([0xee; 16]), NOW, change, vec![])?;
            assert_eq!(home.commit(again).await, Err(NotCommitted::Conflict(key)));
        }
    }
    Ok(())
}

/// The generations of each family in the audit log, in its order.
async fn logged(home: &Embedded) -> Result<BTreeMap<u8, Vec<u64>>> {
    let mut logged: BTreeMap<u8, Vec<u64>> = BTreeMap::new();
    let mut after = 0;
    loop {
        let rows = home.audit(after, 1024).await?;
        let Some(last) = rows.last() else { break };
        after = last.seq;
        for row in rows {
            let (family, generation) = row.commit.0.split_at(8);
            let generation = u64::from_be_bytes(generation.try_into()?);
            logged.entry(family[0]).or_default().push(generation);
        }
    }
    Ok(logged)
}

/// A refresh as a journey would commit it: the grant advances, a row beside it too, the old token
/// is spent, and the log is told.
fn rotation(family: u8, generation: u64) -> Result<Commit> {
    let expect = match generation {
        1 => Expect::Absent,
        n => Expect::Version(n - 1),
    };
    let put = |key| Change {
        key,
        expect,
        then: Then::Put {
            until: LATER,
            body: Sealed {
                private: vec![family; 200],
                ..Sealed::default()
            },
        },
    };
    let changes = vec![
        put(grant(family)),
        put(beside(family)),
        Change::spend(token(family, generation), LATER),
    ];
    let event = Event::granted("test", "rotated", Actor::Unknown);
    Ok(Commit::new(
        id(family, generation),
        NOW,
        changes,
        vec![event],
    )?)
}

fn id(family: u8, generation: u64) -> CommitId {
    let mut id = [family; 16];
    id[8..].copy_from_slice(&generation.to_be_bytes());
    CommitId(id)
}

fn grant(family: u8) -> Key {
    Key::Grant(Space("test.grant"), [family; 16])
}

fn beside(family: u8) -> Key {
    Key::Record(Space("test.beside"), vec![family])
}

fn token(family: u8, generation: u64) -> Key {
    let mut token = [family; 32];
    token[..8].copy_from_slice(&generation.to_be_bytes());
    Key::Once(Space("test.token"), token)
}

async fn row(home: &Embedded, key: &Key) -> Result<Option<Row<Sealed>>> {
    let rows = home.get(std::slice::from_ref(key), NOW).await?;
    Ok(rows.into_iter().next().flatten())
}

/// Tells the parent, at once.
fn say(what: &str, family: u8, generation: u64) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nsaid {what} {family} {generation}")?;
    Ok(out.flush()?)
}

/// What a child said so far.
#[derive(Debug, Default)]
struct Said {
    lines: usize,
    /// The last answered generation of each family.
    answered: BTreeMap<u8, u64>,
    /// The generation whose outcome is unknown.
    unknown: BTreeMap<u8, u64>,
}

impl Said {
    /// Reads until there are `lines_max` lines, or the child has ended.
    fn read(&mut self, child: &mut Running, lines_max: usize) -> Result<()> {
        let mut line = String::new();
        while self.lines < lines_max {
            line.clear();
            if child.output.read_line(&mut line)? == 0 {
                break;
            }
            // A line that the kill cut off says nothing.
            let words: Vec<&str> = line.trim_end_matches('\n').split(' ').collect();
            let ["said", what, family, generation] = words[..] else {
                continue;
            };
            let (true, Ok(family), Ok(generation)) =
                (line.ends_with('\n'), family.parse(), generation.parse())
            else {
                continue;
            };
            self.lines += 1;
            let said = match what {
                "answered" => &mut self.answered,
                _ => &mut self.unknown,
            };
            said.insert(family, generation);
        }
        Ok(())
    }
}

struct Running {
    process: Child,
    output: BufReader<ChildStdout>,
}

/// Runs `test` of this binary as a child on `dir`.
fn start(mut command: Command, test: &str, dir: &Scratch) -> Result<Running> {
    let mut process = command
        .args([test, "--exact", "--nocapture"])
        .env(CHILD, &dir.0)
        .stdout(Stdio::piped())
        .spawn()?;
    let output = process.stdout.take().ok_or("piped")?;
    Ok(Running {
        process,
        output: BufReader::new(output),
    })
}

/// A directory that goes when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("store-disk-{name}-{}", std::process::id());
        Self(env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
