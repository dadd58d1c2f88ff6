#![allow(missing_debug_implementations, dead_code, unreachable_pub, clippy::all)]
use crate::{clock::Clock, configuration::Configuration, http::*, manifest::*, problem::Problem};
use base64::Engine as _;
use std::sync::Arc;
#[derive(Debug, Clone, Default)]
pub struct Activity(Arc<std::sync::atomic::AtomicU64>);
#[derive(Debug, Clone, Copy)]
pub struct Counters {
    pub calls: u64,
    pub attempts: u64,
    pub rate_limited: u64,
    pub response_bytes: u64,
}
impl Activity {
    pub fn counters(&self) -> Counters {
        let n = self.0.load(std::sync::atomic::Ordering::Relaxed);
        Counters { calls: n, attempts: n, rate_limited: 0, response_bytes: 0 }
    }
}
#[derive(Debug, Clone, Default)]
pub struct NetworkOptions;
pub struct Gateway {
    a: Activity,
    c: Arc<Configuration>,
    client: reqwest::Client,
    host: String,
}
#[derive(Debug)]
pub struct Violation;
impl From<Violation> for Problem {
    fn from(_: Violation) -> Problem {
        loop {}
    }
}
fn enc(s: &str) -> String {
    s.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) {
                (b as char).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
impl Gateway {
    pub fn new(
        _: Arc<Manifest>,
        c: Arc<Configuration>,
        _: NetworkOptions,
        _: Arc<dyn Clock>,
        a: Activity,
    ) -> Result<Self, Problem> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().build().unwrap();
        let host = c.text("api-hostname").unwrap().to_owned();
        Ok(Gateway { a, c, client, host })
    }
    pub async fn send(&self, _: &Phase, r: Request) -> Result<Response, HttpError> {
        self.a.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut q: Vec<_> = r.query.iter().map(|(a, b)| (enc(a), enc(b))).collect();
        q.sort();
        let q = q.iter().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>().join("&");
        let date = time::OffsetDateTime::now_utc().format(&time::format_description::well_known::Rfc2822).unwrap();
        let empty = crate::plugin::hex(ring::digest::digest(&ring::digest::SHA512, b"").as_ref());
        let lines = [date.as_str(), &r.method, &self.host, &r.path, &q, &empty, &empty].join("\n");
        let secret = self.c.secrets().get("secret-key").unwrap();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA512, secret.expose());
        let mac = crate::plugin::hex(ring::hmac::sign(&key, lines.as_bytes()).as_ref());
        let auth = base64::engine::general_purpose::STANDARD
            .encode(format!("{}:{mac}", self.c.text("integration-key").unwrap()));
        let url = format!("https://{}{}{}{q}", self.host, r.path, if q.is_empty() { "" } else { "?" });
        let resp = self
            .client
            .get(url)
            .header("date", date)
            .header("authorization", format!("Basic {auth}"))
            .send()
            .await
            .map_err(|e| HttpError::Connect(format!("{e:?}")))?;
        let status = resp.status().as_u16();
        let headers = resp.headers().iter().map(|(a, b)| (a.to_string(), b.to_str().unwrap().to_string())).collect();
        Ok(Response {
            status,
            headers,
            body: resp.bytes().await.map_err(|e| HttpError::Connect(e.to_string()))?.to_vec(),
            clock_ahead_seconds: None,
        })
    }
    pub async fn send_all(&self, p: &Phase, rs: Vec<Request>) -> Vec<Result<Response, HttpError>> {
        futures::future::join_all(rs.into_iter().map(|r| self.send(p, r))).await
    }
    pub fn take_violation(&self) -> Option<Violation> {
        None
    }
    pub fn activity(&self) -> &Activity {
        &self.a
    }
}
