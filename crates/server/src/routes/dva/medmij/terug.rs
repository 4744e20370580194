//! Back from DigiD: its metadata names us, its answer is resolved, and the person goes on or hears why not
//! (core.authint.204).

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use fhir::Bevinding;
use medmij::authorization_interface::aanmelding::{
    self, Aanvraag, Bekend, Doel, Inlog, PersoonVraag, Terugkeer, Uitkomst, Vervolg, WACHT_S,
};
use protocol::handle::Handle;
use saml::signature::CannotSign;
use tokio::sync::OnceCell;
use verdict::Step;

use super::front::{AANVRAAG, STORING, cookie_name, naar};
use super::{AANMELDING, AANMELDING_COOKIE, DvaRole};
use crate::chance;
use crate::digid::{Antwoord, Resolve};
use crate::door::TraceId;
use crate::pages::DvaFoutSoort;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// The metadata of this service provider, signed (digid.md §2.1).
pub(super) async fn saml_metadata(State(role): State<Arc<DvaRole>>) -> Response {
    let id = saml::message_id(chance::entropy().bytes("saml.metadata"));
    let medmij = role.medmij.as_ref();
    as_metadata(medmij.map(|medmij| medmij.digid.metadata(&id)))
}

/// The same at the entrance of DigiD 4.x (digid.md §3.1).
pub(super) async fn entrance_metadata(State(role): State<Arc<DvaRole>>) -> Response {
    let id = saml::message_id(chance::entropy().bytes("saml.metadata"));
    let medmij = role.medmij.as_ref();
    let provider = medmij.and_then(|medmij| medmij.vertegenwoordiging.as_ref());
    as_metadata(provider.map(|provider| provider.metadata(&id)))
}

fn as_metadata(metadata: Option<Result<String, CannotSign>>) -> Response {
    match metadata {
        Some(Ok(metadata)) => web::typed(200, "application/samlmetadata+xml", metadata),
        _ => web::unavailable(),
    }
}

/// DigiD sends the browser back with an artifact.
pub(super) async fn assertion_consumer(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let parameters = visit.query().unwrap_or_default();
    let sessie = parameters.get("RelayState").unwrap_or_default().to_owned();
    let artifact = parameters.get("SAMLart").map(str::to_owned);
    let now = role.app.clock.now();
    let found = role.aanvraag(&visit, &sessie).and_then(|(aanvraag, _)| {
        let ura = match &aanvraag.doel {
            Doel::Autoriseren(verzoek) => Some(role.aanbieder_of(&verzoek.scope)?.ura.clone()),
            Doel::Beheren => None,
        };
        let (age, entropy) = (role.dva.leeftijd_min, chance::entropy());
        let terugkeer = Terugkeer::new(aanvraag.clone(), ura, age, now, &entropy)?;
        Some((aanvraag, terugkeer))
    });
    // design §5: only the browser that holds the request may bring its answer
    let (Some((aanvraag, terugkeer)), Some(artifact)) = (found, artifact) else {
        let reason = "an answer came to a browser that holds no such request";
        role.app.refused(visit.trace, "digid case 26", reason);
        return DvaRole::fout(400, &visit, DvaFoutSoort::Verlopen);
    };
    let trace = TraceId::parse(&aanvraag.trace).unwrap_or(visit.trace);
    let visit = visit.under(trace);
    let journey = AanmeldingJourney {
        role: Arc::clone(&role),
        terugkeer,
        artifact,
        doel: aanvraag.doel.clone(),
        requested_at: aanvraag.requested_at,
        client: visit.peer.address.ip(),
        uitkomst: OnceCell::new(),
    };
    match settle(&role.app, trace, journey).await {
        Ok(Vervolg::Verder { id }) => role.verder(&aanvraag, id),
        Ok(Vervolg::Geannuleerd) => naar("/geannuleerd", &sessie),
        Ok(Vervolg::NietIngelogd) => role.mislukt(aanvraag),
        Ok(Vervolg::AlBeantwoord) => DvaRole::fout(400, &visit, DvaFoutSoort::AlBeantwoord),
        Ok(Vervolg::Storing) | Err(_) => naar(STORING, &sessie),
    }
}

struct AanmeldingJourney {
    role: Arc<DvaRole>,
    terugkeer: Terugkeer,
    artifact: String,
    doel: Doel,
    requested_at: i64,
    client: IpAddr,
    /// What DigiD said: it can be asked once.
    uitkomst: OnceCell<Uitkomst>,
}

impl Journey for AanmeldingJourney {
    type Reply = Vervolg;
    type Question = aanmelding::Vraag;

    fn begin(&self, _: &Run) -> Step<Vervolg, aanmelding::Vraag> {
        self.terugkeer.begin()
    }

    async fn answer(
        &self,
        run: &Run,
        question: aanmelding::Vraag,
    ) -> Result<Step<Vervolg, aanmelding::Vraag>, Outage> {
        Ok(match question {
            aanmelding::Vraag::AlBeantwoord(q) => {
                let seen = run.exists(q.key()).await?;
                q.answer(seen)
            }
            aanmelding::Vraag::Artefact(q) => {
                let ask = || self.resolve(run, q.authn_request());
                let uitkomst = self.uitkomst.get_or_init(ask).await.clone();
                q.answer(uitkomst)
            }
            aanmelding::Vraag::Persoon(q) => {
                let app = &self.role.app;
                let bekend = Bekend {
                    persoon: app.person(q.bsn()).await?,
                    gever: match q.gever() {
                        Some(gever) => Some(app.person(gever).await?),
                        None => None,
                    },
                    bevinding: self.bevinding(run, &q).await,
                };
                q.answer(bekend)
            }
        })
    }
}

impl AanmeldingJourney {
    /// The artifact for an assertion, over the back channel.
    async fn resolve(&self, run: &Run, authn_request: &str) -> Uitkomst {
        let medmij = self.role.medmij.as_ref();
        let Some((digid, _)) = medmij.and_then(|medmij| medmij.login_of(&self.doel)) else {
            return Uitkomst::Onbereikbaar;
        };
        let asked = Resolve {
            artifact: &self.artifact,
            authn_request,
            requested_at: verdict::Moment::from_unix(self.requested_at),
            client: self.client,
            now: run.now,
        };
        match digid.answer(&run.app, run.trace, &asked).await {
            Antwoord::Ingelogd(person) => Uitkomst::Ingelogd {
                bsn: person.bsn,
                vertegenwoordigde: person.vertegenwoordigde,
            },
            Antwoord::Geannuleerd => Uitkomst::Geannuleerd,
            Antwoord::NietIngelogd {
                requirement,
                reason,
            } => Uitkomst::NietIngelogd {
                requirement,
                reason,
            },
            Antwoord::Onbereikbaar => Uitkomst::Onbereikbaar,
        }
    }

    /// The early test (medmij.md §2.8); nothing when nobody is asked, or nobody answers.
    async fn bevinding(&self, run: &Run, q: &PersoonVraag) -> Option<Bevinding> {
        let (ura, verzoek) = q.toets()?;
        let aanbieder = self.role.aanbieder_of(&verzoek.scope)?;
        let asked = self
            .role
            .gevraagd(&verzoek.client_id, &verzoek.scope, aanbieder)
            .await
            .ok()?;
        let diensten = asked
            .iter()
            .filter_map(|id| aanbieder.gegevensdiensten.get(id));
        let found = self.role.bevinding(run.trace, ura, q.bsn(), diensten).await;
        found.ok()
    }
}

impl DvaRole {
    /// The end of an aanvraag whose login failed (medmij case 26): its cookie leads back, and to no login.
    fn mislukt(&self, mut aanvraag: Aanvraag) -> Response {
        aanvraag.inlog = Inlog::Mislukt;
        let value = self.app.seal.cookie(AANVRAAG, &aanvraag);
        let cookie = web::set_cookie(&cookie_name(&aanvraag.sessie), &value, WACHT_S);
        web::with(naar("/niet-ingelogd", &aanvraag.sessie), cookie)
    }

    /// To the page of the login's stand, with the cookie that alone leads there.
    fn verder(&self, aanvraag: &Aanvraag, id: [u8; 16]) -> Response {
        let handle = Handle { id, generation: 0 };
        let cookie = self.app.handles.make(AANMELDING, handle);
        let path = match aanvraag.doel {
            Doel::Autoriseren(_) => "/verklaring",
            Doel::Beheren => "/toestemmingen/overzicht",
        };
        let dropped = web::drop_cookie(&cookie_name(&aanvraag.sessie));
        let response = web::with(web::see_other(path), dropped);
        web::with(
            response,
            web::set_cookie(AANMELDING_COOKIE, &cookie, WACHT_S),
        )
    }
}
