//! Sovereign clouds: other hosts, other scopes, and clusters under another domain. Nothing of one cloud reaches another.

use accord_fixtures::azure::{Cloud, Options, Settings, World};

use super::{FILE, start, sync};
use crate::rows::Rows;
use crate::support::Desk;

#[test]
fn each_cloud_has_its_own_hosts_and_scopes() {
    for (cloud, domain) in
        [(Cloud::UsGov, "cx.aks.containerservice.azure.us"), (Cloud::China, "cx.prod.service.azk8s.cn")]
    {
        let mut world = World::examples();
        world.cluster.fqdn = format!("aks-gov-dns-1a2b3c4d.hcp.region.{domain}");
        let (desk, server) = (Desk::new(), start(world, Options { cloud, ..Options::default() }));
        sync(&desk, &server).run().exits(0);
        Rows::of(&desk, FILE).are(&server.expected(&Settings { hidden_members: true, ..Settings::default() }));
        let hosts = cloud.hosts();
        for exchange in server.azure().log() {
            let host = exchange.request.header("host").to_owned();
            assert!([hosts.login, hosts.arm, hosts.graph].contains(&host.as_str()), "{host}");
        }
    }
}

#[test]
fn a_cluster_of_another_cloud_is_refused() {
    let mut world = World::examples();
    world.cluster.fqdn = "aks-dns.hcp.region.cx.prod.service.azk8s.cn".to_owned();
    let (desk, server) = (Desk::new(), start(world, Options::default()));
    sync(&desk, &server).run().exits(15).tells(&["error[POLICY-008]", "azk8s.cn:443", "*.azmk8s.io"]);
    assert_eq!(server.cluster().connections(), 0);
}
