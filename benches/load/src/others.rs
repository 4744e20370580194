//! Whoever a node calls, at a door of this process.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use server::certificates::Identity;
use server::door::{self, ClientCertificates, House, Limits, Site, Sites, Stop};
use testkit::Installation;
use tokio::net::TcpListener;

use crate::Result;

/// Serves each of these hosts, with a certificate of the installation's authority, and gives the port.
pub(crate) async fn serve<const N: usize>(
    installation: &mut Installation,
    hosts: [(&str, Router); N],
) -> Result<(u16, Stop)> {
    let sites = hosts.map(|(host, router)| site(installation, host, router));
    let sites = sites.into_iter().collect::<Result<Vec<_>>>()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let sites = Arc::new(ArcSwap::from_pointee(Sites::open(sites)?));
    let (stop, stopping) = door::stop();
    tokio::spawn(door::serve(listener, sites, House::default(), stopping));
    Ok((port, stop))
}

fn site(installation: &mut Installation, host: &str, router: Router) -> Result<Site> {
    let issued = installation.authority.issue(host);
    let certificate = CertificateDer::from_pem_slice(issued.certificate.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes())?;
    Ok(Site {
        host: host.parse()?,
        port: None,
        identity: Identity::new(certificate, Vec::new(), key),
        clients: ClientCertificates::Never,
        router,
        limits: Limits {
            // A Bundle of events is larger than what a node takes.
            body_bytes_max: 1024 * 1024,
            ..Limits::on_one_machine()
        },
        proxies: BTreeSet::new(),
    })
}
