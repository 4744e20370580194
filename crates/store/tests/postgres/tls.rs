//! The way over a network.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use store::Store;
use store::postgres::{Postgres, Settings};
use verdict::Expect;

use super::cluster::Result;
use super::database::Database;
use super::{commit, id, put, record};

/// An authority, and certificates of it with their keys, all as PEM.
struct Authority {
    root: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Result<Self> {
        let mut authority = CertificateParams::new(vec![])?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let root = authority.self_signed(&key)?.pem();
        let issuer = Issuer::new(authority, key);
        Ok(Self { root, issuer })
    }

    /// A certificate of this subject for this host, and its key.
    fn certificate(&self, subject: &str, host: &str) -> Result<[String; 2]> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![host.to_owned()])?;
        params
            .distinguished_name
            .push(DnType::CommonName, subject.to_owned());
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok([certificate.pem(), key.serialize_pem()])
    }
}

/// Lets the server listen on loopback, with a certificate of this authority; its port.
async fn listen(database: &Database, authority: &Authority) -> Result<u16> {
    let [certificate, key] = authority.certificate("server", "localhost")?;
    let cluster = &database.cluster;
    cluster.give("server.crt", &certificate)?;
    cluster.give("server.key", &key)?;
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
    Ok(port)
}

fn full(root: &Path) -> String {
    format!("sslmode=verify-full&sslrootcert={}", root.display())
}

async fn refused(address: &str) -> Result<String> {
    let refused = Postgres::open(address, Settings::default()).await.err();
    Ok(refused.ok_or("it was taken")?.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_network_the_server_must_show_the_right_certificate_and_name() -> Result<()> {
    let database = Database::alone().await?;
    let cluster = &database.cluster;
    let authority = Authority::new()?;
    let root = cluster.give("root.crt", &authority.root)?;
    let stranger = cluster.give("stranger.crt", &Authority::new()?.root)?;
    let port = listen(&database, &authority).await?;
    cluster.stop("fast")?;
    cluster.start_again()?;
    let address =
        |host: &str, rest: &str| format!("postgres://sluis@{host}:{port}/{}?{rest}", database.name);

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
        let why = refused(&wrong).await?;
        assert!(why.contains("certificate"), "{why}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_who_we_are_is_shown_our_certificate() -> Result<()> {
    let database = Database::alone().await?;
    let cluster = &database.cluster;
    let authority = Authority::new()?;
    let root = cluster.give("root.crt", &authority.root)?;
    let port = listen(&database, &authority).await?;
    let ask = "ALTER SYSTEM SET ssl_ca_file = 'root.crt'";
    database.outside().await?.batch_execute(ask).await?;
    let by_certificate = "hostssl all all 127.0.0.1/32 cert\n";
    let rules = cluster.dir().join("data/pg_hba.conf");
    let others = fs::read_to_string(&rules)?;
    cluster.give("pg_hba.conf", &format!("{by_certificate}{others}"))?;
    cluster.stop("fast")?;
    cluster.start_again()?;
    let address = |rest: &str| {
        let name = &database.name;
        format!(
            "postgres://sluis@localhost:{port}/{name}?{}{rest}",
            full(&root)
        )
    };
    let shown = |subject: &str| -> Result<String> {
        let [certificate, key] = authority.certificate(subject, "node")?;
        let certificate = cluster.give(&format!("{subject}.crt"), &certificate)?;
        let key = cluster.give(&format!("{subject}.key"), &key)?;
        let (certificate, key) = (certificate.display(), key.display());
        Ok(address(&format!("&sslcert={certificate}&sslkey={key}")))
    };
    let home = Postgres::open(&shown("sluis")?, Settings::default()).await?;
    home.commit(commit(id(1, 0), vec![put(record("a"), Expect::Absent)]))
        .await?;
    let nobody = refused(&address("")).await?;
    assert!(nobody.contains("certificate"), "{nobody}");
    let another = refused(&shown("another")?).await?;
    assert!(another.contains("certificate"), "{another}");
    Ok(())
}
