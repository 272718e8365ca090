//! The examples of servers, asked over a real socket with curl.
#![cfg(feature = "httparse")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const TOKEN: &str = "Authorization: Bearer mF_9.B5f-4.1JqM";

/// Ends its server.
struct Server {
    child: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Builds an example with cargo and starts it on a free port.
    fn start(folder: &Path, build: &[&str]) -> Self {
        let built = Command::new(env!("CARGO"))
            .current_dir(folder)
            .args(["build", "--locked", "--message-format=json-render-diagnostics"])
            .args(build)
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(built.status.success(), "{build:?} does not build");
        let program = executable(&String::from_utf8(built.stdout).unwrap());
        let mut child = Command::new(program).arg("127.0.0.1:0").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ").expect(&line).to_string();
        Self { child, url }
    }

    /// What curl gets: the status line, the fields, the body.
    fn curl(&self, path: &str, arguments: &[&str]) -> (u16, Vec<(String, String)>, String) {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--include", "--path-as-is", "--max-time", "20"])
            .args(arguments)
            .arg(format!("{}{path}", self.url))
            .output()
            .expect("curl is here");
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let fields = lines.map(|line| line.split_once(": ").expect(line));
        let mut fields: Vec<_> = fields.map(|(name, value)| (name.to_lowercase(), value.to_string())).collect();
        fields.sort();
        (status, fields, body.to_string())
    }
}

/// The last program that cargo says it has made.
fn executable(messages: &str) -> PathBuf {
    let mut made = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let path = made.by_ref().filter_map(|message| message["executable"].as_str().map(PathBuf::from)).last();
    path.expect("cargo names the program")
}

/// `SKIPPED: what, why, how to get it`; where nothing may be left out, a failure.
fn has_curl() -> bool {
    let found = Command::new("curl").arg("--version").output().is_ok();
    if !found {
        // Not `eprintln!`, which the test runner keeps to itself when a test passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED: the examples over a socket, there is no curl, install curl");
        assert_ne!(std::env::var("SALLET_NO_SKIP").as_deref(), Ok("1"), "SALLET_NO_SKIP=1: curl is missing");
    }
    found
}

/// `scope` is the one that the server asks for.
fn check(server: &Server, scope: &str) {
    let missing = format!(r#"Bearer realm="items", scope="{scope}""#);
    let unknown = format!(r#"Bearer realm="items", error="invalid_token", scope="{scope}""#);
    let value = |fields: &[(String, String)], name: &str| {
        let mut values = fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone());
        let first = values.next();
        assert_eq!(values.next(), None, "{name} stands there twice");
        first
    };
    for (path, arguments, status, body, challenge) in [
        ("/health", &[][..], 200, Some("ok"), None),
        ("/items", &["-H", TOKEN], 200, Some("one item"), None),
        ("/items", &[], 401, Some("Not authenticated"), Some(missing.as_str())),
        (
            "/items",
            &["-H", "Authorization: Bearer mF_9.B5f-4.1JqN"],
            401,
            Some("The credentials are not valid"),
            Some(unknown.as_str()),
        ),
        ("/items", &["-H", TOKEN, "-H", TOKEN], 400, None, Some(r#"Bearer realm="items", error="invalid_request""#)),
        (
            "/items",
            &["-H", "Authorization: Bearer"],
            400,
            None,
            Some(r#"Bearer realm="items", error="invalid_request""#),
        ),
        ("/nowhere", &["-H", TOKEN], 404, None, None),
        ("/nowhere", &[], 401, None, Some(missing.as_str())),
        ("/health/", &[], 401, None, Some(missing.as_str())),
        ("/x/../health", &[], 401, None, Some(missing.as_str())),
    ] {
        let (got, fields, text) = server.curl(path, arguments);
        assert_eq!(got, status, "{path} {arguments:?}");
        if let Some(body) = body {
            assert_eq!(text, body, "{path} {arguments:?}");
        }
        assert_eq!(value(&fields, "www-authenticate").as_deref(), challenge, "{path} {arguments:?}");
        for (name, expected) in [
            (
                "content-security-policy",
                "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(value(&fields, name).as_deref(), Some(expected), "{path} {arguments:?}");
        }
        assert_eq!(value(&fields, "strict-transport-security"), None, "this is plain HTTP");
    }

    let mut seen = Vec::new();
    for _ in 0..5 {
        let (status, fields, body) = server.curl("/", &[]);
        let policy = value(&fields, "content-security-policy").unwrap();
        let nonce = policy.split("'nonce-").nth(1).expect("a nonce").split('\'').next().unwrap().to_string();
        assert_eq!((status, nonce.len()), (200, 22));
        assert!(body.contains(&format!("nonce={nonce}")) || body.contains(&format!("nonce=\"{nonce}\"")), "{body}");
        assert_eq!(value(&fields, "cache-control").as_deref(), Some("private"));
        assert!(!seen.contains(&nonce), "{nonce} came twice");
        seen.push(nonce);
    }
}

#[test]
fn blocking() {
    if !has_curl() {
        return;
    }
    let core = Path::new(env!("CARGO_MANIFEST_DIR"));
    let server = Server::start(core, &["--features", "httparse", "--example", "blocking"]);
    check(&server, "read");
    let long = format!("X: {}", "x".repeat(5_000));
    assert_eq!(server.curl("/health", &["-H", &long]).0, 431);
    assert_eq!(server.curl("/health", &[]).0, 200);
}

#[test]
fn picoserve() {
    if !has_curl() {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/picoserve");
    // Its own workspace, with its own versions of things.
    let target = concat!(env!("CARGO_TARGET_TMPDIR"), "/picoserve");
    check(&Server::start(&folder, &["--target-dir", target]), "items:read");
}
