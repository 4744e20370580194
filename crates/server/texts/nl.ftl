# De woorden van alle pagina's, in het Nederlands op niveau B1.
# Elke tekst staat ook in en.ftl; een test vergelijkt de twee.

## Op elke pagina

merk-pgo = De Proef-PGO
merk-dva = De Proef-DVA
merk-mitz = Mitz (test)
merk-toestemmingen = Toestemmingenregister (test)
merk-digid-simulator = DigiD-simulator
merk-netwerk = Het netwerk
merk-koppeltaal = Koppeltaal (test)
merk-idp = Proef-inlogdienst
merk-portaal = Proefportaal
merk-module = Proefmodule
merk-hm = Proef-herkenningsmakelaar
merk-ad = Proef-authenticatiedienst
merk-mr = Proef-machtigingenregister
merk-dv = Gemeente Voorbeeld
naar-inhoud = Naar de inhoud
test-uitleg = Dit is een proefomgeving. Alle personen en gegevens zijn verzonnen.
taal-kiezen = Taal kiezen
trace = Trace ID: { $trace }
trace-uitleg = Noem dit nummer als u om hulp vraagt.
naar-begin = Naar de beginpagina
niet-bekend = –
maand = { $nummer ->
    [1] januari
    [2] februari
    [3] maart
    [4] april
    [5] mei
    [6] juni
    [7] juli
    [8] augustus
    [9] september
    [10] oktober
    [11] november
   *[12] december
}
maand-kort = { $nummer ->
    [1] jan
    [2] feb
    [3] mrt
    [4] apr
    [5] mei
    [6] jun
    [7] jul
    [8] aug
    [9] sep
    [10] okt
    [11] nov
   *[12] dec
}

## PGO: begin

pgo-start = Verzamel uw gegevens
pgo-start-inleiding = De Proef-PGO haalt gegevens over uw gezondheid op bij uw zorgaanbieders. U ziet ze hier bij elkaar.
pgo-start-stappen = Wat gaat er gebeuren?
pgo-start-stap-kiezen = U kiest van welke zorgaanbieders u gegevens wilt.
pgo-start-stap-inloggen = U logt in. In deze proefomgeving doet u dat met de DigiD-simulator.
pgo-start-stap-toestemming = U geeft toestemming bij Mitz. U bepaalt zelf welke zorgaanbieders gegevens mogen geven.
pgo-start-stap-bekijken = De Proef-PGO haalt de gegevens op en laat ze zien.
pgo-start-gekoppeld = U bent gekoppeld met Mitz
pgo-start-gekoppeld-uitleg = Mitz onthoudt de koppeling met De Proef-PGO. U hoeft nu niet opnieuw in te loggen.
pgo-start-bekijk = Bekijk uw gegevens
pgo-start-kies = Kies van wie u gegevens wilt verzamelen
pgo-start-niemand = U hebt niemand gekozen. Kies minstens één zorgaanbieder.
pgo-start-geen-aanbieders = Er zijn nu geen zorgaanbieders om uit te kiezen. Probeer het later nog eens.
pgo-start-verzamelen = Gegevens verzamelen
pgo-start-ontkoppelen = Koppeling met Mitz stoppen
pgo-start-ontkoppelen-uitleg = Stopt u de koppeling? Dan verdwijnen de verzamelde gegevens hier, en moet u de volgende keer opnieuw inloggen. Dit is niet hetzelfde als uw toestemming intrekken. Dat doet u in het Toestemmingenregister.
pgo-start-ontkoppelen-knop = Koppeling stoppen
pgo-naar-begin = Naar het begin van De Proef-PGO

## PGO: resultaat

resultaat = Uw gegevens
resultaat-telling = { $totaal ->
    [1] { $met ->
        [0] We hebben één zorgaanbieder om gegevens gevraagd. Er zijn nu geen gegevens.
       *[other] We hebben één zorgaanbieder om gegevens gevraagd. U vindt ze hieronder.
    }
   *[other] { $met ->
        [0] We hebben { $totaal } zorgaanbieders om gegevens gevraagd. Er zijn nu geen gegevens.
        [one] We hebben { $totaal } zorgaanbieders om gegevens gevraagd. Eén van hen gaf gegevens.
       *[other] We hebben { $totaal } zorgaanbieders om gegevens gevraagd. { $met } van hen gaven gegevens.
    }
}
resultaat-inhoud = Zorgaanbieders op deze pagina
resultaat-leeg = Er is geen zorgaanbieder gevonden
resultaat-leeg-uitleg = Mitz noemt geen zorgaanbieder waar u gegevens van kunt verzamelen. Misschien hebt u voor deze zorgaanbieders geen toestemming gegeven, of is er nergens iets van u bekend. U kunt uw toestemmingen aanpassen of andere zorgaanbieders kiezen.
resultaat-groep-leeg = Hier staan geen gegevens.
resultaat-verder = Verder
resultaat-opnieuw = Opnieuw verzamelen
resultaat-toestemmingen = Toestemmingen aanpassen
kolom-datum = Datum
kolom-omschrijving = Omschrijving
kolom-waarde = Waarde
aantal-regels = { $aantal ->
    [one] { $aantal } regel
   *[other] { $aantal } regels
}
uitkomst-gegevens =
    .kort = Gegevens ontvangen
uitkomst-geen-gegevens = Er zijn geen gegevens beschikbaar.
    .kort = Geen gegevens
    .advies = De zorgaanbieder laat niet weten waarom. Misschien gaf u geen toestemming, bent u daar geen patiënt, bent u jonger dan 16 jaar of staat er niets klaar. In al die gevallen is het antwoord hetzelfde. Zo kan niemand zien waar u wel of geen patiënt bent.
uitkomst-niet-bereikbaar = Deze zorgaanbieder is nu niet bereikbaar.
    .kort = Niet bereikbaar
    .advies = Waarschijnlijk is er een storing. Probeer het later nog eens.
uitkomst-niet-in-medmij = Deze zorgaanbieder is niet bereikbaar via MedMij.
    .kort = Niet via MedMij
    .advies = De zorgaanbieder staat niet in de lijsten van MedMij. Daarom kan De Proef-PGO hier geen gegevens ophalen. Vraag de zorgaanbieder zelf om uw gegevens.
uitkomst-niet-vertrouwd = We laten het antwoord van deze zorgaanbieder niet zien.
    .kort = Niet vertrouwd
    .advies = We weten niet zeker dat het antwoord echt van deze zorgaanbieder komt. Probeer het later nog eens. Blijft dit zo? Neem dan contact op met de zorgaanbieder.

## PGO: de kaarten van het resultaat

geheel-gedeeltelijk = Niet alles is er
    .uitleg = U ziet hieronder wat we wel konden ophalen. Dit ontbreekt:
geheel-leeg = Er zijn geen gegevens voor u opgehaald
    .uitleg = De zorgaanbieders gaven antwoord, maar geen gegevens. Dit kunt u doen:
geheel-mislukt = Het ophalen is niet gelukt
    .uitleg = Er kwamen geen gegevens, en niet elke zorgaanbieder gaf antwoord. Dit is er aan de hand:
reden-geen-gegevens = Hier zijn geen gegevens beschikbaar.
    .advies = Kijk of u toestemming gaf. Dat kan onderaan deze pagina.
reden-niets-erin = Hier staat niets over u klaar.
    .advies = Mist u iets? Vraag het de zorgaanbieder.
reden-niet-verleend = Deze zorgaanbieder geeft een deel van de gegevens niet.
    .advies = We weten niet waarom. Misschien staat er niets klaar. Mist u iets? Vraag het de zorgaanbieder.
reden-niet-opgehaald = Een deel van de gegevens kwam niet binnen.
    .advies = Waarschijnlijk is er een storing. Verzamel later opnieuw.
reden-niet-bereikbaar = Hier kwam geen antwoord.
    .advies = Waarschijnlijk is er een storing. Verzamel later opnieuw. Uw toestemming blijft gelden.
reden-niet-in-medmij = Hier kan De Proef-PGO niets ophalen.
    .advies = Vraag de zorgaanbieder zelf om uw gegevens.
reden-niet-vertrouwd = Het antwoord laten we niet zien, omdat we niet weten of het echt is.
    .advies = Verzamel later opnieuw. Blijft dit zo? Neem dan contact op met de zorgaanbieder.
resultaat-per-aanbieder = Alles per zorgaanbieder
resultaat-per-aanbieder-uitleg = Dit is alles wat elke zorgaanbieder gaf, zoals het in het dossier staat.
kaarten-inhoud = Onderwerpen op deze pagina
kaart-medicijnen = Medicijnen
kaart-metingen = Metingen en uitslagen
kaart-allergieen = Allergieën
kaart-aandoeningen = Ziekten en klachten
kaart-vaccinaties = Vaccinaties
kaart-contacten = Afspraken en opnames
kaart-documenten = Brieven en documenten
kaarten-weggelaten = { $aantal ->
    [one] Nog { $aantal } staat hier niet bij. Kijk bij ‘Alles per zorgaanbieder’.
   *[other] Nog { $aantal } staan hier niet bij. Kijk bij ‘Alles per zorgaanbieder’.
}
regels-weggelaten = { $aantal ->
    [one] { $aantal } oudere regel is weggelaten.
   *[other] { $aantal } oudere regels zijn weggelaten.
}
medicijnen-in-gebruik = In gebruik
medicijnen-gestopt = Gestopt
voorgeschreven-door = voorgeschreven door
periode-sinds = sinds { $van }
periode-vanaf = vanaf { $van }
periode-van-tot = { $van } tot { $tot }
periode-tot = tot { $tot }
periode-onbekend = datum onbekend
balken-titel = Wanneer u welk medicijn gebruikt
balken-uitleg = { $aantal ->
    [one] Een balk voor één medicijn. De tabel eronder zegt hetzelfde.
   *[other] Een balk voor elk van { $aantal } medicijnen. De tabel eronder zegt hetzelfde.
}
balken-onderschrift = De laatste vijf jaar. De stippellijn is vandaag. Begint een balk met een pijl? Dan gebruikt u het medicijn al langer.
tabel-tonen = Tabel met alle medicijnen
kolom-medicijn = Medicijn en zorgaanbieder
kolom-periode = Wanneer
kolom-meting = Datum en zorgaanbieder
datum-onbekend = datum onbekend
normaal = Gebruikelijk: { $grenzen }
normaal-volgens = (volgens { $aanbieder })
normaal-tussen = { $laag } tot { $hoog }
normaal-boven = { $laag } of hoger
normaal-onder = { $hoog } of lager
grafiek-titel = { $naam }: het verloop
grafiek-aantal = { $aantal ->
    [one] { $aantal } meting.
   *[other] { $aantal } metingen.
}
grafiek-periode = Van { $van } tot { $tot }.
grafiek-uitersten = het laagst { $laag }, het hoogst { $hoog }.
grafiek-door = Gemeten door { $aanbieders }.
grafiek-tabel = De tabel hieronder noemt elke waarde.
grens-uitleg = Een open rondje, of < of > voor een getal: het precieze getal is niet bekend.
metingen-tonen = { $aantal ->
    [one] Tabel met { $aantal } meting
   *[other] Tabel met { $aantal } metingen
}
metingen-weggelaten = { $aantal ->
    [one] { $aantal } oudere meting staat hier niet bij.
   *[other] { $aantal } oudere metingen staan hier niet bij.
}
lijst-meer = { $aantal ->
    [one] Toon nog { $aantal }
   *[other] Toon nog { $aantal }
}

## PGO: meldingen

pgo-geen-toestemming = U hebt geen toestemming gegeven
    .uitleg = De Proef-PGO heeft geen gegevens opgehaald.
    .advies = Wilt u toch gegevens verzamelen? Begin dan opnieuw.
pgo-mislukt = Verzamelen is niet gelukt
    .uitleg = Er ging iets mis tussen De Proef-PGO en Mitz. Er zijn geen gegevens opgehaald.
    .advies = U kunt het nog eens proberen.
pgo-niet-van-ons = Dit antwoord hoort niet bij u
    .uitleg = U kwam hier met een antwoord waar deze browser niet om heeft gevraagd. Voor uw veiligheid doen we er niets mee.
    .advies = Dit gebeurt ook als u een oude pagina opent, of een andere browser gebruikt. Begin dan opnieuw.
pgo-mitz-niet-bereikbaar = Mitz is nu niet bereikbaar
    .uitleg = Zonder Mitz kan De Proef-PGO geen gegevens verzamelen. Uw toestemmingen veranderen hierdoor niet.
    .advies = Probeer het over een paar minuten nog eens.
pgo-opnieuw-beginnen = Log opnieuw in bij Mitz
    .uitleg = De koppeling tussen De Proef-PGO en Mitz werkt niet meer. Misschien hebt u uw toestemming ingetrokken, of hebt u lang geen gegevens verzameld.
    .advies = Begin opnieuw als u weer gegevens wilt verzamelen.
pgo-formulier-verlopen = We hebben niets met dit formulier gedaan
    .uitleg = Het formulier hoort niet bij dit bezoek. Dat gebeurt als een pagina langer dan een dag openstaat, als uw browser geen cookies bewaart, of als het formulier van een andere website kwam. Uw koppeling met Mitz is niet veranderd.
    .advies = Ga naar het begin en doe het daar opnieuw. U hoeft hiervoor niet opnieuw in te loggen.

## PGO: rechtstreeks bij een zorgaanbieder

rechtstreeks = Rechtstreeks bij een zorgaanbieder
pgo-start-rechtstreeks = U kunt ook zonder Mitz gegevens ophalen. U kiest dan één zorgaanbieder, en logt daar in. U kunt dit ook doen voor uw kind, of voor iemand die u gemachtigd heeft.
rechtstreeks-inleiding = U kiest één zorgaanbieder. Daarna gaat u naar de dienstverlener van die zorgaanbieder. Daar logt u in en geeft u toestemming.
rechtstreeks-kies = Kies een zorgaanbieder
keuze-bij = Gegevens ophalen bij { $naam }
keuze-inleiding = Kies wat u wilt ophalen, en voor wie.
keuze-meer-dvas = Deze zorgaanbieder werkt met { $aantal } dienstverleners. Bij elk van hen logt u apart in.
keuze-via = Via { $dva }
keuze-wat = Wat wilt u ophalen?
keuze-niets = U hebt niets gekozen. Kies minstens één soort gegevens.
keuze-voor-wie = Voor wie?
keuze-mijzelf = Voor mijzelf
keuze-kind = Voor mijn kind
keuze-machtiging = Voor iemand die mij gemachtigd heeft
keuze-geboortedatum = Geboortedatum van die ander
keuze-geboortedatum-uitleg = Alleen nodig als het niet voor uzelf is. Dag, maand en jaar, bijvoorbeeld 14-5-2018.
keuze-geen-datum = Vul de geboortedatum in van degene voor wie u dit doet.
keuze-naar-dva-uitleg = U verlaat De Proef-PGO. Na het inloggen komt u hier terug.
keuze-naar-dva = Naar de dienstverlener
keuze-andere-aanbieder = Andere zorgaanbieder kiezen
voor-mijzelf = uzelf
voor-kind-van = uw kind, geboren op { $datum }
voor-machtiging-van = iemand die u gemachtigd heeft, geboren op { $datum }
resultaat-van = Dit zijn gegevens van { $voor }. Uw eigen gegevens staan hier niet bij.
verbindingen = Mijn verbindingen
pgo-naar-rechtstreeks = Kies opnieuw een zorgaanbieder
pgo-rechtstreeks-gestopt = Er zijn geen gegevens opgehaald
    .uitleg = De dienstverlener van de zorgaanbieder gaf ons geen toegang. Misschien bent u gestopt, gaf u geen toestemming, of zijn er geen gegevens beschikbaar. De dienstverlener zegt ons niet wat het is.
    .advies = Wat hier al stond, is er nog. Wilt u het nog eens proberen? Begin dan opnieuw.
pgo-rechtstreeks-mislukt = Ophalen is niet gelukt
    .uitleg = Er ging iets mis tussen De Proef-PGO en de dienstverlener van de zorgaanbieder.
    .advies = Wat hier al stond, is er nog. U kunt het nog eens proberen.
pgo-rechtstreeks-niets = Er zijn geen gegevens beschikbaar
    .uitleg = U gaf toestemming, maar de dienstverlener geeft geen gegevens. Waarom, zegt hij niet. Zo kan niemand zien waar u wel of geen patiënt bent.
    .advies = Wat hier al stond, is er nog. Hebt u vragen? Neem contact op met de zorgaanbieder.
pgo-dva-niet-bereikbaar = De zorgaanbieder is nu niet bereikbaar
    .uitleg = De dienstverlener van de zorgaanbieder geeft geen antwoord. Uw toestemming bewaart hij misschien wel.
    .advies = Wat hier al stond, is er nog. Probeer het over een paar minuten nog eens. U moet dan opnieuw inloggen.
pgo-dva-niet-vertrouwd = We gebruiken het antwoord niet
    .uitleg = De dienstverlener van de zorgaanbieder gaf een antwoord dat niet klopt. Voor uw veiligheid doen we er niets mee.
    .advies = Wat hier al stond, is er nog. Blijft dit zo? Neem dan contact op met de zorgaanbieder.
pgo-aanbieder-onbekend = Deze zorgaanbieder kennen we niet
    .uitleg = De zorgaanbieder staat niet in de lijsten van MedMij, of is er net uit verdwenen.
    .advies = Kies een zorgaanbieder uit de lijst.
pgo-lijsten-niet-bereikbaar = De lijsten van MedMij zijn nu niet te lezen
    .uitleg = Zonder die lijsten weten we niet waar we uw gegevens veilig kunnen ophalen.
    .advies = Wat hier al stond, is er nog. Probeer het over een paar minuten nog eens.
pgo-te-veel-verbindingen = U hebt het grootste aantal verbindingen
    .uitleg = Meer verbindingen kan De Proef-PGO niet voor u bewaren.
    .advies = Beëindig eerst een verbinding die u niet meer gebruikt.
op-de-klok = { $datum }, { $tijd } uur
verbindingen-inleiding = Hier ziet u bij wie u gegevens hebt opgehaald, en wanneer.
verbindingen-leeg = U hebt geen verbindingen met zorgaanbieders.
verbinding-wat = Wat u ophaalt
verbinding-via = Via de dienstverlener
verbinding-sinds = Sinds
verbinding-toestemming = Uw toestemming
verbinding-langdurig = Geldt totdat u haar beëindigt, of zes maanden niets ophaalt
verbinding-eenmalig = Gold voor één keer, of is beëindigd
verbinding-momenten = Wanneer er is opgehaald
verbinding-keren = { $aantal ->
    [one] { $aantal } keer
   *[other] { $aantal } keer
}
verbinding-vanzelf = (vanzelf)
verbinding-stil = Er is al twee dagen niets vanzelf opgehaald. U kunt het zelf proberen.
verbinding-gegevens = Gegevens bekijken
verbinding-nu-ophalen = Nu ophalen
verbinding-opnieuw = Opnieuw toestemming geven
verbinding-van = bij { $naam }
verbinding-beeindigen = Verbinding beëindigen
verbinding-verwijderen = Verbinding verwijderen
verbinding-opgehaald = De gegevens zijn opgehaald.
verbinding-niet-opgehaald = Er zijn geen gegevens opgehaald. Hieronder ziet u waarom.
verbinding-verwijderd = De verbinding is verwijderd, met de gegevens die hier stonden.
verbinding-elke-nacht = Haal elke nacht vanzelf op
verbinding-bewaren = Bewaren
verbinding-besteld = Bewaard. De Proef-PGO haalt nu elke nacht op, tussen 23.00 en 06.00 uur.
verbinding-niet-besteld = Bewaard. De Proef-PGO haalt niets vanzelf op.
afloop-gekregen = { $aantal ->
    [one] Eén gegeven opgehaald
   *[other] { $aantal } gegevens opgehaald
}
afloop-gedeeld = U hebt gegevens gedeeld
afloop-geweigerd = De zorgaanbieder gaf geen gegevens
afloop-niet-bereikbaar = De zorgaanbieder was niet bereikbaar
afloop-niet-vertrouwd = Het antwoord klopte niet, dus we gebruiken het niet
keuze-delen = Een meting delen met deze zorgaanbieder
delen-met = Uw gewicht delen met { $naam }
delen-inleiding = U kunt uw gewicht van vandaag aan deze zorgaanbieder geven.
delen-gewicht = Uw gewicht in kilogram
delen-gewicht-uitleg = Bijvoorbeeld 71,5
delen-geen-gewicht = Vul uw gewicht in, met cijfers. Bijvoorbeeld 71,5.
delen-naar-dva-uitleg = U gaat naar de dienstverlener, { $dva }. Daar logt u in en bevestigt u dat u dit wilt delen. Dat geldt voor één keer.
delen-bon = U hebt gegevens gedeeld
delen-bon-bij = { $naam } heeft uw meting gekregen.
delen-bon-wanneer = Wanneer
delen-bon-eenmalig = Uw bevestiging gold voor deze ene keer. Wat u hebt gedeeld, kunt u hier niet terughalen. Vraag dat aan de zorgaanbieder.
delen-nog-een = Nog een meting delen
verbinding-gedeeld = U hebt bevestigd voor één keer
verbinding-wat-gedeeld = Wat u deelt
verbinding-gedeeld-momenten = Wanneer u hebt gedeeld
verbinding-bon = Bewijs bekijken
pgo-neemt-niets-aan = Hier kunt u niets delen
    .uitleg = Deze zorgaanbieder neemt geen metingen aan.
    .advies = U kunt er misschien wel gegevens ophalen.
pgo-delen-geweigerd = Delen is niet gelukt
    .uitleg = U hebt bevestigd, maar de zorgaanbieder neemt uw meting niet aan. Waarom, zegt hij niet.
    .advies = Hebt u vragen? Neem contact op met de zorgaanbieder.
pgo-delen-onzeker = We weten niet of uw meting is aangekomen
    .uitleg = De zorgaanbieder gaf geen antwoord. We sturen de meting niet nog eens, want dan staat zij er misschien twee keer.
    .advies = Haal later uw gegevens op bij de zorgaanbieder. Staat de meting er niet bij? Deel haar dan opnieuw.
beeindigen-wat = Het gaat om de verbinding met { $naam }, voor { $voor }.
beeindigen-hier = De Proef-PGO kan daarna niets meer ophalen. Wat al is opgehaald, blijft hier staan.
beeindigen-dva = Uw toestemming staat bij de dienstverlener, { $dva }. We brengen u naar zijn overzicht. Log daar in om de toestemming te beëindigen.
beeindigen-verwijderen = De gegevens die u met deze verbinding hebt opgehaald, verdwijnen uit De Proef-PGO. Bij de zorgaanbieder verandert er niets.
beeindigen-terug = Terug naar mijn verbindingen

## DigiD-simulator

digid-inloggen = Log in als testpersoon
digid-niet-echt = Dit is niet DigiD.
digid-niet-echt-uitleg = Dit is een simulator om mee te testen. Vul hier nooit uw eigen gegevens in.
digid-dienst = U logt in bij { $dienst }.
digid-kies = Kies een testpersoon
digid-bsn = BSN { $bsn }
digid-niveau = Hoe logt deze persoon in?
digid-niveau-uitleg = Een dienst vraagt vaak om een bepaald niveau. Kies een lager niveau om te zien wat er dan gebeurt.
niveau-basis = Basis: wachtwoord
niveau-midden = Midden: app of sms-code
niveau-substantieel = Substantieel: app na ID-check
niveau-hoog = Hoog: ID-kaart of rijbewijs
digid-eenmalig = Eenmalig inloggen
digid-eenmalig-uitleg = Andere diensten die niveau Basis of Midden vragen, vragen dan niet opnieuw om in te loggen.
digid-knop-inloggen = Inloggen
digid-knop-annuleren = Annuleren
digid-knop-mislukken = Inloggen laten mislukken
digid-vertegenwoordigen = Namens wie logt u in?
digid-vertegenwoordigen-uitleg = { $naam } is ingelogd. Kies voor wie.
digid-vertegenwoordigen-niemand = Deze persoon mag niemand vertegenwoordigen.
digid-grond-machtiging = machtiging
digid-grond-ouder = ouderlijk gezag
digid-knop-vertegenwoordigen = Verder namens deze persoon
digid-knop-zelf = Verder voor mijzelf
digid-uitloggen = Uitloggen bij DigiD
digid-uitloggen-vrager = { $dienst } vraagt om u uit te loggen. U wordt dan uitgelogd bij al deze diensten:
digid-uitloggen-uitleg = U bent ingelogd bij deze diensten. Als u uitlogt, wordt u bij allemaal uitgelogd:
digid-knop-uitloggen = Uitloggen
digid-knop-ingelogd-blijven = Ingelogd blijven
digid-uitgelogd = U bent niet ingelogd
    .uitleg = Er is geen sessie bij deze DigiD-simulator (meer).
    .advies = U kunt dit venster sluiten.
digid-deels-uitgelogd = U bent uitgelogd, maar niet overal
    .uitleg = Een van de diensten was niet te bereiken. Daar bent u misschien nog ingelogd.
    .advies = Sluit uw browser om zeker te zijn.
digid-niet-gevonden = Deze pagina bestaat niet
    .uitleg = De simulator kan niets met de vraag waarmee u hier kwam.
    .advies = De vraag is onleesbaar, niet goed ondertekend of komt van een onbekende dienst. Ga terug naar de website waar u vandaan kwam.

## Mitz: inloggen

mitz-geannuleerd = U bent gestopt met inloggen
mitz-geannuleerd-uitleg = U bent niet ingelogd. Daarom kan { $pgo } geen gegevens verzamelen.
mitz-geannuleerd-advies = Wilt u toch inloggen? Of wilt u stoppen en teruggaan naar { $pgo }?
mitz-niet-ingelogd = Inloggen is niet gelukt
    .uitleg = We weten niet zeker wie u bent. Daarom gaat uw aanvraag niet door.
mitz-digid-onbereikbaar = DigiD is nu niet bereikbaar
    .uitleg = U kunt nu niet inloggen. Probeer het over een paar minuten nog eens.
mitz-terug-naar = Kiest u voor stoppen? Dan gaat u terug naar { $pgo }.
mitz-knop-inloggen = Toch inloggen
mitz-knop-opnieuw = Opnieuw proberen
mitz-knop-stoppen = Stoppen

## Mitz: fouten

mitz-onbekende-client = We kennen deze PGO niet
    .uitleg = De website of app waar u vandaan komt, is niet bij Mitz aangemeld.
    .advies = Daarom sturen we u niet terug. U kunt deze pagina sluiten.
mitz-onbekende-redirect-uri = We kunnen u niet terugsturen
    .uitleg = Het adres om u naar terug te sturen hoort niet bij uw PGO. Voor uw veiligheid stoppen we hier.
    .advies = Ga zelf terug naar uw PGO. Meld het daar als dit vaker gebeurt.
mitz-ongeldig-verzoek = Deze aanvraag klopt niet
    .uitleg = We kunnen de aanvraag van uw PGO niet lezen.
    .advies = Ga terug naar uw PGO en begin opnieuw.
mitz-al-beantwoord = U hebt deze vraag al beantwoord
    .uitleg = Een aanvraag kunt u één keer beantwoorden. Uw eerste antwoord telt.
    .advies = Ga terug naar uw PGO om verder te gaan.
mitz-gestopt = U bent gestopt
    .uitleg = Er is niets vastgelegd en niets veranderd.
    .advies = U kunt dit venster sluiten, of later opnieuw inloggen.
digid-doorsturen = Inloggen
digid-doorsturen-uitloggen = Uitloggen
digid-doorsturen-uitleg = U gaat nu naar DigiD om in te loggen. Daarna komt u hier terug.
digid-doorsturen-uitloggen-uitleg = U bent hier uitgelogd. Ga verder om ook bij DigiD uit te loggen.
digid-terug = Uitgelogd
digid-terug-uitleg = U bent bij DigiD uitgelogd. Ga verder om terug te gaan naar de website waar u vandaan kwam.
digid-terug-knop = Verder
digid-doorsturen-knop = Verder naar DigiD
mitz-verlopen = U hebt te lang gewacht
    .uitleg = Voor uw veiligheid bewaren we een aanvraag maar kort. Er is niets vastgelegd.
    .advies = Ga terug naar uw PGO en begin opnieuw.

## Toestemmingenregister: toestemming geven

toestemming = Toestemming geven
toestemming-vraag-verzamelen = Mag { $pgo } uw gezondheidsgegevens verzamelen bij uw zorgaanbieders?
toestemming-vraag-delen = Mag { $pgo } uw gezondheidsgegevens delen met uw zorgaanbieders?
toestemming-niemand = U hebt nergens ‘Ja’ gekozen. Kies minstens één keer ‘Ja’, of kies onderaan ‘Ik geef geen toestemming’.
toestemming-weten = Goed om te weten
toestemming-gevolg = Wat gebeurt er?
toestemming-gevolg-verzamelen = Zegt u ‘Ja’? Dan mogen deze zorgaanbieders uw gegevens aan { $pgo } geven als u daarom vraagt. De anderen mogen dat niet. { $pgo } krijgt uw BSN niet.
toestemming-gevolg-delen = Zegt u ‘Ja’? Dan mag { $pgo } uw gegevens naar deze zorgaanbieders sturen als u daarom vraagt. Naar de anderen mag dat niet. { $pgo } krijgt uw BSN niet.
toestemming-duur = Hoe lang geldt het?
toestemming-duur-uitleg = Uw toestemming geldt totdat u haar intrekt. Gebruikt u { $pgo } zes maanden niet? Dan vervalt de koppeling en moet u opnieuw inloggen.
toestemming-intrekken = Kunt u zich bedenken?
toestemming-intrekken-uitleg = Ja, altijd. Kies in { $pgo } voor ‘Toestemmingen aanpassen’. Daar kunt u uw toestemming bekijken en intrekken.
toestemming-keuzes = Uw keuzes
toestemming-keuzes-uitleg = Kiest u niets? Dan geldt dat als ‘Nee’.
toestemming-geen-categorieen = Er zijn nu geen zorgaanbieders om uit te kiezen.
toestemming-ja = Ja
toestemming-nee = Nee
toestemming-uitzonderingen = Uitzonderingen per zorgaanbieder
toestemming-zoals-hierboven = Zoals hierboven
toestemming-knop-geven = Toestemming geven
toestemming-knop-weigeren = Ik geef geen toestemming

## Toestemmingenregister: categorieën van zorgaanbieders

categorie-apotheek = Apotheken
categorie-ggz = Geestelijke gezondheidszorg (ggz)
categorie-huisarts = Huisartsen
categorie-huisartsenpost = Huisartsenposten
categorie-verpleeghuis = Verpleeghuizen
categorie-ziekenhuis = Ziekenhuizen

## Toestemmingenregister: overzicht

overzicht = Uw toestemmingen
overzicht-inleiding = Hier ziet u welke PGO’s uw gegevens mogen verzamelen of delen. U kunt een toestemming altijd intrekken.
overzicht-leeg = U hebt aan niemand toestemming gegeven.
overzicht-ingetrokken = Uw toestemming voor { $naam } is ingetrokken. Dit geldt vanaf nu.
overzicht-vastgelegd = Vastgelegd op { $datum }
overzicht-geen-keuzes = Er zijn geen keuzes vastgelegd.
keuze-ja-verzamelen = Ja, verzamelen mag
keuze-ja-delen = Ja, delen mag
keuze-nee-verzamelen = Nee, verzamelen mag niet
keuze-nee-delen = Nee, delen mag niet
overzicht-knop-een = Intrekken
overzicht-knop-een-voor = voor { $naam }
overzicht-alles-uitleg = Trekt u alles in? Dan mag { $pgo } nergens meer gegevens verzamelen of delen.
overzicht-knop-alles = Alles intrekken voor { $pgo }
overzicht-uitloggen = Uitloggen

register-verlopen = U bent niet meer ingelogd
    .uitleg = U hebt te lang gewacht, of u hebt zelf uitgelogd. Keuzes die u nog niet had verstuurd, zijn niet vastgelegd.
    .advies = Ga terug naar uw PGO en begin opnieuw.
register-al-besloten = U hebt deze vraag al beantwoord
    .uitleg = Uw eerste antwoord telt. Een tweede klik of de terugknop verandert niets.
    .advies = Ga verder in het tabblad waar u hebt geantwoord, of begin opnieuw bij uw PGO. Daar kunt u ook uw toestemmingen aanpassen.
register-afgemeld = U bent uitgelogd
    .uitleg = Wat u hebt vastgelegd of ingetrokken, blijft zo.
    .advies = U kunt deze pagina sluiten.
register-deels-afgemeld = U bent uitgelogd, maar niet overal
    .uitleg = Hier en bij DigiD bent u uitgelogd. Een andere dienst waar u met DigiD was ingelogd, was niet te bereiken.
    .advies = Sluit uw browser om zeker te zijn.
register-afgemeld-niet-bij-digid = U bent hier uitgelogd
    .uitleg = Bij DigiD bent u misschien nog ingelogd. Wat u hier hebt vastgelegd of ingetrokken, blijft zo.
    .advies = Sluit uw browser als u ook daar uitgelogd wilt zijn.

## Het netwerk

netwerk = Wat er in het netwerk gebeurt
netwerk-inleiding = Een reis is één keer gegevens verzamelen, in 30 stappen. Elke partij meldt zelf welke berichten zij ontving.
netwerk-reizen = Reizen
netwerk-geen-reizen = Er is nog geen reis gezien. Begin er een in De Proef-PGO.
netwerk-reis = Reis van { $begonnen }
netwerk-stappen = { $aantal } van de 30 stappen gelukt.
netwerk-weigeringen = { $aantal ->
    [one] Eén weigering.
   *[other] { $aantal } weigeringen.
}
netwerk-berichten = Losse berichten
netwerk-partijen = Partijen
netwerk-partijen-uitleg = Elke partij heeft een eigen adres, eigen sleutels en een eigen opslag.
bediening = Bediening van de demo
bediening-inleiding = Verstoor het netwerk en zie wat de anderen ervan merken. Alles is te herstellen.
bediening-klok = Klok
bediening-nu = Volgens het netwerk is het nu { $nu } (UTC).
bediening-verschoven = Verzet
klok-kwartier = 15 minuten verder
klok-dag = Een dag verder
klok-maand = 30 dagen verder
klok-halfjaar = Een half jaar verder
bediening-partijen = Partijen
bediening-partijen-uitleg = Kies wat er met een partij aan de hand is. Het geldt voor al haar antwoorden, tot u het herstelt.
bediening-storing = Wat is er aan de hand met { $partij }?
bediening-wachten = Wachten (seconden, als de partij traag is)
bediening-toepassen = Toepassen op { $partij }
storing-geen = In orde
storing-traag = Traag
storing-weg = Buiten bedrijf
storing-bezet = Heeft het te druk
storing-weigert = Weigert alles wat haar gevraagd wordt
storing-verloren = Doet wat gevraagd wordt, maar het antwoord komt niet aan
storing-handtekening = Zet verkeerde handtekeningen
storing-naam = Noemt zich anders
storing-verlopen = Geeft af wat al verlopen is
storing-afgekapt = Antwoorden breken halverwege af
storing-ander = Spreekt over iemand anders
storing-niveau = Noemt een lager betrouwbaarheidsniveau
storing-geen-machtiging = Besluit dat er geen machtiging is
storing-onbeslist = Besluit niets
bediening-herstellen = Herstellen
bediening-knop-herstellen = Alles herstellen
bediening-naar-reizen = Naar de reizen
netwerk-bediening = Het netwerk verstoren
stand-gelukt = Gelukt
stand-geweigerd = Geweigerd
stand-onderweg = Onderweg

reis = Een reis in 30 stappen
reis-telling = Van de { $totaal } stappen zijn er { $gezien } gezien.
reis-nummer = Nummer van deze reis: { $trace }
reis-aan = aan
reis-niet-gezien = Nog niet gezien
reis-gezien = gezien door { $door }, van { $peer }
reis-json = Deze reis als JSON
reis-terug = Alle reizen
diagram = De reis als sequentiediagram
diagram-uitleg = Elke pijl leidt naar zijn stap hieronder. Rood en gestippeld, met een kruis: geweigerd. Grijs: nog niet gezien.
diagram-schuiven = Sequentiediagram. Schuif opzij om alles te zien.
reis-afwijzingen = Weigeringen
reis-eis = Eis: { $eis }
reis-wie = Wie werd geweigerd: { $wie }
reis-elders = Het bericht staat bij stap { $stap }
reis-overige = Andere berichten van deze reis
reis-svg = Het diagram als SVG
reis-har = De berichten als HAR
bericht-vraag = Vraag
bericht-antwoord = Antwoord
bericht-query = Parameters in het adres
bericht-bytes = { $bytes } bytes
bericht-afgekort = De rest staat in de JSON van deze reis.
bericht-zonder-antwoord = Geen antwoord
berichten = Losse berichten
berichten-uitleg = Deze berichten horen bij geen reis: lijsten ophalen, pagina’s openen, of een poging die geen stap haalde. Nieuwste eerst.
berichten-partij = Verteld door
berichten-alle = Alle partijen
berichten-tonen = Tonen
berichten-geen = Er zijn geen losse berichten.
eis = Wat de specificatie vraagt
eis-weigering = Een partij weigert omdat aan deze eis niet is voldaan.
eis-bron = Bron: { $titel }
eis-release = Uitgave: { $release }
eis-eigen-woorden = De tekst hierboven is onze samenvatting, in het Engels. De specificatie zelf geldt.
eis-openen = De specificatie openen
plaat = Het netwerk in beeld
plaat-uitleg = Mitz spreekt met DigiD, de Lokalisatie en de PGO. De PGO spreekt met twee DVA’s, en elke DVA met Mitz en met zijn systemen. PGO en DVA’s halen lijsten bij de stelselnode. De lijst eronder zegt hetzelfde.
plaat-lijst = Het netwerk als lijst
plaat-met = Spreekt met: { $partijen }
plaat-ander = elders
plaat-ander-lang = gespeeld door een server van een ander
plaat-traag = traag
plaat-weg = buiten bedrijf
plaat-fout = antwoordt fout
partij-digid = de simulator die DigiD vervangt
partij-mitz = Mitz: inloggen, toestemmingen en tokens
partij-lokalisatie = weet waar gegevens zijn
partij-pgo = de PGO van de persoon
partij-dva = geeft toegang namens zorgaanbieders
partij-xis = de systemen van die zorgaanbieders
partij-stelselnode = geeft de lijsten van MedMij uit
vers-live = Deze pagina is live.
vers-stil = Deze pagina is niet live.
vers-opnieuw = Opnieuw laden
deel-toestemming = Inloggen en toestemming geven
deel-locaties = Waar zijn gegevens, en mag het?
deel-adres = Het adres van de zorgaanbieder
deel-toegang = Toegang bij de zorgaanbieder
deel-gegevens = De gegevens
stap-1 = U zegt in uw PGO dat u gegevens wilt verzamelen of delen.
stap-2 = Uw PGO stuurt u naar Mitz.
stap-3 = Mitz vraagt DigiD wie u bent.
stap-4 = U logt in en DigiD geeft Mitz uw BSN.
stap-5 = Mitz stuurt u naar het Toestemmingenregister. Daar maakt u uw keuzes.
stap-6 = Het Toestemmingenregister meldt aan Mitz dat uw keuzes zijn vastgelegd.
stap-7 = Mitz stuurt u terug naar uw PGO, met een code.
stap-8 = Uw PGO biedt Mitz de code aan.
stap-9 = Mitz controleert de code, of het bewijs van de vorige keer.
stap-10 = Mitz geeft uw PGO toegang, ook voor een volgende keer.
stap-11 = Uw PGO vraagt Mitz waar uw gegevens zijn.
stap-12 = Mitz controleert of uw PGO dit mag vragen.
stap-13 = Mitz vraagt het Toestemmingenregister naar uw keuzes.
stap-14 = Het Toestemmingenregister geeft uw keuzes voor deze PGO.
stap-15 = Mitz vraagt de lokalisatieserver waar u bekend bent.
stap-16 = De lokalisatieserver zoekt bij welke zorgaanbieders u bekend bent.
stap-17 = De lokalisatieserver geeft die zorgaanbieders door.
stap-18 = Mitz bepaalt voor welke zorgaanbieders u toestemming gaf.
stap-19 = Mitz geeft uw PGO voor elk van hen een ondertekend bewijs, zonder uw BSN.
stap-20 = Uw PGO zoekt de zorgaanbieder op in de lijsten van MedMij.
stap-21 = Uw PGO vraagt de dienstverlener van de zorgaanbieder waar zij terechtkan.
stap-22 = De dienstverlener noemt de adressen.
stap-23 = Uw PGO vraagt de dienstverlener toegang, met het bewijs van Mitz.
stap-24 = De dienstverlener vraagt Mitz of u toestemming gaf.
stap-25 = Mitz controleert het bewijs.
stap-26 = Mitz antwoordt. Alleen als u toestemming gaf, krijgt de dienstverlener uw BSN.
stap-27 = De dienstverlener controleert of de zorgaanbieder gegevens van u heeft.
stap-28 = De dienstverlener geeft uw PGO toegang.
stap-29 = Uw PGO vraagt om de gegevens.
stap-30 = De dienstverlener geeft de gegevens.

## Technisch

storing = Technische storing
    .uitleg = Er ging bij ons iets mis. Het ligt niet aan u.
    .advies = Probeer het over een paar minuten nog eens.
niet-gevonden = Deze pagina bestaat niet
    .uitleg = Op dit adres is niets te vinden.
    .advies = Controleer het adres, of ga terug naar de pagina waar u vandaan kwam.
te-groot = Dit is te veel
    .uitleg = U stuurde meer dan we kunnen verwerken.
    .advies = Ga terug en probeer het met minder.
verkeerde-methode = Zo kunt u deze pagina niet openen
    .uitleg = Deze pagina hoort bij een formulier. U opent haar alleen door dat formulier te versturen.
    .advies = Ga terug naar de vorige pagina en gebruik de knop die daar staat.

## Koppeltaal: fouten bij een launch

koppeltaal-onbekende-applicatie = We kennen deze app niet
    .uitleg = De app waar u vandaan komt, is niet bij Koppeltaal aangemeld.
    .advies = Daarom sturen we u niet terug. U kunt deze pagina sluiten.
koppeltaal-onbekende-redirect-uri = We kunnen u niet terugsturen
    .uitleg = Het adres om u naar terug te sturen hoort niet bij de app. Voor uw veiligheid stoppen we hier.
    .advies = Ga zelf terug naar uw portaal. Meld het daar als dit vaker gebeurt.
koppeltaal-ongeldig-verzoek = Deze aanvraag klopt niet
    .uitleg = We kunnen de aanvraag van de app niet lezen.
    .advies = Ga terug naar uw portaal en open de taak opnieuw.
koppeltaal-geweigerd = U kunt deze taak niet openen
    .uitleg = U bent ingelogd, maar deze taak is van iemand anders.
    .advies = Ga terug naar uw portaal. Klopt dit volgens u niet? Vraag dan uw zorgaanbieder om hulp en noem het nummer onderaan.
koppeltaal-al-beantwoord = U bent al ingelogd voor deze taak
    .uitleg = Deze pagina werkt maar één keer.
    .advies = Ga terug naar uw portaal en open de taak opnieuw.
koppeltaal-verlopen = Dit duurde te lang
    .uitleg = U was te lang weg, of u opende deze pagina in een andere browser.
    .advies = Ga terug naar uw portaal en open de taak opnieuw.

## Koppeltaal: domeinbeheer

beheer-inloggen = Inloggen bij domeinbeheer
beheer-inloggen-inleiding = Hier beheert u de applicaties, rollen en inlogdiensten van een Koppeltaal-domein.
mr-beheer-inloggen = Inloggen bij machtigingenbeheer
mr-beheer-inloggen-inleiding = Hier registreert u wie namens een organisatie mag handelen, en trekt u machtigingen in.
beheer-sleutel = Uw beheersleutel
beheer-sleutel-uitleg = U kreeg deze van wie dit systeem draait. Wij bewaren hem niet in uw browser.
beheer-knop-inloggen = Inloggen
beheer-knop-uitloggen = Uitloggen
beheer-sleutel-onbekend = Deze sleutel werkt niet. Kijk of u hem helemaal hebt overgenomen, of vraag een nieuwe.
beheer-sleutel-te-vaak = U probeert het te vaak. Wacht een minuut en probeer het dan opnieuw.
beheer-sleutel-verlopen = De pagina stond te lang open. Vul uw sleutel opnieuw in.
beheer-verlopen = Log opnieuw in
    .uitleg = Uw bezoek is voorbij, of deze pagina hoort bij een ander bezoek.
    .advies = Er is niets veranderd. Log opnieuw in en probeer het nog een keer.
beheer-intussen-anders = Iemand anders was u voor
    .uitleg = Dit domein is veranderd sinds u de pagina opende. Wat u invulde is niet opgeslagen.
    .advies = Open de pagina opnieuw, kijk wat er veranderd is, en vul het dan opnieuw in.
beheer-onbekend = Dit is er niet
    .uitleg = Wat u zoekt bestaat niet, of uw sleutel is er niet voor.
    .advies = Ga terug naar het begin van beheer.
beheer-te-vaak = Dit ging te snel achter elkaar
    .uitleg = U vraagt te vaak iets in korte tijd.
    .advies = Wacht een minuut en probeer het dan opnieuw.
beheer-uitgelogd = U bent uitgelogd
    .uitleg = Uw bezoek aan het beheer is voorbij.
    .advies = U kunt deze pagina sluiten, of opnieuw inloggen.
beheer-naar-begin = Naar het begin van beheer
beheer-domeinen = Uw domeinen
beheer-wie = U bent ingelogd als { $wie }.
beheer-geen-domeinen = Er is nog geen domein waar uw sleutel voor is.
beheer-aantal-applicaties = { $aantal ->
    [one] { $aantal } applicatie
   *[other] { $aantal } applicaties
}
beheer-aantal-wachtend = { $aantal ->
    [one] { $aantal } wacht op een besluit
   *[other] { $aantal } wachten op een besluit
}
beheer-aantal-rechten = { $aantal ->
    [one] { $aantal } recht
   *[other] { $aantal } rechten
}
beheer-domein = Domein { $domein }
beheer-naar-domeinen = Terug naar uw domeinen
beheer-naar-domein = Terug naar domein { $domein }
beheer-fhir-server = De gegevens van dit domein staan in:
beheer-applicaties = Applicaties
beheer-geen-applicaties = Dit domein heeft nog geen applicaties.
beheer-met-rol = Rol: { $rol }
beheer-zonder-rol = Geen rol: deze applicatie mag niets
beheer-status-pending = Wacht op besluit
beheer-status-approved = Goedgekeurd
beheer-status-rejected = Afgewezen
beheer-rollen = Rollen
beheer-geen-rollen = Dit domein heeft nog geen rollen.
beheer-inlogdiensten = Inlogdiensten
beheer-geen-inlogdiensten = Dit domein heeft nog geen inlogdiensten.
beheer-standaard = Standaard
beheer-standaard-kiezen = Standaard voor wie een module opent
beheer-knop-standaard = Standaard opslaan
beheer-geen = Geen
beheer-meer = Meer
beheer-naar-wijzigingen = Bekijk wie wat veranderde
beheer-naar-noodrem = Noodrem: alle tokens nu laten stoppen
beheer-gedaan-opgeslagen = Het is opgeslagen.
beheer-gedaan-geregistreerd = De applicatie is geregistreerd. Geef hem een rol en keur hem goed als hij mee mag doen.
beheer-gedaan-zonder-device = Het is opgeslagen, maar de FHIR-server gaf geen antwoord. Het Device van de applicatie moet nog gemaakt worden.
beheer-gedaan-device = Het Device van de applicatie klopt.
beheer-gedaan-verwijderd = Het is verwijderd.
beheer-gedaan-geremd = Alle tokens van voor dit moment werken niet meer.
beheer-fout = Dit is niet opgeslagen
beheer-fout-naam = Vul een naam in van 1 tot 100 tekens die nog niet bestaat.
beheer-fout-jwks-uri = Dit adres van de sleutels kan niet. Het begint met https://, is van buiten te bereiken, en hoort bij geen andere applicatie.
beheer-fout-redirect-uris = Niet elk adres om naar terug te gaan klopt. Zet op elke regel één adres dat begint met https://. Het mogen er 20 zijn.
beheer-fout-rol = Kies een rol die in dit domein bestaat.
beheer-fout-type = Vul de naam van een FHIR-type in, zoals Task.
beheer-fout-issuer = Dit adres van de inlogdienst kan niet. Het begint met https:// en heeft geen vraagteken.
beheer-fout-client-id = Vul in hoe de inlogdienst ons noemt: 1 tot 100 tekens.
beheer-fout-claim = Vul de naam van een claim in: 1 tot 100 tekens.
beheer-fout-bevestiging = Kruis aan dat u het zeker weet.
beheer-fout-in-gebruik = Dit kan nog niet weg: een applicatie of instelling gebruikt het.
beheer-fout-overig = Wat u invulde kan niet. Kijk het na en probeer het opnieuw.
beheer-applicatie = Applicatie { $naam }
beheer-applicatie-nieuw = Nieuwe applicatie
beheer-applicatie-nieuw-uitleg = De applicatie krijgt een nieuw nummer (client_id) en wacht dan op uw besluit.
beheer-client-id = client_id:
beheer-gegevens = Gegevens
beheer-naam = Naam
beheer-jwks-uri = Adres van de sleutels (JWKS)
beheer-jwks-uri-uitleg = Op dit adres staan de openbare sleutels van de applicatie.
beheer-redirect-uris = Adressen om naar terug te gaan
beheer-redirect-uris-uitleg = Eén adres op elke regel. Alleen nodig voor modules die geopend worden.
beheer-rol-kiezen = Rol
beheer-rol-kiezen-uitleg = De rol bepaalt wat de applicatie mag. Een applicatie heeft één rol.
beheer-wie-inlogt = Waar mensen inloggen
beheer-wie-inlogt-uitleg = Kies per soort gebruiker een inlogdienst.
beheer-idp-patient = Cliënten
beheer-idp-practitioner = Behandelaren
beheer-idp-related-person = Naasten
beheer-knop-opslaan = Opslaan
beheer-knop-registreren = Registreren
beheer-knop-maken = Maken
beheer-knop-wijzigen = Wijzigen
beheer-knop-goedkeuren = Goedkeuren
beheer-knop-afwijzen = Afwijzen
beheer-knop-laten-wachten = Laten wachten
beheer-granted = Gegeven toegang
beheer-granted-uitleg = Heeft de rol een recht met bereik ‘gegeven’? Dan geldt dat voor wat deze applicaties maakten.
beheer-granted-kiezen = Geef toegang tot wat deze applicatie maakte
beheer-knop-geven = Toegang geven
beheer-knop-afnemen = Toegang afnemen
beheer-device = Device
beheer-device-uitleg = Elke applicatie staat als Device in de FHIR-server. Met deze knop maakt u het opnieuw of werkt u het bij.
beheer-knop-device = Device maken of bijwerken
beheer-verwijderen = Verwijderen
beheer-applicatie-weg-uitleg = De applicatie krijgt dan geen tokens meer. Het Device en wat de applicatie maakte blijven in de FHIR-server staan.
beheer-rol-weg-uitleg = Een rol kan weg als geen applicatie hem heeft.
beheer-idp-weg-uitleg = Een inlogdienst kan weg als niets ernaar verwijst.
beheer-bevestigen = Ja, ik weet het zeker
beheer-knop-verwijderen = Verwijderen
beheer-rol = Rol { $naam }
beheer-rol-nieuw = Nieuwe rol
beheer-rol-nieuw-uitleg = Geef de rol een naam. Daarna kiest u wat hij mag.
beheer-rechten = Wat deze rol mag
beheer-geen-rechten = Deze rol mag nog niets.
beheer-type = FHIR-type
beheer-type-uitleg = Bijvoorbeeld Task of Patient.
beheer-recht = Rechten op één type
beheer-recht-uitleg = Kies per handeling met wiens gegevens het mag: eigen (zelf gemaakt), gegeven (van applicaties die toegang gaven) of alle. Alles op ‘nee’ neemt de rechten weg.
beheer-actie-create = Maken
beheer-actie-read = Lezen
beheer-actie-update = Wijzigen
beheer-actie-delete = Verwijderen
beheer-bereik-geen = nee
beheer-bereik-own = eigen
beheer-bereik-granted = gegeven
beheer-bereik-all = alle
beheer-idp = Inlogdienst { $naam }
beheer-idp-nieuw = Nieuwe inlogdienst
beheer-callback = Geef de inlogdienst dit adres om naar terug te gaan:
beheer-issuer = Adres van de inlogdienst (issuer)
beheer-issuer-uitleg = De inlogdienst werkt met OpenID Connect.
beheer-idp-client-id = Hoe de inlogdienst ons noemt (client_id)
beheer-idp-client-id-uitleg = U krijgt dit van wie de inlogdienst beheert.
beheer-claim = Claim die zegt wie het is
beheer-claim-uitleg = Laat leeg voor email.
beheer-identifier-system = Systeem van het kenmerk
beheer-identifier-system-uitleg = Laat leeg als elk kenmerk van de persoon goed is.
beheer-extra-scopes = Extra scopes
beheer-extra-scopes-uitleg = Met een spatie ertussen. Mag leeg zijn.
beheer-noodrem = Noodrem van { $domein }
beheer-noodrem-inleiding = Is er een sleutel gestolen, of doet een applicatie iets wat niet mag? Dan kunt u alles stoppen wat tot nu toe is uitgegeven.
beheer-noodrem-geldt = De noodrem is gebruikt: tokens van voor { $moment } (UTC) werken niet.
beheer-noodrem-nooit = De noodrem is nog niet gebruikt.
beheer-noodrem-gevolg = Applicaties die mogen meedoen, vragen daarna vanzelf nieuwe tokens. Trek dus eerst de rol of de goedkeuring in van wie niet meer mag.
beheer-noodrem-bevestigen = Ja, laat alle tokens van dit domein nu stoppen
beheer-knop-noodrem = Noodrem gebruiken
beheer-logboek = Wijzigingen in { $domein }
beheer-geen-wijzigingen = Er zijn geen wijzigingen.
beheer-op-moment = { $moment } (UTC)
beheer-door = Door { $wie }
beheer-erbij = Erbij
beheer-eraf = Weg
beheer-anders = Anders
beheer-was = Was:
beheer-is = Is nu:
beheer-regel-applicatie = Applicatie
beheer-regel-rol = Rol
beheer-regel-idp = Inlogdienst
beheer-regel-domein = Domein
beheer-weggelaten = { $aantal ->
    [one] En nog { $aantal } regel.
   *[other] En nog { $aantal } regels.
}
beheer-eerder = Eerdere wijzigingen

## De inlogdienst van de proef

idp-inloggen = Inloggen
idp-niet-echt = Dit is een proef.
idp-dienst = { $dienst } vraagt wie u bent.
idp-kies = Wie wilt u zijn?
idp-knop-inloggen = Inloggen
idp-knop-annuleren = Annuleren
idp-niet-echt-uitleg = Deze mensen bestaan niet. U hebt geen wachtwoord nodig.
idp-fout = We kunnen u niet inloggen
    .uitleg = Deze pagina hoort niet bij een inlogpoging van u, of u was te lang weg.
    .advies = Ga terug naar de app en begin opnieuw.

## eToegang: herkenningsmakelaar, authenticatiedienst, machtigingenregister, dienstverlener

etoegang-bij = U wilt naar { $dienst } van { $dienstverlener }.
etoegang-verder = Verder
etoegang-annuleren = Annuleren
attributen-kop = Wat wij doorgeven
attributen-uitleg = Gaat u verder? Dan geven wij deze gegevens aan { $dienstverlener }, voor zover wij ze hebben.
attribuut-voornaam = uw voornaam
attribuut-achternaam = uw achternaam
attribuut-geboortedatum = uw geboortedatum
attribuut-organisatie = de naam van uw organisatie
attribuut-tussenpersoon = de naam van de organisatie die ertussen staat
attribuut-kvk = het KvK-nummer van uw organisatie
attribuut-btw = het btw-nummer van uw organisatie
attribuut-lei = de LEI-code van uw organisatie

hm-kiezen = Kies hoe u inlogt
hm-kiezen-waarmee = Waarmee logt u in?
hm-kiezen-vorige = Dit koos u de vorige keer.
hm-kiezen-voor = Voor wie logt u in?
hm-kiezen-organisatie = Voor een organisatie
hm-kiezen-organisatie-uitleg = U kiest straks voor welke. U hebt daar een machtiging voor nodig.
hm-kiezen-zelf = Voor mijzelf
hm-fout-verzoek = We kunnen u niet laten inloggen
    .uitleg = De app die u stuurt, is hier niet bekend of vraagt iets dat niet kan.
    .advies = Ga terug naar de app. Blijft dit gebeuren? Meld het dan bij de maker van de app.
hm-fout-verlopen = Dit duurde te lang
    .uitleg = U was te lang weg, of u opende deze pagina in een andere browser.
    .advies = Ga terug naar de app en begin opnieuw.
hm-fout-antwoord = Er ging iets mis bij het inloggen
    .uitleg = We kregen een antwoord dat niet klopt. Er is niets van u doorgegeven.
    .advies = Ga terug naar de app en begin opnieuw. Blijft dit gebeuren? Geef dan het nummer onderaan deze pagina door.
hm-fout-storing = Inloggen lukt nu niet
    .uitleg = Er is een storing. Er is niets van u doorgegeven.
    .advies = Probeer het over een paar minuten opnieuw.

ad-inloggen = Inloggen
ad-naam = Gebruikersnaam
ad-wachtwoord = Wachtwoord
ad-code = Code
ad-code-uitleg = Zes cijfers van uw app of apparaat. Hebt u dat niet? Laat dit dan leeg.
ad-knop-inloggen = Inloggen
ad-fout = Inloggen lukte niet
ad-onjuist = Gebruikersnaam, wachtwoord of code klopt niet. Een code kunt u één keer gebruiken. Na vijf fouten kunt u een kwartier niet inloggen.
ad-verlopen = Uw inlogmiddel is verlopen. Vraag een nieuw aan.
ad-niet-actief = Uw inlogmiddel is geblokkeerd. Vraag de uitgever ervan waarom.
ad-niveau-te-laag = Uw inlogmiddel heeft een te laag niveau voor deze dienst. Log in met een ander middel.
ad-proef = Dit is een proef. Deze mensen bestaan niet:
ad-proef-naam = Naam
ad-proef-wachtwoord = Wachtwoord
ad-proef-code = Code van nu
ad-proef-geen-code = geen
ad-proef-lijst = De mensen van deze proef
ad-fout-pagina = We kunnen u niet laten inloggen
    .uitleg = Deze pagina hoort niet bij een inlogpoging van u, of u was te lang weg.
    .advies = Ga terug naar de app en begin opnieuw.

mr-kiezen = Kies voor wie u dit doet
mr-geen = U hebt geen machtiging
mr-geen-uitleg = Er is geen geldige machtiging waarmee u deze dienst voor een organisatie mag gebruiken. Vraag de beheerder van uw organisatie om er een te registreren.
mr-wie = Voor welke organisatie?
mr-nummer = KvK-nummer { $nummer }
mr-vestiging = alleen vestiging { $nummer }
mr-via = via { $naam }
mr-terug = Terug naar de app
mr-fout = Deze vraag is voorbij
    .uitleg = U hebt al gekozen, of u was te lang weg.
    .advies = Ga terug naar de app en begin opnieuw.

## eToegang: machtigingenbeheer

mr-beheer = Machtigingen beheren
mr-zoeken = De machtigingen van een organisatie
mr-soort = Soort nummer
mr-soort-kvk = KvK-nummer
mr-soort-rsin = RSIN
mr-nummer-veld = Nummer van de organisatie
mr-nummer-uitleg = Een KvK-nummer heeft 8 cijfers, een RSIN 9.
mr-rsin = RSIN { $nummer }
mr-knop-zoeken = Machtigingen bekijken
mr-nieuw = Nieuwe machtiging
mr-nieuw-inleiding = Registreer wie namens een organisatie mag handelen.
mr-naar-nieuw = Machtiging registreren
mr-machtigingen = Machtigingen van een organisatie
mr-geen-machtigingen = Voor deze organisatie is geen machtiging geregistreerd.
mr-nog-geen = We hebben nog niet alles bekeken, en tot nu toe niets gevonden. Zoek verder.
mr-verder = Verder zoeken
mr-door-persoon = Een persoon mag handelen
mr-door-organisatie = { $naam } mag handelen
mr-duur-dagen = Van { $van } tot en met { $tot }
mr-duur = Van { $van } tot { $tot }
mr-moment = { $dag }, { $tijd } uur
mr-stand-geldig = Geldig
mr-stand-nog-niet = Nog niet begonnen
mr-stand-voorbij = Voorbij
mr-stand-ingetrokken = Ingetrokken
mr-machtiging = Machtiging { $id }
mr-naar-organisatie = Naar alle machtigingen van deze organisatie
mr-voor = Voor welke organisatie
mr-gemachtigde = Wie mag handelen
mr-persoon = Een persoon
mr-organisatie = Een organisatie ertussen (intermediair)
mr-keten = De medewerkers van die organisatie handelen dan. Daarvoor is ook een machtiging van die organisatie nodig, voor dezelfde dienst.
mr-dienst = Dienst
mr-dienst-weg = Deze dienst staat niet meer in de dienstencatalogus. De machtiging telt dus nu niet.
mr-niveau = Betrouwbaarheidsniveau
mr-duur-kop = Geldig
mr-beperkt-tot = Vestiging
mr-niet-beperkt = Alle vestigingen
mr-verloop = Wat er met deze machtiging gebeurde
mr-verloop-geregistreerd = Geregistreerd
mr-verloop-ingetrokken = Ingetrokken
mr-verloop-onbekend = Wie deze machtiging registreerde, is niet bewaard.
mr-intrekken = Intrekken
mr-intrekken-gevolg = De machtiging telt dan meteen niet meer. Dat kunt u niet ongedaan maken. Wie nu is ingelogd, verliest zijn toegang als die vernieuwd moet worden.
mr-intrekken-bevestigen = Ja, trek deze machtiging in
mr-knop-intrekken = Machtiging intrekken
mr-niet-ingetrokken = Er is niets ingetrokken
mr-fout-al-ingetrokken = Deze machtiging was al ingetrokken. U hoeft niets meer te doen.
mr-fout-voorbij = Deze machtiging is al voorbij. U hoeft niets meer te doen.
mr-gedaan-geregistreerd = Het is geregistreerd.
mr-gedaan-ingetrokken = De machtiging is ingetrokken.
mr-al-kop = U hebt dit formulier al verstuurd
mr-al-uitleg = De machtiging is toen geregistreerd. Wilt u er nog een, verstuur dit formulier dan opnieuw.
mr-al-bekijken = Bekijk de machtiging
mr-houder = Nummer van de persoon
mr-houder-uitleg = De authenticatiedienst (AD) gaf dit nummer bij het inlogmiddel van deze persoon, als ‘houder’. Het is geen BSN.
mr-tussen = KvK-nummer van de organisatie ertussen
mr-tussen-uitleg = 8 cijfers.
mr-diensten = Voor welke diensten
mr-diensten-uitleg = Voor elke dienst die u kiest, komt er een eigen machtiging.
mr-geen-diensten = Er is geen dienst om uit te kiezen.
mr-vraagt = vraagt { $niveau }
mr-niet-getoond = { $aantal ->
    [0] Alle gevonden diensten staan hier.
    [one] Er is nog 1 dienst. Zoek op een woord uit de naam.
   *[other] Er zijn nog { $aantal } diensten. Zoek op een woord uit de naam.
}
mr-dienst-zoeken = Woord uit de naam van een dienst
mr-knop-dienst-zoeken = Dienst zoeken
mr-hoe = Hoe zeker, hoe lang en voor welke vestiging
mr-niveau-uitleg = Hoe zeker is vastgesteld dat deze machtiging klopt? Een dienst neemt alleen een machtiging van zijn eigen niveau of hoger.
mr-niveau-kiezen = Kies een niveau
mr-van = Eerste dag
mr-van-uitleg = Dag, maand en jaar, bijvoorbeeld 1-7-2027.
mr-tot = Laatste dag
mr-tot-uitleg = Deze dag telt nog mee. Na vijf jaar moet een machtiging opnieuw.
mr-beperking = Alleen voor deze vestiging
mr-beperking-uitleg = Het vestigingsnummer heeft 12 cijfers. Laat leeg voor alle vestigingen.
mr-knop-registreren = Registreren
mr-fout-nummer = Dit nummer klopt niet. Een KvK-nummer heeft 8 cijfers, een RSIN 9.
mr-fout-wie = Kies wie mag handelen: een persoon of een organisatie.
mr-fout-houder = Vul het nummer in dat de authenticatiedienst aan de persoon gaf.
mr-fout-houder-te-veel = U koos een organisatie. Maak het nummer van de persoon leeg, of kies een persoon.
mr-fout-tussen = Vul het KvK-nummer van de organisatie ertussen in: 8 cijfers.
mr-fout-tussen-te-veel = U koos een persoon. Maak het KvK-nummer leeg, of kies een organisatie.
mr-fout-tussen-zelf = De organisatie ertussen is een andere dan de organisatie voor wie zij handelt.
mr-fout-dienst = Kies een dienst.
mr-fout-dienst-te-veel = Kies niet meer dan 20 diensten tegelijk.
mr-fout-dienst-weg = Een dienst die u koos, staat niet meer in de dienstencatalogus. Kijk na wat nu gekozen is.
mr-fout-niveau = Kies een betrouwbaarheidsniveau.
mr-fout-van = Vul de eerste dag in als dag, maand en jaar, bijvoorbeeld 1-7-2027.
mr-fout-tot = Vul de laatste dag in als dag, maand en jaar, bijvoorbeeld 30-6-2028.
mr-fout-tot-voorbij = De laatste dag is al voorbij, of ligt voor de eerste dag.
mr-fout-te-lang = Een machtiging geldt vijf jaar of korter.
mr-fout-beperking = Een vestigingsnummer heeft 12 cijfers. Laat het leeg voor alle vestigingen.

dv-start = Regel het met uw bedrijf
dv-inleiding = Kies een dienst. U logt in met eHerkenning.
dv-diensten = Diensten
dv-knop-inloggen = Inloggen voor { $dienst }
dv-sessie = U bent ingelogd
dv-sessie-verlopen = Uw toegang is verlopen. Vernieuw die, of log opnieuw in.
dv-wie = Wie
dv-wie-uitleg = Pseudoniem { $persoon }
dv-voor = Voor
dv-voor-zelf = uzelf
dv-via = Via
dv-dienst = Dienst
dv-niveau = Niveau
dv-gegevens = Wat de app weet
dv-vernieuwen = Toegang vernieuwen
dv-uitloggen = Uitloggen
dv-niet-ingelogd = U bent niet ingelogd
    .uitleg = U stopte met inloggen, of u mag deze dienst zo niet gebruiken.
    .advies = Begin opnieuw als u toch wilt inloggen.
dv-niveau-te-laag = Uw inlogmiddel is niet sterk genoeg
    .uitleg = Deze dienst vraagt een hoger niveau dan u hebt.
    .advies = Log opnieuw in met een ander middel.
dv-verlopen = Dit duurde te lang
    .uitleg = U was te lang weg, of u opende deze pagina in een andere browser.
    .advies = Begin opnieuw.
dv-voorbij = U bent uitgelogd
    .uitleg = Uw toegang kon niet vernieuwd worden. Dat gebeurt als u te lang weg was, of als uw middel of machtiging niet meer geldt.
    .advies = Log opnieuw in.
dv-uitgelogd = U bent uitgelogd
    .uitleg = De app heeft geen toegang meer.
    .advies = U kunt dit venster sluiten, of opnieuw inloggen.
dv-later = Dat lukt nu niet
    .uitleg = Een van de partijen die u laten inloggen, antwoordt niet. U hoeft niet opnieuw in te loggen.
    .advies = Probeer het over een minuut opnieuw.
dv-mislukt = Er ging iets mis
    .uitleg = We konden u niet laten inloggen.
    .advies = Begin opnieuw. Blijft dit gebeuren? Geef dan het nummer onderaan deze pagina door.

## Het portaal van de proef

portaal-start = Taken
portaal-inleiding = Dit zijn de taken in dit domein. Open een taak om ermee aan de slag te gaan.
portaal-leeg = Er zijn nog geen taken. Ververs deze pagina over een moment.
portaal-voor = Voor { $naam }.
portaal-wie = { $naam } doet deze taak.
portaal-knop = Openen
portaal-openen = De taak staat klaar
portaal-openen-uitleg = U gaat naar de module voor: { $titel }. Daar logt u eerst in.
portaal-openen-knop = Naar de module
portaal-fout = Dat lukt nu niet
    .uitleg = We kunnen de taken nu niet lezen of openen.
    .advies = Probeer het over een minuut opnieuw.
taak-klaar = Klaar om te beginnen
taak-bezig = Bezig
taak-af = Afgerond
taak-anders = Niet meer open
taak-zonder-titel = Taak zonder naam

## De module van de proef

module-taak = Uw taak
module-klaar = Deze taak is klaar.
module-wie = U bent ingelogd als { $wie }.
module-welke = Dit is { $taak }.
module-afronden = Taak afronden
module-naar-portaal = Naar het portaal
module-begin = Open uw taak in het portaal
    .uitleg = Deze module start u vanuit het portaal. Kies daar de taak die u wilt doen.
module-niet-ingelogd = U bent niet ingelogd
    .uitleg = U stopte met inloggen. Ga terug naar het portaal als u de taak toch wilt doen.
module-verlopen = Dit duurde te lang
    .uitleg = U was te lang weg, of u opende deze pagina in een andere browser. Open de taak opnieuw in het portaal.
module-mislukt = Dat lukte niet
    .uitleg = We kunnen uw taak nu niet openen of afronden. Probeer het opnieuw vanuit het portaal.

## DVA: toestemming voor MedMij

dva-landing-verzamelen = Gegevens verzamelen
dva-landing-delen = Gegevens delen
dva-landing-abonneren = Bericht krijgen over nieuwe gegevens
dva-landing-opzeggen = Geen bericht meer krijgen over nieuwe gegevens
dva-landing-beheren = Uw toestemmingen bekijken
dva-landing-uitleg = U komt van { $pgo } en wilt verder met { $aanbieder }.
dva-landing-voor-ander = U doet dit voor iemand anders. Kies bij DigiD voor wie.
dva-landing-beheren-uitleg = Hier ziet u aan wie u toestemming hebt gegeven, en kunt u een toestemming beëindigen.
dva-landing-inloggen = Eerst logt u in. In deze proefomgeving doet u dat met de DigiD-simulator.
dva-knop-inloggen = Inloggen met DigiD
dva-knop-annuleren = Annuleren
dva-geannuleerd = U bent gestopt met inloggen
    .uitleg = U bent niet ingelogd. Daarom kunnen we niet verder.
    .advies = Wilt u toch inloggen? Of wilt u stoppen?
dva-niet-ingelogd = Inloggen is niet gelukt
    .uitleg = We weten niet zeker wie u bent. Daarom gaat uw aanvraag niet door.
    .advies = Kies ‘Stoppen’ om terug te gaan. U kunt het later nog eens proberen.
dva-bevestigen = Bevestigen
dva-voor-ander = U doet dit voor iemand anders, geboren op { $datum }.
dva-vraag-verzamelen = { $voor ->
    [ander] Mag { $pgo } de gezondheidsgegevens van deze persoon ophalen bij { $aanbieder }?
   *[zelf] Mag { $pgo } uw gezondheidsgegevens ophalen bij { $aanbieder }?
  }
dva-vraag-delen = { $voor ->
    [ander] Wilt u gezondheidsgegevens van deze persoon uit { $pgo } delen met { $aanbieder }?
   *[zelf] Wilt u gezondheidsgegevens uit { $pgo } delen met { $aanbieder }?
  }
dva-vraag-abonneren = { $voor ->
    [ander] Mag { $pgo } een bericht krijgen als { $aanbieder } nieuwe gegevens over deze persoon heeft?
   *[zelf] Mag { $pgo } een bericht krijgen als { $aanbieder } nieuwe gegevens over u heeft?
  }
dva-opzeggen = Berichten stoppen
dva-vraag-opzeggen = { $voor ->
    [ander] Wilt u dat { $pgo } geen bericht meer krijgt als { $aanbieder } nieuwe gegevens over deze persoon heeft?
   *[zelf] Wilt u dat { $pgo } geen bericht meer krijgt als { $aanbieder } nieuwe gegevens over u heeft?
  }
dva-verklaring-dienst = { $dagen ->
    [0] Het gaat om: { $dienst }.
    [one] Het gaat om: { $dienst }. Dit geldt één dag.
   *[other] Het gaat om: { $dienst }. Dit geldt hoogstens { $dagen } dagen.
  }
dva-langdurig = Mijn toestemming geldt totdat ik haar beëindig
dva-weten-bsn = { $pgo } krijgt geen BSN.
dva-weten-langdurig = Kiest u dit niet? Dan geldt uw toestemming één keer. Kiest u het wel, en gebruikt u { $pgo } zes maanden niet? Dan vervalt uw toestemming. U kunt haar altijd veranderen: kies in { $pgo } voor ‘Toestemmingen aanpassen’.
dva-weten-eenmalig = Dit geldt alleen voor deze keer.
dva-knop-weigeren = Nee, ga terug
dva-geen-gegevens = Er zijn geen gegevens beschikbaar
    .uitleg = We kunnen u hier niet verder helpen.
    .advies = Er kunnen verschillende redenen zijn. Bijvoorbeeld: u bent hier niet bekend, of uw leeftijd past niet bij wat u vraagt.
dva-niet-vertegenwoordigd = U hebt voor uzelf ingelogd
    .uitleg = U wilde dit voor iemand anders doen. Bij DigiD hebt u niet gekozen voor wie.
    .advies = Daarom stoppen we hier. Begin opnieuw en kies bij DigiD voor wie u inlogt.
dva-wel-vertegenwoordigd = U hebt voor iemand anders ingelogd
    .uitleg = U wilde dit voor uzelf doen. Bij DigiD hebt u iemand anders gekozen.
    .advies = Daarom stoppen we hier. Begin opnieuw en log in voor uzelf.
dva-niet-verder-aanbieder = Hebt u vragen? Neem contact op met { $aanbieder }.
dva-knop-terug = Terug naar { $pgo }
dva-storing = Technische storing
dva-storing-uitleg = Er is iets misgegaan bij { $dva }. Probeer het over een paar minuten nog eens.
dva-storing-aanbieder = U was bezig met { $aanbieder }.
dva-storing-bellen = Blijft het fout gaan? Bel { $dva }: { $telefoon }. Noem dan de nummers hieronder.
dva-storing-terug = Terug naar uw PGO
dva-ongeldig-verzoek = Deze aanvraag klopt niet
    .uitleg = We weten niet zeker van welke website of app deze aanvraag komt.
    .advies = Daarom sturen we u niet terug. U kunt deze pagina sluiten.
dva-al-beantwoord = U hebt deze vraag al beantwoord
    .uitleg = Een aanvraag kunt u één keer beantwoorden. Uw eerste antwoord telt.
    .advies = Ga terug naar uw PGO om verder te gaan.
dva-verlopen = U hebt te lang gewacht
    .uitleg = Voor uw veiligheid bewaren we een aanvraag maar kort. Er is niets vastgelegd.
    .advies = Ga terug naar uw PGO en begin opnieuw.
dva-gestopt = U bent gestopt
    .uitleg = Er is niets vastgelegd en niets veranderd.
    .advies = U kunt dit venster sluiten, of later opnieuw inloggen.
dva-toestemmingen = Uw toestemmingen
dva-toestemmingen-uitleg = Deze toestemmingen gelden totdat u ze beëindigt, of ze zes maanden niet gebruikt.
dva-toestemmingen-leeg = U hebt hier geen toestemmingen die blijven gelden.
dva-toestemming-aanbieder = Mag gegevens ophalen bij { $aanbieder }.
dva-toestemming-voor-ander = U gaf haar voor iemand anders, geboren op { $datum }.
dva-toestemming-voor-iemand = U gaf haar voor iemand anders.
dva-toestemming-door-ander = Iemand anders gaf haar voor u.
dva-toestemming-gegeven = Gegeven op { $datum }.
dva-toestemming-gebruikt = Laatst gebruikt op { $datum }.
dva-knop-beeindigen = Toestemming beëindigen
dva-knop-beeindigen-voor = van { $pgo } voor { $aanbieder }
dva-beeindigen = Toestemming beëindigen
dva-beeindigen-uitleg = U beëindigt de toestemming van { $pgo } om gegevens op te halen bij { $aanbieder }.
dva-beeindigen-gevolg = Dit geldt meteen. Wat al is opgehaald, blijft in uw PGO staan.
dva-beeindigd = De toestemming is beëindigd. Dit geldt vanaf nu.
dva-knop-terug-overzicht = Terug naar het overzicht
