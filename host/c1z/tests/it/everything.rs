//! A file with a row of every message, trait and annotation of the field: ours, the independent reader's and the
//! reference's view of it are one.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use accord_c1z::database::{GrantRow, NewDatabase};
use accord_c1z::encode::ResourceRef;
use accord_c1z::proto::*;
use accord_c1z::reader::View;
use accord_c1z::schema::FileProfile;

use crate::canonical::dump;
use crate::support::{database, golden, open, packed, sample_rows, verdict};

/// Compares with the committed text, and with what the independent reader prints if it can run here.
fn assert_dumps_as(path: &Path, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let text = dump(path, folder.path()).unwrap();
    assert_eq!(text, expected);
    let python = Command::new("python3").arg(golden("c1zdump.py")).arg(path).env("TMPDIR", folder.path()).output();
    // It needs Python, and there the zstandard package or the zstd command.
    if let Ok(output) = python
        && output.status.success()
    {
        assert_eq!(String::from_utf8(output.stdout).unwrap(), text, "the independent reader prints something else");
    }
}

#[test]
fn the_example_prints_golden_files_as_the_independent_reader_does() {
    assert_dumps_as(&golden("demo-sdk-0.2.51.c1z"), include_str!("expected/demo-sdk-0.2.51.txt"));
    assert_dumps_as(&golden("expanded-sdk-0.25.0.c1z"), include_str!("expected/expanded-sdk-0.25.0.txt"));
}

#[test]
fn the_example_prints_every_message_as_the_independent_reader_does() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(folder.path(), FileProfile::Current, every_row);
    assert_dumps_as(&packed(folder.path(), &database), include_str!("expected/everything.txt"));
}

#[test]
fn the_example_prints_an_encoded_sync_as_the_independent_reader_does() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(folder.path(), FileProfile::Current, |database| {
        sample_rows(database, FileProfile::Current);
    });
    assert_dumps_as(&packed(folder.path(), &database), include_str!("expected/sample.txt"));
}

#[test]
fn every_message_is_read_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(folder.path(), FileProfile::Current, every_row);
    let path = packed(folder.path(), &database);
    let reader = open(&path).unwrap();
    let view = View::Everything;

    let mut seen: Vec<String> = Vec::new();
    let mut see = |annotations: &[Any]| seen.extend(annotations.iter().map(|any| name_of(any).to_owned()));
    for (row, written) in reader.resource_types(&view).zip(resource_types()) {
        let message = row.unwrap().message;
        see(&message.annotations);
        assert_eq!(message, written);
    }
    for (row, written) in reader.resources(&view).zip(resources()) {
        let message = row.unwrap().message;
        see(&message.annotations);
        assert_eq!(message, written);
    }
    for (row, written) in reader.entitlements(&view).zip(entitlements()) {
        let message = row.unwrap().message;
        see(&message.annotations);
        assert_eq!(message, written);
    }
    for (row, written) in reader.grants(&view).zip(grants()) {
        let row = row.unwrap();
        see(&row.row.message.annotations);
        assert_eq!(row.row.message, written);
        assert_eq!(row.expansion, Some(expandable()));
    }
    // What a grant passes on has a column of its own.
    let missing: Vec<_> = known_names().filter(|name| !seen.iter().any(|seen| seen == name)).collect();
    assert_eq!(missing, [GrantExpandable::NAME]);

    let asset = reader.asset(&view, "logo").unwrap().unwrap();
    assert_eq!((asset.content_type.as_str(), asset.data.as_slice()), ("image/svg+xml", &b"<svg/>"[..]));
    assert_eq!(reader.asset_ids(&view).unwrap(), ["logo", "raw"]);
    assert_eq!(reader.asset(&view, "raw").unwrap().unwrap().content_type, "unknown");
    let verdict = verdict(&path);
    assert!(verdict.is_sound(), "{verdict}");
}

fn every_row(database: &NewDatabase) {
    for row in resource_types() {
        database.insert_resource_type(&row.id, &row.encode_to_vec()).unwrap();
    }
    for row in resources() {
        let id = row.id.clone().unwrap();
        let parent = row.parent_resource_id.as_ref().map(|id| (id.resource_type.as_str(), id.resource.as_str()));
        let external_id = format!("{}:{}", id.resource_type, id.resource);
        database.insert_resource(&id.resource_type, &external_id, parent, &row.encode_to_vec()).unwrap();
    }
    for row in entitlements() {
        database.insert_entitlement("thing", "1", &row.id, &row.encode_to_vec()).unwrap();
    }
    for row in grants() {
        let principal = ResourceRef { resource_type: "thing", resource: "2" };
        database
            .insert_grant(&GrantRow {
                resource_type_id: "thing",
                resource_id: "1",
                entitlement_id: "thing:1:use",
                principal_resource_type_id: principal.resource_type,
                principal_resource_id: principal.resource,
                external_id: &row.id,
                expansion: Some(&expandable().encode_to_vec()),
                data: &row.encode_to_vec(),
            })
            .unwrap();
    }
    database.insert_asset("logo", "image/svg+xml", b"<svg/>").unwrap();
    database.insert_asset("raw", "", &[0xff, 0]).unwrap();
}

fn resource_types() -> Vec<ResourceType> {
    vec![ResourceType {
        id: "thing".into(),
        display_name: "Thing \u{1F511} \"quoted\" \\ \u{7} \u{7f}".into(),
        traits: (1..=12).chain([77]).filter(|kind| !(1..=5).contains(kind)).collect(),
        annotations: vec![
            pack(&SkipEntitlementsAndGrants {}),
            pack(&SkipEntitlements {}),
            pack(&CapabilityPermissions { permissions: vec![CapabilityPermission { permission: "read".into() }] }),
            pack(&OptInRequired {}),
            pack(&Deprecated {}),
            pack(&SkipSyncAnomalyDetection {}),
            pack(&TypeScopedEntitlements {}),
            pack(&TypeScopedGrants {}),
            pack(&SyncDetails { id: "3MOOaoFE8nVm9oKkq6on3JdyKs6".into() }),
        ],
        description: "every\nmessage".into(),
        sourced_externally: true,
    }]
}

fn resources() -> Vec<Resource> {
    let first = Resource {
        id: thing("1"),
        display_name: "First".into(),
        annotations: traits(),
        description: "has all traits".into(),
        baton_resource: true,
        external_id: Some(ExternalId { id: "x".into(), link: "https://example.com".into(), description: "d".into() }),
        creation_source: CreationSource::ConnectorListResources.into(),
        profile: facts(),
        icon: icon(),
        status: Some(Status { status: ResourceStatus::Enabled.into(), details: "fine".into() }),
        created_at: at(1_600_000_000, 123_456_789),
        ..Default::default()
    };
    let second = Resource {
        id: thing("2"),
        parent_resource_id: thing("1"),
        annotations: vec![
            pack(&ChildResourceType { resource_type_id: "thing".into() }),
            pack(&ChildResourceType { resource_type_id: "other".into() }),
            pack(&ExternalLink { url: "https://example.com/2".into() }),
            pack(&V1Identifier { id: "v1".into() }),
            pack(&RawId { id: "raw".into() }),
            pack(&Aliases { ids: vec!["a".into(), "b".into()] }),
            pack(&SkipGrants {}),
            pack(&BatonID {}),
            pack(&ETag { value: "e".into(), entitlement_id: "thing:1:use".into() }),
            pack(&ETagMetadata { metadata: facts() }),
            pack(&ETagMatch { entitlement_id: "thing:1:use".into() }),
            pack(&ExternalTicketSettings { enabled: true }),
            pack(&ExternalTicketRef { id: "t".into(), external_ticket_provisioner_config_id: "c".into() }),
            pack(&ResourceDeleted { resource_id: thing("3") }),
            pack(&ResourceDoesNotExist {}),
        ],
        ..Default::default()
    };
    vec![first, second]
}

fn traits() -> Vec<Any> {
    let spend = |amount_minor| Some(Money { amount_minor, currency_code: "EUR".into() });
    vec![
        pack(&UserTrait {
            emails: vec![
                Email { address: "ann@example.com".into(), is_primary: true },
                Email { address: "a@example.com".into(), is_primary: false },
            ],
            status: Some(UserStatus { status: ResourceStatus::Enabled.into(), details: "fine".into() }),
            profile: facts(),
            icon: icon(),
            account_type: AccountType::System.into(),
            login: "ann".into(),
            login_aliases: vec!["a".into(), String::new()],
            created_at: at(1_600_000_000, 123_456_789),
            last_login: at(1_700_000_000, 500_000_000),
            mfa_status: Some(MfaStatus { mfa_enabled: true }),
            sso_status: Some(SsoStatus { sso_enabled: false }),
            structured_name: Some(StructuredName {
                given_name: "Ann".into(),
                family_name: "Ö".into(),
                middle_names: vec!["B".into()],
                prefix: "Dr".into(),
                suffix: "Jr".into(),
            }),
            employee_ids: vec!["7".into()],
        }),
        pack(&GroupTrait {
            icon: icon(),
            profile: facts(),
            group_source_type: "team".into(),
            raw_group_source_type: "Team".into(),
        }),
        pack(&RoleTrait {
            profile: facts(),
            role_scope_conditions: Some(RoleScopeConditions {
                r#type: "expression".into(),
                conditions: vec![RoleScopeCondition { expression: "a == b".into() }],
            }),
        }),
        pack(&AppTrait {
            help_url: "https://example.com/help".into(),
            icon: icon(),
            logo: icon(),
            profile: facts(),
            flags: vec![AppFlag::Saml.into(), AppFlag::Bookmark.into()],
            app_source_type: "saml".into(),
            raw_app_source_type: "SAML 2.0".into(),
        }),
        pack(&SecretTrait {
            profile: facts(),
            created_at: at(1_600_000_000, 0),
            expires_at: at(1_900_000_000, 0),
            last_used_at: at(1_650_000_000, 1),
            created_by_id: thing("1"),
            identity_id: thing("2"),
            credential_type: CredentialType::Certificate.into(),
            credential_detail: "RSA".into(),
        }),
        pack(&SecurityInsightTrait {
            insight: Some(Insight::RiskScore(RiskScore {
                value: "high".into(),
                factors: vec!["old".into()],
                normalized_score: 80,
                source_score: "8/10".into(),
                risk_factors: vec![RiskFactor { description: "d".into(), severity: Severity::High.into() }],
            })),
            observed_at: at(1_700_000_000, 0),
            target: Some(InsightTarget::AppUser(AppUserTarget {
                email: "ann@example.com".into(),
                external_id: "7".into(),
            })),
        }),
        pack(&ScopeBindingTrait { role_id: thing("1"), scope_resource_id: thing("2") }),
        pack(&VendorTrait {
            vendor_id: "v".into(),
            vendor_name: "Example".into(),
            vendor_dba_name: "Ex".into(),
            website_domain: "example.com".into(),
            external_vendor_id: "e".into(),
            deep_link_url: "https://example.com/v".into(),
            source_business_id: "b".into(),
            source_entity_id: "s".into(),
            trailing_30d_spend: spend(1),
            trailing_365d_spend: spend(-2),
            ytd_spend: spend(i64::MAX),
        }),
        pack(&VendorAgreementTrait {
            agreement_name: "A".into(),
            start_date: at(1_600_000_000, 0),
            end_date: at(1_900_000_000, 0),
            last_date_to_terminate: at(1_800_000_000, 0),
            auto_renewal: true,
            renewal_status: RenewalStatus::Renewed.into(),
            renewal_status_raw: "renewed".into(),
            total_value: spend(100),
            line_items: vec![LineItem {
                product_or_service_name: "seat".into(),
                quantity: 2.5,
                unit: "seat".into(),
                price_per_unit: spend(40),
                total_price: spend(100),
            }],
            pricing_model: PricingModel::PerSeat.into(),
            external_account_manager_email: "bob@example.com".into(),
            external_account_manager_name: "Bob".into(),
        }),
        pack(&LicenseProfileTrait {
            license_name: "L".into(),
            purchased_seats: 10,
            consumed_seats: 3,
            cost_per_unit_in_cents: 999,
            currency: "USD".into(),
            entitlement_ids: vec!["thing:1:use".into()],
        }),
        pack(&AgentTrait { status: AgentStatus::Ready.into(), identity_resource_id: thing("2"), profile: facts() }),
        pack(&ManagedDeviceTrait {
            serial: "s".into(),
            udid: "u".into(),
            hardware_hash: "h".into(),
            device_type: DeviceType::Other.into(),
            model: "m".into(),
            vendor: "v".into(),
            os: Some(DeviceOs {
                r#type: OsType::Macos.into(),
                name: "n".into(),
                version: "1".into(),
                build: "b".into(),
            }),
            compliance: Compliance::InGracePeriod.into(),
            is_encrypted: Some(BoolValue { value: true }),
            is_supervised: Some(BoolValue { value: false }),
            is_personal: None,
            management_state: ManagementState::Managed.into(),
            enrolled_at: at(1_650_000_000, 0),
        }),
        pack(&NonHumanIdentityTrait { nhi_type: NhiType::AssumableRole.into(), nhi_detail: "role".into() }),
    ]
}

fn entitlements() -> Vec<Entitlement> {
    vec![Entitlement {
        resource: Some(Resource { id: thing("1"), ..Default::default() }),
        id: "thing:1:use".into(),
        display_name: "use".into(),
        description: "may use it".into(),
        grantable_to: vec![
            ResourceType { id: "thing".into(), traits: vec![6, 12], ..Default::default() },
            ResourceType { id: "other".into(), ..Default::default() },
        ],
        annotations: vec![
            pack(&EntitlementImmutable { source_id: "s".into(), metadata: facts() }),
            pack(&EntitlementExclusionGroup {
                exclusion_group_id: "g".into(),
                order: 3,
                is_default: true,
                scope_to_resource: true,
            }),
            pack(&RequestId { request_id: "r".into() }),
            pack(&EnqueuePageTokens { page_tokens: vec!["p".into()], estimated_total: 9 }),
            pack(&RateLimitWaitReport { wait_ms: 5 }),
            pack(&RateLimitDescription {
                status: RateLimitStatus::Ok.into(),
                limit: 10,
                remaining: 9,
                reset_at: at(1_700_000_000, 0),
            }),
        ],
        purpose: Purpose::Ownership.into(),
        slug: "use".into(),
    }]
}

fn grants() -> Vec<Grant> {
    let source = |is_direct| GrantSource { is_direct };
    vec![Grant {
        entitlement: Some(Entitlement {
            resource: Some(Resource { id: thing("1"), ..Default::default() }),
            id: "thing:1:use".into(),
            ..Default::default()
        }),
        principal: Some(Resource { id: thing("2"), ..Default::default() }),
        id: "thing:1:use:thing:2".into(),
        annotations: vec![
            pack(&GrantImmutable { source_id: "s".into(), metadata: None }),
            pack(&GrantMetadata { metadata: facts() }),
            pack(&InsertResourceGrants {}),
            pack(&ExternalResourceMatch {
                resource_type: TraitKind::User.into(),
                key: "email".into(),
                value: "ann@example.com".into(),
            }),
            pack(&ExternalResourceMatchAll { resource_type: TraitKind::Group.into() }),
            pack(&ExternalResourceMatchID { id: "x".into() }),
            pack(&GrantAlreadyExists {}),
            pack(&GrantAlreadyRevoked {}),
            pack(&GrantReplaced { replaced_grant_id: "old".into() }),
            pack(&SourceCacheRecord { scope_key: "k".into(), deleted_ids: vec!["d".into()], ..Default::default() }),
            pack(&SourceCacheReplay { scope_key: "k".into(), overlay: true, ..Default::default() }),
        ],
        sources: Some(GrantSources {
            sources: BTreeMap::from([("b:1:m".into(), source(true)), ("a:1:m".into(), source(false))]),
        }),
    }]
}

fn expandable() -> GrantExpandable {
    GrantExpandable {
        entitlement_ids: vec!["thing:2:member".into()],
        shallow: true,
        resource_type_ids: vec!["thing".into()],
    }
}

/// A value of every kind, awkward numbers among them.
fn facts() -> Option<PackedStruct> {
    let value = |kind| Value { kind: Some(kind) };
    let numbers = [0.0, -3.0, 1.5, 1e15, 9_007_199_254_740_992.0, 1e16, 1.25e-5, 0.0001, -1e300];
    let numbers = numbers.into_iter().map(|number| value(Kind::NumberValue(number))).collect();
    let inner = BTreeMap::from([("ключ".to_owned(), value(Kind::StringValue("значение".into())))]);
    let fields = BTreeMap::from([
        ("null".to_owned(), value(Kind::NullValue(0))),
        ("empty".to_owned(), Value { kind: None }),
        ("numbers".to_owned(), value(Kind::ListValue(ListValue { values: numbers }))),
        ("text".to_owned(), value(Kind::StringValue("a\t\"b\"\r\n\u{1}/\u{2028}".into()))),
        ("flag".to_owned(), value(Kind::BoolValue(true))),
        ("inner".to_owned(), value(Kind::StructValue(Struct { fields: inner }))),
    ]);
    Some(PackedStruct::from(&Struct { fields }))
}

fn thing(id: &str) -> Option<ResourceId> {
    Some(ResourceId { resource_type: "thing".into(), resource: id.into(), baton_resource: false })
}

fn icon() -> Option<AssetRef> {
    Some(AssetRef { id: "logo".into() })
}

fn at(seconds: i64, nanos: i32) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos })
}
