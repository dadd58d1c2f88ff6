//! What becomes of a connector's rows: field rules, adjustments that are told, traits, annotations.

use accord_c1z::encode::{Adjustment, Encoded, Encoder, RowError};
use accord_c1z::model::*;
use accord_c1z::proto::{self, Annotation, Message, find, name_of};
use accord_c1z::schema::FileProfile;
use accord_c1z::timestamp;

use crate::support::{entitlement, grant, id, resource, resource_types, user};

fn encoder() -> Encoder {
    Encoder::new(FileProfile::Current, &resource_types())
}

fn encoded(row: &Resource) -> (proto::Resource, Vec<String>) {
    let encoded = encoder().resource(row).unwrap();
    (decoded(&encoded), encoded.notes.iter().map(ToString::to_string).collect())
}

fn decoded<C, M: Message + Default>(encoded: &Encoded<C>) -> M {
    M::decode(encoded.data.as_slice()).unwrap()
}

// Checklist 25.
#[test]
fn profile_status_and_creation_time_stand_at_the_resource_and_at_each_trait() {
    let mut row = user("u");
    row.traits.push(Trait::Group(GroupTrait::default()));
    row.traits.push(Trait::Role(RoleTrait::default()));
    row.traits.push(Trait::App(AppTrait::default()));
    row.traits.push(Trait::Secret(SecretTrait::default()));
    let (resource, notes) = encoded(&row);
    assert_eq!(notes, Vec::<String>::new());
    let user: proto::UserTrait = find(&resource.annotations).unwrap().unwrap();
    let secret: proto::SecretTrait = find(&resource.annotations).unwrap().unwrap();
    assert!(resource.profile.is_some() && resource.created_at.is_some());
    assert_eq!(user.profile, resource.profile);
    assert_eq!(secret.profile, resource.profile);
    assert_eq!(find::<proto::GroupTrait>(&resource.annotations).unwrap().unwrap().profile, resource.profile);
    assert_eq!(find::<proto::RoleTrait>(&resource.annotations).unwrap().unwrap().profile, resource.profile);
    assert_eq!(find::<proto::AppTrait>(&resource.annotations).unwrap().unwrap().profile, resource.profile);
    assert_eq!((user.created_at, secret.created_at), (resource.created_at, resource.created_at));
    let (own, its) = (resource.status.unwrap(), user.status.unwrap());
    assert_eq!((own.status, own.details.as_str()), (its.status, its.details.as_str()));
    assert_eq!(own.status, proto::ResourceStatus::Enabled as i32);
    assert_eq!(its.details, "active");
}

// Checklist 20.
#[test]
fn a_resource_without_a_promised_trait_is_refused() {
    let mut row = user("u");
    row.traits = vec![Trait::Group(GroupTrait::default())];
    let error = encoder().resource(&row).unwrap_err();
    assert_eq!(error.to_string(), "resource `user:u` lacks the user trait, which its resource type promises");
    row.id.resource_type = "device".into();
    let error = encoder().resource(&row).unwrap_err();
    assert_eq!(error.to_string(), "resource `device:u` is of resource type `device`, which the sync does not have");
}

// Checklist 23.
#[test]
fn ids_that_no_reader_accepts_are_refused_and_name_their_row() {
    let long = "x".repeat(1025);
    for (own, expected) in [
        ("", "resource `user:`: its id is empty".to_owned()),
        (&long, format!("resource `user:{}…`: its id has 1025 bytes, and at most 1024 are possible", "x".repeat(155))),
    ] {
        assert_eq!(encoder().resource(&user(own)).unwrap_err().to_string(), expected);
    }
    let longest = "x".repeat(1024);
    encoder().resource(&user(&longest)).unwrap();

    let mut row = user("u");
    row.parent = Some(id("group", ""));
    assert!(matches!(encoder().resource(&row), Err(RowError::Empty { field: "parent_resource_id", .. })));
    let error = encoder().entitlement(&entitlement("group", &longest, "member")).unwrap_err();
    assert!(matches!(error, RowError::TooLong { field: "id", bytes: 1037, .. }), "the built id counts: {error}");
    let error = encoder().grant(&grant("group", "g", "member", id("user", ""))).unwrap_err();
    assert_eq!(error.to_string(), "grant `group:g:member:user:`: its principal is empty");
    let empty = ResourceType { display_name: "Nameless".into(), ..Default::default() };
    assert_eq!(encoder().resource_type(&empty).unwrap_err().to_string(), "resource type ``: its id is empty");
}

// Checklist 23.
#[test]
fn text_addresses_links_and_times_are_made_to_fit_and_each_change_is_told() {
    let mut row = user("u");
    row.display_name = "é".repeat(600);
    row.description = "d".repeat(2049);
    row.status = Some(Status { state: State::Disabled, details: "s".repeat(1100) });
    row.created_at = Some(Timestamp { seconds: i64::MAX, nanoseconds: 0 });
    row.traits = vec![Trait::User(UserTrait {
        emails: vec![
            Email { address: "n/a".into(), primary: true },
            Email { address: "ann@example.com".into(), primary: false },
        ],
        last_login: Some(Timestamp { seconds: 0, nanoseconds: 1_000_000_000 }),
        ..Default::default()
    })];
    row.annotations = vec![
        ResourceAnnotation::ExternalLink("http://example.com".into()),
        ResourceAnnotation::ExternalLink(format!("https://example.com/{}", "x".repeat(1024))),
        ResourceAnnotation::Aliases(vec!["a".into(), String::new(), "a".into(), "é".repeat(257)]),
        ResourceAnnotation::NonHumanIdentity(NonHumanIdentity::ManagedIdentity, "n".repeat(2000)),
    ];
    let (resource, notes) = encoded(&row);
    assert_eq!(
        notes,
        [
            "resource `user:u`: status.details cut from 1100 to 1024 bytes",
            "resource `user:u`: created_at left out: not a time in the years 1 to 9999",
            "resource `user:u`: emails.address left out: not an e-mail address",
            "resource `user:u`: last_login left out: not a time in the years 1 to 9999",
            "resource `user:u`: ExternalLink.url left out: not an https link",
            "resource `user:u`: ExternalLink.url left out: a link of more than 1024 bytes",
            "resource `user:u`: Aliases.ids left out: an alias that is empty or longer than 256 characters",
            "resource `user:u`: Aliases.ids left out: an alias that is empty or longer than 256 characters",
            "resource `user:u`: nhi_detail cut from 2000 to 1024 bytes",
            "resource `user:u`: display_name cut from 1200 to 1024 bytes",
            "resource `user:u`: description cut from 2049 to 2048 bytes",
        ]
    );
    assert_eq!(resource.display_name, "é".repeat(512));
    assert_eq!(resource.created_at, None);
    let user: proto::UserTrait = find(&resource.annotations).unwrap().unwrap();
    assert_eq!(user.emails.len(), 1);
    assert_eq!(user.emails[0].address, "ann@example.com");
    assert_eq!(find::<proto::ExternalLink>(&resource.annotations).unwrap(), None);
    assert_eq!(find::<proto::Aliases>(&resource.annotations).unwrap().unwrap().ids, ["a"]);
}

#[test]
fn every_fact_of_a_resource_arrives() {
    let mut row = resource(
        "role",
        "r",
        Trait::Role(RoleTrait {
            scope: Some(RoleScope { kind: "expression".into(), expressions: vec!["a".into(), "b".into()] }),
        }),
    );
    row.parent = Some(id("app", "a"));
    row.traits.push(Trait::App(AppTrait {
        help_url: "https://example.com/help".into(),
        flags: vec![AppFlag::Hidden, AppFlag::Inactive, AppFlag::Saml, AppFlag::Oidc, AppFlag::Bookmark],
        source_type: "saml".into(),
        raw_source_type: "SAML 2.0".into(),
    }));
    row.traits.push(Trait::Secret(SecretTrait {
        expires_at: timestamp::parse("2030-01-01 00:00:00"),
        last_used_at: timestamp::parse("2026-01-01 00:00:00"),
        created_by: Some(id("user", "u")),
        identity: Some(id("user", "v")),
        credential_type: CredentialType::AsymmetricKey,
        credential_detail: "ed25519".into(),
    }));
    row.traits.push(Trait::Secret(SecretTrait::default()));
    row.annotations = vec![
        ResourceAnnotation::ChildResourceType("user".into()),
        ResourceAnnotation::ChildResourceType("group".into()),
        ResourceAnnotation::ExternalLink("https://example.com/r".into()),
        ResourceAnnotation::RawId("raw".into()),
        ResourceAnnotation::V1Identifier("v1".into()),
        ResourceAnnotation::SkipEntitlementsAndGrants,
        ResourceAnnotation::SkipEntitlements,
        ResourceAnnotation::SkipGrants,
    ];
    let (resource, notes) = encoded(&row);
    assert_eq!(notes, ["resource `role:r`: annotations left out: a second trait of one kind, which readers ignore"]);
    let names: Vec<_> =
        resource.annotations.iter().map(|any| name_of(any).trim_start_matches("c1.connector.v2.")).collect();
    assert_eq!(
        names,
        [
            "RoleTrait",
            "AppTrait",
            "SecretTrait",
            "ChildResourceType",
            "ChildResourceType",
            "ExternalLink",
            "RawId",
            "V1Identifier",
            "SkipEntitlementsAndGrants",
            "SkipEntitlements",
            "SkipGrants",
        ]
    );
    let role: proto::RoleTrait = find(&resource.annotations).unwrap().unwrap();
    assert_eq!(role.role_scope_conditions.unwrap().conditions[1].expression, "b");
    let app: proto::AppTrait = find(&resource.annotations).unwrap().unwrap();
    assert_eq!((app.flags, app.app_source_type.as_str()), (vec![1, 2, 3, 4, 5], "saml"));
    let secret: proto::SecretTrait = find(&resource.annotations).unwrap().unwrap();
    assert_eq!(secret.identity_id.unwrap().resource, "v");
    assert_eq!(secret.credential_type, proto::CredentialType::AsymmetricKey as i32);
    assert_eq!(secret.expires_at.unwrap().seconds, 1_893_456_000);
    assert_eq!(resource.parent_resource_id.unwrap().resource_type, "app");
}

// Checklist 21.
#[test]
fn ids_are_built_as_the_field_builds_them_unless_given() {
    let encoder = encoder();
    let mut membership = entitlement("group", "a:b", "member");
    assert_eq!(encoder.entitlement(&membership).unwrap().columns.external_id, "group:a:b:member");
    membership.id = Some("mine".into());
    let columns = encoder.entitlement(&membership).unwrap().columns;
    assert_eq!((columns.external_id.as_str(), columns.resource_id.as_str()), ("mine", "a:b"));

    let mut held = grant("group", "a:b", "member", id("user", "u:1"));
    let columns = encoder.grant(&held).unwrap().columns;
    assert_eq!(columns.external_id, "group:a:b:member:user:u:1");
    assert_eq!((columns.resource_id.as_str(), columns.principal_resource_id.as_str()), ("a:b", "u:1"));
    held.id = Some("mine".into());
    let encoded = encoder.grant(&held).unwrap();
    assert_eq!(encoded.columns.external_id, "mine");
    assert_eq!(decoded::<_, proto::Grant>(&encoded).id, "mine");
}

// Checklist 15, 16.
#[test]
fn a_grant_embeds_ids_only_and_keeps_what_it_passes_on_in_its_column() {
    let mut held = grant("group", "g", "member", id("group", "h"));
    held.expansion = Some(Expansion {
        entitlement_ids: vec!["group:h:member".into(), " ".into(), "group:h:member".into(), "group:h:owner".into()],
        shallow: true,
        resource_type_ids: vec!["user".into()],
    });
    held.annotations = vec![
        GrantAnnotation::Immutable("synced".into()),
        GrantAnnotation::Metadata(vec![("since".into(), Value::Int(2020))]),
        GrantAnnotation::RawId("7".into()),
        GrantAnnotation::V1Identifier("8".into()),
        GrantAnnotation::ExternalResourceMatch { kind: TraitKind::User, key: "email".into(), value: "a".into() },
        GrantAnnotation::ExternalResourceMatchAll(TraitKind::Group),
        GrantAnnotation::ExternalResourceMatchId("9".into()),
    ];
    let encoded = encoder().grant(&held).unwrap();
    assert!(encoded.columns.needs_expansion);
    let expansion = proto::GrantExpandable::decode(encoded.columns.expansion.as_deref().unwrap()).unwrap();
    assert_eq!(expansion.entitlement_ids, ["group:h:member", "group:h:owner"]);
    assert!(expansion.shallow);
    let message: proto::Grant = decoded(&encoded);
    assert_eq!(message.annotations.len(), 7);
    assert!(!message.annotations.iter().any(proto::holds::<proto::GrantExpandable>));
    let embedded = message.entitlement.unwrap();
    assert_eq!(embedded.id, "group:g:member");
    assert_eq!(embedded.resource.unwrap().id.unwrap().resource, "g");
    assert_eq!(message.principal.unwrap().id.unwrap().resource, "h");
    assert_eq!(message.sources, None);

    held.expansion = Some(Expansion { entitlement_ids: vec![" ".into()], shallow: false, resource_type_ids: vec![] });
    let encoded = encoder().grant(&held).unwrap();
    assert_eq!((encoded.columns.expansion, encoded.columns.needs_expansion), (None, false));
    assert_eq!(encoded.notes[0].adjustment, Adjustment::Dropped("it names no entitlement"));
}

// Checklist 22.
#[test]
fn the_compatible_profile_holds_only_what_its_readers_know() {
    let mut types = resource_types();
    types[0].opt_in_required = true;
    types[0].permissions = vec!["read".into()];
    let mut row = user("u");
    row.annotations = vec![ResourceAnnotation::NonHumanIdentity(NonHumanIdentity::AppRegistration, String::new())];
    let mut exclusive = entitlement("group", "g", "member");
    exclusive.annotations = vec![
        EntitlementAnnotation::Immutable("s".into()),
        EntitlementAnnotation::ExclusionGroup(ExclusionGroup {
            id: "e".into(),
            order: 1,
            is_default: false,
            scope_to_resource: true,
        }),
    ];
    for (profile, expected) in [(FileProfile::Current, 0), (FileProfile::Compat07, 3)] {
        let encoder = Encoder::new(profile, &types);
        let kind = encoder.resource_type(&types[0]).unwrap();
        let resource = encoder.resource(&row).unwrap();
        let entitlement = encoder.entitlement(&exclusive).unwrap();
        let notes: Vec<_> = [&kind.notes, &resource.notes, &entitlement.notes].into_iter().flatten().collect();
        assert_eq!(notes.len(), expected, "{notes:?}");
        let mut annotations = decoded::<_, proto::ResourceType>(&kind).annotations;
        annotations.extend(decoded::<_, proto::Resource>(&resource).annotations);
        annotations.extend(decoded::<_, proto::Entitlement>(&entitlement).annotations);
        assert_eq!(annotations.len(), 6 - expected);
        for any in &annotations {
            assert!(any.type_url.starts_with(proto::PREFIX));
            let seen = proto::first_seen(name_of(any)).unwrap();
            assert!(profile == FileProfile::Current || seen <= proto::SdkVersion::V0_7_27, "{}", any.type_url);
        }
    }
    assert!(proto::OptInRequired::FIRST_SEEN > proto::SdkVersion::V0_7_27);
}

// Checklist 18.
#[test]
fn the_same_row_gives_the_same_bytes_in_any_order_of_facts() {
    let mut row = user("u");
    let facts = ["z", "a", "ü", "A", "m"].map(|name| (name.to_owned(), Value::Items(vec![name.into()])));
    row.profile = facts.to_vec();
    let first = encoder().resource(&row).unwrap();
    row.profile.reverse();
    assert_eq!(encoder().resource(&row).unwrap().data, first.data);
    let message: proto::Resource = decoded(&first);
    assert_eq!(message.encode_to_vec(), first.data);
    let sorted: Vec<_> = message.profile.unwrap().unpack().unwrap().fields.into_keys().collect();
    assert_eq!(sorted, ["A", "a", "m", "z", "ü"]);
}

#[test]
fn entitlements_name_the_traits_of_the_types_they_are_granted_to() {
    let encoded = encoder().entitlement(&entitlement("group", "g", "member")).unwrap();
    let message: proto::Entitlement = decoded(&encoded);
    let types: Vec<_> = message.grantable_to.iter().map(|kind| (kind.id.as_str(), kind.traits.clone())).collect();
    assert_eq!(types, [("user", vec![1]), ("group", vec![2])]);
    assert_eq!(message.purpose, proto::Purpose::Assignment as i32);
    assert_eq!(message.resource.unwrap().display_name, "", "only the id is embedded");
}
