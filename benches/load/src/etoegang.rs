//! What GUC9 costs: refreshes of logins at an HM, each of which asks the AD, and where the person acts for
//! another the MR too. All three are nodes of their own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use load::seed::{GRANTS, Logins, Purse};
use rustls::ClientConfig;
use server::routes::etoegang::pad;
use testkit::{Installation, Role};

use crate::client::{Connection, member};
use crate::drive::{Counting, Run, WARM_UP_S};
use crate::floor::Floor;
use crate::node::{self, Node};
use crate::plan::{Arguments, CONNECTIONS, Home};
use crate::report::{self, Subject};
use crate::{Result, measure_with, measured_floor};

const HOST: &str = "hm.localhost";
const ROLES: [(Role, &str); 3] = [(Role::Hm, "hm"), (Role::Ad, "ad"), (Role::Mr, "mr")];

/// Measures each home, without and with a mandate, and tells.
pub(crate) async fn run(sluis: &Path, arguments: &Arguments) -> Result<()> {
    let floor = measured_floor(&[])?;
    let mut measured = Vec::new();
    for home in [Home::Sqlite, Home::Postgresql] {
        let scenarios = scenarios(home, &arguments.only);
        if scenarios.is_empty() {
            continue;
        }
        let world = World::start(sluis, home).await?;
        for scenario in scenarios {
            let run = world.refresh(&scenario, arguments.seconds).await?;
            let subject = scenario.subject(&floor);
            let beside = BTreeMap::from([("ad", &world.ad), ("mr", &world.mr)]);
            let line = measure_with(&world.hm, &beside, run, subject, arguments.seconds);
            measured.push(line.await?);
        }
        world.stop()?;
    }
    let title = "Refreshes of eToegang (GUC9) per CPU-second of the HM";
    report::tell("load-etoegang", title, &floor, &measured)
}

struct Scenario {
    /// Whether the MR is asked.
    mandate: bool,
    home: Home,
    connections: u16,
}

fn scenarios(home: Home, only: &str) -> Vec<Scenario> {
    let each = [false, true].into_iter().flat_map(|mandate| {
        CONNECTIONS.map(|connections| Scenario {
            mandate,
            home,
            connections,
        })
    });
    each.filter(|scenario| scenario.name().contains(only))
        .collect()
}

impl Scenario {
    const fn proof(&self) -> &'static str {
        if self.mandate { "AD and MR" } else { "AD" }
    }

    fn name(&self) -> String {
        let (proof, home, connections) = (self.proof(), self.home, self.connections);
        format!("refresh by {proof} {home} connections={connections}")
    }

    fn subject(&self, floor: &Floor) -> Subject {
        // A proof of the HM signed, a declaration checked, an access token signed (RS256); for a mandate a
        // question signed and a decision checked beside.
        let asks = if self.mandate { 2.0 } else { 1.0 };
        let per_ask_s = 1.0 / floor.sign + 0.5 / floor.verify_twice;
        Subject {
            name: self.name(),
            proof: self.proof().to_owned(),
            home: self.home.to_string(),
            grants: GRANTS,
            connections: self.connections,
            floor_per_s: 1.0 / (asks * per_ask_s + 1.0 / floor.sign_rs256),
        }
    }
}

/// The three nodes, and what the app holds.
struct World {
    hm: Node,
    ad: Node,
    mr: Node,
    tls: Arc<ClientConfig>,
    zelf: Arc<Purse>,
    voor_een_ander: Arc<Purse>,
}

impl World {
    async fn start(sluis: &Path, home: Home) -> Result<Self> {
        let (store, cluster) = node::store(home)?;
        let folder = node::folder()?;
        let laid = ROLES.map(|(role, name)| {
            let laid = Installation::lay(&folder.join(name), &[role], &store, "[]", "[]");
            let site = format!("[{name}.site]\n");
            let unbounded = "requests_per_s_per_address = 0\nrequests_per_s_per_client = 0\n";
            laid.change(&site, &format!("{site}{unbounded}"));
            laid
        });
        for (at, own) in laid.iter().enumerate() {
            let others = laid.iter().zip(ROLES).enumerate();
            for (_, (other, (role, _))) in others.filter(|(place, _)| *place != at) {
                own.meets(other, &[role]);
            }
        }
        let files = laid.each_ref().map(Installation::config);
        let logins = Logins::store(files.each_ref().map(std::path::PathBuf::as_path)).await?;
        let [hm, ad, mr] = laid;
        Ok(Self {
            tls: Arc::new(node::trusting(&hm)?.with_no_client_auth()),
            ad: Node::start(sluis, "ad", ad, None)?,
            mr: Node::start(sluis, "mr", mr, None)?,
            hm: Node::start(sluis, "hm", hm, cluster)?,
            zelf: Arc::new(logins.zelf),
            voor_een_ander: Arc::new(logins.voor_een_ander),
        })
    }

    /// Opens the connections and begins.
    async fn refresh(&self, scenario: &Scenario, seconds: u64) -> Result<Run> {
        let purse = if scenario.mandate {
            &self.voor_een_ander
        } else {
            &self.zelf
        };
        let mut opened = Vec::new();
        for _ in 0..scenario.connections {
            let tls = Arc::clone(&self.tls);
            opened.push(Connection::open(tls, HOST, self.hm.address()).await?);
        }
        let mut run = Run::of(seconds + WARM_UP_S);
        for connection in opened {
            run.client(|counting| refresh(connection, Arc::clone(purse), counting));
        }
        Ok(run)
    }

    /// The HM last, whose database it may be that all three use.
    fn stop(self) -> Result<()> {
        self.ad.stop()?;
        self.mr.stop()?;
        self.hm.stop()
    }
}

/// Refreshes, over and over, until the time is up: how long each took that counted.
async fn refresh(
    mut connection: Connection,
    purse: Arc<Purse>,
    counting: Arc<Counting>,
) -> Result<Vec<Duration>> {
    let path = format!("{}/token", pad("1.13"));
    let mut took = Vec::new();
    while counting.goes_on() {
        let token = purse.take().ok_or("fewer logins than connections")?;
        let form = format!("grant_type=refresh_token&client_id=gemeente-app&refresh_token={token}");
        let begun = counting.begin();
        let (status, body) = connection.post(&path, &form).await?;
        let next = member(body, "refresh_token").filter(|_| status == 200);
        let Some(next) = next else {
            return Err(format!("the server answers {status}: {body}").into());
        };
        purse.put(next.to_owned());
        took.extend(counting.end(begun));
    }
    Ok(took)
}
