//! From a name to addresses that may be reached. The connection uses the very answers that were checked here, so a name
//! cannot change its mind in between.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::policy::AddressRule;

/// Looks a name up; replaced in tests.
pub(crate) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Resolves for one origin.
pub(crate) struct OriginResolver {
    pub(crate) host: String,
    pub(crate) rule: AddressRule,
    /// The operator's address for the origin.
    pub(crate) override_address: Option<SocketAddr>,
    pub(crate) lookup: Lookup,
}

/// Why there is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResolveError {
    #[error("{host} has the address {address}, which is {kind}")]
    Refused { host: String, address: IpAddr, kind: &'static str },
    #[error("{host}: {reason}")]
    NotFound { host: String, reason: String },
}

/// The system's resolver. It is not asked for names below `invalid`, which never exist (RFC 6761, section 6.4).
pub(crate) fn system_lookup() -> Lookup {
    Arc::new(|host| {
        Box::pin(async move {
            if host.trim_end_matches('.').ends_with(".invalid") {
                return Err(io::Error::new(io::ErrorKind::NotFound, "no name below `invalid` exists"));
            }
            Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
        })
    })
}

impl OriginResolver {
    async fn addresses(&self, name: &str) -> Result<Vec<SocketAddr>, ResolveError> {
        // Behind a proxy it is the proxy's name that is asked for. Policy has no say about that one: the operator set it.
        let is_origin = name.eq_ignore_ascii_case(&self.host);
        let found = match self.override_address {
            Some(address) if is_origin => vec![address],
            _ => {
                let not_found = |reason: String| ResolveError::NotFound { host: name.to_owned(), reason };
                let found = (self.lookup)(name.to_owned()).await.map_err(|error| not_found(error.to_string()))?;
                if found.is_empty() {
                    return Err(not_found("no address".to_owned()));
                }
                found.into_iter().map(|address| SocketAddr::new(address, 0)).collect()
            }
        };
        // One bad answer spoils all: a name that leads inside as well as outside is not to be trusted.
        for address in found.iter().filter(|_| is_origin) {
            self.rule.check(address.ip()).map_err(|kind| ResolveError::Refused {
                host: name.to_owned(),
                address: address.ip(),
                kind,
            })?;
        }
        Ok(found)
    }
}

/// The resolver as the HTTP client wants it.
#[derive(Debug, Clone)]
pub(crate) struct Resolver(pub(crate) Arc<OriginResolver>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let origin = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses = origin.addresses(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

impl fmt::Debug for OriginResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginResolver").field("host", &self.host).field("rule", &self.rule).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolver(answers: &[&str], allowed: &[&str], override_address: Option<&str>) -> OriginResolver {
        let answers: Vec<IpAddr> = answers.iter().map(|text| text.parse().unwrap()).collect();
        OriginResolver {
            host: "api.example.com".to_owned(),
            rule: AddressRule {
                allowed: allowed.iter().map(|net| net.parse().unwrap()).collect(),
                ..AddressRule::default()
            },
            override_address: override_address.map(|text| text.parse().unwrap()),
            lookup: Arc::new(move |_| {
                let answers = answers.clone();
                Box::pin(async move { Ok(answers) })
            }),
        }
    }

    fn ask(resolver: &OriginResolver, name: &str) -> Result<Vec<SocketAddr>, ResolveError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(resolver.addresses(name))
    }

    #[test]
    fn every_answer_is_checked() {
        assert!(ask(&resolver(&["93.184.216.34", "2606:2800::1"], &[], None), "api.example.com").is_ok());
        for answers in [["10.0.0.1", "93.184.216.34"], ["93.184.216.34", "127.0.0.1"], ["1.1.1.1", "::ffff:10.0.0.1"]] {
            let refused = ask(&resolver(&answers, &[], None), "api.example.com");
            assert!(matches!(refused, Err(ResolveError::Refused { .. })), "{answers:?}");
        }
        assert!(ask(&resolver(&["10.0.0.1"], &["10.0.0.0/24"], None), "API.example.com").is_ok());
        assert!(matches!(ask(&resolver(&[], &[], None), "api.example.com"), Err(ResolveError::NotFound { .. })));
    }

    #[test]
    fn an_override_is_checked_too_and_holds_for_its_name_alone() {
        let loopback = Some("127.0.0.1:9443");
        assert!(ask(&resolver(&["1.1.1.1"], &[], loopback), "api.example.com").is_err());
        let open = resolver(&["1.1.1.1"], &["127.0.0.0/8"], loopback);
        assert_eq!(ask(&open, "api.example.com").unwrap(), ["127.0.0.1:9443".parse().unwrap()]);
        assert_eq!(ask(&open, "proxy.example.com").unwrap(), ["1.1.1.1:0".parse().unwrap()]);
    }

    #[test]
    fn a_proxy_may_stand_inside() {
        assert!(ask(&resolver(&["10.0.0.1"], &[], None), "proxy.example.com").is_ok());
    }
}
