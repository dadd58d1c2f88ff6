//! What a large cluster costs: requests, and memory that does not grow with it.

use accord_fixtures::azure::{AksServer, Options, Settings, Shape, World};

use super::{FILE, against, sync};
use crate::rows::Rows;
use crate::support::Desk;

/// The cluster that the field's other Kubernetes connector was measured on.
#[test]
fn sixty_thousand_subject_entries_cost_forty_requests() {
    // Tests run in faster time, on machines that may be busy: tokens outlast a sync as they do outside.
    let options = Options { token_seconds: 24 * 3600, ..Options::default() };
    let server = AksServer::start(World::generate(&Shape::default()), options).unwrap();
    let desk = Desk::new();
    let subjects: usize = server.world().bindings.iter().flat_map(|binding| &binding.subjects).map(Vec::len).sum();
    assert!(subjects >= 60_000);
    // Compiles the component, if no other test has: that memory is not the sync's.
    against(desk.accord(&["validate", "aks"]), &server).run().exits(0);
    let before = server.log().len();
    sync(&desk, &server).arguments(&["--report=report.json"]).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(&Settings::default()));
    let log = server.log().split_off(before);
    let (graph, others): (Vec<_>, Vec<_>) =
        log.iter().partition(|exchange| exchange.request.header("host") == "graph.microsoft.com");
    assert!(
        others.len() <= 40,
        "{} requests to Entra, Azure Resource Manager and Kubernetes: {:?}",
        others.len(),
        super::calls(&server)
    );
    assert!(graph.len() <= 40, "{} requests to Graph", graph.len());
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(desk.path("report.json")).unwrap()).unwrap();
    let memory = report["cost"]["peak_memory_bytes"].as_u64().unwrap();
    assert!(memory < 160 << 20, "{} MiB in a build that is not optimised: {}", memory >> 20, report["cost"]);
}

/// As many bindings and roles as large clusters have: nothing is lost between their pages. What that costs, the benchmark
/// tells.
#[test]
fn ten_thousand_bindings_of_two_thousand_roles_are_all_there() {
    let shape = Shape { role_bindings: 10_000, subjects: 2, roles: 2_000, users: 500, ..Shape::default() };
    let (desk, server) = (Desk::new(), AksServer::start(World::generate(&shape), Options::default()).unwrap());
    sync(&desk, &server).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(&Settings::default()));
    let pages = |listing: &str| server.log_of(listing).len();
    assert!(pages("/rolebindings") <= 50 && pages("/roles") <= 4, "{:?}", super::calls(&server));
}

#[test]
fn a_binding_of_ten_thousand_subjects_fits_and_many_of_them_are_taken_apart() {
    use accord_fixtures::azure::{Binding, Subject};
    let subjects = |first: usize| -> Vec<Subject> {
        (first..first + 10_000).map(|number| Subject::user(&format!("certificate-{number:06}"))).collect()
    };
    let mut world =
        World::generate(&Shape { role_bindings: 0, cluster_role_bindings: 0, users: 10, ..Shape::default() });
    for number in 0..6 {
        world.bindings.push(Binding {
            namespace: Some("default".to_owned()),
            name: format!("large-{number}"),
            labels: Vec::new(),
            subjects: Some(subjects(number * 7_000)),
            role_kind: "ClusterRole".to_owned(),
            role: "cluster-role-0000".to_owned(),
        });
    }
    let (desk, server) = (Desk::new(), AksServer::start(world, Options::default()).unwrap());
    sync(&desk, &server).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(&Settings::default()));
}
