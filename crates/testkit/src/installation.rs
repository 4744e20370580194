//! A folder with everything that `sluis serve` asks for, on loopback and under an authority of its own.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::authority::{Authority, Issued, saml_signing};

/// The role that a node plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Authorization server, register, back channel.
    Mitz,
    /// Which care providers know a person.
    Lokalisatie,
    /// Discovery, token endpoint, resource server.
    Dva,
    /// Pages for people.
    Pgo,
    /// Koppeltaal's domains.
    Koppeltaal,
    /// The broker of eToegang.
    Hm,
    /// Where people of eToegang log in.
    Ad,
    /// Who of eToegang may act for whom.
    Mr,
}

impl Role {
    /// Every role, in the order in which a configuration names them.
    pub const ALL: [Self; 8] = [
        Self::Mitz,
        Self::Lokalisatie,
        Self::Dva,
        Self::Pgo,
        Self::Koppeltaal,
        Self::Hm,
        Self::Ad,
        Self::Mr,
    ];

    /// Its hosts, with the setting of each.
    const fn hosts(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Mitz => &[
                ("front", "mitz.localhost"),
                ("back", "mitz-back.localhost"),
                ("register", "toestemmingen.localhost"),
            ],
            Self::Lokalisatie => &[("site", "lokalisatie.localhost")],
            Self::Dva => &[
                ("front", "dva.localhost"),
                ("back", "dva-back.localhost"),
                ("discovery", "discovery.localhost"),
            ],
            Self::Pgo => &[("front", "pgo.localhost")],
            Self::Koppeltaal => &[("site", "koppeltaal.localhost")],
            Self::Hm => &[("site", "hm.localhost")],
            Self::Ad => &[("site", "ad.localhost")],
            Self::Mr => &[("site", "mr.localhost")],
        }
    }

    /// Its section's name, and the host with whose certificate it calls others.
    const fn section(self) -> (&'static str, &'static str) {
        match self {
            Self::Mitz => ("mitz", "mitz-back.localhost"),
            Self::Lokalisatie => ("lokalisatie", "lokalisatie.localhost"),
            Self::Dva => ("dva", "dva-back.localhost"),
            Self::Pgo => ("pgo", "pgo.localhost"),
            Self::Koppeltaal => ("koppeltaal", "koppeltaal.localhost"),
            Self::Hm => ("hm", "hm.localhost"),
            Self::Ad => ("ad", "ad.localhost"),
            Self::Mr => ("mr", "mr.localhost"),
        }
    }

    /// What its section says of others: nobody listens at port 1.
    const fn others(self) -> &'static str {
        match self {
            Self::Mitz => "lokalisatie = \"https://lokalisatie.localhost:1\"\n",
            Self::Lokalisatie => "mitz_host = \"mitz-back.localhost\"\n",
            Self::Dva => {
                "mitz = \"https://mitz.localhost:1\"\n\
                 mitz_jwks = \"https://mitz.localhost:1/jwks\"\n\
                 consent_introspection = \"https://mitz-back.localhost:1/consent-introspect\"\n\
                 xis = \"https://xis.localhost:1\"\n\
                 stelselnode = \"https://stelselnode.localhost:1\"\n"
            }
            Self::Pgo => {
                "mitz = \"https://mitz.localhost:1\"\n\
                 toestemmingen = \"https://toestemmingen.localhost:1\"\n\
                 stelselnode = \"https://stelselnode.localhost:1\"\n"
            }
            Self::Koppeltaal => "",
            Self::Hm => "entity = \"urn:etoegang:HM:00000003273226310000:entities:9001\"\n",
            Self::Ad => "entity = \"urn:etoegang:AD:00000003244440010000:entities:9001\"\n",
            Self::Mr => "entity = \"urn:etoegang:MR:00000003244440020000:entities:9001\"\n",
        }
    }

    /// The name of its authority. Nodes that meet each have one: of two of one name nobody knows whose
    /// revocation list is whose.
    const fn authority(self) -> &'static str {
        match self {
            Self::Hm => "Proef CA van de HM",
            Self::Ad => "Proef CA van de AD",
            Self::Mr => "Proef CA van het MR",
            _ => "Proef CA",
        }
    }

    /// Lists that stand after everything else of its section: whom a role of eToegang knows.
    const fn known(self) -> &'static str {
        match self {
            Self::Hm => KNOWN_TO_HM,
            Self::Ad => KNOWN_TO_AD,
            Self::Mr => KNOWN_TO_MR,
            _ => "",
        }
    }
}

/// Where a node keeps rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// In its own directory.
    Sqlite,
    /// At this address.
    Postgresql(String),
}

/// A node's folder: `sluis.toml`, and what it names.
pub struct Installation {
    /// The folder.
    pub folder: PathBuf,
    /// Who vouches for everybody in it.
    pub authority: Authority,
    /// The port of its one listener.
    pub port: u16,
    /// The port of `admin.listen`.
    pub admin: u16,
}

impl Installation {
    /// Lays the folder of a node with these roles, on ports that are free now. `clients` is the text of
    /// `clients.json`, `providers` that of `providers.json`; what a DVA collects is one search.
    ///
    /// # Panics
    /// When the folder cannot be written, or no port is free.
    pub fn lay(
        folder: &Path,
        roles: &[Role],
        store: &Store,
        clients: &str,
        providers: &str,
    ) -> Self {
        fs::create_dir_all(folder.join("registers")).expect("a folder");
        let authority = roles.first().map_or("Proef CA", |role| role.authority());
        let mut laid = Self {
            folder: folder.to_owned(),
            authority: Authority::new(authority),
            port: free_port(),
            admin: free_port(),
        };
        laid.write("ca.pem", &laid.authority.pem());
        laid.new_revocation_list(2099);
        laid.write_private("master.key", &[7; 32]);
        laid.write("registers/clients.json", clients);
        laid.write("registers/providers.json", providers);
        laid.write("registers/gegevensdiensten.json", GEGEVENSDIENSTEN);
        if roles.iter().any(|role| !role.known().is_empty()) {
            laid.write("registers/etoegang.json", ETOEGANG);
        }
        for (_, host) in roles.iter().flat_map(|role| role.hosts()) {
            laid.new_certificate(host);
        }
        let mut text = laid.common(store);
        for role in roles {
            laid.section(*role, &mut text);
        }
        laid.write("sluis.toml", &text);
        laid
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.folder.join("sluis.toml")
    }

    /// Changes the configuration.
    ///
    /// # Panics
    /// When `from` does not stand in it.
    pub fn change(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.config()).expect("a configuration");
        assert!(text.contains(from), "{from} does not stand there");
        self.write("sluis.toml", &text.replacen(from, to, 1));
    }

    /// From now on this node believes another's authority too, and calls its hosts at its port.
    ///
    /// # Panics
    /// When the configuration cannot be written.
    pub fn meets(&self, other: &Self, roles: &[Role]) {
        let name = format!("ca-{}", other.port);
        let list = fs::read_to_string(other.folder.join("ca.crl")).expect("a list");
        self.write(&format!("{name}.pem"), &other.authority.pem());
        self.write(&format!("{name}.crl"), &list);
        for (setting, kind) in [("roots", "pem"), ("crls", "crl")] {
            let from = format!("{setting} = [");
            self.change(&from, &format!("{from}\"{name}.{kind}\", "));
        }
        let mut text = fs::read_to_string(self.config()).expect("a configuration");
        for (_, host) in roles.iter().flat_map(|role| role.hosts()) {
            text = text.replace(&format!("{host}:1/"), &format!("{host}:{}/", other.port));
        }
        self.write("sluis.toml", &text);
    }

    /// Gives the DVA MedMij's own interfaces, behind a DigiD that nobody reaches.
    pub fn with_medmij(&self) {
        self.digid("dva.localhost");
        let section = format!("{MEDMIJ}\n[dva.node]\n");
        self.change("\n[dva.node]\n", &section);
    }

    /// A file of the folder, written whole.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).expect("writable");
    }

    /// The same, which nobody else may read.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write_private(&self, name: &str, bytes: &[u8]) {
        let mut options = fs::OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(self.folder.join(name)).expect("writable");
        file.write_all(bytes).expect("writable");
    }

    /// Lets everybody read a file.
    ///
    /// # Panics
    /// When that cannot be changed.
    pub fn open_to_all(&self, name: &str) {
        let mode = fs::Permissions::from_mode(0o644);
        fs::set_permissions(self.folder.join(name), mode).expect("ours");
    }

    /// A new certificate for `host`, as `HOST.pem` and `HOST.key`, in the place of an earlier one.
    pub fn new_certificate(&mut self, host: &str) -> Issued {
        let issued = self.authority.issue(host);
        self.keep(host, &issued);
        issued
    }

    /// Keeps a certificate as `NAME.pem` and its key as `NAME.key`.
    pub fn keep(&self, name: &str, issued: &Issued) {
        self.write_private(&format!("{name}.key"), issued.key.as_bytes());
        self.write(&format!("{name}.pem"), &issued.certificate);
    }

    /// A new revocation list; the next one is due at the end of the year `due`.
    pub fn new_revocation_list(&mut self, due: i32) {
        let list = self.authority.revocation_list(due);
        self.write("ca.crl", &list);
    }

    fn common(&self, store: &Store) -> String {
        let store = match store {
            Store::Sqlite => "home = \"sqlite\"".to_owned(),
            Store::Postgresql(address) => {
                format!("home = \"postgresql\"\naddress = \"{address}\"")
            }
        };
        format!(
            "state = \"state\"\nregisters = \"registers\"\n\n\
             [store]\n{store}\n\n\
             [keys]\nmaster_file = \"master.key\"\n\n\
             [admin]\nlisten = \"127.0.0.1:{}\"\ndrain_notice_s = 0\n\n\
             [trust]\nroots = [\"ca.pem\"]\ncrls = [\"ca.crl\"]\n\n\
             [calls]\nprivate_hosts = [\"lokalisatie.localhost\", \"digid-back.localhost\", \
             \"dva.localhost\", \"mitz.localhost\", \"mitz-back.localhost\", \"xis.localhost\", \
             \"stelselnode.localhost\", \"applicaties.localhost\", \"fhir.localhost\", \
             \"hm.localhost\", \"ad.localhost\", \"mr.localhost\"]\n\n\
             [listeners.public]\nlisten = \"127.0.0.1:{}\"\n",
            self.admin, self.port
        )
    }

    fn section(&self, role: Role, text: &mut String) {
        let (section, node) = role.section();
        let _ = write!(text, "\n[{section}]\n{}", role.others());
        certificate(text, &format!("{section}.node"), node, "");
        for (name, host) in role.hosts() {
            let public = "listener = \"public\"\n";
            certificate(text, &format!("{section}.{name}"), host, public);
        }
        if role == Role::Mitz {
            self.digid("mitz.localhost");
            text.push_str(DIGID_AND_DVA);
        }
        text.push_str(role.known());
    }

    /// The RSA key of `host`, and metadata of a DigiD with one of its own.
    fn digid(&self, host: &str) {
        self.keep("saml", &saml_signing(host));
        let idp = saml_signing("digid.localhost");
        let certificate: String = idp
            .certificate
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        self.write("digid.xml", &metadata(&certificate));
    }
}

/// A section that names a host and its certificate.
fn certificate(text: &mut String, section: &str, host: &str, more: &str) {
    let _ = write!(
        text,
        "\n[{section}]\n{more}host = \"{host}\"\ncertificate = \"{host}.pem\"\nkey = \"{host}.key\"\n"
    );
}

fn metadata(certificate: &str) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"https://digid.localhost/idp\">\
         <md:IDPSSODescriptor WantAuthnRequestsSigned=\"true\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}\
         </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
         <md:ArtifactResolutionService index=\"0\" \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\" \
         Location=\"https://digid-back.localhost:1/resolve\"/>\
         <md:SingleSignOnService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"https://digid.localhost:1/sso\"/>\
         </md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

const DIGID_AND_DVA: &str = r#"
[mitz.digid]
metadata = "digid.xml"
certificate = "saml.pem"
key = "saml.key"

[[mitz.dva]]
host = "dva-back.localhost"
issuer = "https://dva.localhost:1"
jwks_uri = "https://dva.localhost:1/jwks"
uras = ["00000659"]
"#;

const KNOWN_TO_HM: &str = r#"
[[hm.ad]]
entity = "urn:etoegang:AD:00000003244440010000:entities:9001"
name = "De Proef-AD"
issuer = "https://ad.localhost:1/etd/1.13"

[[hm.mr]]
entity = "urn:etoegang:MR:00000003244440020000:entities:9001"
name = "Het Proef-MR"
url = "https://mr.localhost:1/etd/1.13"
"#;

const KNOWN_TO_AD: &str = r#"
[[ad.hm]]
entity = "urn:etoegang:HM:00000003273226310000:entities:9001"
name = "De Proef-HM"
jwks_uri = "https://hm.localhost:1/etd/1.13/jwks"
redirect_uris = ["https://hm.localhost:1/etd/1.13/ad/1"]

[[ad.mr]]
entity = "urn:etoegang:MR:00000003244440020000:entities:9001"
name = "Het Proef-MR"
url = "https://mr.localhost:1/etd/1.13"
"#;

const KNOWN_TO_MR: &str = r#"
[[mr.hm]]
entity = "urn:etoegang:HM:00000003273226310000:entities:9001"
name = "De Proef-HM"
jwks_uri = "https://hm.localhost:1/etd/1.13/jwks"
redirect_uris = ["https://hm.localhost:1/etd/1.13/mr/1"]
"#;

/// A service and an app for it.
const ETOEGANG: &str = r#"{
  "schema_version": 1,
  "dienstverleners": [
    { "entity": "urn:etoegang:DV:00000001234567890000:entities:9001", "naam": "Gemeente Voorbeeld" }
  ],
  "diensten": [{
    "service_id": "urn:etoegang:DV:00000001234567890000:services:1",
    "service_uuid": "2c9d1c2e-1d0a-4d6b-8f5e-000000000001",
    "naam": "Parkeervergunning",
    "niveau": "urn:etoegang:core:assurance-class:loa3",
    "classifiers": ["native-app"]
  }],
  "apps": [{
    "client_id": "gemeente-app",
    "dv": "urn:etoegang:DV:00000001234567890000:entities:9001",
    "naam": "App van Gemeente Voorbeeld",
    "redirect_uris": ["http://127.0.0.1/terug"]
  }],
  "organisaties": [{ "kvk": "12345678", "naam": "Bakkerij Voorbeeld B.V." }]
}"#;

const MEDMIJ: &str = r#"
[dva.medmij]
name = "De Proef-DVA"

[dva.medmij.digid]
metadata = "digid.xml"
certificate = "saml.pem"
key = "saml.key"
"#;

const GEGEVENSDIENSTEN: &str = r#"[{ "id": "51", "weergavenaam": "Basisgegevens Zorg",
  "systeemrolcode": "MM-2.1-BZB-FHIR", "zoekvragen": [{ "type": "Patient" }] }]"#;

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
