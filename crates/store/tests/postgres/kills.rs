//! Nodes that are killed.

use std::sync::Arc;

use store::contract::Checker;
use store::contract::history::{Answer, Happened};
use store::contract::load::{self, Load};
use store::postgres::{Postgres, Settings};
use tokio::runtime::Runtime;

use super::child::{Child, aloud, rounds, task};
use super::cluster::Result;
use super::database::Database;

/// A node is killed in the middle of its load; the next one finds everything that was answered.
#[test]
fn nodes_killed_at_any_moment_lose_no_answer_and_let_nothing_be_spent_twice() -> Result<()> {
    let runtime = Runtime::new()?;
    if let Some((address, tag)) = task() {
        let load = Load {
            tag,
            clients: 24,
            people: 12,
            applied_each: u32::MAX,
        };
        return runtime.block_on(async {
            let home = Arc::new(Postgres::open(&address, Settings::default()).await?);
            Ok(load::run(&[home], load, &aloud()).await?)
        });
    }
    let database = runtime.block_on(Database::fresh())?;
    let (mut checker, mut after, mut applied) = (Checker::default(), 0, 0);
    for round in 0..rounds(50) {
        let test =
            "kills::nodes_killed_at_any_moment_lose_no_answer_and_let_nothing_be_spent_twice";
        let mut child = Child::start(test, &database.address(), round)?;
        child.listen(usize::try_from(round * 37 % 900)?)?;
        let mut history = child.kill()?;
        applied += history
            .iter()
            .filter(|happened| matches!(happened, Happened::Answered(_, Answer::Applied)))
            .count();
        runtime.block_on(async {
            // The server may still work on what the node sent last.
            database.quiet(0).await?;
            let home = database.node().await?;
            load::settle(&home, &mut history).await?;
            after = load::check(&mut checker, &home, &history, after).await?;
            Result::Ok(())
        })?;
    }
    assert!(applied > 1_000, "{applied} commits were answered");
    runtime.block_on(async { load::check_rows(&checker, &database.node().await?).await })
}
