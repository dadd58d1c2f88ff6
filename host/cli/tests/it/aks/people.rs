//! Who the principals are, and what their rows and grants say.

use accord_c1z::proto::{GroupTrait, Resource, ResourceStatus, UserTrait, find};
use accord_fixtures::azure::{Options, Subject, World};

use super::{FILE, examples, grants, start, sync};
use crate::rows::resources;
use crate::support::Desk;

const JANE: &str = "user:c3a1b2d4-0000-4ccc-8ddd-00000000b002";

fn profile(resource: &Resource) -> String {
    format!("{:?}", resource.profile)
}

fn status(resource: &Resource) -> ResourceStatus {
    resource.status.as_ref().map_or(ResourceStatus::Unspecified, |status| status.status())
}

#[test]
fn one_person_under_many_names_is_one_account_with_one_grant() {
    // Bindings that name her stand on one page, or each on its own.
    for size in ["500", "1"] {
        one_person_under_many_names(size);
    }
}

fn one_person_under_many_names(page_size: &str) {
    let (desk, server) = (Desk::new(), examples());
    sync(&desk, &server).env("BATON_PAGE_SIZE", page_size).run().exits(0);
    let people = resources(&desk, FILE);
    let jane = &people[JANE];
    let user: UserTrait = find(&jane.annotations).unwrap().unwrap();
    assert_eq!((jane.display_name.as_str(), user.login.as_str()), ("Jane Doe", "jane.doe@contoso.example"));
    let told = profile(jane);
    for name in
        ["Jane.Doe@contoso.example", "JANE.DOE@contoso.example", "jane.doe@contoso.example", "upn_case_mismatch"]
    {
        assert!(told.contains(name), "{name} in {told}");
    }
    let grants = grants(&desk);
    let ghost = &grants[&format!("cluster_role:does-not-exist:all:member:{JANE}")];
    assert!(ghost.metadata.contains("Jane.Doe@contoso.example") && ghost.metadata.contains("00000000b002"));
    let pods = &grants[&format!("role:team-a/pod-reader:member:{JANE}")];
    for binding in ["RoleBinding/team-a/pods\"", "RoleBinding/team-a/pods-again\""] {
        assert_eq!(pods.metadata.matches(binding).count(), 1, "{}", pods.metadata);
    }
    assert!(!people.keys().any(|id| id.to_lowercase().contains("user:jane.doe")), "no second account by name");
}

/// Whom Graph does not know is told of by the cluster alone, whichever page spells the name in another way.
#[test]
fn names_of_somebody_unknown_are_kept_from_later_pages() {
    let mut world = World::examples();
    let mut later = world.bindings.iter().find(|binding| binding.name == "orphans").unwrap().clone();
    later.name = "zz-later".to_owned();
    later.subjects = Some(vec![Subject::user("NoBody@contoso.example")]);
    world.bindings.push(later);
    let (desk, server) = (Desk::new(), start(world, Options::default()));
    sync(&desk, &server).env("BATON_PAGE_SIZE", "1").run().exits(0);
    let told = profile(&resources(&desk, FILE)["user:nobody@contoso.example"]);
    assert!(told.contains("NoBody@contoso.example"), "{told}");
}

#[test]
fn what_is_named_and_not_there_says_so() {
    let (desk, server) = (Desk::new(), examples());
    sync(&desk, &server).run().exits(0);
    let all = resources(&desk, FILE);
    for id in ["cluster_role:does-not-exist", "role:team-b/gone", "service_account:team-b/missing", "namespace:deleted"]
    {
        let resource = &all[id];
        let words = format!("{}{}", resource.description, profile(resource));
        assert!(words.contains("does not exist") && words.contains("missing"), "{id}: {words}");
    }
    for id in ["user:dddddddd-0000-4ccc-8ddd-00000000dead", "group:dddddddd-0000-4aaa-8bbb-00000000dead"] {
        assert!(profile(&all[id]).contains("orphaned"), "{id}");
        assert_eq!(status(&all[id]), ResourceStatus::Deleted, "{id}");
    }
    let unknown = &all["user:nobody@contoso.example"];
    assert!(profile(unknown).contains("resolved") && status(unknown) == ResourceStatus::Unspecified);
    assert!(profile(&all["kube_group:aks-admins"]).contains("never_matches"), "Entra sends ids of groups, not names");
    assert!(profile(&all["azure_role:cccccccc-0000-4000-8000-00000000dead"]).contains("missing"));
}

#[test]
fn service_accounts_keep_what_they_pull_and_hold() {
    let (desk, server) = (Desk::new(), examples());
    let outcome = sync(&desk, &server).run().exits(0);
    let all = resources(&desk, FILE);
    let builder = &all["service_account:team-a/builder"];
    assert!(profile(builder).contains("registry"));
    let deployer = &all["service_account:ci/deployer"];
    assert!(
        profile(deployer).contains("deployer-token-x1") && profile(deployer).contains("automountServiceAccountToken")
    );
    let login: UserTrait = find(&deployer.annotations).unwrap().unwrap();
    assert_eq!(login.login, "system:serviceaccount:ci:deployer");
    assert!(profile(&all["service_account:kube-system/secrets-store"]).contains("workload_identity_client_id"));
    // Without a namespace in a cluster role binding it is nobody, and that is told.
    assert!(!all.contains_key("service_account:/nobody"));
    let note = "1 × a service account has no namespace: the API server would not take it; it grants nothing \
                (ServiceAccount nobody in ClusterRoleBinding/operators)";
    assert!(outcome.printed().contains(note), "{}", outcome.printed());
}

#[test]
fn groups_are_told_apart_and_expand_to_their_members() {
    let (desk, server) = (Desk::new(), start(World::examples(), Options { members_at_most: 4, ..Options::default() }));
    sync(&desk, &server).run().exits(0);
    let all = resources(&desk, FILE);
    let source = |id: &str| -> String {
        let group: GroupTrait = find(&all[id].annotations).unwrap().unwrap();
        group.group_source_type
    };
    assert_eq!(source("group:5e5e5e5e-0000-4aaa-8bbb-00000000a002"), "directory_synced");
    assert_eq!(source("group:7d6f0a10-0000-4aaa-8bbb-00000000a001"), "native");
    assert_eq!(source("kube_group:system:masters"), "built_in");
    let grants = grants(&desk);
    let admins = &grants["cluster_role:cluster-admin:all:member:group:7d6f0a10-0000-4aaa-8bbb-00000000a001"];
    let expansion = admins.expandable.as_ref().unwrap();
    assert_eq!(expansion.entitlement_ids, ["group:7d6f0a10-0000-4aaa-8bbb-00000000a001:member"]);
    assert_eq!(expansion.resource_type_ids, ["user"]);
    assert!(admins.immutable, "AKS puts that binding back");
    assert!(!grants["cluster_role:edit:team-a:member:group:5e5e5e5e-0000-4aaa-8bbb-00000000a002"].immutable);
    // Members of both pages hold it, nested groups are not members.
    for member in (0..7).map(|number| format!("c3a1b2d4-0000-4ccc-8ddd-1000000000{number:02}")) {
        assert!(grants.contains_key(&format!("cluster_role:edit:team-a:member:user:{member}")), "{member}");
    }
    assert!(!grants.keys().any(|id| id.starts_with("group:") && id.contains(":member:group:")));
}

#[test]
fn what_everybody_may_do_stands_out_and_control_planes_do_not() {
    let (desk, server) = (Desk::new(), examples());
    sync(&desk, &server).run().exits(0);
    let relevant = grants(&desk);
    let risk = |id: &str| relevant[id].metadata.contains("broad");
    assert!(risk("cluster_role:view:all:member:kube_group:system:authenticated"));
    assert!(risk("cluster_role:view:all:member:kube_user:system:anonymous"));
    assert!(!risk("cluster_role:system:discovery:all:member:kube_group:system:authenticated"));
    assert!(!relevant.keys().any(|id| id.contains("system:nodes")));
    assert!(relevant.contains_key("cluster_role:view:team:all:member:kube_group:ecosystem:dev"));
    assert!(relevant.contains_key("cluster_role:with space:all:member:kube_user:system:operator"), "not of Kubernetes");
    let accounts = "kube_group:system:serviceaccounts:member:service_account:ci/deployer";
    assert!(relevant[accounts].immutable);
    assert!(
        relevant.contains_key("cluster_role:with space:all:member:service_account:ci/deployer"),
        "through its group"
    );
    sync(&desk, &server).env("BATON_SYSTEM_SUBJECTS", "all").run().exits(0);
    assert!(grants(&desk).keys().any(|id| id.contains("system:nodes")));
}

#[test]
fn azure_roles_tell_where_and_why_they_hold() {
    let (desk, server) = (Desk::new(), examples());
    sync(&desk, &server).run().exits(0);
    let (all, grants) = (resources(&desk, FILE), grants(&desk));
    let admin = "azure_role:0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8";
    assert!(profile(&all[admin]).contains("admin_kubeconfig"));
    assert_eq!(all[admin].display_name, "Azure Kubernetes Service Cluster Admin Role");
    for slug in ["cluster", "resource-group", "subscription"] {
        assert!(grants.contains_key(&format!("{admin}:{slug}:assigned:{JANE}")), "{slug}");
    }
    let contributor = &grants["azure_role:b24988ac-6180-42a0-ab88-20f7382dd24c:subscription:assigned:user:c3a1b2d4-0000-4ccc-8ddd-00000000b003"];
    assert!(contributor.metadata.contains("@Resource[name]") && contributor.metadata.contains("inherited"));
    assert!(grants.contains_key(&format!(
        "azure_role:8e3af657-a8ff-443c-a75c-2fe8c4bcb635:management-group/mg-root:assigned:{JANE}"
    )));
    assert!(!all.contains_key("azure_role:acdd72a7-3385-48ef-bd42-f606fba81ae7"), "a Reader may not enter");
    assert!(
        !all.contains_key("azure_role:7f6c6a51-bcf8-42ba-9220-52d62157d7db"),
        "Azure is not asked about Kubernetes"
    );
    server.change(|world| world.cluster.azure_rbac = true);
    sync(&desk, &server).run().exits(0);
    let scoped = format!("azure_role:7f6c6a51-bcf8-42ba-9220-52d62157d7db:namespace/team-a:assigned:{JANE}");
    assert!(super::grants(&desk).contains_key(&scoped));
}

#[test]
fn roles_say_what_they_allow() {
    let (desk, server) = (Desk::new(), examples());
    sync(&desk, &server).run().exits(0);
    let all = resources(&desk, FILE);
    let admin = &all["cluster_role:cluster-admin"];
    assert!(admin.description.contains("does everything"), "{}", admin.description);
    assert!(profile(admin).contains("wildcard") && profile(admin).contains("built_in"));
    let edit = &all["cluster_role:edit"];
    assert!(edit.description.contains("reads secrets") && edit.description.contains("can give itself more"));
    assert!(profile(edit).contains("aggregate-to-edit"));
    assert!(profile(&all["role:team-a/pod-reader"]).contains("read_only"));
    let leaving = profile(&all["namespace:leaving"]);
    assert!(leaving.contains("Terminating") && leaving.contains("büro"), "{leaving}");
    assert!(!leaving.contains("last-applied") && !leaving.contains("xxxxx"), "{leaving}");
    assert!(!format!("{all:?}").contains("managedFields"));
}
