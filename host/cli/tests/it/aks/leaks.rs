//! Neither the client's secret nor the kubeconfig's keys and tokens nor Entra's tokens are in anything that a run leaves.

use std::time::Duration;

use accord_fixtures::azure::{AksServer, Fault, Gate, Options, Rule, World};
use rustix::process::Signal;

use super::{FILE, start, sync};
use crate::leaks::{assert_no_leak, finds, search};
use crate::support::{Call, Desk};

/// Everything that is secret about a run against this server.
fn secrets(server: &AksServer) -> Vec<String> {
    let mut secrets = vec![server.keys().client_secret];
    secrets.extend(server.issued_tokens());
    if !server.world().cluster.entra {
        secrets.extend(server.static_token());
        // A line of the key tells of the whole: it would leak in one piece.
        secrets.extend(server.client_key().lines().filter(|line| !line.starts_with("---")).map(str::to_owned));
    }
    secrets
}

fn talkative(desk: &Desk, server: &AksServer) -> Call {
    let call = sync(desk, server).arguments(&["--log-level=debug", "--log-path=stderr", "--log-path=log"]);
    call.arguments(&["--report=report.json", "--record=tape"])
}

fn local(entra: bool) -> AksServer {
    let mut world = World::examples();
    world.cluster.entra = entra;
    start(world, Options::default())
}

#[test]
fn nothing_that_a_run_leaves_holds_a_secret() {
    for (entra, echo) in [(true, false), (true, true), (false, false), (false, true)] {
        let (desk, server) = (Desk::new(), local(entra));
        if echo {
            // The APIs repeat the credentials of each request, the kubeconfig's token and key among them.
            server.faults().add(Rule::on("*", Fault::Echo));
        }
        let outcome = talkative(&desk, &server).run().exits(0);
        assert!(secrets(&server).len() >= 4, "the issued tokens are searched for");
        for secret in secrets(&server) {
            let searched = search(&secret, &desk, &outcome);
            assert!(finds(&searched, "aks-prod-dns-4f2k9x1a"), "what may be known is found");
        }
        let tape =
            std::fs::read_dir(desk.path("tape")).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        let tape: Vec<u8> = tape.flatten().collect();
        assert!(finds(&tape, "clusterUser_rg-prod_aks-prod"), "the opened kubeconfig is on the tape");
        assert!(!finds(&tape, "certificate-authority-data") && !finds(&tape, "BEGIN"), "and nothing sealed of it");
        if echo {
            assert!(finds(&tape, "[masked sp-client-secret]"));
        }
    }
}

#[test]
fn neither_the_work_file_nor_the_command_line_of_a_killed_run_holds_a_secret() {
    for entra in [true, false] {
        let (desk, server, gate) = (Desk::new(), local(entra), Gate::closed());
        let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
        server.faults().add(Rule::on(path, Fault::Hold(gate.clone())).after(1).times(1));
        let running = talkative(&desk, &server).start();
        assert!(gate.wait_for(1, Duration::from_secs(60)));
        let arguments = std::fs::read(format!("/proc/{}/cmdline", running.id())).unwrap();
        let environment_free = secrets(&server);
        for secret in &environment_free {
            assert_no_leak(secret, "the command line", &arguments);
        }
        running.send(Signal::KILL);
        let outcome = running.wait().exits(128 + 9);
        gate.open();
        for secret in secrets(&server) {
            let searched = search(&secret, &desk, &outcome);
            assert!(finds(&searched, "SQLite format 3"), "the work file was searched");
        }
    }
}

#[test]
fn no_failure_shows_a_secret() {
    let cases: [(&str, super::Prepare); 5] = [
        ("a kubeconfig that leads elsewhere", |server| {
            server.change_kubeconfig(|yaml| yaml.replace("aks-prod-dns-4f2k9x1a.hcp", "evil.example/"));
        }),
        ("a kubeconfig whose names are its token", |server| {
            let token = server.static_token().unwrap();
            server.change_kubeconfig(move |yaml| {
                yaml.replace("clusterUser_rg-prod_aks-prod", &token)
                    .replace("https://aks-prod", &format!("https://{token}"))
            });
        }),
        ("a kubeconfig that is none", |server| {
            server.change_kubeconfig(|yaml| yaml.replace("clusters:", "clusters: ["))
        }),
        ("a refused account", |server| {
            server.refuse_static_token();
            server.refuse_certificates();
        }),
        ("a refused secret", |server| server.set_client_secret("quite-another8Q~secret-0000000000000000")),
    ];
    for (what, prepare) in cases {
        let (desk, server) = (Desk::new(), local(false));
        let secret = server.keys().client_secret;
        prepare(&server);
        let outcome = talkative(&desk, &server).env("BATON_SP_CLIENT_SECRET", &secret).run();
        assert_ne!(outcome.code, 0, "{what}");
        assert!(!desk.path(FILE).exists(), "{what}");
        for secret in secrets(&server).into_iter().chain([secret]) {
            search(&secret, &desk, &outcome);
        }
    }
}
