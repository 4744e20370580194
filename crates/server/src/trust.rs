//! Who may vouch for whom in TLS: authorities for any name, authorities for some names only, and
//! certificates that count by themselves.
//!
//! An outside party brings an authority of its own, and a client may bring a certificate that nobody
//! signed. Neither may speak for anybody else: an authority of one party that signs the name of
//! another is not believed, and a certificate that is taken as it is vouches for no other one.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use identity::Hostname;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use verdict::Moment;

use crate::certificates::{peer_hostname, validity};

/// Who is believed, and about what.
#[derive(Clone, Default)]
pub struct Trust {
    /// Authorities that may vouch for any name.
    pub roots: Vec<CertificateDer<'static>>,
    /// Authorities that may vouch for some names.
    pub confined: Vec<Confined>,
    /// Client certificates that count as they are, and for nothing else.
    pub pinned: Vec<CertificateDer<'static>>,
    /// How revoked certificates are told from others. Those that are pinned are asked of nobody.
    pub revocation: Revocation,
}

/// How revoked certificates are told from others.
#[derive(Clone, Default)]
pub enum Revocation {
    /// Not at all: the demo, whose authority lives 30 days.
    #[default]
    Unchecked,
    /// By these lists. A certificate is refused when its issuer has no list here, or one that is
    /// over (design §5 "revocation of certificates").
    Lists(Vec<CertificateRevocationListDer<'static>>),
}

/// Authorities that may vouch for these names and for no other.
#[derive(Clone)]
pub struct Confined {
    /// The authorities.
    pub roots: Vec<CertificateDer<'static>>,
    /// The names: of servers that are called, and of clients that call.
    pub names: BTreeSet<Hostname>,
}

/// Roots or a certificate that TLS cannot work with.
pub type BadTrust = Box<dyn std::error::Error + Send + Sync>;

impl From<Vec<CertificateDer<'static>>> for Trust {
    fn from(roots: Vec<CertificateDer<'static>>) -> Self {
        Self {
            roots,
            ..Self::default()
        }
    }
}

/// Lets a judge look at revocation lists, if there are any: the library has one for clients and one for
/// servers, which know nothing of each other.
macro_rules! by_lists {
    ($judge:expr, $lists:expr) => {
        match $lists {
            [] => $judge,
            lists => $judge
                .with_crls(lists.to_vec())
                .enforce_revocation_expiration(),
        }
    };
}

impl Trust {
    /// Judges the certificates of clients; those without one get in unless it is `mandatory`.
    ///
    /// # Errors
    /// [`BadTrust`], also when there is no root at all.
    pub fn of_clients(&self, mandatory: bool) -> Result<Arc<dyn ClientCertVerifier>, BadTrust> {
        let verifier = |roots: &[CertificateDer<'static>]| -> Result<_, BadTrust> {
            let store = Arc::new(store(roots)?);
            let provider = Arc::new(aws_lc_rs::default_provider());
            let builder = WebPkiClientVerifier::builder_with_provider(store, provider);
            Ok(by_lists!(builder, self.lists()).build()?)
        };
        let all = self.roots.iter().chain(&self.pinned);
        let all = all.chain(self.confined.iter().flat_map(|confined| &confined.roots));
        Ok(Arc::new(OfClients {
            roots: verifier(&self.roots)?,
            confined: self.each_confined(verifier)?,
            pinned: self.pinned.clone(),
            is_shut: self.is_shut(),
            hints: store(&all.cloned().collect::<Vec<_>>())?.subjects(),
            mandatory,
            provider: aws_lc_rs::default_provider(),
        }))
    }

    /// Judges the certificates of servers.
    ///
    /// # Errors
    /// [`BadTrust`].
    pub fn of_servers(&self) -> Result<Arc<dyn ServerCertVerifier>, BadTrust> {
        let verifier = |roots: &[CertificateDer<'static>]| -> Result<_, BadTrust> {
            let store = Arc::new(store(roots)?);
            let provider = Arc::new(aws_lc_rs::default_provider());
            let builder = WebPkiServerVerifier::builder_with_provider(store, provider);
            Ok(by_lists!(builder, self.lists()).build()?)
        };
        Ok(Arc::new(OfServers {
            // Whoever trusts nobody can call nobody, which is no fault.
            roots: (!self.roots.is_empty())
                .then(|| verifier(&self.roots))
                .transpose()?,
            confined: self.each_confined(verifier)?,
            is_shut: self.is_shut(),
            provider: aws_lc_rs::default_provider(),
        }))
    }

    /// The lists by which certificates are judged; none when that is not done, or cannot be.
    fn lists(&self) -> &[CertificateRevocationListDer<'static>] {
        match &self.revocation {
            Revocation::Unchecked => &[],
            Revocation::Lists(lists) => lists,
        }
    }

    /// Whether lists are asked for and there is none: then nobody is vouched for. To the library no list
    /// means no question.
    fn is_shut(&self) -> bool {
        matches!(&self.revocation, Revocation::Lists(lists) if lists.is_empty())
    }

    /// Whether what was believed a moment ago may be believed no more when the next handshake comes.
    pub fn checks_revocation(&self) -> bool {
        matches!(self.revocation, Revocation::Lists(_))
    }

    fn each_confined<V>(
        &self,
        verifier: impl Fn(&[CertificateDer<'static>]) -> Result<V, BadTrust>,
    ) -> Result<Vec<(V, BTreeSet<Hostname>)>, BadTrust> {
        let confined = self.confined.iter();
        confined
            .map(|confined| Ok((verifier(&confined.roots)?, confined.names.clone())))
            .collect()
    }
}

/// Whether TLS can work with a revocation list: it takes none of version 1, no part of one (delta) and
/// none with an extension that must be understood and is not (RFC 5280 §5.2). With one such list among
/// them nobody could be judged by the others either.
///
/// # Errors
/// [`BadTrust`], also when a root is none.
pub fn takes(
    list: &CertificateRevocationListDer<'static>,
    roots: &[CertificateDer<'static>],
) -> Result<(), BadTrust> {
    let (store, provider) = (store(roots)?, aws_lc_rs::default_provider());
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::new(provider))
        .with_crls([list.clone()])
        .build()?;
    Ok(())
}

fn store(roots: &[CertificateDer<'static>]) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone())?;
    }
    Ok(store)
}

/// The signatures of the handshake, which the library judges for clients and servers alike.
macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            verify_tls12_signature(message, cert, dss, algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            verify_tls13_signature(message, cert, dss, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            let algorithms = self.provider.signature_verification_algorithms;
            algorithms.supported_schemes()
        }
    };
}

/// See [`Trust::of_clients`].
struct OfClients {
    roots: Arc<dyn ClientCertVerifier>,
    confined: Vec<(Arc<dyn ClientCertVerifier>, BTreeSet<Hostname>)>,
    pinned: Vec<CertificateDer<'static>>,
    is_shut: bool,
    hints: Vec<DistinguishedName>,
    mandatory: bool,
    provider: CryptoProvider,
}

impl ClientCertVerifier for OfClients {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.pinned.contains(end_entity) {
            return holds(end_entity, now).map(|()| ClientCertVerified::assertion());
        }
        shut(self.is_shut)?;
        let name = peer_hostname(end_entity).ok();
        let speaks_for_it =
            |names: &BTreeSet<Hostname>| name.as_ref().is_some_and(|name| names.contains(name));
        let confined = self
            .confined
            .iter()
            .filter(|(_, names)| speaks_for_it(names));
        confined
            .map(|(verifier, _)| verifier.verify_client_cert(end_entity, intermediates, now))
            .find(Result::is_ok)
            .unwrap_or_else(|| {
                self.roots
                    .verify_client_cert(end_entity, intermediates, now)
            })
    }

    signatures!();
}

/// Fails closed: without any list nothing can be said of revocation.
const fn shut(is_shut: bool) -> Result<(), Error> {
    if is_shut {
        return Err(Error::InvalidCertificate(
            CertificateError::UnknownRevocationStatus,
        ));
    }
    Ok(())
}

fn holds(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let now = Moment::from_unix(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    match validity(certificate) {
        Ok(validity) if validity.holds_at(now) => Ok(()),
        Ok(_) => Err(Error::InvalidCertificate(CertificateError::Expired)),
        Err(_) => Err(Error::InvalidCertificate(CertificateError::BadEncoding)),
    }
}

/// See [`Trust::of_servers`].
struct OfServers {
    roots: Option<Arc<WebPkiServerVerifier>>,
    confined: Vec<(Arc<WebPkiServerVerifier>, BTreeSet<Hostname>)>,
    is_shut: bool,
    provider: CryptoProvider,
}

impl ServerCertVerifier for OfServers {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        shut(self.is_shut)?;
        let name = server_name.to_str().to_ascii_lowercase();
        let confined = self.confined.iter();
        let confined = confined.filter(|(_, names)| names.contains(name.as_str()));
        let judges = confined.map(|(judge, _)| judge).chain(&self.roots);
        judges
            .map(|judge| {
                judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            })
            .reduce(Result::or)
            .unwrap_or(Err(Error::InvalidCertificate(
                CertificateError::UnknownIssuer,
            )))
    }

    signatures!();
}

impl fmt::Debug for OfClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfClients").finish_non_exhaustive()
    }
}

impl fmt::Debug for OfServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfServers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, Issuer, KeyPair};

    use super::*;

    type Root = CertifiedIssuer<'static, KeyPair>;

    fn root(name: &str) -> Root {
        let mut params = CertificateParams::new(Vec::new()).expect("names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let common_name = rcgen::DnType::CommonName;
        params.distinguished_name.push(common_name, name);
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a root")
    }

    fn signed(by: &Issuer<'static, KeyPair>, name: &str) -> CertificateDer<'static> {
        let params = CertificateParams::new(vec![name.to_owned()]).expect("names");
        let key = KeyPair::generate().expect("a key");
        params.signed_by(&key, by).expect("signed").der().clone()
    }

    fn names(names: &[&str]) -> BTreeSet<Hostname> {
        let name = |name: &&str| Hostname::parse(name).expect("a host");
        names.iter().map(name).collect()
    }

    /// The demo's authority, and one that may speak for `dva.localhost`.
    fn trust(own: &Root, theirs: &Root) -> Trust {
        Trust {
            roots: vec![own.der().clone()],
            confined: vec![Confined {
                roots: vec![theirs.der().clone()],
                names: names(&["dva.localhost"]),
            }],
            pinned: Vec::new(),
            revocation: Revocation::Unchecked,
        }
    }

    fn now() -> UnixTime {
        let now = crate::clock::Clock::system().wall().unix();
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(now.unsigned_abs()))
    }

    fn client(trust: &Trust, certificate: &CertificateDer<'static>) -> bool {
        let verifier = trust.of_clients(true).expect("a verifier");
        verifier.verify_client_cert(certificate, &[], now()).is_ok()
    }

    fn server(trust: &Trust, certificate: &CertificateDer<'static>, name: &str) -> bool {
        let verifier = trust.of_servers().expect("a verifier");
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        verifier
            .verify_server_cert(certificate, &[], &name, &[], now())
            .is_ok()
    }

    #[test]
    fn an_authority_of_one_party_speaks_for_no_other() {
        let (own, theirs) = (root("own"), root("theirs"));
        let trust = trust(&own, &theirs);
        let good = signed(&theirs, "dva.localhost");
        let forged = signed(&theirs, "mitz-back.localhost");
        assert!(client(&trust, &good) && server(&trust, &good, "dva.localhost"));
        assert!(!client(&trust, &forged), "a client that calls itself Mitz");
        assert!(!server(&trust, &forged, "mitz-back.localhost"));
    }

    #[test]
    fn the_demos_own_authority_speaks_for_everybody() {
        let (own, theirs) = (root("own"), root("theirs"));
        let trust = trust(&own, &theirs);
        for name in ["dva.localhost", "mitz-back.localhost"] {
            let certificate = signed(&own, name);
            assert!(client(&trust, &certificate) && server(&trust, &certificate, name));
        }
        assert!(!server(&trust, &signed(&own, "a.localhost"), "b.localhost"));
    }

    #[test]
    fn rfc_8705_2_2_a_certificate_that_counts_as_it_is_vouches_for_no_other() {
        let (own, brought) = (root("own"), root("brought"));
        let trust = Trust {
            pinned: vec![brought.der().clone()],
            ..Trust::from(vec![own.der().clone()])
        };
        assert!(client(&trust, brought.der()));
        assert!(!client(&trust, &signed(&brought, "mitz-back.localhost")));
        assert!(!client(&trust, root("other").der()));
        assert!(!server(
            &trust,
            &signed(&brought, "a.localhost"),
            "a.localhost"
        ));
    }

    #[test]
    fn whoever_trusts_nobody_believes_nobody() {
        let stranger = signed(&root("stranger"), "a.localhost");
        assert!(!server(&Trust::default(), &stranger, "a.localhost"));
        assert!(Trust::default().of_clients(true).is_err());
    }
}
