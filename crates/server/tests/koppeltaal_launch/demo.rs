//! The demo's portal, module and IdP launch each other's tasks, through the gateway and before the
//! demo's FHIR server.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use server::input::Input;
use server::network::{self, Config, Party, Running};
use tokio::time::{sleep, timeout};

use crate::world::{Browser, Folder, location, query, temporary, text, value_of};

/// The parties of Koppeltaal with the sample, gone with the test.
struct Demo {
    running: Running,
    _folder: Folder,
}

impl Demo {
    async fn start() -> Self {
        let folder = temporary();
        let input = folder.0.with_added_extension("input");
        std::fs::create_dir_all(&input).expect("a folder");
        let config = Config {
            control: true,
            state: folder.0.clone(),
            port: 0,
            input: Box::new(move |port| {
                Input::read(&input, port).map_err(|fault| fault.to_string())
            }),
            parties: BTreeSet::from([
                Party::Koppeltaal,
                Party::Fhir,
                Party::Idp,
                Party::Portaal,
                Party::Module,
            ]),
            elsewhere: BTreeMap::new(),
            fault: None,
        };
        Self {
            running: network::start(config).await.expect("starts"),
            _folder: folder,
        }
    }

    fn url(&self, host: &str, path: &str) -> String {
        format!("{}{path}", self.running.hosts.url(host))
    }

    /// The portal's page, once the task for this person is there.
    async fn tasks(&self, browser: &Browser, of: &str) -> String {
        let there = async {
            loop {
                let page = browser.get(&self.url("portaal", "/")).await;
                let page = text(&page);
                if page.contains(of) {
                    return page;
                }
                sleep(Duration::from_millis(200)).await;
            }
        };
        timeout(Duration::from_mins(1), there).await.expect("tasks")
    }

    /// Opens the task of this person at the portal, and goes on to the module, up to the address of
    /// the authorization service.
    async fn open(&self, browser: &Browser, titel: &str, wie: &str) -> String {
        let page = self.tasks(browser, &format!("{titel} ({wie})")).await;
        let (before, _) = page
            .split_once(&format!("{titel} ({wie})"))
            .expect("a task");
        let form = before.rsplit_once("<form").expect("a form").1;
        let fields = [
            ("formulier", value_of(form, "formulier")),
            ("taak", value_of(form, "taak")),
        ];
        let fields = fields
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let opened = browser.post(&self.url("portaal", "/openen"), &fields).await;
        assert_eq!(opened.status, 200, "{}", text(&opened));
        // koppeltaal.md §4.3: the form goes to the address of the Endpoint
        let page = text(&opened);
        let start = self.url("module", "/start");
        assert!(page.contains(&format!("action=\"{start}\"")), "{page}");
        // browsers hold a form's policy against every redirect that follows
        let policy = opened.headers["content-security-policy"]
            .to_str()
            .expect("text");
        for host in ["module", "koppeltaal", "idp"] {
            assert!(policy.contains(&self.url(host, "")), "{host}: {policy}");
        }
        let launch = [
            ("launch", value_of(&page, "launch")),
            ("iss", value_of(&page, "iss")),
        ];
        let launch = launch
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let started = browser.post(&start, &launch).await;
        assert_eq!(started.status, 302, "{}", text(&started));
        location(&started)
    }
}

#[tokio::test]
async fn koppeltaal_md_4_5_a_patient_opens_a_task_at_the_portal_and_finishes_it_in_the_module() {
    let demo = Demo::start().await;
    let browser = Browser::new(&demo.running);
    let authorize = demo.open(&browser, "Rustig ademen", "Anna Voorbeeld").await;
    let back = browser.log_in(&authorize, "anna").await;
    assert_eq!(back.status, 302, "{}", text(&back));
    let into = browser.get(&location(&back)).await;
    assert_eq!(location(&into), "/taak", "{}", text(&into));
    let task = text(&browser.get(&demo.url("module", "/taak")).await);
    // koppeltaal.md §4.5: who, and which task
    assert!(task.contains("Anna Voorbeeld, Patient/") && task.contains("Task/"));
    assert!(task.contains("Rustig ademen"));
    let formulier = value_of(&task, "formulier");
    let fields = [("formulier", formulier.as_str())];
    let done = browser
        .post(&demo.url("module", "/afronden"), &fields)
        .await;
    assert_eq!(done.status, 303, "{}", text(&done));
    let task = text(&browser.get(&demo.url("module", "/taak")).await);
    assert!(task.contains("Deze taak is klaar."), "{task}");
    let tasks = text(&browser.get(&demo.url("portaal", "/")).await);
    assert!(tasks.contains("Afgerond"));
}

#[tokio::test]
async fn koppeltaal_case_104_somebody_near_and_a_practitioner_open_the_tasks_that_are_theirs() {
    let demo = Demo::start().await;
    for (titel, wie, who) in [
        ("Beter slapen", "Dirk Voorbeeld", "dirk"),
        ("Rustig ademen", "Carla Behandelaar", "carla"),
    ] {
        let browser = Browser::new(&demo.running);
        let authorize = demo.open(&browser, titel, wie).await;
        let back = browser.log_in(&authorize, who).await;
        // koppeltaal case 104
        assert!(query(&location(&back), "code").is_some());
    }
}

#[tokio::test]
async fn koppeltaal_cases_102_and_103_who_is_another_or_not_active_opens_nothing() {
    let demo = Demo::start().await;
    for (titel, wie, who) in [
        ("Beter slapen", "Bas Proefman", "anna"),
        ("Beter slapen", "Wim Slapend", "wim"),
    ] {
        let browser = Browser::new(&demo.running);
        let authorize = demo.open(&browser, titel, wie).await;
        let back = browser.log_in(&authorize, who).await;
        // koppeltaal cases 102 and 103
        assert_eq!(back.status, 403, "{wie}");
    }
}

#[tokio::test]
async fn who_cancels_at_the_idp_is_told_so_by_the_module() {
    let demo = Demo::start().await;
    let browser = Browser::new(&demo.running);
    let authorize = demo.open(&browser, "Rustig ademen", "Anna Voorbeeld").await;
    let callback = browser.to_callback(&authorize, None).await;
    let back = browser.get(&callback).await;
    let page = browser.get(&location(&back)).await;
    assert_eq!(page.status, 200);
    assert!(text(&page).contains("U bent niet ingelogd"));
}

#[tokio::test]
async fn a_launch_of_another_domain_and_a_form_of_another_page_are_refused() {
    let demo = Demo::start().await;
    let browser = Browser::new(&demo.running);
    let start = demo.url("module", "/start");
    let other = [("launch", "a.b.c"), ("iss", "https://elders.example/fhir")];
    assert_eq!(browser.post(&start, &other).await.status, 503);
    let openen = demo.url("portaal", "/openen");
    let forged = browser
        .post(&openen, &[("taak", "t"), ("formulier", "x")])
        .await;
    assert_eq!(forged.status, 503);
    let nothing = browser.get(&demo.url("module", "/taak")).await;
    assert_eq!(nothing.status, 400);
}
