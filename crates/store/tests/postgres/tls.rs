//! The way over a network.

use std::net::TcpListener;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use store::Store;
use store::postgres::{Postgres, Settings};
use verdict::Expect;

use super::cluster::{Database, Result};
use super::{commit, id, put, record};

/// An authority, and a certificate of it for `localhost` with its key, all as PEM.
fn certified() -> Result<[String; 3]> {
    let mut authority = CertificateParams::new(vec![])?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate()?;
    let root = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate()?;
    let server = CertificateParams::new(vec!["localhost".to_owned()])?;
    let server = server.signed_by(&key, &issuer)?;
    Ok([root.pem(), server.pem(), key.serialize_pem()])
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_network_the_server_must_show_the_right_certificate_and_name() -> Result<()> {
    let database = Database::alone().await?;
    let cluster = &database.cluster;
    let [root, server, key] = certified()?;
    let [stranger, ..] = certified()?;
    cluster.give("server.crt", &server)?;
    cluster.give("server.key", &key)?;
    let root = cluster.give("root.crt", &root)?;
    let stranger = cluster.give("stranger.crt", &stranger)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let outside = database.outside().await?;
    for setting in [
        "ssl = on".to_owned(),
        "listen_addresses = '127.0.0.1'".to_owned(),
        format!("port = {port}"),
    ] {
        outside
            .batch_execute(&format!("ALTER SYSTEM SET {setting}"))
            .await?;
    }
    cluster.stop("fast")?;
    cluster.start_again()?;
    let address =
        |host: &str, rest: &str| format!("postgres://sluis@{host}:{port}/{}?{rest}", database.name);
    let full =
        |root: &std::path::Path| format!("sslmode=verify-full&sslrootcert={}", root.display());

    let home = Postgres::open(&address("localhost", &full(&root)), Settings::default()).await?;
    home.commit(commit(id(1, 0), vec![put(record("a"), Expect::Absent)]))
        .await?;
    let plain = address("localhost", "sslmode=disable");
    let _plain = Postgres::open(&plain, Settings::default()).await?;
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                     WHERE ssl AND application_name = 'sluis'";
    let outside = format!(
        "host=127.0.0.1 port={port} user=sluis dbname={}",
        database.name
    );
    let (client, connection) = tokio_postgres::connect(&outside, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let writers = i64::from(Settings::default().writers);
    let found = client.query_one(encrypted, &[]).await?;
    assert_eq!(found.get::<_, i64>(0), writers);

    let another_name = address("127.0.0.1", &full(&root));
    let another_authority = address("localhost", &full(&stranger));
    for wrong in [another_name, another_authority] {
        let refused = Postgres::open(&wrong, Settings::default()).await.err();
        let why = refused.ok_or("it was taken")?.to_string();
        assert!(why.contains("certificate"), "{why}");
    }
    Ok(())
}
