//! From an [`Uitgave`] to the published file, in the order of the schema, signed.

use saml::instant;
use saml::keys::SigningKey;
use saml::signature::{self, CannotSign};
use saml::writer::El;

use super::reading::BOUNDS;
use super::uitgave::{Definitie, Dienstverlener, GevraagdAttribuut, Instantie, Tekst, Uitgave};
use super::{CATALOGUS, METADATA, SAML2};

impl Uitgave {
    /// The file, signed by the scheme's manager. `id` is an `xs:ID`, such as [`saml::message_id`]
    /// makes; it must differ from publication to publication.
    ///
    /// # Errors
    /// [`CannotSign`]: no provider in it, more than is read, or a broken key.
    pub fn to_xml(&self, id: &str, key: &SigningKey) -> Result<String, CannotSign> {
        let root = El::new("esc:ServiceCatalogue")
            .attr("xmlns:esc", CATALOGUS)
            .attr("xmlns:md", METADATA)
            .attr("xmlns:saml2", SAML2)
            .attr("ID", id)
            .attr("esc:IssueInstant", instant::write(self.uitgegeven))
            .attr("esc:Version", self.versie.as_str())
            .children(self.dienstverleners.iter().map(Dienstverlener::to_el));
        signature::sign_within(&root.to_xml(), key, BOUNDS)
    }
}

impl Dienstverlener {
    fn to_el(&self) -> El {
        El::new("esc:ServiceProvider")
            .attr("esc:IsPublic", self.openbaar.to_string())
            .child(El::new("esc:ServiceProviderID").text(self.oin.as_str()))
            .children(texts("esc:OrganizationDisplayName", &self.namen))
            .children(self.definities.iter().map(Definitie::to_el))
            .children(self.instanties.iter().map(Instantie::to_el))
    }
}

impl Definitie {
    fn to_el(&self) -> El {
        let kenmerken = self.kenmerken.iter().map(|allowed| {
            El::new("esc:EntityConcernedTypesAllowed")
                .attr_if("setNumber", allowed.set.map(|set| set.to_string()))
                .text(&*allowed.soort)
        });
        let beperkingen = self.beperkingen.iter();
        let beperkingen =
            beperkingen.map(|urn| El::new("esc:ServiceRestrictionsAllowed").text(&**urn));
        El::new("esc:ServiceDefinition")
            .attr("esc:IsPublic", self.openbaar.to_string())
            .child(El::new("esc:ServiceUUID").text(self.service_uuid.as_str()))
            .children(texts("esc:ServiceName", &self.namen))
            .children(texts("esc:ServiceDescription", &self.omschrijvingen))
            .child(El::new("saml2:AuthnContextClassRef").text(self.niveau.urn()))
            .child(El::new("esc:HerkenningsmakelaarId").text(self.herkenningsmakelaar.as_str()))
            .children(kenmerken)
            .children(beperkingen)
            .children(self.attributen.iter().map(GevraagdAttribuut::to_el))
    }
}

impl GevraagdAttribuut {
    fn to_el(&self) -> El {
        El::new("esc:RequestedAttribute")
            .attr("Name", &*self.naam)
            .attr("isRequired", self.verplicht.to_string())
            .children(texts("esc:PurposeStatement", &self.doelen))
    }
}

impl Instantie {
    fn to_el(&self) -> El {
        let uuid = |name, uuid: &identity::ServiceUuid| El::new(name).text(uuid.as_str());
        let mut makelaars = self.herkenningsmakelaars.iter();
        let first = makelaars.next().map(identity::Oin::as_str);
        let others =
            makelaars.map(|oin| El::new("esc:AdditionalHerkenningsmakelaarId").text(oin.as_str()));
        let classifiers = self.classifiers.iter();
        let classifiers = El::new("esc:Classifiers")
            .children(classifiers.map(|known| El::new("esc:Classifier").text(&**known)));
        El::new("esc:ServiceInstance")
            .attr("esc:IsPublic", self.openbaar.to_string())
            .child(El::new("esc:ServiceID").text(self.service_id.as_str()))
            .child(uuid("esc:ServiceUUID", &self.service_uuid))
            .children(
                self.definitie
                    .as_ref()
                    .map(|of| uuid("esc:InstanceOfService", of)),
            )
            .children(
                self.bemiddelt
                    .as_ref()
                    .map(|of| uuid("esc:IntermediatedService", of)),
            )
            .child(El::new("esc:HerkenningsmakelaarId").text(first.unwrap_or_default()))
            .children(others)
            .children((!self.classifiers.is_empty()).then_some(classifiers))
    }
}

fn texts(name: &'static str, texts: &[Tekst]) -> impl Iterator<Item = El> {
    let el = move |text: &Tekst| {
        El::new(name)
            .attr("xml:lang", &*text.taal)
            .text(&*text.tekst)
    };
    texts.iter().map(el)
}
