//! Messages packed into `google.protobuf.Any`: which ones there are, and how one is put in, recognised and taken out.

use super::*;

/// What stands before a message's name in a type URL.
pub const PREFIX: &str = "type.googleapis.com/";

/// The oldest of the compared SDK versions that knows a message.
///
/// Older readers cannot print a file as JSON that holds a newer message, so the compatible profile leaves those out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SdkVersion {
    V0_1_14,
    V0_1_35,
    V0_2_9,
    V0_2_51,
    V0_7_27,
    V0_9_10,
    V0_25_0,
}

/// A message that is carried inside an `Any`.
pub trait Annotation: Message + Default {
    /// The full message name, `c1.connector.v2.UserTrait`.
    const NAME: &'static str;
    const FIRST_SEEN: SdkVersion;
}

/// Packs a message.
pub fn pack<A: Annotation>(message: &A) -> Any {
    Any { type_url: format!("{PREFIX}{}", A::NAME), value: message.encode_to_vec() }
}

/// The full message name in a type URL: what follows the last slash.
pub fn name_of(any: &Any) -> &str {
    any.type_url.rsplit_once('/').map_or(any.type_url.as_str(), |(_, name)| name)
}

/// Whether an `Any` holds a message of this type.
pub fn holds<A: Annotation>(any: &Any) -> bool {
    name_of(any) == A::NAME
}

/// The first message of this type, decoded. Every reader of the field takes the first and ignores the rest.
///
/// # Errors
/// If that message does not decode.
pub fn find<A: Annotation>(annotations: &[Any]) -> Result<Option<A>, DecodeError> {
    annotations.iter().find(|any| holds::<A>(any)).map(|any| A::decode(any.value.as_slice())).transpose()
}

/// When the field first saw the message of this full name, or `None` if no compared SDK knows it.
pub fn first_seen(name: &str) -> Option<SdkVersion> {
    KNOWN.iter().find(|(known, _)| *known == name).map(|(_, version)| *version)
}

/// The full names of all messages that may stand in an `Any`.
pub fn known_names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(name, _)| *name)
}

macro_rules! annotations {
    ($($version:ident: $($message:ident)+;)+) => {
        $($(impl Annotation for $message {
            const NAME: &'static str = concat!("c1.connector.v2.", stringify!($message));
            const FIRST_SEEN: SdkVersion = SdkVersion::$version;
        })+)+
        /// Every message that may stand in an `Any`.
        const KNOWN: &[(&str, SdkVersion)] = &[
            $($(($message::NAME, $message::FIRST_SEEN),)+)+
            (SyncDetails::NAME, SyncDetails::FIRST_SEEN),
        ];
    };
}

annotations! {
    V0_1_14: UserTrait GroupTrait RoleTrait AppTrait ExternalLink V1Identifier ChildResourceType SkipEntitlementsAndGrants
             GrantExpandable GrantMetadata ETag ETagMetadata ETagMatch RequestId RateLimitDescription;
    V0_2_9:  EntitlementImmutable GrantImmutable ExternalTicketSettings;
    V0_2_51: GrantAlreadyExists GrantAlreadyRevoked;
    V0_7_27: SecretTrait ScopeBindingTrait SecurityInsightTrait RawId Aliases SkipEntitlements SkipGrants
             CapabilityPermissions InsertResourceGrants ExternalResourceMatch ExternalResourceMatchAll
             ExternalResourceMatchID BatonID ResourceDoesNotExist ExternalTicketRef;
    V0_9_10: VendorTrait VendorAgreementTrait OptInRequired;
    V0_25_0: LicenseProfileTrait NonHumanIdentityTrait AgentTrait ManagedDeviceTrait Deprecated SkipSyncAnomalyDetection
             TypeScopedEntitlements TypeScopedGrants EntitlementExclusionGroup GrantReplaced ResourceDeleted
             RateLimitWaitReport EnqueuePageTokens SourceCacheRecord SourceCacheReplay;
}

/// The one message of another package.
impl Annotation for SyncDetails {
    const NAME: &'static str = "c1.c1z.v1.SyncDetails";
    const FIRST_SEEN: SdkVersion = SdkVersion::V0_1_14;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_message_is_named_in_full_and_comes_back() {
        let packed = pack(&ExternalLink { url: "https://example.com/a".into() });
        assert_eq!(packed.type_url, "type.googleapis.com/c1.connector.v2.ExternalLink");
        let second = pack(&ExternalLink { url: "https://example.com/b".into() });
        let found = find::<ExternalLink>(&[pack(&SkipGrants {}), packed, second]).unwrap();
        assert_eq!(found.unwrap().url, "https://example.com/a", "the first of a type counts");
        assert_eq!(find::<RawId>(&[]).unwrap(), None);
    }

    #[test]
    fn a_message_that_does_not_decode_is_an_error_only_when_it_is_looked_up() {
        let broken = Any { type_url: format!("{PREFIX}c1.connector.v2.RawId"), value: vec![0x0a, 0xff] };
        assert!(find::<RawId>(std::slice::from_ref(&broken)).is_err());
        assert_eq!(find::<ExternalLink>(&[broken]).unwrap(), None);
    }

    #[test]
    fn every_known_message_is_listed_once_with_its_version() {
        let mut names: Vec<_> = KNOWN.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KNOWN.len());
        assert_eq!(first_seen("c1.connector.v2.OptInRequired"), Some(SdkVersion::V0_9_10));
        assert_eq!(first_seen("c1.connector.v2.Invented"), None);
        assert!(SdkVersion::V0_7_27 < SdkVersion::V0_9_10);
    }
}
