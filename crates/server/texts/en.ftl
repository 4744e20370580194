# The words of all pages, in plain English.
# Every text is also in nl.ftl; a test compares the two.

## On every page

merk-pgo = De Proef-PGO
merk-dva = De Proef-DVA
merk-mitz = Mitz (test)
merk-toestemmingen = Consent register (test)
merk-digid-simulator = DigiD simulator
merk-netwerk = The network
merk-koppeltaal = Koppeltaal (test)
merk-idp = Test login service
merk-portaal = Test portal
merk-module = Test module
merk-hm = Test broker
merk-ad = Test authentication service
merk-mr = Test mandate register
merk-dv = Gemeente Voorbeeld
naar-inhoud = Skip to content
test-uitleg = This is a trial environment. All people and data are made up.
taal-kiezen = Choose a language
trace = Trace ID: { $trace }
trace-uitleg = Mention this number when you ask for help.
naar-begin = To the start page
niet-bekend = –
maand = { $nummer ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
maand-kort = { $nummer ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
}

## PGO: start

pgo-start = Collect your data
pgo-start-inleiding = De Proef-PGO fetches data about your health from your care providers. You see it all in one place.
pgo-start-stappen = What will happen?
pgo-start-stap-kiezen = You choose the care providers whose data you want.
pgo-start-stap-inloggen = You log in. In this trial environment you use the DigiD simulator.
pgo-start-stap-toestemming = You give consent at Mitz. You decide which care providers may hand over data.
pgo-start-stap-bekijken = De Proef-PGO fetches the data and shows it.
pgo-start-gekoppeld = You are linked to Mitz
pgo-start-gekoppeld-uitleg = Mitz remembers the link with De Proef-PGO. You do not need to log in again now.
pgo-start-bekijk = View your data
pgo-start-kies = Choose whose data you want to collect
pgo-start-niemand = You chose nobody. Choose at least one care provider.
pgo-start-geen-aanbieders = There are no care providers to choose from now. Please try again later.
pgo-start-verzamelen = Collect data
pgo-start-ontkoppelen = End the link with Mitz
pgo-start-ontkoppelen-uitleg = If you end the link, the collected data disappears from here, and you have to log in again next time. This is not the same as withdrawing your consent. You do that in the consent register.
pgo-start-ontkoppelen-knop = End the link
pgo-naar-begin = To the start of De Proef-PGO

## PGO: result

resultaat = Your data
resultaat-telling = { $totaal ->
    [1] { $met ->
        [0] We asked one care provider for data. There is no data now.
       *[other] We asked one care provider for data. You find it below.
    }
   *[other] { $met ->
        [0] We asked { $totaal } care providers for data. There is no data now.
        [one] We asked { $totaal } care providers for data. One of them gave data.
       *[other] We asked { $totaal } care providers for data. { $met } of them gave data.
    }
}
resultaat-inhoud = Care providers on this page
resultaat-leeg = No care provider was found
resultaat-leeg-uitleg = Mitz names no care provider whose data you can collect. Perhaps you gave no consent for these care providers, or you are not known anywhere. You can change your consents or choose other care providers.
resultaat-groep-leeg = There is no data here.
resultaat-verder = What next
resultaat-opnieuw = Collect again
resultaat-toestemmingen = Change consents
kolom-datum = Date
kolom-omschrijving = Description
kolom-waarde = Value
aantal-regels = { $aantal ->
    [one] { $aantal } entry
   *[other] { $aantal } entries
}
uitkomst-gegevens =
    .kort = Data received
uitkomst-geen-gegevens = No data is available.
    .kort = No data
    .advies = The care provider does not say why. Perhaps you gave no consent, you are not a patient there, you are younger than 16, or there is nothing to fetch. In all those cases the answer is the same. So nobody can see where you are a patient and where not.
uitkomst-niet-bereikbaar = This care provider cannot be reached now.
    .kort = Not reachable
    .advies = There is probably a fault. Please try again later.
uitkomst-niet-in-medmij = This care provider cannot be reached through MedMij.
    .kort = Not through MedMij
    .advies = The care provider is not in the lists of MedMij. That is why De Proef-PGO cannot fetch data here. Ask the care provider for your data.
uitkomst-niet-vertrouwd = We do not show the answer of this care provider.
    .kort = Not trusted
    .advies = We are not sure that the answer really comes from this care provider. Please try again later. If this goes on, contact the care provider.

## PGO: the cards of the result

geheel-gedeeltelijk = Not everything is here
    .uitleg = Below you see what we could fetch. This is missing:
geheel-leeg = No data about you was fetched
    .uitleg = The care providers answered, but gave no data. This is what you can do:
geheel-mislukt = Fetching did not succeed
    .uitleg = No data came, and not every care provider answered. This is what happened:
reden-geen-gegevens = No data is available here.
    .advies = Check whether you gave consent. You can do so at the bottom of this page.
reden-niets-erin = There is nothing about you here.
    .advies = Do you miss something? Ask the care provider.
reden-niet-verleend = This care provider does not give part of the data.
    .advies = We do not know why. Perhaps there is nothing to fetch. Do you miss something? Ask the care provider.
reden-niet-opgehaald = Part of the data did not arrive.
    .advies = There is probably a fault. Collect again later.
reden-niet-bereikbaar = No answer came from here.
    .advies = There is probably a fault. Collect again later. Your consent stays as it is.
reden-niet-in-medmij = De Proef-PGO cannot fetch anything here.
    .advies = Ask the care provider for your data.
reden-niet-vertrouwd = We do not show the answer, because we do not know whether it is real.
    .advies = Collect again later. If this goes on, contact the care provider.
resultaat-per-aanbieder = Everything by care provider
resultaat-per-aanbieder-uitleg = This is everything that each care provider gave, as it stands in the record.
kaarten-inhoud = Subjects on this page
kaart-medicijnen = Medicines
kaart-metingen = Measurements and results
kaart-allergieen = Allergies
kaart-aandoeningen = Illnesses and complaints
kaart-vaccinaties = Vaccinations
kaart-contacten = Appointments and admissions
kaart-documenten = Letters and documents
kaarten-weggelaten = { $aantal ->
    [one] { $aantal } more is not shown here. Look under ‘Everything by care provider’.
   *[other] { $aantal } more are not shown here. Look under ‘Everything by care provider’.
}
regels-weggelaten = { $aantal ->
    [one] { $aantal } older entry was left out.
   *[other] { $aantal } older entries were left out.
}
medicijnen-in-gebruik = In use
medicijnen-gestopt = Stopped
voorgeschreven-door = prescribed by
periode-sinds = since { $van }
periode-vanaf = from { $van }
periode-van-tot = { $van } to { $tot }
periode-tot = until { $tot }
periode-onbekend = date unknown
balken-titel = When you use which medicine
balken-uitleg = { $aantal ->
    [one] A bar for one medicine. The table below it says the same.
   *[other] A bar for each of { $aantal } medicines. The table below it says the same.
}
balken-onderschrift = The last five years. The dotted line is today. Does a bar begin with an arrow? Then you have used the medicine for longer.
tabel-tonen = Table of all medicines
kolom-medicijn = Medicine and care provider
kolom-periode = When
kolom-meting = Date and care provider
datum-onbekend = date unknown
normaal = Usual: { $grenzen }
normaal-volgens = (according to { $aanbieder })
normaal-tussen = { $laag } to { $hoog }
normaal-boven = { $laag } or higher
normaal-onder = { $hoog } or lower
grafiek-titel = { $naam }: the course over time
grafiek-aantal = { $aantal ->
    [one] { $aantal } measurement.
   *[other] { $aantal } measurements.
}
grafiek-periode = From { $van } to { $tot }.
grafiek-uitersten = lowest { $laag }, highest { $hoog }.
grafiek-door = Measured by { $aanbieders }.
grafiek-tabel = The table below names every value.
grens-uitleg = An open dot, or < or > before a number: the exact number is not known.
metingen-tonen = { $aantal ->
    [one] Table of { $aantal } measurement
   *[other] Table of { $aantal } measurements
}
metingen-weggelaten = { $aantal ->
    [one] { $aantal } older measurement is not shown here.
   *[other] { $aantal } older measurements are not shown here.
}
lijst-meer = { $aantal ->
    [one] Show { $aantal } more
   *[other] Show { $aantal } more
}

## PGO: messages

pgo-geen-toestemming = You gave no consent
    .uitleg = De Proef-PGO has not fetched any data.
    .advies = If you want to collect data after all, start again.
pgo-mislukt = Collecting did not succeed
    .uitleg = Something went wrong between De Proef-PGO and Mitz. No data was fetched.
    .advies = You can try once more.
pgo-niet-van-ons = This answer does not belong to you
    .uitleg = You came here with an answer that this browser did not ask for. For your safety we do nothing with it.
    .advies = This also happens when you open an old page or use another browser. In that case, start again.
pgo-mitz-niet-bereikbaar = Mitz cannot be reached now
    .uitleg = Without Mitz, De Proef-PGO cannot collect data. Your consents do not change because of this.
    .advies = Please try again in a few minutes.
pgo-opnieuw-beginnen = Log in at Mitz again
    .uitleg = The link between De Proef-PGO and Mitz no longer works. Perhaps you withdrew your consent, or you have not collected data for a long time.
    .advies = Start again if you want to collect data.
pgo-formulier-verlopen = We did nothing with this form
    .uitleg = The form does not belong to this visit. That happens when a page has been open for more than a day, when your browser keeps no cookies, or when the form came from another website. Your link with Mitz has not changed.
    .advies = Go to the start and do it again there. You do not need to log in again for this.

## PGO: directly at a care provider

rechtstreeks = Directly at a care provider
pgo-start-rechtstreeks = You can also fetch data without Mitz. You then choose one care provider, and log in there. You can also do this for your child, or for somebody who authorised you.
rechtstreeks-inleiding = You choose one care provider. Then you go to the service provider that works for it. There you log in and give consent.
rechtstreeks-kies = Choose a care provider
keuze-bij = Fetch data at { $naam }
keuze-inleiding = Choose what you want to fetch, and for whom.
keuze-meer-dvas = This care provider works with { $aantal } service providers. You log in at each of them separately.
keuze-via = By way of { $dva }
keuze-wat = What do you want to fetch?
keuze-niets = You chose nothing. Choose at least one kind of data.
keuze-voor-wie = For whom?
keuze-mijzelf = For myself
keuze-kind = For my child
keuze-machtiging = For somebody who authorised me
keuze-geboortedatum = Date of birth of that other person
keuze-geboortedatum-uitleg = Only needed if it is not for yourself. Day, month and year, for instance 14-5-2018.
keuze-geen-datum = Fill in the date of birth of the person for whom you do this.
keuze-naar-dva-uitleg = You leave De Proef-PGO. After logging in you come back here.
keuze-naar-dva = To the service provider
keuze-andere-aanbieder = Choose another care provider
voor-mijzelf = yourself
voor-kind-van = your child, born on { $datum }
voor-machtiging-van = somebody who authorised you, born on { $datum }
resultaat-van = This is data of { $voor }. Your own data is not among it.
verbindingen = My connections
pgo-naar-rechtstreeks = Choose a care provider again
pgo-rechtstreeks-gestopt = No data was fetched
    .uitleg = The care provider's service provider gave us no access. Perhaps you stopped, gave no consent, or no data is available. The service provider does not tell us which.
    .advies = What was here before is still here. If you want to try once more, start again.
pgo-rechtstreeks-mislukt = Fetching did not succeed
    .uitleg = Something went wrong between De Proef-PGO and the care provider's service provider.
    .advies = What was here before is still here. You can try once more.
pgo-rechtstreeks-niets = No data is available
    .uitleg = You gave consent, but the service provider gives no data. It does not say why. That way nobody can see where you are a patient and where you are not.
    .advies = What was here before is still here. If you have questions, contact the care provider.
pgo-dva-niet-bereikbaar = The care provider cannot be reached now
    .uitleg = The care provider's service provider gives no answer. It may have kept your consent.
    .advies = What was here before is still here. Please try again in a few minutes. You will have to log in again.
pgo-dva-niet-vertrouwd = We do not use the answer
    .uitleg = The care provider's service provider gave an answer that is not right. For your safety we do nothing with it.
    .advies = What was here before is still here. If this goes on, contact the care provider.
pgo-aanbieder-onbekend = We do not know this care provider
    .uitleg = The care provider is not in the lists of MedMij, or has just disappeared from them.
    .advies = Choose a care provider from the list.
pgo-lijsten-niet-bereikbaar = The lists of MedMij cannot be read now
    .uitleg = Without those lists we do not know where we can safely fetch your data.
    .advies = What was here before is still here. Please try again in a few minutes.
pgo-te-veel-verbindingen = You have the largest number of connections
    .uitleg = De Proef-PGO cannot keep more connections for you.
    .advies = First end a connection that you no longer use.
op-de-klok = { $datum }, { $tijd }
verbindingen-inleiding = Here you see where you fetched data, and when.
verbindingen-leeg = You have no connections with care providers.
verbinding-wat = What you fetch
verbinding-via = By way of service provider
verbinding-sinds = Since
verbinding-toestemming = Your consent
verbinding-langdurig = Holds until you end it, or fetch nothing for six months
verbinding-eenmalig = Was for once, or has ended
verbinding-momenten = When data was fetched
verbinding-keren = { $aantal ->
    [one] once
   *[other] { $aantal } times
}
verbinding-vanzelf = (by itself)
verbinding-stil = For two days nothing was fetched by itself. You can try it yourself.
verbinding-gegevens = View data
verbinding-nu-ophalen = Fetch now
verbinding-opnieuw = Give consent again
verbinding-van = at { $naam }
verbinding-beeindigen = End connection
verbinding-verwijderen = Remove connection
verbinding-opgehaald = The data was fetched.
verbinding-niet-opgehaald = No data was fetched. Below you see why.
verbinding-verwijderd = The connection was removed, with the data that was here.
verbinding-elke-nacht = Fetch every night by itself
verbinding-bewaren = Save
verbinding-besteld = Saved. De Proef-PGO now fetches every night, between 23:00 and 06:00.
verbinding-niet-besteld = Saved. De Proef-PGO fetches nothing by itself.
afloop-gekregen = { $aantal ->
    [one] One piece of data fetched
   *[other] { $aantal } pieces of data fetched
}
afloop-gedeeld = You shared data
afloop-geweigerd = The care provider gave no data
afloop-niet-bereikbaar = The care provider could not be reached
afloop-niet-vertrouwd = The answer was not right, so we do not use it
keuze-delen = Share a measurement with this care provider
delen-met = Share your weight with { $naam }
delen-inleiding = You can give your weight of today to this care provider.
delen-gewicht = Your weight in kilograms
delen-gewicht-uitleg = For instance 71.5
delen-geen-gewicht = Fill in your weight, in figures. For instance 71.5.
delen-naar-dva-uitleg = You go to the service provider, { $dva }. There you log in and confirm that you want to share this. That holds for once.
delen-bon = You shared data
delen-bon-bij = { $naam } has received your measurement.
delen-bon-wanneer = When
delen-bon-eenmalig = Your confirmation was for this one time. What you shared cannot be taken back here. Ask the care provider to do that.
delen-nog-een = Share another measurement
verbinding-gedeeld = You confirmed for once
verbinding-wat-gedeeld = What you share
verbinding-gedeeld-momenten = When you shared
verbinding-bon = View receipt
pgo-neemt-niets-aan = You cannot share anything here
    .uitleg = This care provider takes no measurements.
    .advies = Perhaps you can fetch data there.
pgo-delen-geweigerd = Sharing did not succeed
    .uitleg = You confirmed, but the care provider does not take your measurement. It does not say why.
    .advies = If you have questions, contact the care provider.
pgo-delen-onzeker = We do not know whether your measurement arrived
    .uitleg = The care provider gave no answer. We do not send the measurement again, because then it might be there twice.
    .advies = Fetch your data at the care provider later. If the measurement is not among it, share it again.
beeindigen-wat = This is the connection with { $naam }, for { $voor }.
beeindigen-hier = De Proef-PGO cannot fetch anything after that. What was fetched stays here.
beeindigen-dva = Your consent is kept by the service provider, { $dva }. We take you to its overview. Log in there to end the consent.
beeindigen-verwijderen = The data that you fetched with this connection disappears from De Proef-PGO. Nothing changes at the care provider.
beeindigen-terug = Back to my connections

## DigiD simulator

digid-inloggen = Log in as a test person
digid-niet-echt = This is not DigiD.
digid-niet-echt-uitleg = This is a simulator for tests. Never enter your own details here.
digid-dienst = You are logging in at { $dienst }.
digid-kies = Choose a test person
digid-bsn = BSN { $bsn }
digid-niveau = How does this person log in?
digid-niveau-uitleg = A service often asks for a certain level. Choose a lower level to see what happens then.
niveau-basis = Basis: password
niveau-midden = Midden: app or text message
niveau-substantieel = Substantieel: app after ID check
niveau-hoog = Hoog: ID card or licence
digid-eenmalig = Log in once
digid-eenmalig-uitleg = Other services that ask for level Basis or Midden will not ask you to log in again.
digid-knop-inloggen = Log in
digid-knop-annuleren = Cancel
digid-knop-mislukken = Make the login fail
digid-vertegenwoordigen = On whose behalf are you logging in?
digid-vertegenwoordigen-uitleg = { $naam } is logged in. Choose for whom.
digid-vertegenwoordigen-niemand = This person may represent nobody.
digid-grond-machtiging = by authorization
digid-grond-ouder = parental authority
digid-knop-vertegenwoordigen = Continue for this person
digid-knop-zelf = Continue for myself
digid-uitloggen = Log out at DigiD
digid-uitloggen-vrager = { $dienst } asks to log you out. You will then be logged out of all these services:
digid-uitloggen-uitleg = You are logged in at these services. If you log out, you are logged out of all of them:
digid-knop-uitloggen = Log out
digid-knop-ingelogd-blijven = Stay logged in
digid-uitgelogd = You are not logged in
    .uitleg = There is no session at this DigiD simulator (any more).
    .advies = You can close this window.
digid-deels-uitgelogd = You are logged out, but not everywhere
    .uitleg = One of the services could not be reached. You may still be logged in there.
    .advies = Close your browser to be sure.
digid-niet-gevonden = This page does not exist
    .uitleg = The simulator can do nothing with the request that brought you here.
    .advies = The request cannot be read, is not signed well, or comes from an unknown service. Go back to the website you came from.

## Mitz: logging in

mitz-geannuleerd = You stopped logging in
mitz-geannuleerd-uitleg = You are not logged in. That is why { $pgo } cannot collect data.
mitz-geannuleerd-advies = Do you want to log in after all, or to stop and go back to { $pgo }?
mitz-niet-ingelogd = Logging in did not succeed
    .uitleg = We are not sure who you are. That is why your request is not granted.
mitz-digid-onbereikbaar = DigiD cannot be reached now
    .uitleg = You cannot log in now. Please try again in a few minutes.
mitz-terug-naar = If you choose to stop, you go back to { $pgo }.
mitz-knop-inloggen = Log in after all
mitz-knop-opnieuw = Try again
mitz-knop-stoppen = Stop

## Mitz: errors

mitz-onbekende-client = We do not know this PGO
    .uitleg = The website or app that you came from is not registered at Mitz.
    .advies = That is why we do not send you back. You can close this page.
mitz-onbekende-redirect-uri = We cannot send you back
    .uitleg = The address to send you back to does not belong to your PGO. For your safety we stop here.
    .advies = Go back to your PGO yourself. Report it there if this happens more often.
mitz-ongeldig-verzoek = This request is not right
    .uitleg = We cannot read the request of your PGO.
    .advies = Go back to your PGO and start again.
mitz-al-beantwoord = You have already answered this question
    .uitleg = A request can be answered once. Your first answer counts.
    .advies = Go back to your PGO to continue.
mitz-gestopt = You have stopped
    .uitleg = Nothing was recorded and nothing was changed.
    .advies = You can close this window, or log in again later.
digid-doorsturen = Log in
digid-doorsturen-uitloggen = Log out
digid-doorsturen-uitleg = You now go to DigiD to log in. After that you come back here.
digid-doorsturen-uitloggen-uitleg = You are logged out here. Continue to log out at DigiD too.
digid-terug = Logged out
digid-terug-uitleg = You are logged out at DigiD. Continue to go back to the website that you came from.
digid-terug-knop = Continue
digid-doorsturen-knop = Continue to DigiD
mitz-verlopen = You waited too long
    .uitleg = For your safety we keep a request for a short time only. Nothing was recorded.
    .advies = Go back to your PGO and start again.

## Consent register: giving consent

toestemming = Give consent
toestemming-vraag-verzamelen = May { $pgo } collect your health data from your care providers?
toestemming-vraag-delen = May { $pgo } share your health data with your care providers?
toestemming-niemand = You chose ‘Yes’ nowhere. Choose ‘Yes’ at least once, or choose ‘I do not give consent’ at the bottom.
toestemming-weten = Good to know
toestemming-gevolg = What happens?
toestemming-gevolg-verzamelen = If you say ‘Yes’, these care providers may give your data to { $pgo } when you ask for it. The others may not. { $pgo } does not get your BSN.
toestemming-gevolg-delen = If you say ‘Yes’, { $pgo } may send your data to these care providers when you ask for it. Not to the others. { $pgo } does not get your BSN.
toestemming-duur = How long does it last?
toestemming-duur-uitleg = Your consent lasts until you withdraw it. If you do not use { $pgo } for six months, the link lapses and you have to log in again.
toestemming-intrekken = Can you change your mind?
toestemming-intrekken-uitleg = Yes, always. Choose ‘Change consents’ in { $pgo }. There you can view your consent and withdraw it.
toestemming-keuzes = Your choices
toestemming-keuzes-uitleg = If you choose nothing, that counts as ‘No’.
toestemming-geen-categorieen = There are no care providers to choose from now.
toestemming-ja = Yes
toestemming-nee = No
toestemming-uitzonderingen = Exceptions per care provider
toestemming-zoals-hierboven = As above
toestemming-knop-geven = Give consent
toestemming-knop-weigeren = I do not give consent

## Consent register: categories of care providers

categorie-apotheek = Pharmacies
categorie-ggz = Mental health care
categorie-huisarts = General practitioners
categorie-huisartsenpost = Out-of-hours GP services
categorie-verpleeghuis = Nursing homes
categorie-ziekenhuis = Hospitals

## Consent register: overview

overzicht = Your consents
overzicht-inleiding = Here you see which PGOs may collect or share your data. You can always withdraw a consent.
overzicht-leeg = You have given consent to nobody.
overzicht-ingetrokken = Your consent for { $naam } has been withdrawn. This holds from now on.
overzicht-vastgelegd = Recorded on { $datum }
overzicht-geen-keuzes = No choices are on record.
keuze-ja-verzamelen = Yes, may be collected
keuze-ja-delen = Yes, may be shared
keuze-nee-verzamelen = No, may not be collected
keuze-nee-delen = No, may not be shared
overzicht-knop-een = Withdraw
overzicht-knop-een-voor = for { $naam }
overzicht-alles-uitleg = If you withdraw everything, { $pgo } may no longer collect or share data anywhere.
overzicht-knop-alles = Withdraw everything for { $pgo }
overzicht-uitloggen = Log out

register-verlopen = You are no longer logged in
    .uitleg = You waited too long, or you logged out yourself. Choices that you had not sent were not recorded.
    .advies = Go back to your PGO and start again.
register-al-besloten = You have already answered this question
    .uitleg = Your first answer counts. A second click or the back button changes nothing.
    .advies = Continue in the tab in which you answered, or start again at your PGO. There you can also change your consents.
register-afgemeld = You are logged out
    .uitleg = What you recorded or withdrew stays that way.
    .advies = You can close this page.
register-deels-afgemeld = You are logged out, but not everywhere
    .uitleg = You are logged out here and at DigiD. Another service where you were logged in with DigiD could not be reached.
    .advies = Close your browser to be sure.
register-afgemeld-niet-bij-digid = You are logged out here
    .uitleg = You may still be logged in at DigiD. What you recorded or withdrew here stays that way.
    .advies = Close your browser if you want to be logged out there too.

## The network

netwerk = What happens in the network
netwerk-inleiding = A journey is collecting data once, in 30 steps. Each party reports for itself which messages it received.
netwerk-reizen = Journeys
netwerk-geen-reizen = No journey has been seen yet. Start one in De Proef-PGO.
netwerk-reis = Journey of { $begonnen }
netwerk-stappen = { $aantal } of the 30 steps succeeded.
netwerk-weigeringen = { $aantal ->
    [one] One refusal.
   *[other] { $aantal } refusals.
}
netwerk-berichten = Loose messages
netwerk-partijen = Parties
netwerk-partijen-uitleg = Each party has its own address, its own keys and its own store.
bediening = Control of the demo
bediening-inleiding = Disturb the network and see what the others notice. Everything can be put right again.
bediening-klok = Clock
bediening-nu = By the network's clock it is now { $nu } (UTC).
bediening-verschoven = Moved
klok-kwartier = 15 minutes on
klok-dag = A day on
klok-maand = 30 days on
klok-halfjaar = Half a year on
bediening-partijen = Parties
bediening-partijen-uitleg = Choose what is the matter with a party. It holds for all its answers, until you put it right.
bediening-storing = What is the matter with { $partij }?
bediening-wachten = Wait (seconds, if the party is slow)
bediening-toepassen = Apply to { $partij }
storing-geen = All right
storing-traag = Slow
storing-weg = Out of service
storing-bezet = Is too busy
storing-weigert = Refuses whatever it is asked
storing-verloren = Does what it is asked, but its answer never arrives
storing-handtekening = Makes bad signatures
storing-naam = Goes by another name
storing-verlopen = Gives out what is over
storing-afgekapt = Answers break off halfway
storing-ander = Speaks of somebody else
storing-niveau = Tells of a lower level of assurance
storing-geen-machtiging = Decides that there is no mandate
storing-onbeslist = Decides nothing
bediening-herstellen = Put right
bediening-knop-herstellen = Put everything right
bediening-naar-reizen = To the journeys
netwerk-bediening = Disturb the network
stand-gelukt = Succeeded
stand-geweigerd = Refused
stand-onderweg = Under way

reis = A journey in 30 steps
reis-telling = Of the { $totaal } steps, { $gezien } have been seen.
reis-nummer = Number of this journey: { $trace }
reis-aan = to
reis-niet-gezien = Not seen yet
reis-gezien = seen by { $door }, from { $peer }
reis-json = This journey as JSON
reis-terug = All journeys
diagram = The journey as a sequence diagram
diagram-uitleg = Each arrow leads to its step below. Red and dashed, with a cross: refused. Grey: not seen yet.
diagram-schuiven = Sequence diagram. Scroll sideways to see all of it.
reis-afwijzingen = Refusals
reis-eis = Requirement: { $eis }
reis-wie = Who was refused: { $wie }
reis-elders = The message stands at step { $stap }
reis-overige = Other messages of this journey
reis-svg = The diagram as SVG
reis-har = The messages as HAR
bericht-vraag = Request
bericht-antwoord = Answer
bericht-query = Parameters in the address
bericht-bytes = { $bytes } bytes
bericht-afgekort = The rest is in the JSON of this journey.
bericht-zonder-antwoord = No answer
berichten = Loose messages
berichten-uitleg = These messages belong to no journey: fetching lists, opening pages, or an attempt that reached no step. Newest first.
berichten-partij = Told by
berichten-alle = All parties
berichten-tonen = Show
berichten-geen = There are no loose messages.
eis = What the specification asks
eis-weigering = A party refuses because this requirement is not met.
eis-bron = Source: { $titel }
eis-release = Release: { $release }
eis-eigen-woorden = The text above is our summary. The specification itself counts.
eis-openen = Open the specification
plaat = The network as a picture
plaat-uitleg = Mitz speaks with DigiD, the Lokalisatie and the PGO. The PGO speaks with two DVAs, and each DVA with Mitz and with its systems. PGO and DVAs fetch lists at the stelselnode. The list below says the same.
plaat-lijst = The network as a list
plaat-met = Speaks with: { $partijen }
plaat-ander = elsewhere
plaat-ander-lang = played by a server of somebody else
plaat-traag = slow
plaat-weg = out of service
plaat-fout = answers wrongly
partij-digid = the simulator in the place of DigiD
partij-mitz = Mitz: logging in, consents and tokens
partij-lokalisatie = knows where data is
partij-pgo = the person's PGO
partij-dva = gives access for care providers
partij-xis = the systems of those care providers
partij-stelselnode = publishes the lists of MedMij
vers-live = This page is live.
vers-stil = This page is not live.
vers-opnieuw = Reload
deel-toestemming = Logging in and giving consent
deel-locaties = Where is the data, and is it allowed?
deel-adres = The address of the care provider
deel-toegang = Access at the care provider
deel-gegevens = The data
stap-1 = You say in your PGO that you want to collect or share data.
stap-2 = Your PGO sends you to Mitz.
stap-3 = Mitz asks DigiD who you are.
stap-4 = You log in, and DigiD gives Mitz your BSN.
stap-5 = Mitz sends you to the consent register. There you make your choices.
stap-6 = The consent register tells Mitz that your choices are recorded.
stap-7 = Mitz sends you back to your PGO, with a code.
stap-8 = Your PGO offers the code to Mitz.
stap-9 = Mitz checks the code, or the proof of last time.
stap-10 = Mitz gives your PGO access, also for a next time.
stap-11 = Your PGO asks Mitz where your data is.
stap-12 = Mitz checks whether your PGO may ask this.
stap-13 = Mitz asks the consent register for your choices.
stap-14 = The consent register gives your choices for this PGO.
stap-15 = Mitz asks the localisation server where you are known.
stap-16 = The localisation server looks up which care providers know you.
stap-17 = The localisation server names those care providers.
stap-18 = Mitz decides for which care providers you gave consent.
stap-19 = Mitz gives your PGO a signed proof for each of them, without your BSN.
stap-20 = Your PGO looks the care provider up in the lists of MedMij.
stap-21 = Your PGO asks the care provider’s service provider where to go.
stap-22 = The service provider names the addresses.
stap-23 = Your PGO asks the service provider for access, with the proof of Mitz.
stap-24 = The service provider asks Mitz whether you gave consent.
stap-25 = Mitz checks the proof.
stap-26 = Mitz answers. Only if you gave consent, the service provider gets your BSN.
stap-27 = The service provider checks whether the care provider has data about you.
stap-28 = The service provider gives your PGO access.
stap-29 = Your PGO asks for the data.
stap-30 = The service provider gives the data.

## Technical

storing = Technical fault
    .uitleg = Something went wrong on our side. It is not your fault.
    .advies = Please try again in a few minutes.
niet-gevonden = This page does not exist
    .uitleg = There is nothing at this address.
    .advies = Check the address, or go back to the page you came from.
te-groot = This is too much
    .uitleg = You sent more than we can handle.
    .advies = Go back and try again with less.
verkeerde-methode = This page cannot be opened this way
    .uitleg = This page belongs to a form. It opens only when you send that form.
    .advies = Go back to the previous page and use the button there.

## Koppeltaal: when a launch fails

koppeltaal-onbekende-applicatie = We do not know this app
    .uitleg = The app that you come from is not registered with Koppeltaal.
    .advies = So we do not send you back. You can close this page.
koppeltaal-onbekende-redirect-uri = We cannot send you back
    .uitleg = The address to send you back to does not belong to the app. For your safety we stop here.
    .advies = Go back to your portal yourself. Tell them if this happens more often.
koppeltaal-ongeldig-verzoek = This request is not right
    .uitleg = We cannot read what the app asks.
    .advies = Go back to your portal and open the task again.
koppeltaal-geweigerd = You cannot open this task
    .uitleg = You are logged in, but this task belongs to somebody else.
    .advies = Go back to your portal. Do you think this is wrong? Ask your care provider for help and give the number below.
koppeltaal-al-beantwoord = You already logged in for this task
    .uitleg = This page works once only.
    .advies = Go back to your portal and open the task again.
koppeltaal-verlopen = This took too long
    .uitleg = You were away for too long, or you opened this page in another browser.
    .advies = Go back to your portal and open the task again.

## Koppeltaal: domain administration

beheer-inloggen = Log in to domain administration
beheer-inloggen-inleiding = Here you administer the applications, roles and identity providers of a Koppeltaal domain.
mr-beheer-inloggen = Log in to mandate administration
mr-beheer-inloggen-inleiding = Here you register who may act for an organisation, and withdraw mandates.
beheer-sleutel = Your administration key
beheer-sleutel-uitleg = You got it from whoever runs this system. We do not keep it in your browser.
beheer-knop-inloggen = Log in
beheer-knop-uitloggen = Log out
beheer-sleutel-onbekend = This key does not work. Check that you copied all of it, or ask for a new one.
beheer-sleutel-te-vaak = You try too often. Wait a minute and try again.
beheer-sleutel-verlopen = The page was open for too long. Enter your key again.
beheer-verlopen = Log in again
    .uitleg = Your visit is over, or this page belongs to another visit.
    .advies = Nothing was changed. Log in again and try once more.
beheer-intussen-anders = Somebody else was first
    .uitleg = This domain was changed since you opened the page. What you entered was not saved.
    .advies = Open the page again, see what changed, and then enter it again.
beheer-onbekend = This is not there
    .uitleg = What you look for does not exist, or your key is not for it.
    .advies = Go back to the start of the administration.
beheer-te-vaak = This went too fast
    .uitleg = You ask too often in a short time.
    .advies = Wait a minute and try again.
beheer-uitgelogd = You are logged out
    .uitleg = Your visit to the administration is over.
    .advies = You can close this page, or log in again.
beheer-naar-begin = To the start of the administration
beheer-domeinen = Your domains
beheer-wie = You are logged in as { $wie }.
beheer-geen-domeinen = There is no domain yet that your key is for.
beheer-aantal-applicaties = { $aantal ->
    [one] { $aantal } application
   *[other] { $aantal } applications
}
beheer-aantal-wachtend = { $aantal ->
    [one] { $aantal } waits for a decision
   *[other] { $aantal } wait for a decision
}
beheer-aantal-rechten = { $aantal ->
    [one] { $aantal } permission
   *[other] { $aantal } permissions
}
beheer-domein = Domain { $domein }
beheer-naar-domeinen = Back to your domains
beheer-naar-domein = Back to domain { $domein }
beheer-fhir-server = The data of this domain are in:
beheer-applicaties = Applications
beheer-geen-applicaties = This domain has no applications yet.
beheer-met-rol = Role: { $rol }
beheer-zonder-rol = No role: this application may do nothing
beheer-status-pending = Waits for a decision
beheer-status-approved = Approved
beheer-status-rejected = Rejected
beheer-rollen = Roles
beheer-geen-rollen = This domain has no roles yet.
beheer-inlogdiensten = Identity providers
beheer-geen-inlogdiensten = This domain has no identity providers yet.
beheer-standaard = Default
beheer-standaard-kiezen = Default for whoever opens a module
beheer-knop-standaard = Save default
beheer-geen = None
beheer-meer = More
beheer-naar-wijzigingen = See who changed what
beheer-naar-noodrem = Emergency brake: stop all tokens now
beheer-gedaan-opgeslagen = It is saved.
beheer-gedaan-geregistreerd = The application is registered. Give it a role and approve it if it may take part.
beheer-gedaan-zonder-device = It is saved, but the FHIR server did not answer. The Device of the application is still to be made.
beheer-gedaan-device = The Device of the application is as it should be.
beheer-gedaan-verwijderd = It is removed.
beheer-gedaan-geremd = No token from before this moment works any more.
beheer-fout = This was not saved
beheer-fout-naam = Enter a name of 1 to 100 characters that does not exist yet.
beheer-fout-jwks-uri = This address of the keys cannot be. It begins with https://, can be reached from outside, and belongs to no other application.
beheer-fout-redirect-uris = Not every address to return to is right. Put one address that begins with https:// on each line, 20 at most.
beheer-fout-rol = Choose a role that exists in this domain.
beheer-fout-type = Enter the name of a FHIR type, such as Task.
beheer-fout-issuer = This address of the identity provider cannot be. It begins with https:// and has no question mark.
beheer-fout-client-id = Enter how the identity provider calls us: 1 to 100 characters.
beheer-fout-claim = Enter the name of a claim: 1 to 100 characters.
beheer-fout-bevestiging = Tick that you are sure.
beheer-fout-in-gebruik = This cannot go yet: an application or setting uses it.
beheer-fout-overig = What you entered cannot be. Check it and try again.
beheer-applicatie = Application { $naam }
beheer-applicatie-nieuw = New application
beheer-applicatie-nieuw-uitleg = The application gets a new number (client_id) and then waits for your decision.
beheer-client-id = client_id:
beheer-gegevens = Details
beheer-naam = Name
beheer-jwks-uri = Address of the keys (JWKS)
beheer-jwks-uri-uitleg = The public keys of the application are at this address.
beheer-redirect-uris = Addresses to return to
beheer-redirect-uris-uitleg = One address on each line. Only needed for modules that are opened.
beheer-rol-kiezen = Role
beheer-rol-kiezen-uitleg = The role says what the application may do. An application has one role.
beheer-wie-inlogt = Where people log in
beheer-wie-inlogt-uitleg = Choose an identity provider for each kind of user.
beheer-idp-patient = Clients
beheer-idp-practitioner = Practitioners
beheer-idp-related-person = Relatives
beheer-knop-opslaan = Save
beheer-knop-registreren = Register
beheer-knop-maken = Make
beheer-knop-wijzigen = Change
beheer-knop-goedkeuren = Approve
beheer-knop-afwijzen = Reject
beheer-knop-laten-wachten = Let it wait
beheer-granted = Granted access
beheer-granted-uitleg = Does the role have a permission with reach ‘granted’? Then it holds for what these applications made.
beheer-granted-kiezen = Grant access to what this application made
beheer-knop-geven = Grant access
beheer-knop-afnemen = Take access away
beheer-device = Device
beheer-device-uitleg = Every application stands as a Device in the FHIR server. With this button you make it again or bring it up to date.
beheer-knop-device = Make or update the Device
beheer-verwijderen = Remove
beheer-applicatie-weg-uitleg = The application then gets no more tokens. The Device and what the application made stay in the FHIR server.
beheer-rol-weg-uitleg = A role can go when no application has it.
beheer-idp-weg-uitleg = An identity provider can go when nothing refers to it.
beheer-bevestigen = Yes, I am sure
beheer-knop-verwijderen = Remove
beheer-rol = Role { $naam }
beheer-rol-nieuw = New role
beheer-rol-nieuw-uitleg = Give the role a name. Then you choose what it may do.
beheer-rechten = What this role may do
beheer-geen-rechten = This role may do nothing yet.
beheer-type = FHIR type
beheer-type-uitleg = For example Task or Patient.
beheer-recht = Permissions on one type
beheer-recht-uitleg = Choose for each action with whose data it may be done: own (made by itself), granted (of applications that granted access) or all. Everything on ‘no’ takes the permissions away.
beheer-actie-create = Create
beheer-actie-read = Read
beheer-actie-update = Update
beheer-actie-delete = Delete
beheer-bereik-geen = no
beheer-bereik-own = own
beheer-bereik-granted = granted
beheer-bereik-all = all
beheer-idp = Identity provider { $naam }
beheer-idp-nieuw = New identity provider
beheer-callback = Give the identity provider this address to return to:
beheer-issuer = Address of the identity provider (issuer)
beheer-issuer-uitleg = The identity provider speaks OpenID Connect.
beheer-idp-client-id = How the identity provider calls us (client_id)
beheer-idp-client-id-uitleg = You get it from whoever runs the identity provider.
beheer-claim = Claim that says who it is
beheer-claim-uitleg = Leave empty for email.
beheer-identifier-system = System of the identifier
beheer-identifier-system-uitleg = Leave empty if every identifier of the person is good.
beheer-extra-scopes = Extra scopes
beheer-extra-scopes-uitleg = With a space between them. May be empty.
beheer-noodrem = Emergency brake of { $domein }
beheer-noodrem-inleiding = Was a key stolen, or does an application do what it may not? Then you can stop everything that was issued until now.
beheer-noodrem-geldt = The brake was pulled: tokens from before { $moment } (UTC) do not work.
beheer-noodrem-nooit = The brake was not pulled yet.
beheer-noodrem-gevolg = Applications that may take part then ask for new tokens by themselves. So first take away the role or the approval of whoever may not any more.
beheer-noodrem-bevestigen = Yes, stop all tokens of this domain now
beheer-knop-noodrem = Pull the brake
beheer-logboek = Changes in { $domein }
beheer-geen-wijzigingen = There are no changes.
beheer-op-moment = { $moment } (UTC)
beheer-door = By { $wie }
beheer-erbij = Added
beheer-eraf = Removed
beheer-anders = Changed
beheer-was = Was:
beheer-is = Is now:
beheer-regel-applicatie = Application
beheer-regel-rol = Role
beheer-regel-idp = Identity provider
beheer-regel-domein = Domain
beheer-weggelaten = { $aantal ->
    [one] And { $aantal } line more.
   *[other] And { $aantal } lines more.
}
beheer-eerder = Earlier changes

## The login service of the test

idp-inloggen = Log in
idp-niet-echt = This is a test.
idp-dienst = { $dienst } asks who you are.
idp-kies = Who do you want to be?
idp-knop-inloggen = Log in
idp-knop-annuleren = Cancel
idp-niet-echt-uitleg = These people do not exist. You need no password.
idp-fout = We cannot log you in
    .uitleg = This page does not belong to a login of yours, or you were away for too long.
    .advies = Go back to the app and begin again.

## eToegang: herkenningsmakelaar, authenticatiedienst, machtigingenregister, dienstverlener

etoegang-bij = You want to go to { $dienst } of { $dienstverlener }.
etoegang-verder = Continue
etoegang-annuleren = Cancel
attributen-kop = What we pass on
attributen-uitleg = Do you continue? Then we give these details to { $dienstverlener }, as far as we have them.
attribuut-voornaam = your first name
attribuut-achternaam = your last name
attribuut-geboortedatum = your date of birth
attribuut-organisatie = the name of your organisation
attribuut-tussenpersoon = the name of the organisation in between
attribuut-kvk = the KvK number of your organisation
attribuut-btw = the VAT number of your organisation
attribuut-lei = the LEI code of your organisation

hm-kiezen = Choose how to log in
hm-kiezen-waarmee = With what do you log in?
hm-kiezen-vorige = This is what you chose last time.
hm-kiezen-voor = For whom do you log in?
hm-kiezen-organisatie = For an organisation
hm-kiezen-organisatie-uitleg = You choose which one later. You need a mandate for it.
hm-kiezen-zelf = For myself
hm-fout-verzoek = We cannot let you log in
    .uitleg = The app that sends you is not known here, or asks for something that cannot be done.
    .advies = Go back to the app. Does this happen again? Then tell the maker of the app.
hm-fout-verlopen = This took too long
    .uitleg = You were away for too long, or opened this page in another browser.
    .advies = Go back to the app and begin again.
hm-fout-antwoord = Something went wrong while you logged in
    .uitleg = We got an answer that cannot be right. Nothing about you was passed on.
    .advies = Go back to the app and begin again. Does this happen again? Then tell us the number at the bottom of this page.
hm-fout-storing = You cannot log in now
    .uitleg = Something is out of order. Nothing about you was passed on.
    .advies = Try again in a few minutes.

ad-inloggen = Log in
ad-naam = User name
ad-wachtwoord = Password
ad-code = Code
ad-code-uitleg = Six digits of your app or device. Do you not have one? Then leave this empty.
ad-knop-inloggen = Log in
ad-fout = You could not be logged in
ad-onjuist = User name, password or code is wrong. A code can be used once. After five mistakes you cannot log in for a quarter of an hour.
ad-verlopen = Your means to log in is over. Ask for a new one.
ad-niet-actief = Your means to log in is blocked. Ask its issuer why.
ad-niveau-te-laag = Your means has too low a level for this service. Log in with another one.
ad-proef = This is a test. These people do not exist:
ad-proef-naam = Name
ad-proef-wachtwoord = Password
ad-proef-code = Code now
ad-proef-geen-code = none
ad-proef-lijst = The people of this test
ad-fout-pagina = We cannot let you log in
    .uitleg = This page does not belong to a login of yours, or you were away for too long.
    .advies = Go back to the app and begin again.

mr-kiezen = Choose for whom you do this
mr-geen = You have no mandate
mr-geen-uitleg = There is no valid mandate with which you may use this service for an organisation. Ask the administrator of your organisation to register one.
mr-wie = For which organisation?
mr-nummer = KvK number { $nummer }
mr-vestiging = branch { $nummer } only
mr-via = through { $naam }
mr-terug = Back to the app
mr-fout = This question is over
    .uitleg = You have chosen already, or were away for too long.
    .advies = Go back to the app and begin again.

## eToegang: mandate administration

mr-beheer = Administer mandates
mr-zoeken = The mandates of an organisation
mr-soort = Kind of number
mr-soort-kvk = KvK number
mr-soort-rsin = RSIN
mr-nummer-veld = Number of the organisation
mr-nummer-uitleg = A KvK number has 8 digits, an RSIN 9.
mr-rsin = RSIN { $nummer }
mr-knop-zoeken = Show mandates
mr-nieuw = New mandate
mr-nieuw-inleiding = Register who may act for an organisation.
mr-naar-nieuw = Register a mandate
mr-machtigingen = Mandates of an organisation
mr-geen-machtigingen = No mandate is registered for this organisation.
mr-nog-geen = We have not looked at everything yet, and found nothing so far. Search on.
mr-verder = Search on
mr-door-persoon = A person may act
mr-door-organisatie = { $naam } may act
mr-duur-dagen = From { $van } up to and including { $tot }
mr-duur = From { $van } until { $tot }
mr-moment = { $dag }, { $tijd }
mr-stand-geldig = Valid
mr-stand-nog-niet = Not begun yet
mr-stand-voorbij = Over
mr-stand-ingetrokken = Withdrawn
mr-machtiging = Mandate { $id }
mr-naar-organisatie = To all mandates of this organisation
mr-voor = For which organisation
mr-gemachtigde = Who may act
mr-persoon = A person
mr-organisatie = An organisation that stands between (intermediary)
mr-keten = The people of that organisation act then. For that, a mandate of that organisation is needed too, for the same service.
mr-dienst = Service
mr-dienst-weg = This service is not in the service catalogue any more. So the mandate does not count now.
mr-niveau = Level of assurance
mr-duur-kop = Valid
mr-beperkt-tot = Branch
mr-niet-beperkt = All branches
mr-verloop = What happened to this mandate
mr-verloop-geregistreerd = Registered
mr-verloop-ingetrokken = Withdrawn
mr-verloop-onbekend = Who registered this mandate was not kept.
mr-intrekken = Withdraw
mr-intrekken-gevolg = The mandate stops counting at once. You cannot undo that. Who is logged in now loses access when it must be renewed.
mr-intrekken-bevestigen = Yes, withdraw this mandate
mr-knop-intrekken = Withdraw mandate
mr-niet-ingetrokken = Nothing was withdrawn
mr-fout-al-ingetrokken = This mandate was withdrawn before. You need do nothing more.
mr-fout-voorbij = This mandate is over already. You need do nothing more.
mr-gedaan-geregistreerd = It is registered.
mr-gedaan-ingetrokken = The mandate is withdrawn.
mr-al-kop = You sent this form before
mr-al-uitleg = The mandate was registered then. If you want another one, send this form again.
mr-al-bekijken = Show the mandate
mr-houder = Number of the person
mr-houder-uitleg = The authentication service (AD) gave this number with the means of this person, as ‘houder’. It is no BSN.
mr-tussen = KvK number of the organisation that stands between
mr-tussen-uitleg = 8 digits.
mr-diensten = For which services
mr-diensten-uitleg = Each service that you choose gets a mandate of its own.
mr-geen-diensten = There is no service to choose.
mr-vraagt = asks { $niveau }
mr-niet-getoond = { $aantal ->
    [0] All services that were found are here.
    [one] There is 1 more service. Search for a word of its name.
   *[other] There are { $aantal } more services. Search for a word of the name.
}
mr-dienst-zoeken = Word of the name of a service
mr-knop-dienst-zoeken = Search services
mr-hoe = How surely, how long and for which branch
mr-niveau-uitleg = How surely was it established that this mandate is right? A service takes only a mandate of its own level or higher.
mr-niveau-kiezen = Choose a level
mr-van = First day
mr-van-uitleg = Day, month and year, for example 1-7-2027.
mr-tot = Last day
mr-tot-uitleg = This day still counts. After five years a mandate must be registered again.
mr-beperking = For this branch only
mr-beperking-uitleg = The number of a branch has 12 digits. Leave it empty for all branches.
mr-knop-registreren = Register
mr-fout-nummer = This number is not right. A KvK number has 8 digits, an RSIN 9.
mr-fout-wie = Choose who may act: a person or an organisation.
mr-fout-houder = Enter the number that the authentication service gave the person.
mr-fout-houder-te-veel = You chose an organisation. Empty the number of the person, or choose a person.
mr-fout-tussen = Enter the KvK number of the organisation that stands between: 8 digits.
mr-fout-tussen-te-veel = You chose a person. Empty the KvK number, or choose an organisation.
mr-fout-tussen-zelf = The organisation that stands between is another one than the organisation that it acts for.
mr-fout-dienst = Choose a service.
mr-fout-dienst-te-veel = Choose no more than 20 services at once.
mr-fout-dienst-weg = A service that you chose is not in the service catalogue any more. Check what is chosen now.
mr-fout-niveau = Choose a level of assurance.
mr-fout-van = Enter the first day as day, month and year, for example 1-7-2027.
mr-fout-tot = Enter the last day as day, month and year, for example 30-6-2028.
mr-fout-tot-voorbij = The last day has passed, or comes before the first day.
mr-fout-te-lang = A mandate holds for five years or less.
mr-fout-beperking = The number of a branch has 12 digits. Leave it empty for all branches.

dv-start = Do it with your company
dv-inleiding = Choose a service. You log in with eHerkenning.
dv-diensten = Services
dv-knop-inloggen = Log in for { $dienst }
dv-sessie = You are logged in
dv-sessie-verlopen = Your access is over. Renew it, or log in again.
dv-wie = Who
dv-wie-uitleg = Pseudonym { $persoon }
dv-voor = For
dv-voor-zelf = yourself
dv-via = Through
dv-dienst = Service
dv-niveau = Level
dv-gegevens = What the app knows
dv-vernieuwen = Renew access
dv-uitloggen = Log out
dv-niet-ingelogd = You are not logged in
    .uitleg = You stopped logging in, or you may not use this service in this way.
    .advies = Begin again if you want to log in after all.
dv-niveau-te-laag = Your means is not strong enough
    .uitleg = This service asks for a higher level than you have.
    .advies = Log in again with another means.
dv-verlopen = This took too long
    .uitleg = You were away for too long, or opened this page in another browser.
    .advies = Begin again.
dv-voorbij = You are logged out
    .uitleg = Your access could not be renewed. That happens when you were away for too long, or when your means or mandate does not hold any more.
    .advies = Log in again.
dv-uitgelogd = You are logged out
    .uitleg = The app has no access any more.
    .advies = You can close this window, or log in again.
dv-later = That does not work now
    .uitleg = One of the parties that let you log in does not answer. You need not log in again.
    .advies = Try again in a minute.
dv-mislukt = Something went wrong
    .uitleg = We could not let you log in.
    .advies = Begin again. Does this happen again? Then tell us the number at the bottom of this page.

## The portal of the test

portaal-start = Tasks
portaal-inleiding = These are the tasks in this domain. Open a task to work on it.
portaal-leeg = There are no tasks yet. Reload this page in a moment.
portaal-voor = For { $naam }.
portaal-wie = { $naam } does this task.
portaal-knop = Open
portaal-openen = The task is ready
portaal-openen-uitleg = You go to the module for: { $titel }. There you log in first.
portaal-openen-knop = To the module
portaal-fout = This does not work now
    .uitleg = We cannot read or open the tasks now.
    .advies = Try again in a minute.
taak-klaar = Ready to start
taak-bezig = In progress
taak-af = Completed
taak-anders = No longer open
taak-zonder-titel = Task without a name

## The module of the test

module-taak = Your task
module-klaar = This task is done.
module-wie = You are logged in as { $wie }.
module-welke = This is { $taak }.
module-afronden = Complete the task
module-naar-portaal = To the portal
module-begin = Open your task in the portal
    .uitleg = You start this module from the portal. Choose there the task that you want to do.
module-niet-ingelogd = You are not logged in
    .uitleg = You stopped logging in. Go back to the portal if you want to do the task after all.
module-verlopen = This took too long
    .uitleg = You were away for too long, or you opened this page in another browser. Open the task again in the portal.
module-mislukt = This did not work
    .uitleg = We cannot open or complete your task now. Try again from the portal.

## DVA: consent for MedMij

dva-landing-verzamelen = Collect data
dva-landing-delen = Share data
dva-landing-abonneren = Hear of new data
dva-landing-opzeggen = Be told no more of new data
dva-landing-beheren = See your consents
dva-landing-uitleg = You come from { $pgo } and want to go on with { $aanbieder }.
dva-landing-voor-ander = You do this for somebody else. Choose at DigiD for whom.
dva-landing-beheren-uitleg = Here you see to whom you gave consent, and you can end a consent.
dva-landing-inloggen = First you log in. In this test environment you do so with the DigiD simulator.
dva-knop-inloggen = Log in with DigiD
dva-knop-annuleren = Cancel
dva-geannuleerd = You stopped logging in
    .uitleg = You are not logged in, so we cannot go on.
    .advies = Do you want to log in after all? Or do you want to stop?
dva-niet-ingelogd = Logging in did not work
    .uitleg = We are not sure who you are, so your request stops here.
    .advies = Choose ‘Stop’ to go back. You can try again later.
dva-bevestigen = Confirm
dva-voor-ander = You do this for somebody else, born on { $datum }.
dva-vraag-verzamelen = { $voor ->
    [ander] May { $pgo } collect the health data of this person at { $aanbieder }?
   *[zelf] May { $pgo } collect your health data at { $aanbieder }?
  }
dva-vraag-delen = { $voor ->
    [ander] Do you want to share health data of this person from { $pgo } with { $aanbieder }?
   *[zelf] Do you want to share health data from { $pgo } with { $aanbieder }?
  }
dva-vraag-abonneren = { $voor ->
    [ander] May { $pgo } be told when { $aanbieder } has new data about this person?
   *[zelf] May { $pgo } be told when { $aanbieder } has new data about you?
  }
dva-opzeggen = Stop messages
dva-vraag-opzeggen = { $voor ->
    [ander] Do you want { $pgo } to be told no more when { $aanbieder } has new data about this person?
   *[zelf] Do you want { $pgo } to be told no more when { $aanbieder } has new data about you?
  }
dva-verklaring-dienst = { $dagen ->
    [0] It is about: { $dienst }.
    [one] It is about: { $dienst }. This holds for one day.
   *[other] It is about: { $dienst }. This holds for { $dagen } days at most.
  }
dva-langdurig = My consent holds until I end it
dva-weten-bsn = { $pgo } gets no BSN.
dva-weten-langdurig = If you do not choose this, your consent is for once. If you do, and do not use { $pgo } for six months, your consent ends. You can always change it: choose ‘Change consents’ in { $pgo }.
dva-weten-eenmalig = This is for this time only.
dva-knop-weigeren = No, go back
dva-geen-gegevens = No data are available
    .uitleg = We cannot help you further here.
    .advies = There can be several reasons. For example: you are not known here, or your age does not fit what you ask.
dva-niet-vertegenwoordigd = You logged in for yourself
    .uitleg = You wanted to do this for somebody else. At DigiD you did not choose for whom.
    .advies = So we stop here. Start again, and choose at DigiD for whom you log in.
dva-wel-vertegenwoordigd = You logged in for somebody else
    .uitleg = You wanted to do this for yourself. At DigiD you chose somebody else.
    .advies = So we stop here. Start again, and log in for yourself.
dva-niet-verder-aanbieder = Do you have questions? Contact { $aanbieder }.
dva-knop-terug = Back to { $pgo }
dva-storing = Technical fault
dva-storing-uitleg = Something went wrong at { $dva }. Please try again in a few minutes.
dva-storing-aanbieder = You were busy with { $aanbieder }.
dva-storing-bellen = Does it keep going wrong? Call { $dva }: { $telefoon }. Mention the numbers below.
dva-storing-terug = Back to your PGO
dva-ongeldig-verzoek = This request is not right
    .uitleg = We are not sure which website or app this request comes from.
    .advies = So we do not send you back. You can close this page.
dva-al-beantwoord = You have answered this question
    .uitleg = You can answer a request once. Your first answer counts.
    .advies = Go back to your PGO to go on.
dva-verlopen = You waited too long
    .uitleg = For your safety we keep a request for a short time only. Nothing was recorded.
    .advies = Go back to your PGO and start again.
dva-gestopt = You stopped
    .uitleg = Nothing was recorded and nothing changed.
    .advies = You can close this window, or log in again later.
dva-toestemmingen = Your consents
dva-toestemmingen-uitleg = These consents hold until you end them, or do not use them for six months.
dva-toestemmingen-leeg = You have no consents here that go on.
dva-toestemming-aanbieder = May collect data at { $aanbieder }.
dva-toestemming-voor-ander = You gave it for somebody else, born on { $datum }.
dva-toestemming-voor-iemand = You gave it for somebody else.
dva-toestemming-door-ander = Somebody else gave it for you.
dva-toestemming-gegeven = Given on { $datum }.
dva-toestemming-gebruikt = Last used on { $datum }.
dva-knop-beeindigen = End consent
dva-knop-beeindigen-voor = of { $pgo } for { $aanbieder }
dva-beeindigen = End consent
dva-beeindigen-uitleg = You end the consent of { $pgo } to collect data at { $aanbieder }.
dva-beeindigen-gevolg = This holds at once. What was collected stays in your PGO.
dva-beeindigd = The consent has ended. This holds from now on.
dva-knop-terug-overzicht = Back to the overview
