//! Origins after configuration: where on the network a declared name really is.

use url::{Host, Url};

use super::address::AddressRule;
use crate::configuration::Configuration;
use crate::manifest::{FieldKind, Manifest, Origin, Part};
use crate::problem::{Category, Problem};

/// One origin that exists under this configuration.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
    /// The path in front of every request's, without a slash at its end; often empty.
    pub(crate) prefix: String,
    /// May have private addresses without the operator's leave.
    pub(crate) private: bool,
    pub(crate) certificates: Option<String>,
    pub(crate) cookies: bool,
    /// Where a refusal's code stands.
    pub(crate) error_code: Option<String>,
}

impl Place {
    /// Every origin whose conditions hold.
    pub(crate) fn all(manifest: &Manifest, configuration: &Configuration) -> Result<Vec<Self>, Problem> {
        let origins = manifest.origins.iter().filter(|origin| configuration.holds(&origin.conditions));
        origins.filter_map(|origin| Self::new(manifest, configuration, origin).transpose()).collect()
    }

    /// None where a field that its URL is made of is not set.
    fn new(manifest: &Manifest, configuration: &Configuration, origin: &Origin) -> Result<Option<Self>, Problem> {
        let fill = |hole: &str| configuration.text(hole).map(|text| text.as_bytes().to_vec());
        let Ok(text) = origin.url.render(&fill) else { return Ok(None) };
        let text = String::from_utf8_lossy(&text).into_owned();
        let fault = |why: &str| {
            Problem::new(
                Category::Usage,
                "CONF-002",
                format!("the origin `{}` of {} is not usable: {why}", origin.name, manifest.id),
            )
            .means(format!("its URL is `{text}`"))
        };
        let url = Url::parse(&text).map_err(|error| fault(&error.to_string()))?;
        if url.scheme() != "https" {
            return Err(fault("only https is spoken"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(fault("it holds a user or a query"));
        }
        let host = url.host().ok_or_else(|| fault("it names no host"))?.to_owned();
        // The operator's own URL is leave enough for a private address; a template around a host name is not.
        let operators_own = match origin.url.parts.as_slice() {
            [Part::Hole(field)] => manifest.field(field).is_some_and(|field| field.kind == FieldKind::HttpsUrl),
            _ => false,
        };
        Ok(Some(Self {
            name: origin.name.clone(),
            host,
            port: url.port_or_known_default().unwrap_or(443),
            prefix: url.path().trim_end_matches('/').to_owned(),
            private: origin.private_addresses || operators_own,
            certificates: origin.certificates.as_deref().and_then(|field| configuration.text(field)).map(str::to_owned),
            cookies: origin.cookies,
            error_code: origin.error_code.clone(),
        }))
    }

    /// Host and, unless it is 443, port: what stands in the URL, the `Host` header and signatures.
    pub(crate) fn authority(&self) -> String {
        if self.port == 443 { self.host.to_string() } else { self.host_and_port() }
    }

    pub(crate) fn host_and_port(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Whether a URL leads here.
    pub(crate) fn is_origin_of(&self, url: &Url) -> bool {
        let host = url.host().map(|host| host.to_owned());
        url.scheme() == "https" && host.as_ref() == Some(&self.host) && url.port_or_known_default() == Some(self.port)
    }

    /// Which addresses it may have.
    pub(crate) fn address_rule(&self, allowed: &[ipnet::IpNet]) -> AddressRule {
        AddressRule { allowed: allowed.to_vec(), private: self.private }
    }
}
