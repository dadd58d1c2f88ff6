//! The way in: configuration, tokens, kubeconfigs, local accounts, and all that must not be let through.

use accord_fixtures::azure::{AksServer, Listing, Options, Permission, Settings, World};
use accord_fixtures::server::Door;
use accord_fixtures::tls::Authority;

use super::{FILE, against, calls, examples, start, sync, times};
use crate::rows::Rows;
use crate::support::{Call, Desk};

fn world(change: impl FnOnce(&mut World)) -> World {
    let mut world = World::examples();
    change(&mut world);
    world
}

/// The forms that were sent to Entra, decoded enough to be read.
fn forms(server: &AksServer) -> Vec<String> {
    let tokens = server.log_of("/token").into_iter();
    tokens.map(|exchange| String::from_utf8_lossy(&exchange.request.body).into_owned()).collect()
}

#[test]
fn what_is_missing_or_malformed_is_told_before_anything_is_asked() {
    let (desk, server) = (Desk::new(), examples());
    let outcome = desk.connector("aks", &[]).run().exits(2);
    for name in ["SUBSCRIPTION_ID", "RESOURCE_GROUP", "CLUSTER_NAME", "TENANT_ID", "SP_CLIENT_ID", "SP_CLIENT_SECRET"] {
        assert!(outcome.stderr.contains(&format!("BATON_{name}")), "{name} in {}", outcome.stderr);
    }
    for (name, value) in [
        ("BATON_SUBSCRIPTION_ID", "not-a-uuid"),
        ("BATON_RESOURCE_GROUP", "group/../other"),
        ("BATON_CLUSTER_NAME", "-cluster"),
        ("BATON_TENANT_ID", "tenant"),
        ("BATON_SP_CLIENT_ID", "x"),
        ("BATON_AZURE_CLOUD", "moon"),
        ("BATON_PAGE_SIZE", "0"),
        ("BATON_API_SERVER_URL", "http://plain.example.com"),
    ] {
        let outcome = sync(&desk, &server).env(name, value).run().exits(2);
        assert!(outcome.stderr.contains(name), "{name} in {}", outcome.stderr);
    }
    let outcome = sync(&desk, &server).env("BATON_API_SERVER_CA", server.ca_file()).run().exits(2);
    assert!(outcome.stderr.contains("BATON_API_SERVER_URL"), "{}", outcome.stderr);
    assert!(server.log().is_empty());
}

#[test]
fn one_token_for_each_scope_and_the_secret_arrives_as_it_is() {
    let (desk, server) = (Desk::new(), start(World::examples(), Options::default()));
    server.set_client_secret("a~b+c/d=e&f g%h.i_j-k8Q~0000000000000000");
    sync(&desk, &server).run().exits(0);
    let forms = forms(&server);
    assert_eq!(forms.len(), 3, "{forms:?}");
    for scope in [
        "management.azure.com%2F.default",
        "graph.microsoft.com%2F.default",
        "6dae42f8-4368-4678-94ff-3960e28e3630%2F.default",
    ] {
        assert_eq!(forms.iter().filter(|form| form.contains(scope)).count(), 1, "{scope}");
    }
    assert!(forms.iter().all(|form| form.contains("grant_type=client_credentials")));
}

#[test]
fn a_wrong_or_expired_secret_is_told_once_with_what_to_do() {
    let (desk, server) = (Desk::new(), examples());
    let wrong = "0b0b0b0b-0000-4000-8000-0000000000aa";
    let outcome = sync(&desk, &server).env("BATON_SP_CLIENT_SECRET", wrong).run().exits(10);
    assert_eq!(outcome.errors(), 1);
    assert!(outcome.stderr.contains("usually 40 characters, this one has 36"), "{}", outcome.stderr);
    assert!(!outcome.printed().contains(wrong));
    outcome.tells(&[
        "error[CRED-001]",
        "AADSTS7000215",
        "the secret's ID is often taken for it",
        "copy the secret's *value*",
    ]);
    assert_eq!(server.log().len(), 1, "one request, and no other try");
    server.set_secret_expired(true);
    sync(&desk, &server).run().exits(10).tells(&["AADSTS7000222", "the client secret has expired"]);
    let tenant = "99999999-8888-4777-8666-000000000000";
    sync(&desk, &server)
        .env("BATON_TENANT_ID", tenant)
        .run()
        .exits(10)
        .tells(&["AADSTS90002", "there is no such tenant"]);
}

#[test]
fn what_azure_does_not_know_names_the_variable() {
    let (desk, server) = (Desk::new(), examples());
    for (name, value) in [
        ("BATON_SUBSCRIPTION_ID", "11111111-2222-4333-8444-000000000000"),
        ("BATON_RESOURCE_GROUP", "rg-other"),
        ("BATON_CLUSTER_NAME", "aks-other"),
    ] {
        let outcome = sync(&desk, &server).env(name, value).run().exits(2);
        assert!(outcome.stderr.contains(name), "{name} in {}", outcome.stderr);
    }
    // Azure does not mind the case of names.
    let call = sync(&desk, &server).env("BATON_RESOURCE_GROUP", "RG-PROD").env("BATON_CLUSTER_NAME", "AKS-Prod");
    call.run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(&Settings { hidden_members: true, ..Settings::default() }));
}

#[test]
fn a_stopped_cluster_and_one_out_of_reach_say_so() {
    let desk = Desk::new();
    let server = start(world(|world| world.cluster.running = false), Options::default());
    sync(&desk, &server).run().exits(13).tells(&["the cluster is stopped", "az aks start"]);
    assert_eq!(times(&server, "listClusterUserCredential"), 0);
    let private = |world: &mut World| world.cluster.private = true;
    let fenced = |world: &mut World| world.cluster.authorized_ranges = vec!["203.0.113.0/24".to_owned()];
    let cases: [(super::Change, &str); 2] = [
        (private, "private cluster: run the connector inside the cluster's network"),
        (fenced, "authorized IP ranges only"),
    ];
    for (change, told) in cases {
        let server = start(world(change), Options::default());
        server.cluster().set_door(Door::Closed);
        sync(&desk, &server).run().exits(13).tells(&["the Kubernetes API", told]);
    }
}

/// Nothing must reach the cluster, and no token for it may be asked for.
#[track_caller]
fn refused(server: &AksServer, code: i32, told: &[&str]) {
    let desk = Desk::new();
    let outcome = sync(&desk, server).run();
    assert_eq!(outcome.code, code, "{}", outcome.printed());
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    outcome.tells(told);
    assert_eq!(server.cluster().connections(), 0);
    assert!(forms(server).iter().all(|form| !form.contains("6dae42f8")), "{:?}", forms(server));
    assert!(!desk.path(FILE).exists());
}

#[test]
fn a_kubeconfig_that_leads_elsewhere_is_refused_before_a_token_is_asked_for() {
    let elsewhere = |host: &'static str| {
        let server = examples();
        server.change_kubeconfig(move |yaml| {
            yaml.replace("https://aks-prod-dns-4f2k9x1a.hcp.westeurope.azmk8s.io:443", &format!("https://{host}:443"))
        });
        server
    };
    let cluster = "which is not this cluster";
    refused(&elsewhere("someone-elses.hcp.westeurope.azmk8s.io"), 2, &["someone-elses", cluster, "--api-server-url"]);
    refused(&elsewhere("evil.example"), 15, &["error[POLICY-008]", "evil.example:443", "*.azmk8s.io"]);
    refused(&elsewhere("169.254.169.254"), 15, &["error[POLICY-008]"]);
    let insecure = examples();
    insecure.change_kubeconfig(|yaml| yaml.replace("    server:", "    insecure-skip-tls-verify: true\n    server:"));
    refused(&insecure, 15, &["error[POLICY-008]", "switches the check of the server's certificate off"]);
    let program = examples();
    program.change_kubeconfig(|yaml| yaml.replace("command: kubelogin", "command: ./run-me"));
    refused(&program, 15, &["error[POLICY-008]", "wants a program to be run"]);
    let application = examples();
    application.change_kubeconfig(|yaml| {
        yaml.replace("6dae42f8-4368-4678-94ff-3960e28e3630", "00000003-0000-0000-c000-000000000000")
    });
    refused(&application, 2, &["`00000003-0000-0000-c000-000000000000`, which is not this cluster"]);
    let garbage = examples();
    garbage.change_kubeconfig(|_| "a: &a [x]\nb: [*a]\n".to_owned());
    refused(&garbage, 13, &["error[SEAL-001]", "anchors, aliases or tags"]);
}

#[test]
fn the_cluster_is_trusted_by_its_own_authority_alone() {
    let name = "aks-prod-dns-4f2k9x1a.hcp.westeurope.azmk8s.io";
    for (what, names) in [("another authority", [name]), ("another name", ["other.hcp.westeurope.azmk8s.io"])] {
        let (desk, server) = (Desk::new(), examples());
        let authority = Authority::new().unwrap();
        server.impersonate(&names, &authority).unwrap();
        // The operator trusts that authority for everything else.
        let both = [std::fs::read_to_string(server.ca_file()).unwrap(), authority.certificate()].concat();
        let bundle = desk.write("bundle.pem", both);
        let outcome = sync(&desk, &server).env("SSL_CERT_FILE", bundle).run().exits(13);
        assert!(
            outcome.stderr.contains("no trusted TLS connection to the Kubernetes API"),
            "{what}: {}",
            outcome.stderr
        );
        assert_eq!(server.cluster().requests(), 0, "{what}");
    }
}

#[test]
fn another_application_of_an_older_cluster_is_asked_for_in_either_spelling() {
    let id = "aaaaaaaa-0000-4000-8000-00000000aaaa";
    for joined in [false, true] {
        let desk = Desk::new();
        let server = start(world(|world| world.cluster.server_app_id = Some(id.to_owned())), Options::default());
        if joined {
            server.change_kubeconfig(move |yaml| {
                yaml.replace(&format!("--server-id\n      - {id}"), &format!("--server-id={id}"))
            });
        }
        sync(&desk, &server).run().exits(0);
        let scopes = forms(&server).iter().filter(|form| form.contains(&format!("scope={id}%2F.default"))).count();
        assert_eq!(scopes, 1, "joined: {joined}");
    }
}

#[test]
fn local_accounts_work_with_token_or_certificate_or_both() {
    let local = |world: &mut World| world.cluster.entra = false;
    let expected = |server: &AksServer| server.expected(&Settings { hidden_members: true, ..Settings::default() });
    let cases: [(&str, Options, super::Prepare); 4] = [
        ("token only", Options { client_certificates: false, ..Options::default() }, |_| {}),
        ("certificate only", Options { static_token: None, ..Options::default() }, |_| {}),
        ("token refused, certificate taken", Options::default(), AksServer::refuse_static_token),
        ("both", Options::default(), AksServer::refuse_certificates),
    ];
    for (what, options, change) in cases {
        let (desk, server) = (Desk::new(), start(world(local), options));
        change(&server);
        let outcome = sync(&desk, &server).run();
        assert_eq!(outcome.code, 0, "{what}: {}", outcome.printed());
        Rows::of(&desk, FILE).are(&expected(&server));
        assert_eq!(forms(&server).len(), 2, "{what}: no token of Entra for the cluster");
    }
    let (desk, server) = (Desk::new(), start(world(local), Options::default()));
    server.refuse_static_token();
    server.refuse_certificates();
    let outcome = sync(&desk, &server).run().exits(10);
    outcome.tells(&[
        "the Kubernetes API refused the credential (HTTP 401, Unauthorized",
        "rotate the cluster's certificates",
    ]);
    let (desk, server) = (
        Desk::new(),
        start(world(local), Options { static_token: None, client_certificates: false, ..Options::default() }),
    );
    sync(&desk, &server).run().exits(2).tells(&["neither a token nor a certificate"]);
}

#[test]
fn where_entra_does_not_suffice_the_admin_credential_is_tried_if_there_is_one() {
    let forbid = |server: &AksServer| server.set_permission(Permission::List(Listing::ClusterRoleBindings), false);
    // With local accounts and the role for it.
    let (desk, server) = (Desk::new(), examples());
    forbid(&server);
    server.set_permission(Permission::AdminCredential, true);
    let outcome = sync(&desk, &server).run().exits(0);
    assert!(outcome.stderr.contains("a static admin credential is used instead"), "{}", outcome.stderr);
    Rows::of(&desk, FILE).are(&server.expected(&Settings { hidden_members: true, ..Settings::default() }));
    // Without the role: what was tried, and what is missing.
    let (desk, server) = (Desk::new(), examples());
    forbid(&server);
    sync(&desk, &server).run().exits(11).tells(&[
        "clusterrolebindings",
        "get, list clusterrolebindings",
        "an admin kubeconfig would do, and may not be had",
        "Azure Kubernetes Service Cluster Admin Role",
    ]);
    // Without local accounts there is nothing to try.
    let server = start(world(|world| world.cluster.local_accounts = false), Options::default());
    forbid(&server);
    sync(&desk, &server).run().exits(11).tells(&["get, list clusterrolebindings"]);
    assert_eq!(times(&server, "listClusterAdminCredential"), 0);
    // Asked for by name, it says why it cannot be had.
    server.set_permission(Permission::AdminCredential, true);
    let outcome = sync(&desk, &server).env("BATON_CREDENTIAL_MODE", "admin").run().exits(2);
    outcome.tells(&["local accounts are disabled on this cluster", "credential-mode to entra"]);
    let plain = start(world(|world| world.cluster.entra = false), Options::default());
    sync(&desk, &plain).env("BATON_CREDENTIAL_MODE", "entra").run().exits(2).tells(&["no integration with Entra"]);
    sync(&desk, &plain).env("BATON_CREDENTIAL_MODE", "user").run().exits(0);
}

#[test]
fn a_missing_role_is_named() {
    let desk = Desk::new();
    for (permission, told) in [
        (Permission::ReadCluster, "`Reader`"),
        (Permission::UserCredential, "`Azure Kubernetes Service Cluster User Role`"),
    ] {
        let server = examples();
        server.set_permission(permission, false);
        sync(&desk, &server).run().exits(11).tells(&["AuthorizationFailed", told, "up to 30 minutes"]);
    }
}

#[test]
fn the_operators_own_url_is_used_with_the_clusters_authority_or_another() {
    let url = |server: &AksServer| format!("https://127.0.0.1:{}", server.cluster().address().port());
    let sync = |desk: &Desk, server: &AksServer| sync(desk, server).env("BATON_API_SERVER_URL", url(server));
    let (desk, server) = (Desk::new(), examples());
    sync(&desk, &server).run().exits(0);
    // The kubeconfig may name any server then: it is not used.
    server.change_kubeconfig(|yaml| yaml.replace("aks-prod-dns-4f2k9x1a", "somewhere-else"));
    sync(&desk, &server).run().exits(0);
    let other = Authority::new().unwrap();
    server.impersonate(&["127.0.0.1"], &other).unwrap();
    sync(&desk, &server).run().exits(13).tells(&["no trusted TLS connection"]);
    let pem = desk.write("proxy.pem", other.certificate());
    let certificate: fn(Call, &std::path::Path) -> Call =
        |call, pem| call.env("BATON_API_SERVER_CA", std::fs::read_to_string(pem).unwrap());
    certificate(sync(&desk, &server), &pem).run().exits(0);
}

#[test]
fn doctor_names_each_permission_that_is_missing() {
    let (desk, server) = (Desk::new(), examples());
    let outcome = against(desk.accord(&["doctor", "aks"]), &server).run().exits(0);
    for name in ["get, list namespaces", "get, list clusterrolebindings", "Reader", "Directory.Read.All"] {
        assert!(outcome.stdout.contains(name), "{name} in {}", outcome.stdout);
    }
    for permission in [
        Permission::List(Listing::RoleBindings),
        Permission::List(Listing::ServiceAccounts),
        Permission::RoleAssignments,
        Permission::ReadDirectory,
    ] {
        server.set_permission(permission, false);
    }
    for command in ["doctor", "validate"] {
        let outcome = against(desk.accord(&[command, "aks"]), &server).run().exits(11);
        let failed: Vec<&str> = outcome.stdout.lines().filter(|line| line.contains("FAIL")).collect();
        for name in ["get, list rolebindings", "get, list serviceaccounts", "Reader", "Directory.Read.All"] {
            assert!(failed.iter().any(|line| line.contains(name)), "{name} in {}", outcome.printed());
        }
        assert_eq!(failed.len(), 4, "{failed:?}");
    }
    assert!(calls(&server).keys().all(|path| !path.contains("transitiveMembers")), "only the cheapest requests");
}
