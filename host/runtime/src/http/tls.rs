//! Trust: which certificates a connection may rest on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::problem::{Category, Problem};

/// The certificates that the operator and the system trust.
#[derive(Debug)]
pub(crate) struct Trust {
    extra: Vec<CertificateDer<'static>>,
}

/// A client certificate and its key, in PEM.
#[derive(Debug)]
pub(crate) struct ClientIdentity<'a> {
    pub(crate) certificate: &'a [u8],
    pub(crate) key: &'a [u8],
}

impl Trust {
    /// Reads the operator's files. A missing or empty one is an error here, not a failed handshake later.
    pub(crate) fn new(files: &[PathBuf]) -> Result<Self, Problem> {
        let mut extra = Vec::new();
        for file in files {
            extra.extend(read(file, "--ca-cert")?);
        }
        // The loader of system certificates reads this variable too, and says nothing when the file is missing.
        if let Some(file) = std::env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty()) {
            read(Path::new(&file), "SSL_CERT_FILE")?;
        }
        Ok(Self { extra })
    }

    /// The system's certificates, the operator's, and an origin's own.
    pub(crate) fn with(&self, origin: Option<&str>) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(system().iter().cloned());
        let own = origin.map(|pem| certificates_in(pem.as_bytes())).transpose()?.unwrap_or_default();
        for certificate in self.extra.iter().cloned().chain(own) {
            add(&mut roots, certificate)?;
        }
        if roots.is_empty() {
            return Err("this machine trusts no certificates: install its CA bundle or set SSL_CERT_FILE".to_owned());
        }
        Ok(roots)
    }

    /// These certificates and no others.
    pub(crate) fn only(pem: &str) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates_in(pem.as_bytes())? {
            add(&mut roots, certificate)?;
        }
        if roots.is_empty() { Err("there is no certificate to trust there".to_owned()) } else { Ok(roots) }
    }
}

fn add(roots: &mut RootCertStore, certificate: CertificateDer<'static>) -> Result<(), String> {
    roots.add(certificate).map_err(|error| format!("a certificate cannot be trusted: {error}"))
}

/// A TLS profile that rests on these certificates, perhaps with one of the client.
pub(crate) fn profile(roots: RootCertStore, identity: Option<&ClientIdentity<'_>>) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let key = PrivateKeyDer::from_pem_slice(identity.key)
                .map_err(|_| "the client certificate's key is no PEM key".to_owned())?;
            builder
                .with_client_auth_cert(certificates_in(identity.certificate)?, key)
                .map_err(|error| format!("the client certificate: {error}"))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates in PEM text. The error says what is wrong.
pub(crate) fn certificates_in(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn read(file: &Path, source: &str) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let fault = |why: String| {
        Problem::new(Category::Usage, "CONF-003", format!("{source}: {} {why}", file.display()))
            .remedy("name a file with one or more certificates in PEM")
    };
    let pem = std::fs::read(file).map_err(|error| fault(format!("cannot be read: {error}")))?;
    match certificates_in(&pem) {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(fault("holds no certificate".to_owned())),
        Err(error) => Err(fault(format!("is not PEM: {error}"))),
    }
}

/// The system's certificates, or those of `SSL_CERT_FILE`. Loading takes 24 ms, so it happens once and when needed.
fn system() -> &'static [CertificateDer<'static>] {
    static SYSTEM: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    SYSTEM.get_or_init(|| {
        let loaded = rustls_native_certs::load_native_certs();
        for error in &loaded.errors {
            tracing::warn!(%error, "a system certificate could not be loaded");
        }
        loaded.certs
    })
}
