//! The browser's returns: from the AD with a login, from the MR with a choice (GUC3 3.5, GUC4 4.4).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use etoegang::attribuut::Attributen;
use etoegang::dv_hm::authorize::{Afgebroken, AuthorizationRequest};
use etoegang::dv_hm::code::{self, Aanmelding};
use etoegang::dv_hm::family::CODE;
use etoegang::dv_hm::onderhanden::Onderhanden;
use etoegang::hm_ad::Herroeping;
use etoegang::hm_ad::aanmelden::{Aangemeld, Mislukt};
use etoegang::hm_mr::aantonen::{Gemachtigd, KIEZEN_S, OPHALEN_TYP, VRAAG_TYP, Wachtend};
use etoegang::keten::KetenAntwoord;
use identity::EntityId;
use protocol::authorize::answer_url;
use protocol::handle::Handle;
use protocol::wire::{Parameters, with_query};
use serde::Deserialize;
use verdict::{Change, Clear, Expect, Key, Record as _, Step, Verdict};

use super::front::{Bij, Login, dropped, fout};
use super::{Deelnemer, HmRole};
use crate::chance;
use crate::pages::HmFoutSoort;
use crate::routes::etoegang::keten;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// How a return ends when it does not lead on.
#[derive(Clone, Copy)]
enum Eind {
    /// The app hears why.
    App(Afgebroken),
    /// A page: it is not to be believed, or not to be found.
    Pagina(u16, HmFoutSoort, &'static str),
    /// We cannot, just now.
    Storing,
}

type Verder<T> = Result<T, Eind>;

impl From<Mislukt> for Eind {
    fn from(mislukt: Mislukt) -> Self {
        match mislukt {
            Mislukt::Afgebroken(waarom) => Self::App(waarom),
            Mislukt::Ongeldig(reason) => Self::Pagina(400, HmFoutSoort::Antwoord, reason),
        }
    }
}

impl From<Outage> for Eind {
    fn from(_: Outage) -> Self {
        Self::Storing
    }
}

/// The browser comes back from an AD.
pub(super) async fn van_ad(
    State(role): State<Arc<HmRole>>,
    Path(number): Path<usize>,
    visit: Visit,
) -> Response {
    let parameters = visit.query().unwrap_or_default();
    let Some((login, request)) = role.waiting(&visit, &parameters).await else {
        return role.no_login(&visit);
    };
    let ended = role
        .logged_in(&visit, number, &login, &request, &parameters)
        .await;
    ended.unwrap_or_else(|eind| role.ended(&visit, &login, &request, eind))
}

/// The browser comes back from an MR.
pub(super) async fn van_mr(
    State(role): State<Arc<HmRole>>,
    Path(number): Path<usize>,
    visit: Visit,
) -> Response {
    let parameters = visit.query().unwrap_or_default();
    let Some((login, request)) = role.waiting(&visit, &parameters).await else {
        return role.no_login(&visit);
    };
    let ended = role
        .chosen(&visit, number, &login, &request, &parameters)
        .await;
    ended.unwrap_or_else(|eind| role.ended(&visit, &login, &request, eind))
}

impl HmRole {
    /// The login of this browser that waits for this answer.
    async fn waiting(
        &self,
        visit: &Visit,
        parameters: &Parameters,
    ) -> Option<(Login, AuthorizationRequest)> {
        let login = self.login_with(visit, parameters.get("state")?)?;
        let request = self.read_again(&login.verzoek).await?;
        Some((login, request))
    }

    fn no_login(&self, visit: &Visit) -> Response {
        let reason = "no login in this browser waits for this answer";
        self.app
            .refused(visit.trace, "design §5 front channel", reason);
        fout(404, visit, HmFoutSoort::Verlopen)
    }

    fn ended(
        &self,
        visit: &Visit,
        login: &Login,
        request: &AuthorizationRequest,
        eind: Eind,
    ) -> Response {
        match eind {
            Eind::App(waarom) => self.afgebroken(visit, login, request, waarom),
            Eind::Storing => self.afgebroken(visit, login, request, Afgebroken::NietBereikbaar),
            Eind::Pagina(status, soort, reason) => {
                self.app.refused(visit.trace, "etoegang.md §4.6", reason);
                fout(status, visit, soort)
            }
        }
    }

    // ── From the AD ─────────────────────────────────────────────────────────────────────────────

    /// The code for a login; then the app's code, or on to the MR.
    async fn logged_in(
        &self,
        visit: &Visit,
        number: usize,
        login: &Login,
        request: &AuthorizationRequest,
        parameters: &Parameters,
    ) -> Verder<Response> {
        let Bij::Ad { wachtend, mr } = &login.bij else {
            let reason = "the login does not wait for an AD";
            return Err(Eind::Pagina(400, HmFoutSoort::Antwoord, reason));
        };
        // RFC 9700 §4.4.2: each AD has its own redirect URI
        let deelnemer = number.checked_sub(1).and_then(|at| self.ads.get(at));
        let deelnemer = deelnemer.filter(|ad| ad.entity == wachtend.ad);
        let other = Eind::Pagina(400, HmFoutSoort::Antwoord, "the answer came for another AD");
        let deelnemer = deelnemer.ok_or(other)?;
        let ad = self.authenticatiedienst(deelnemer).await;
        let ad = ad.map_err(|_| Eind::App(Afgebroken::NietBereikbaar))?;
        let now = self.app.clock.now();
        let code = ad.terugkeer(wachtend, parameters, now)?;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", wachtend.redirect_uri.as_str()),
            ("code_verifier", wachtend.code_verifier.as_str()),
        ];
        let token_endpoint = deelnemer.at("/token");
        let sent = keten::post_form(
            &self.app,
            &token_endpoint,
            &ad.client_id,
            &ad.issuer,
            &fields,
        );
        let sent = sent.await?;
        let aangemeld = ad.aangemeld(wachtend, &request.claims, &sent, self.app.clock.now())?;
        match mr {
            None => self.for_himself(visit, login, request, aangemeld).await,
            Some(mr) => {
                let asked = self.to_mr(visit, login, request, aangemeld.clone(), mr);
                let asked = asked.await;
                if asked.is_err() {
                    self.laat_los(visit, aangemeld.herroeping()).await;
                }
                asked
            }
        }
    }

    /// GUC7: the person acts for himself.
    async fn for_himself(
        &self,
        visit: &Visit,
        login: &Login,
        request: &AuthorizationRequest,
        aangemeld: Aangemeld,
    ) -> Verder<Response> {
        let aanmelding = Aanmelding {
            sub: aangemeld.sessie.sub.clone(),
            ad: aangemeld.sessie,
            ad_token: aangemeld.ad_token,
            vertegenwoordiging: None,
            van_ad: aangemeld.attributen,
            van_mr: Attributen::default(),
        };
        self.to_app(visit, login, request, aanmelding, None).await
    }

    /// GUC8: the person chooses for whom he acts, at the MR. What is known so far waits in a row.
    async fn to_mr(
        &self,
        visit: &Visit,
        login: &Login,
        request: &AuthorizationRequest,
        aangemeld: Aangemeld,
        mr: &EntityId,
    ) -> Verder<Response> {
        // Nobody is sent on to choose for a login that cannot be.
        if request.claims.mist_van_ad(&aangemeld.attributen) {
            return Err(Eind::App(Afgebroken::GeenAttribuut));
        }
        let at = self.mrs.iter().position(|known| known.entity == *mr);
        let down = Eind::App(Afgebroken::NietBereikbaar);
        let (at, deelnemer) = at.zip(self.mr(mr)).ok_or(Eind::Storing)?;
        let register = self.register(deelnemer).await.map_err(|_| down)?;
        let given = aangemeld.intern.iter().find(|(known, _)| known == mr);
        let reason = "the AD gave no internal pseudonym for the register";
        let missing = Eind::Pagina(400, HmFoutSoort::Antwoord, reason);
        let (_, gemachtigde) = given.ok_or(missing)?;
        let entropy = chance::entropy();
        let (claims, wachtend) = register.vraag(
            request,
            gemachtigde.clone(),
            &self.mr_redirect_uri(at),
            &self.hm.entity,
            &entropy,
            self.app.clock.now(),
        );
        let signed = keten::sign(&self.app, VRAAG_TYP, &claims)?;
        let answer = keten::post_signed(&self.app, &deelnemer.at("/vragen"), signed).await;
        let number = vraagnummer(&answer)?;
        let rij = entropy.bytes("etoegang.onderhanden");
        let state = wachtend.state().to_owned();
        let onderhanden = Onderhanden {
            verzoek: login.verzoek.clone(),
            aangemeld,
            wachtend,
        };
        settle(&self.app, visit.trace, Bewaren { rij, onderhanden }).await?;
        let login = login.bij(Bij::Mr { rij, state });
        let cookie = self.kept(&login).ok_or(Eind::Storing)?;
        let url = with_query(&deelnemer.at("/machtiging"), &[("vraag", &number)]);
        Ok(web::with(web::see_other(&url), cookie))
    }

    /// Nothing comes of a login: its session at the AD is not left open there.
    async fn laat_los(&self, visit: &Visit, open: Option<Herroeping>) {
        if let Some(herroeping) = open {
            // What cannot be kept now is over at the AD in two hours.
            let _ = settle(&self.app, visit.trace, Loslaten(herroeping)).await;
        }
    }

    // ── From the MR ─────────────────────────────────────────────────────────────────────────────

    /// The declaration for the number; then the app's code.
    async fn chosen(
        &self,
        visit: &Visit,
        number: usize,
        login: &Login,
        request: &AuthorizationRequest,
        parameters: &Parameters,
    ) -> Verder<Response> {
        let Bij::Mr { rij, .. } = &login.bij else {
            let reason = "the login does not wait for an MR";
            return Err(Eind::Pagina(400, HmFoutSoort::Antwoord, reason));
        };
        let key = Onderhanden::key(*rij);
        let found = self
            .app
            .load::<Onderhanden>(key.clone(), self.app.clock.now());
        let over = Eind::Pagina(
            404,
            HmFoutSoort::Verlopen,
            "the login is over, or was answered",
        );
        let found = found.await?.ok_or(over)?;
        let Onderhanden {
            aangemeld,
            wachtend,
            ..
        } = found.value;
        let deelnemer = number.checked_sub(1).and_then(|at| self.mrs.get(at));
        let deelnemer = deelnemer.filter(|mr| mr.entity == wachtend.mr);
        let other = Eind::Pagina(400, HmFoutSoort::Antwoord, "the answer came for another MR");
        let deelnemer = deelnemer.ok_or(other)?;
        let declared = self.declared(deelnemer, &wachtend, parameters).await;
        let spent = Change::remove(key, found.version);
        let gemachtigd = match declared {
            Ok(gemachtigd) => gemachtigd,
            Err(Eind::App(waarom)) => {
                self.beeindigd(visit, spent, aangemeld.herroeping()).await?;
                return Err(Eind::App(waarom));
            }
            Err(eind) => return Err(eind),
        };
        let aanmelding = Aanmelding {
            ad: aangemeld.sessie,
            ad_token: aangemeld.ad_token,
            sub: gemachtigd.sub,
            vertegenwoordiging: Some((gemachtigd.wie, vec![gemachtigd.niveau])),
            van_ad: aangemeld.attributen,
            van_mr: gemachtigd.attributen,
        };
        self.to_app(visit, login, request, aanmelding, Some(spent))
            .await
    }

    /// Ends a login that waited: its row goes, and its session at the AD, in one commit. Of two returns one
    /// ends it, and the other touches nothing.
    async fn beeindigd(
        &self,
        visit: &Visit,
        spent: Change<Clear>,
        herroeping: Option<Herroeping>,
    ) -> Verder<()> {
        let einde = Beeindigen { spent, herroeping };
        if settle(&self.app, visit.trace, einde).await? {
            return Ok(());
        }
        let reason = "the login was answered before";
        Err(Eind::Pagina(400, HmFoutSoort::Verlopen, reason))
    }

    async fn declared(
        &self,
        deelnemer: &Deelnemer,
        wachtend: &Wachtend,
        parameters: &Parameters,
    ) -> Verder<Gemachtigd> {
        let register = self.register(deelnemer).await;
        let register = register.map_err(|_| Eind::App(Afgebroken::NietBereikbaar))?;
        let hm = &self.hm.entity;
        let claims = register.terugkeer(wachtend, parameters, hm, self.app.clock.now())?;
        let signed = keten::sign(&self.app, OPHALEN_TYP, &claims)?;
        let answer = keten::post_signed(&self.app, &deelnemer.at("/antwoorden"), signed).await;
        let now = self.app.clock.now();
        Ok(register.verklaring(wachtend, hm, &answer, now)?)
    }

    // ── To the app ──────────────────────────────────────────────────────────────────────────────

    /// The login is done: a code for the app (GUC8 8.4).
    async fn to_app(
        &self,
        visit: &Visit,
        login: &Login,
        request: &AuthorizationRequest,
        aanmelding: Aanmelding,
        spent: Option<Change<Clear>>,
    ) -> Verder<Response> {
        let open = aanmelding.ad_token.clone().map(|token| Herroeping {
            ad: aanmelding.ad.ad.clone(),
            token,
        });
        let uitgeven = Uitgeven {
            issuer: self.hm.issuer.clone(),
            request: request.clone(),
            aanmelding,
            spent,
        };
        match settle(&self.app, visit.trace, uitgeven).await? {
            Uitgegeven::Code(handle) => {
                let code = self.app.handles.make(CODE, handle);
                let url = answer_url(
                    &request.oidc.redirect_uri,
                    &[("code", &code)],
                    Some(&request.state),
                    &self.hm.issuer,
                );
                Ok(web::with(web::see_other(&url), dropped(login)))
            }
            Uitgegeven::Niet(waarom) => {
                self.laat_los(visit, open).await;
                Err(Eind::App(waarom))
            }
            Uitgegeven::AlBeantwoord => {
                let reason = "the login was answered before";
                Err(Eind::Pagina(400, HmFoutSoort::Verlopen, reason))
            }
        }
    }
}

/// The number that the browser takes to the MR.
fn vraagnummer(answer: &KetenAntwoord) -> Verder<String> {
    #[derive(Deserialize)]
    struct Nummer {
        vraag: String,
    }
    if answer.later_s().is_some() {
        return Err(Eind::App(Afgebroken::NietBereikbaar));
    }
    let refused = Eind::Pagina(
        400,
        HmFoutSoort::Antwoord,
        "the MR does not take the question",
    );
    let KetenAntwoord::Http {
        status: 200 | 201,
        body,
        ..
    } = answer
    else {
        return Err(refused);
    };
    let nummer: Nummer = serde_json::from_slice(body).map_err(|_| refused)?;
    Ok(nummer.vraag)
}

/// Keeps a login while the person is at an MR.
struct Bewaren {
    rij: [u8; 16],
    onderhanden: Onderhanden,
}

impl Journey for Bewaren {
    type Reply = ();
    type Question = ();

    fn begin(&self, run: &Run) -> Step<(), ()> {
        let key = Onderhanden::key(self.rij);
        let until = run.now.plus_s(KIEZEN_S);
        Step::Done(Verdict {
            reply: (),
            changes: vec![self.onderhanden.put(key, Expect::Absent, until)],
            events: Vec::new(),
        })
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<(), ()>, Outage> {
        Ok(self.begin(run))
    }
}

/// Remembers that a session must be revoked at its AD.
struct Loslaten(Herroeping);

impl Journey for Loslaten {
    type Reply = ();
    type Question = ();

    fn begin(&self, run: &Run) -> Step<(), ()> {
        Step::Done(Verdict {
            reply: (),
            changes: vec![self.0.onthouden(run.now)],
            events: Vec::new(),
        })
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<(), ()>, Outage> {
        Ok(self.begin(run))
    }

    /// It is remembered already.
    fn lost(&self, _: &Key) -> Option<Step<(), ()>> {
        Some(Step::reply(()))
    }
}

/// Ends a login that waited; whether it still did.
struct Beeindigen {
    spent: Change<Clear>,
    herroeping: Option<Herroeping>,
}

impl Journey for Beeindigen {
    type Reply = bool;
    type Question = ();

    fn begin(&self, run: &Run) -> Step<bool, ()> {
        let told = self.herroeping.as_ref();
        let mut changes = vec![self.spent.clone()];
        changes.extend(told.map(|told| told.onthouden(run.now)));
        Step::Done(Verdict {
            reply: true,
            changes,
            events: Vec::new(),
        })
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<bool, ()>, Outage> {
        Ok(self.begin(run))
    }

    fn lost(&self, _: &Key) -> Option<Step<bool, ()>> {
        Some(Step::reply(false))
    }
}

/// Gives the code.
struct Uitgeven {
    issuer: String,
    request: AuthorizationRequest,
    aanmelding: Aanmelding,
    spent: Option<Change<Clear>>,
}

enum Uitgegeven {
    Code(Handle),
    Niet(Afgebroken),
    AlBeantwoord,
}

impl Journey for Uitgeven {
    type Reply = Uitgegeven;
    type Question = ();

    fn begin(&self, run: &Run) -> Step<Uitgegeven, ()> {
        let id = run.entropy.bytes("etoegang.family");
        let (request, aanmelding) = (&self.request, self.aanmelding.clone());
        match code::uitgeven(&self.issuer, request, aanmelding, id, run.now) {
            Ok(given) => {
                let mut changes = given.changes;
                changes.extend(self.spent.clone());
                Step::Done(Verdict {
                    reply: Uitgegeven::Code(given.reply),
                    changes,
                    events: given.events,
                })
            }
            Err(waarom) => Step::reply(Uitgegeven::Niet(waarom)),
        }
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<Uitgegeven, ()>, Outage> {
        Ok(self.begin(run))
    }

    /// The browser came back twice.
    fn lost(&self, key: &Key) -> Option<Step<Uitgegeven, ()>> {
        let spent = self.spent.as_ref()?;
        (spent.key == *key).then(|| Step::reply(Uitgegeven::AlBeantwoord))
    }
}
