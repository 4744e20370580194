//! Whose a key is: a party publishes its keys with chains of certificates that name its OIN, and takes those
//! of others by theirs (etoegang.md §4.5, §5.6; etoegang case 82).

use std::sync::Arc;

use axum::response::Response;
use etoegang::discovery::sleutels::{self, Sleutel};
use etoegang::instellingen::Ondertekening;
use identity::{EntityId, Oin};
use jose::{Jwk, Jwks};
use serde_json::Value;
use verdict::Moment;

use super::Deelnemer;
use crate::app::App;
use crate::certificates::leads_to;
use crate::jwks::{JwksCache, NoKeys};
use crate::keys::{Introspection, KeySet};
use crate::web;

/// Who certifies a party's keys.
pub trait Certificeerder: Send + Sync {
    /// The chain for this key in DER: its own certificate first, the root last. Nothing when there is none
    /// now; the key is published without it then.
    fn keten(&self, key: &Jwk) -> Option<Vec<Vec<u8>>>;
}

/// A party's way with keys: its own as it shows them, those of others as it knows them. Without a
/// [`Certificeerder`] its own are shown bare.
#[derive(Default)]
pub struct Sleutelbos {
    eigen: Option<Arc<dyn Certificeerder>>,
    van_anderen: JwksCache,
}

impl Sleutelbos {
    /// Keys that are certified so.
    pub fn new(eigen: Option<Arc<dyn Certificeerder>>) -> Self {
        Self {
            eigen,
            van_anderen: JwksCache::default(),
        }
    }

    /// The keys of another party that count, at most five minutes old.
    ///
    /// # Errors
    /// [`NoKeys`] when they cannot be fetched or read, or none of them counts.
    pub(super) async fn van(&self, app: &App, ander: &Deelnemer) -> Result<Arc<Jwks>, NoKeys> {
        let read = |body: &[u8]| ander.sleutels(body, app.clock.wall());
        let keys = &self.van_anderen;
        let place = (ander.entity.as_str(), &*ander.jwks());
        any(keys.keys_as(app, place, read).await?)
    }

    /// The same after one of them was not found.
    ///
    /// # Errors
    /// As [`Self::van`].
    pub(super) async fn opnieuw_van(
        &self,
        app: &App,
        ander: &Deelnemer,
    ) -> Result<Arc<Jwks>, NoKeys> {
        let read = |body: &[u8]| ander.sleutels(body, app.clock.wall());
        let keys = &self.van_anderen;
        let place = (ander.entity.as_str(), &*ander.jwks());
        any(keys.keys_again_as(app, place, read).await?)
    }

    /// What stands at the party's own `jwks_uri` (RFC 7517 §5).
    pub(super) fn getoond(&self, app: &App, entity: &EntityId) -> Response {
        let keys = gepubliceerd(&app.keys.set());
        if keys.is_empty() {
            return web::unavailable();
        }
        match self.document(entity, &keys) {
            Ok(document) => web::json(200, &document),
            Err(fault) => {
                tracing::error!(party = app.party, fault, "the keys cannot be published");
                web::unavailable()
            }
        }
    }

    fn document(&self, entity: &EntityId, keys: &[Jwk]) -> Result<Value, String> {
        let Some(eigen) = &self.eigen else {
            let keys = Jwks::new(keys.to_vec()).map_err(|bad| bad.to_string())?;
            return Ok(keys.to_json());
        };
        let ketens = keys.iter().map(|key| eigen.keten(key).unwrap_or_default());
        let ketens: Vec<_> = ketens.collect();
        let shown = keys.iter().zip(&ketens);
        let shown: Vec<_> = shown.map(|(jwk, keten)| Sleutel { jwk, keten }).collect();
        let oin = oin_of(entity).ok_or("the EntityID has no OIN")?;
        sleutels::document(&shown, &oin).map_err(|fault| fault.to_string())
    }
}

/// Keys of which at least one counts.
fn any(keys: Arc<Jwks>) -> Result<Arc<Jwks>, NoKeys> {
    if keys.keys().is_empty() {
        return Err(NoKeys);
    }
    Ok(keys)
}

/// The public keys that a party shows: with which it signs for apps and for others, and to which they may
/// encrypt. Of those for apps also the ones of another setting: tokens under them may not be over.
pub fn gepubliceerd(keys: &KeySet) -> Vec<Jwk> {
    let for_apps = Ondertekening::ALL.map(|each| keys.app_tokens(each).ok());
    let signing = for_apps.into_iter().chain([keys.tokens().ok()]).flatten();
    let signing = signing.flat_map(|tokens| tokens.published().keys().to_vec());
    let opening = keys.introspection().ok();
    let opening = opening.into_iter().flat_map(Introspection::all);
    signing
        .chain(opening.map(|key| key.public().clone()))
        .collect()
}

impl Deelnemer {
    /// The keys of this party in what stands at its `jwks_uri`: where it must have certificates, those alone
    /// that are certified to be of its OIN, by one of the roots.
    fn sleutels(&self, document: &[u8], now: Moment) -> Result<Jwks, NoKeys> {
        if self.wortels.is_empty() {
            return Jwks::parse(document).map_err(|_| NoKeys);
        }
        let oin = oin_of(&self.entity).ok_or(NoKeys)?;
        // etoegang case 82
        let is_trusted = |keten: &[Vec<u8>]| leads_to(keten, &self.wortels, now);
        sleutels::read(document, &oin, is_trusted).map_err(|_| NoKeys)
    }
}

fn oin_of(entity: &EntityId) -> Option<Oin> {
    Oin::parse(entity.oin()).ok()
}

#[cfg(test)]
mod tests {
    use jose::{Algorithm, RsaSize, SigningKey, generate_pkcs8};
    use rustls_pki_types::CertificateDer;

    use super::*;
    use crate::certificates::Authority;

    const NOW: Moment = Moment::from_unix(1_767_225_600);

    struct Made(Authority, Oin);

    impl Certificeerder for Made {
        fn keten(&self, key: &Jwk) -> Option<Vec<Vec<u8>>> {
            let leaf = self.0.of_messages(key, &self.1, NOW)?;
            Some(vec![leaf, self.0.certificate().to_vec()])
        }
    }

    fn deelnemer(entity: &str, wortels: Vec<CertificateDer<'static>>) -> Deelnemer {
        Deelnemer {
            entity: EntityId::parse(entity).expect("an EntityID"),
            naam: "AD".to_owned(),
            basis: "https://ad.test".to_owned(),
            jwks_uri: None,
            wortels,
        }
    }

    #[test]
    fn etoegang_case_082_keys_without_a_chain_or_of_another_oin_do_not_count() {
        let directory = std::env::temp_dir().join(format!("sluis-ketens-{}", std::process::id()));
        let authority = Authority::open(&directory, NOW).expect("an authority");
        let root = vec![authority.certificate().clone()];
        let ad = deelnemer(
            "urn:etoegang:AD:00000003244440010000:entities:9001",
            root.clone(),
        );
        let other = deelnemer("urn:etoegang:AD:00000003244440020000:entities:9001", root);
        let bare = deelnemer(ad.entity.as_str(), Vec::new());
        let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("a key");
        let key = SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("usable");
        let keys = [key.public().clone()];
        let oin = oin_of(&ad.entity).expect("an OIN");
        let certified = Sleutelbos::new(Some(Arc::new(Made(authority, oin))));
        let shown = |bos: &Sleutelbos| {
            let document = bos.document(&ad.entity, &keys).expect("a document");
            document.to_string().into_bytes()
        };
        let counted = |document: &[u8], deelnemer: &Deelnemer| {
            let read = deelnemer.sleutels(document, NOW);
            read.expect("a set").keys().len()
        };
        // etoegang case 82
        let with_chain = shown(&certified);
        assert_eq!(counted(&with_chain, &ad), 1);
        assert_eq!(counted(&with_chain, &other), 0);
        assert_eq!(counted(&with_chain, &bare), 1);
        let plain = shown(&Sleutelbos::default());
        assert_eq!(counted(&plain, &ad), 0);
        assert_eq!(counted(&plain, &bare), 1);
        let _ = std::fs::remove_dir_all(directory);
    }
}
