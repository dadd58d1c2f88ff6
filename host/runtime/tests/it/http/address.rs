//! Which addresses are reached: literals, names, the operator's overrides, proxies, trust.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use accord_fixtures::server::{Response as Answer, Server, Transport};
use accord_runtime::http::{AddressOverride, HttpError, Proxies};

use super::support::{AUTHORITY, Bench, SECRET, get, host, nobody, serve, with_auth};

fn quiet() -> Server {
    serve(|request| Answer::json(200, format!("{{\"host\":\"{}\"}}", request.header("host"))))
}

#[test]
fn loopback_is_closed_unless_opened() {
    let server = quiet();
    let port = server.address().port();
    for name in ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "127.1", "[::ffff:127.0.0.1]"] {
        let bench = Bench::with(&format!("{name}:{port}"), |options| options.allowed_addresses.clear());
        let answer = bench.read(get("/things"));
        assert!(matches!(answer, Err(HttpError::Policy(_))), "{name}: {answer:?}");
        let problem = bench.problem();
        assert_eq!(problem.category.exit_code(), 15);
        let text = problem.to_string();
        assert!(text.contains("is loopback") && text.contains("--allow-address"), "{name}: {text}");
    }
    assert_eq!(server.connections(), 0);
    for name in ["127.0.0.1", "localhost"] {
        let bench = Bench::with(&format!("{name}:{port}"), |options| {
            options.allowed_addresses.push("::1/128".parse().unwrap());
        });
        assert_eq!(bench.read(get("/things")).unwrap().status, 200, "{name}");
    }
}

#[test]
fn metadata_addresses_cannot_be_opened() {
    for name in ["169.254.169.254", "[::ffff:a9fe:a9fe]", "[fe80::1]", "168.63.129.16", "[fd00:ec2::254]", "0.0.0.0"] {
        let bench = Bench::with(name, |options| {
            options.allowed_addresses = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
        });
        assert!(matches!(bench.read(get("/things")), Err(HttpError::Policy(_))), "{name}");
        assert!(!bench.problem().to_string().contains("--allow-address"), "{name}");
    }
}

#[test]
fn an_override_keeps_the_name_everywhere_else() {
    let server = quiet();
    for (name, port, seen) in
        [("api.example.com", 443, "api.example.com"), ("api.example.com:8443", 8443, "api.example.com:8443")]
    {
        let to = |options: &mut accord_runtime::http::NetworkOptions| {
            options.overrides =
                vec![AddressOverride { host: "API.example.com".to_owned(), port, address: server.address() }];
        };
        let answer = Bench::with(name, to).read(get("/things")).unwrap();
        assert_eq!(String::from_utf8(answer.body).unwrap(), format!("{{\"host\":\"{seen}\"}}"));
        // An override is no way round the address rule.
        let closed = Bench::with(name, |options| {
            to(options);
            options.allowed_addresses.clear();
        });
        assert!(matches!(closed.read(get("/things")), Err(HttpError::Policy(_))));
    }
}

#[test]
fn an_unknown_certificate_a_refusal_and_a_wrong_name_are_told_apart() {
    let server = quiet();
    let stranger = Bench::with(&host(&server), |options| options.certificate_files.clear());
    let answer = stranger.read(get("/things"));
    assert!(matches!(&answer, Err(HttpError::Tls(_))), "{answer:?}");
    assert!(stranger.clock.slept().is_empty(), "tried again");

    let answer = Bench::with(&nobody().to_string(), |_| {}).read(get("/things"));
    assert!(matches!(&answer, Err(HttpError::Connect(text)) if text.contains("refused")), "{answer:?}");

    let bench = Bench::new("nosuchhost.invalid");
    let answer = bench.read(get("/things"));
    assert!(matches!(&answer, Err(HttpError::Dns(text)) if text.contains("nosuchhost.invalid")), "{answer:?}");
    assert!(bench.clock.slept().is_empty(), "tried again");
}

#[test]
fn a_missing_or_useless_certificate_file_is_an_error_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, empty, garbage) =
        (folder.path().join("missing.pem"), folder.path().join("empty.pem"), folder.path().join("garbage.pem"));
    std::fs::write(&empty, "").unwrap();
    std::fs::write(&garbage, "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n").unwrap();
    for file in [missing, empty, garbage] {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let problem = match Bench::try_with("api.example.com", |options| options.certificate_files = vec![file]) {
            Ok(_) => panic!("{name} was taken"),
            Err(problem) => problem,
        };
        assert_eq!(problem.category.exit_code(), 2);
        assert!(problem.to_string().contains(&name), "{problem}");
    }
}

#[test]
fn an_origin_may_have_certificates_of_its_own() {
    let server = quiet();
    let fields = [("host", &*host(&server)), ("key", SECRET), ("anchor", &AUTHORITY.certificate())];
    let bench = Bench::configured(&fields, |options| options.certificate_files.clear()).unwrap();
    assert_eq!(bench.read(get("/things")).unwrap().status, 200);
}

#[test]
fn a_client_certificate_goes_with_its_credential_only() {
    let config = AUTHORITY.server_for_known_clients(&["127.0.0.1"]).unwrap();
    let answer = |_| std::future::ready(Answer::json(200, "{}"));
    let server = Server::start(Transport::Tls(config), answer).unwrap();
    let identity = AUTHORITY.client("acme").unwrap();
    let address = host(&server);
    let fields = [
        ("host", address.as_str()),
        ("key", SECRET),
        ("client-certificate", &identity.certificate),
        ("client-key", &identity.key),
    ];
    let bench = Bench::configured(&fields, |_| {}).unwrap();
    assert_eq!(bench.read(with_auth("/things", "certificate")).unwrap().status, 200);
    let without = bench.read(get("/things"));
    assert!(matches!(without, Err(HttpError::Tls(_))), "{without:?}");
    assert_eq!(server.requests(), 1);
}

/// A proxy that tunnels one connection, whatever name it is asked for, to a server.
fn tunnel(server: &Server) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, target) = (listener.local_addr().unwrap(), server.address());
    let thread = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let mut server = std::net::TcpStream::connect(target).unwrap();
        let (mut from_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from_server, &mut to_client);
        });
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut client, &mut server);
        });
        String::from_utf8(head).unwrap().lines().next().unwrap().to_owned()
    });
    (format!("http://{address}"), thread)
}

#[test]
fn a_proxy_gets_the_name_and_the_list_of_hosts_still_protects() {
    let server = quiet();
    let (proxy, asked) = tunnel(&server);
    let bench = Bench::with("api.example.com", |options| {
        options.proxies = Proxies::Always(proxy);
        // The proxy itself stands inside, which is the operator's choice.
        options.allowed_addresses.clear();
    });
    assert_eq!(bench.read(get("/things")).unwrap().status, 200);
    assert_eq!(asked.join().unwrap(), "CONNECT api.example.com:443 HTTP/1.1");
    let mut elsewhere = get("/things");
    elsewhere.origin = Some("https://evil.example".to_owned());
    assert!(matches!(bench.read(elsewhere), Err(HttpError::Policy(_))));
}
