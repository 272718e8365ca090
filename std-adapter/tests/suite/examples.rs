//! The examples, as programs of their own, asked by real clients.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use sallet_core::secret::Digest;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::client::curl;

/// A running example; it ends with the test.
pub(crate) struct Example {
    child: Child,
    out: BufReader<ChildStdout>,
    said: Vec<String>,
}

impl Example {
    /// Starts it, and reads what it says up to its address.
    fn start(name: &str) -> Self {
        Self::start_with(name, &[])
    }

    pub(crate) fn start_with(name: &str, arguments: &[&str]) -> Self {
        let tests = std::env::current_exe().expect("a path");
        let built: PathBuf = tests.ancestors().nth(2).expect("a target folder").join("examples").join(name);
        let mut child = Command::new(&built)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error} (cargo test builds it)", built.display()));
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut example = Self { child, out, said: Vec::new() };
        while !example.said.iter().any(|line| line.starts_with("http")) {
            example.read_line();
        }
        example
    }

    fn read_line(&mut self) -> &str {
        let mut line = String::new();
        assert!(self.out.read_line(&mut line).expect("output") > 0, "it ended: {:?}", self.said);
        self.said.push(line.trim_end().to_owned());
        self.said.last().expect("a line")
    }

    pub(crate) fn url(&self) -> &str {
        self.said.iter().find(|line| line.starts_with("http")).expect("an address")
    }

    fn token(&self, id: &str) -> String {
        let line = self.said.iter().find_map(|line| line.strip_prefix(id)?.strip_prefix(' '));
        format!("authorization: Bearer {}", line.expect("a token"))
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn status(answer: &str) -> &str {
    answer.split_whitespace().nth(1).unwrap_or_default()
}

fn count(answer: &str, line: &str) -> usize {
    answer.lines().filter(|known| known.eq_ignore_ascii_case(line)).count()
}

#[test]
fn hyper() {
    let mut example = Example::start("hyper");
    example.read_line();
    let (items, health) = (format!("{}/items", example.url()), format!("{}/health", example.url()));

    let Some(open) = curl("HTTP", &["-i", &health]) else { return };
    assert!(open.starts_with("HTTP/1.1 200") && open.ends_with("fine\n"), "{open}");
    let good = curl("HTTP", &["-i", &items, "-H", &example.token("token")]).unwrap_or_default();
    assert!(good.starts_with("HTTP/1.1 200") && good.ends_with("hello, demo\n"), "{good}");
    let bad = curl("HTTP", &["-i", &items, "-H", "authorization: Bearer no"]).unwrap_or_default();
    assert_eq!(status(&bad), "401", "{bad}");
    assert_eq!(
        count(&bad, r#"www-authenticate: Bearer realm="items", error="invalid_token", scope="items:read""#),
        1,
        "{bad}"
    );
    let none = curl("HTTP", &["-i", &items]).unwrap_or_default();
    assert_eq!(count(&none, r#"www-authenticate: Bearer realm="items", scope="items:read""#), 1, "{none}");
    for answer in [&open, &good, &bad, &none] {
        assert_eq!(count(answer, "x-frame-options: DENY"), 1, "{answer}");
        assert_eq!(count(answer, "cache-control: no-store"), 1, "{answer}");
        assert!(!answer.contains("strict-transport-security"), "not over HTTP: {answer}");
    }
}

#[test]
fn axum() {
    let example = Example::start("axum");
    let pem: Vec<_> = example.said.iter().map(|line| &**line).skip_while(|line| !line.contains("BEGIN")).collect();
    let end = pem.iter().position(|line| line.contains("END")).expect("a certificate");
    let cert = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cert-{}.pem", std::process::id()));
    std::fs::write(&cert, pem[..=end].join("\n")).expect("a file");
    let path = cert.to_str().expect("a path");

    for (version, starts) in [("--http1.1", "HTTP/1.1 "), ("--http2", "HTTP/2 ")] {
        let ask = |page: &str, more: &[&str]| {
            let url = format!("{}{page}", example.url());
            let arguments = [&[version, "-i", "--cacert", path, &*url], more].concat();
            let answer = curl("HTTP2", &arguments)?;
            assert!(answer.starts_with(starts), "{answer}");
            let only_https = answer.lines().filter(|line| line.starts_with("strict-transport-security: max-age="));
            assert_eq!(only_https.count(), 1, "{answer}");
            assert_eq!(count(&answer, "x-frame-options: DENY"), 1, "{answer}");
            Some(answer)
        };
        let Some(page) = ask("/", &[]) else { break };
        let nonce = page.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a nonce");
        assert!(page.contains(&format!("script-src 'self' 'nonce-{nonce}';")), "{page}");
        assert_eq!((status(&page), count(&page, "cache-control: private")), ("200", 1));

        let (reader, writer) = (example.token("reader"), example.token("writer"));
        let say = |path, more: &[&str]| ask(path, more).unwrap_or_default();
        assert!(say("/api/items", &["-H", &reader]).ends_with("\r\n\r\nthe helm of reader\n"));
        assert_eq!(status(&say("/api/items", &[])), "401");
        assert_eq!(status(&say("/api/nowhere", &[])), "401");
        assert_eq!(status(&say("/api/nowhere", &["-H", &reader])), "404");
        // No body: older curls take the RST_STREAM(NO_ERROR) behind an early answer (RFC 9113 section 8.1) for a failure.
        let poor = say("/api/items", &["-H", &reader, "-X", "POST"]);
        assert_eq!(status(&poor), "403");
        assert!(poor.contains(r#"error="insufficient_scope", scope="items:write""#), "{poor}");
        assert!(say("/api/items", &["-H", &writer, "-d", "four"]).ends_with("\r\n\r\n4"));
        assert_eq!(status(&say("/api/broken", &["-H", &reader])), "500");
    }
    std::fs::remove_file(cert).expect("a file");
}

#[test]
fn key_file() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("keys-{}.toml", std::process::id()));
    let digest = Digest::of(b"the-token-of-ci").to_hex();
    let digest = std::str::from_utf8(&digest).expect("digits");
    let block =
        format!("[[key]]\nid = \"ci-1\"\nprincipal = \"ci\"\nscopes = [\"items:read\"]\nsha256 = \"{digest}\"\n");
    std::fs::write(&file, &block).expect("a file");
    let example = Example::start_with("key_file", &[file.to_str().expect("a path")]);
    let items = format!("{}/items", example.url());
    let ask = || curl("HTTP", &["-i", &items, "-H", "authorization: Bearer the-token-of-ci"]);

    let Some(good) = ask() else { return };
    assert!(good.starts_with("HTTP/1.1 200") && good.ends_with("the helm of ci (ci-1)\n"), "{good}");
    for (text, expected) in [("# nobody, for now\n", "401"), (&*block, "200")] {
        std::fs::write(&file, text).expect("a file");
        let start = Instant::now();
        while status(&ask().unwrap_or_default()) != expected {
            assert!(start.elapsed() < Duration::from_secs(30), "not {expected}");
        }
    }
    std::fs::remove_file(file).expect("a file");
}

#[tokio::test]
async fn tonic() {
    let example = tokio::task::spawn_blocking(|| Example::start("tonic")).await.expect("an example");
    let channel =
        Channel::from_shared(example.url().to_owned()).expect("an address").connect().await.expect("a server");
    let check = async |token: Option<&str>| -> Result<i32, Status> {
        let mut request = Request::new(HealthCheckRequest { service: "items".to_owned() });
        if let Some(token) = token {
            let (_, value) = token.split_once(": ").expect("a field");
            request.metadata_mut().insert("authorization", value.parse::<MetadataValue<_>>().expect("a value"));
        }
        Ok(HealthClient::new(channel.clone()).check(request).await?.into_inner().status)
    };
    assert_eq!(check(Some(&example.token("ops"))).await.expect("an answer"), 1);
    let denied = check(Some(&example.token("guest"))).await.expect_err("too few scopes");
    assert_eq!(
        (denied.code(), denied.message()),
        (Code::PermissionDenied, "The credentials do not have the required scope")
    );
    let challenge = denied.metadata().get("www-authenticate").expect("a challenge");
    assert_eq!(challenge, r#"Bearer realm="health", error="insufficient_scope", scope="health:read""#);
    let unknown = check(Some("authorization: Bearer no")).await.expect_err("an unknown token");
    assert_eq!((unknown.code(), unknown.message()), (Code::Unauthenticated, "The credentials are not valid"));
    let none = check(None).await.expect_err("no token");
    assert_eq!((none.code(), none.message()), (Code::Unauthenticated, "Not authenticated"));

    // The bytes on the wire: one block of fields that ends the stream.
    let url = format!("{}/grpc.health.v1.Health/Check", example.url());
    let arguments =
        ["-i", "--http2-prior-knowledge", "-H", "content-type: application/grpc", "--data-binary", "", &url];
    if let Some(raw) = curl("HTTP2", &arguments) {
        assert!(raw.starts_with("HTTP/2 200") && raw.ends_with("\r\n\r\n"), "{raw}");
        assert_eq!((count(&raw, "grpc-status: 16"), count(&raw, "grpc-message: Not authenticated")), (1, 1), "{raw}");
    }
}
