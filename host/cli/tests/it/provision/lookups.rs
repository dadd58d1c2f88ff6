//! Ids picked out of a sync file by name, and what the file knows to be impossible.

use accord_c1z::proto::{self, EntitlementImmutable, GrantImmutable, Message, pack};
use accord_fixtures::duo::{DuoServer, Options, World};

use super::{GROUP, LI, MARIA, MEMBER, is_member, writes};
use crate::support::{Call, Desk, duo};

/// A desk with Duo's file.
fn synced(server: &DuoServer) -> Desk {
    let desk = Desk::new();
    desk.accord(&["sync", "duo", "-f", "duo.c1z"]).against(server).run().exits(0);
    server.server().clear_log();
    desk
}

fn by_name(desk: &Desk, server: &DuoServer, verb: &str, entitlement: &str, principal: &str) -> Call {
    let names = ["--file=duo.c1z", "--entitlement", entitlement, "--principal", principal];
    desk.accord(&[verb, "duo"]).arguments(&names).against(server)
}

fn group_name(server: &DuoServer) -> String {
    server.world().groups.iter().find(|group| group.group_id == GROUP).unwrap().name.clone()
}

#[test]
fn ids_are_picked_out_by_name_login_and_address() {
    let server = duo();
    let desk = synced(&server);
    let before = std::fs::read(desk.path("duo.c1z")).unwrap();
    let group = group_name(&server);
    for principal in ["li.wei", "LI.WEI@example.com", LI] {
        for entitlement in [group.as_str(), &group.to_uppercase(), MEMBER] {
            let outcome = by_name(&desk, &server, "grant", entitlement, principal).run().exits(0);
            assert_eq!(outcome.stdout, format!("granted: user {LI}: {MEMBER}\n"));
            let outcome = by_name(&desk, &server, "revoke", entitlement, principal).run().exits(0);
            assert_eq!(outcome.stdout, format!("revoked: user {LI}: {MEMBER}\n"));
        }
    }
    assert_eq!(std::fs::read(desk.path("duo.c1z")).unwrap(), before, "the file is only read");
    assert_eq!(
        desk.names(),
        [".cache", "duo.c1z", "home"].iter().filter(|name| desk.path(name).exists()).copied().collect::<Vec<_>>()
    );
}

#[test]
fn a_grant_is_revoked_by_its_id_with_and_without_a_file() {
    let server = duo();
    let desk = synced(&server);
    let grant = format!("{MEMBER}:user:{MARIA}");
    for file in [&["--file=duo.c1z"][..], &[]] {
        server.change(|world| world.users[0].groups = vec![GROUP.to_owned()]);
        let outcome =
            desk.accord(&["revoke", "duo", "--grant", &grant]).arguments(file).against(&server).run().exits(0);
        assert_eq!(outcome.stdout, format!("revoked: user {MARIA}: {MEMBER}\n"));
        assert!(!is_member(&server, MARIA));
    }
    let both = ["--grant", &grant, "--principal", MARIA];
    let outcome = desk.accord(&["revoke", "duo"]).arguments(&both).against(&server).run().exits(2);
    outcome.tells(&["--grant and --principal exclude each other"]);
}

#[test]
fn a_name_that_several_have_is_not_guessed_at() {
    let mut world = World::vendor_examples();
    let twin = world.users[0].fields.email.clone();
    world.users[2].fields.email = twin;
    let server = DuoServer::start(world, Options::default()).unwrap();
    let desk = synced(&server);
    let outcome = by_name(&desk, &server, "grant", &group_name(&server), "maria.hall@example.com").run().exits(2);
    let (one, other) = (format!("either  user `{MARIA}`"), format!("either  user `{LI}`"));
    let outcome = outcome.tells(&["error[PROV-003] `maria.hall@example.com` names ", " principals"]);
    assert!(outcome.stderr.contains(&one) && outcome.stderr.contains(&other), "{}", outcome.stderr);
    outcome.tells(&["do      name one by its id"]);
    assert!(server.log().is_empty(), "nobody was asked");
}

#[test]
fn what_the_file_does_not_have_or_does_not_allow_is_refused_before_anybody_is_asked() {
    let server = duo();
    let desk = synced(&server);
    let group = group_name(&server);
    let refused =
        |entitlement: &str, principal: &str| by_name(&desk, &server, "grant", entitlement, principal).run().exits(2);
    refused("Nobody's group", "li.wei")
        .tells(&["`duo.c1z` has no entitlement `Nobody's group`", "do      name one that it has"]);
    refused(&group, "nobody").tells(&["`duo.c1z` has no principal `nobody`", "do      name one that it has"]);
    let admin = server.world().admins[0].admin_id.clone();
    refused(&group, &admin).tells(&["cannot be granted to a `admin`", "do      name a principal of type user"]);
    let no_file = ["--file=no.c1z", "--entitlement", MEMBER, "--principal", LI];
    let outcome = desk.accord(&["grant", "duo"]).arguments(&no_file).against(&server).run().exits(14);
    outcome.tells(&["error[FILE-001] `no.c1z` cannot be read"]);
    desk.write("bad.c1z", "no sync file");
    let bad_file = ["--file=bad.c1z", "--entitlement", MEMBER, "--principal", LI];
    desk.accord(&["grant", "duo"]).arguments(&bad_file).against(&server).run().exits(14).tells(&["error[FILE-001]"]);
    assert!(server.log().is_empty(), "nobody was asked");
}

#[test]
fn without_a_file_names_are_not_known() {
    let (desk, server) = (Desk::new(), duo());
    let grant =
        |arguments: &[&str]| desk.accord(&["grant", "duo"]).arguments(arguments).against(&server).run().exits(2);
    grant(&["--entitlement=Marketing", "--principal=li.wei"])
        .tells(&["`Marketing` is no entitlement's id of the usual form", "do      name it as <resource type>:"]);
    grant(&["--entitlement", MEMBER, "--principal", LI]).tells(&[
        "the principal's resource type is not known",
        "do      say it with --principal-type: one of account, user",
    ]);
    grant(&["--principal", LI]).tells(&["--entitlement is missing"]);
    let revoke = |id: &str| desk.accord(&["revoke", "duo", "--grant", id]).against(&server).run().exits(2);
    revoke("nonsense")
        .tells(&["`nonsense` is no grant's id of the usual form", "do      name it as <entitlement's id>"]);
    revoke("group:1:member:user:2:user:3").tells(&[
        "`group:1:member:user:2:user:3` can be read in 2 ways",
        "either  group:1:member of user `2:user:3`",
        "either  group:1:member:user:2 of user `3`",
        "do      name entitlement and principal instead",
    ]);
    assert!(writes(&server).is_empty());
    assert!(server.log().is_empty(), "nobody was asked");
}

/// Rewrites one row's message in a file.
fn rewrite<M: Message + Default>(desk: &Desk, table: &str, id: &str, change: impl FnOnce(&mut M)) {
    let file = desk.path("duo.c1z");
    let packed = std::fs::read(&file).unwrap();
    let (magic, frame) = packed.split_at(5);
    let database = desk.write("duo.db", zstd::decode_all(frame).unwrap());
    let connection = rusqlite::Connection::open(&database).unwrap();
    let select = format!("select data from {table} where external_id = ?");
    let data: Vec<u8> = connection.query_row(&select, [id], |row| row.get(0)).unwrap();
    let mut message = M::decode(data.as_slice()).unwrap();
    change(&mut message);
    let update = format!("update {table} set data = ? where external_id = ?");
    connection.execute(&update, rusqlite::params![message.encode_to_vec(), id]).unwrap();
    connection.close().unwrap();
    let frame = zstd::encode_all(std::fs::read(database).unwrap().as_slice(), 3).unwrap();
    std::fs::write(file, [magic, &frame].concat()).unwrap();
}

/// A membership that follows from a rule of the target: what has to be changed is the rule.
#[test]
fn what_comes_from_somewhere_else_is_refused_with_what_it_comes_from() {
    let server = duo();
    let desk = synced(&server);
    let grant = format!("{MEMBER}:user:{MARIA}");
    let told = ["do      change it there"];
    rewrite::<proto::Grant>(&desk, "v1_grants", &grant, |grant| {
        let source = GrantImmutable { source_id: "the directory rule".to_owned(), metadata: None };
        grant.annotations.push(pack(&source));
    });
    let revoke = ["revoke", "duo", "--file=duo.c1z", "--grant", &grant];
    let outcome = desk.accord(&revoke).against(&server).run().exits(2);
    let headline = format!("error[PROV-003] the grant `{grant}` cannot be changed here");
    outcome.tells(&[&headline, "means   where it comes from: the directory rule"]).tells(&told);
    let outcome = by_name(&desk, &server, "revoke", MEMBER, "maria.hall").run().exits(2);
    outcome.tells(&[&headline]);
    // Others of the same entitlement are changed as usual.
    by_name(&desk, &server, "grant", MEMBER, "li.wei").arguments(&["--dry-run"]).run().exits(0);
    server.server().clear_log();

    rewrite::<proto::Entitlement>(&desk, "v1_entitlements", MEMBER, |entitlement| {
        let source = EntitlementImmutable { source_id: "the directory rule".to_owned(), metadata: None };
        entitlement.annotations.push(pack(&source));
    });
    for verb in ["grant", "revoke"] {
        let outcome = by_name(&desk, &server, verb, MEMBER, "li.wei").run().exits(2);
        outcome
            .tells(&["the entitlement `", "cannot be changed here", "where it comes from: the directory rule"])
            .tells(&told);
    }
    assert!(server.log().is_empty(), "nobody was asked");
}

#[test]
fn what_was_copied_from_another_file_is_changed_where_it_belongs() {
    let server = duo();
    let desk = synced(&server);
    rewrite::<proto::Resource>(&desk, "v1_resources", &format!("user:{LI}"), |resource| {
        resource.annotations.push(pack(&proto::BatonID::default()));
    });
    let outcome = by_name(&desk, &server, "grant", MEMBER, LI).run().exits(2);
    outcome.tells(&["is an external resource", "do      make the change where it belongs"]);
    assert!(server.log().is_empty(), "nobody was asked");
}
