//! Origins after configuration: where on the network a declared name really is.

use url::{Host, Url};

use super::address::AddressRule;
use crate::configuration::Configuration;
use crate::manifest::{FieldKind, Manifest, Origin, Part, Template};
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
    /// May be this machine itself without the operator's leave.
    pub(crate) loopback: bool,
    pub(crate) certificates: Option<String>,
    /// It is trusted by what a sealed answer told, and by nothing else.
    pub(crate) pinned: Option<Pinned>,
    pub(crate) cookies: bool,
    /// Where a refusal's code stands.
    pub(crate) error_code: Option<String>,
}

/// What a sealed answer told about an origin.
#[derive(Debug, Clone)]
pub(crate) struct Pinned {
    /// The only authorities that are trusted there, in PEM.
    pub(crate) authorities: String,
    /// A client certificate in PEM; its key is a secret.
    pub(crate) certificate: Option<String>,
    /// Counts what was learnt, so that nothing of an earlier time is used.
    pub(crate) generation: u64,
}

impl Place {
    /// Every origin whose conditions hold and that is known from the configuration.
    pub(crate) fn all(manifest: &Manifest, configuration: &Configuration) -> Result<Vec<Self>, Problem> {
        let known = |origin: &&Origin| origin.learnt.is_none() && configuration.holds(&origin.conditions);
        let origins = manifest.origins.iter().filter(known);
        origins.filter_map(|origin| Self::new(manifest, configuration, origin).transpose()).collect()
    }

    /// None where a field that its URL is made of is not set.
    fn new(manifest: &Manifest, configuration: &Configuration, origin: &Origin) -> Result<Option<Self>, Problem> {
        let Some(text) = rendered(&origin.url, configuration) else { return Ok(None) };
        Self::at(manifest, configuration, origin, &origin.url, &text).map(Some)
    }

    /// The origin at this URL, which `template` rendered to.
    pub(super) fn at(
        manifest: &Manifest,
        configuration: &Configuration,
        origin: &Origin,
        template: &Template,
        text: &str,
    ) -> Result<Self, Problem> {
        let fault = |why: &str| {
            Problem::new(
                Category::Usage,
                "CONF-002",
                format!("the origin `{}` of {} is not usable: {why}", origin.name, manifest.id),
            )
            .means(format!("its URL is `{text}`"))
        };
        let url = Url::parse(text).map_err(|error| fault(&error.to_string()))?;
        if url.scheme() != "https" {
            return Err(fault("only https is spoken"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(fault("it holds a user or a query"));
        }
        let host = url.host().ok_or_else(|| fault("it names no host"))?.to_owned();
        // The operator's own URL is leave enough for a private address; a template around a host name is not.
        let operators_own = match template.parts.as_slice() {
            [Part::Hole(field)] => manifest.field(field).is_some_and(|field| field.kind == FieldKind::HttpsUrl),
            _ => false,
        };
        Ok(Self {
            name: origin.name.clone(),
            host,
            port: url.port_or_known_default().unwrap_or(443),
            prefix: url.path().trim_end_matches('/').to_owned(),
            private: origin.private_addresses || operators_own,
            loopback: origin.private_addresses || operators_own,
            pinned: None,
            certificates: origin.certificates.as_deref().and_then(|field| configuration.text(field)).map(str::to_owned),
            cookies: origin.cookies,
            error_code: origin.error_code.clone(),
        })
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
        AddressRule { allowed: allowed.to_vec(), private: self.private, loopback: self.loopback }
    }
}

/// A template filled from the configuration; none where a field is not set.
pub(super) fn rendered(template: &Template, configuration: &Configuration) -> Option<String> {
    let fill = |hole: &str| configuration.text(hole).map(|text| text.as_bytes().to_vec());
    template.render(&fill).ok().map(|text| String::from_utf8_lossy(&text).into_owned())
}
