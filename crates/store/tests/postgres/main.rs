//! The home that nodes share, on a real PostgreSQL: the contract of every home, and what only
//! several nodes and a server that fails can show.

mod cluster;

use cluster::Database;

store::contract::every_scenario!(async {
    let database = Database::fresh().await.expect("a database");
    (database.node().await.expect("opens"), database)
});
