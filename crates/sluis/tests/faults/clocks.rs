//! A node whose clock is wrong.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use super::nodes::SECOND;
use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn explore() {
    let world = World::on_postgresql("clock", 50).await;
    let config = world.second(SECOND.into());
    let nodes = [world.address(), SocketAddr::from((SECOND, world.at.port))];
    let _first = world.serve();
    for off in ["+120s", "-120s", "+50s", "-50s", "+2s", "-2s"] {
        let mut check = Command::new(env!("CARGO_BIN_EXE_sluis"));
        check.args(["check", "--offline", "--config"]).arg(&config);
        let said = with_clock(&mut check, off).output().unwrap();
        println!(
            "{off} {:?}\n{}",
            said.status.code(),
            String::from_utf8_lossy(&said.stdout)
        );
        let second = super::node::begin({
            let mut c = world.command(&config);
            with_clock(&mut c, off);
            c
        });
        for (name, from, to) in [("right at wrong", 0, 1), ("wrong at right", 1, 0)] {
            let mut a =
                load::client::Connection::open(world.tls.clone(), super::world::BACK, nodes[from])
                    .await
                    .unwrap();
            let n = (off.len() * 3) as u32
                + if off.starts_with('+') { 1 } else { 2 }
                + 20 * from as u32;
            let form = format!(
                "grant_type=refresh_token&client_id=pgo.localhost&refresh_token={}",
                world.purse.token(n, 0)
            );
            let (status, body) = a.post("/token", &form).await.unwrap();
            let access = load::client::member(body, "access_token")
                .unwrap_or_default()
                .to_owned();
            let mut b =
                load::client::Connection::open(world.tls.clone(), super::world::BACK, nodes[to])
                    .await
                    .unwrap();
            let (u, ub) = b
                .post_with(
                    "/userinfo",
                    &format!("authorization: Bearer {access}\r\n"),
                    "",
                )
                .await
                .unwrap();
            println!("{off} {name}: {status} then {u} {ub}");
            let form = format!(
                "grant_type=refresh_token&client_id=pgo.localhost&refresh_token={}",
                world.purse.token(n, 1)
            );
            let (status, _) = b.post("/token", &form).await.unwrap();
            println!("   then refresh {status}");
        }
        drop(second);
    }
    println!("{}", std::fs::read_to_string(world.log()).unwrap());
}

fn with_clock<'c>(command: &'c mut Command, off: &str) -> &'c mut Command {
    command
        .env("LD_PRELOAD", library())
        .env("FAKETIME", off)
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

fn library() -> PathBuf {
    PathBuf::from("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
}
