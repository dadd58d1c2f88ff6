//! A target without an end: pages that lead back, pages that say the same for ever, an answer that never stops. The run
//! ends with exit code 15 and names what it was, and the machine does not notice.

use accord_fixtures::duo::{DuoServer, Fault, Lie, Options, Rule, Shape, World};

use crate::calm::{FILE, sync};
use crate::limits::peak_memory;
use crate::rows::Rows;
use crate::support::{Call, Desk, Outcome, duo};

/// Each listing with its path and the size of its pages.
const LISTINGS: [(&str, &str, usize); 2] = [("groups", "/admin/v1/groups", 100), ("users", "/admin/v1/users", 300)];

/// Runs against a target with this fault, and checks that the previous file stays as it is.
#[track_caller]
fn stopped(server: &DuoServer, path: &str, fault: Fault, run: impl FnOnce(Call) -> Outcome, told: &[&str]) -> Outcome {
    let desk = Desk::new();
    let earlier = std::fs::read(crate::support::golden("demo-sdk-0.2.51.c1z")).unwrap();
    desk.write(FILE, &earlier);
    server.faults().add(Rule::on(path, fault));
    let outcome = run(sync(&desk, server, 1_000.0)).exits(15).tells(told).tells(&["file    sync.c1z not touched"]);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    assert_eq!(std::fs::read(desk.path(FILE)).unwrap(), earlier);
    assert_eq!(desk.names(), [FILE], "no work file is left");
    outcome
}

#[test]
fn pages_that_lead_back_are_named_whatever_the_length_of_their_circle() {
    for (listing, path, limit) in LISTINGS {
        // The first page is read without a cursor, so a circle of one closes at its second page, and the others too.
        for (pages, offset) in [(1, 0), (2, limit), (1_000, limit)] {
            let server = duo();
            let window = format!("{{\"offset\":{offset},\"limit\":{limit}}}");
            // Users are read two windows at a time, as long as the listing advances.
            let cursor = match listing {
                "users" => format!("{{\"window\":{window},\"stride\":{offset},\"total\":5}}"),
                _ => window,
            };
            let cursor = format!("error[LOOP-001] cursor `{cursor}` returned twice in {listing}");
            let place = format!("where   {listing}, GET https://{}{path}", server.host());
            let told = [&cursor, &place, "means   the listing would never end", "do      try later"];
            let outcome = stopped(&server, path, Fault::Lie(Lie::Circle(pages)), Call::run, &told);
            assert_eq!(outcome.stderr.matches("reading the page again").count(), 3, "{}", outcome.stderr);
            assert_eq!(
                server.log_of(path).len(),
                pages + 1 + 3,
                "once around, and the page that leads back three times more"
            );
        }
    }
}

#[test]
fn a_page_that_leads_back_once_is_read_again() {
    let (calm, desk) = (Desk::new(), Desk::new());
    let world = World::generate(&Shape { seed: 11, users: 20, groups: 450, memberships: 5, admins: 2 });
    let server = DuoServer::start(world, Options::default()).unwrap();
    sync(&calm, &server, 1_000.0).run().exits(0);
    server.server().clear_log();
    // The third page leads to the second one.
    server.faults().add(Rule::on("/admin/v1/groups", Fault::Lie(Lie::Circle(2))).after(2).times(1));
    let outcome = sync(&desk, &server, 1_000.0).run().exits(0);
    outcome.tells(&["cursor `{", "returned twice in groups; reading the page again"]);
    assert_eq!(server.log_of("/admin/v1/groups").len(), 5 + 1);
    assert_eq!(Rows::of(&desk, FILE), Rows::of(&calm, FILE));
    assert_eq!(desk.names(), [FILE]);
}

#[test]
fn pages_that_say_the_same_for_ever_are_stopped() {
    for (listing, path, _) in LISTINGS {
        let server = duo();
        let told = format!("error[LOOP-002] {listing} returned the same rows on 21 pages");
        let place = format!("where   {listing}, GET https://{}{path}", server.host());
        let told = [&told, &place, "means   the listing would never end", "do      try later"];
        stopped(&server, path, Fault::Lie(Lie::SamePage), Call::run, &told);
        assert_eq!(server.log_of(path).len(), 21);
    }
}

#[test]
fn an_answer_without_an_end_is_cut_off_at_its_limit() {
    let (desk, server) = (Desk::new(), duo());
    let (calm, usual) = peak_memory(sync(&desk, &server, 1_000.0));
    calm.exits(0);
    assert!(usual > 0, "nothing was measured");
    for (listing, path, _) in LISTINGS {
        let server = duo();
        let mut peak = 0;
        let place = format!("where   {listing}, GET https://{}{path}", server.host());
        let told = [
            "error[LIMIT-008] an answer is larger than 32 MiB, the most that is taken",
            &place,
            "means   it was cut off there, and nothing of it was kept",
            "do      if the target sends without an end, see what answers in its place",
        ];
        let measured = |call: Call| {
            let (outcome, seen) = peak_memory(call);
            peak = seen;
            outcome
        };
        stopped(&server, path, Fault::Endless, measured, &told);
        assert_eq!(server.log_of(path).len(), 1, "it is not asked for again");
        assert!(peak < usual + 128, "{usual} → {peak} MiB");
    }
}
