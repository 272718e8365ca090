//! A whole HTTP server over `std::net`, blocking and without a heap. `serve` knows only `embedded_io`, so the same
//! function runs on a UART.
//!
//! ```text
//! cargo run -p sallet-core --features httparse --example blocking -- 127.0.0.1:8000
//! curl -i -H 'Authorization: Bearer mF_9.B5f-4.1JqM' http://127.0.0.1:8000/items
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]
use embedded_io::{ErrorType, Read, Write, WriteFmtError};
use embedded_io_adapters::std::FromStd;
use sallet_core::auth::{AuthScheme, Challenge, Key, Keyring, Realm, Requirement, Scopes};
use sallet_core::paths::{PathRule, PathRules, RequestPath};
use sallet_core::*;
use std::fmt::Write as _;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, SystemTime};

/// The digest of `mF_9.B5f-4.1JqM`, the token in the examples of RFC 6750. Mint your own.
static KEYS: Keyring = Keyring::new(&[Key::new(
    "example",
    digest_hex!("b8e148545b13c78bc74da2f1a7275dd71e56ddece129d7d2f7b3ecc06f7994da"),
)
.scopes("read")]);
const READ: Requirement = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::new("read"));
const PUBLIC: PathRules = PathRules::new(&[PathRule::new("GET /"), PathRule::new("GET /health")]);
// No TLS here, so the policies are told to leave out what is for HTTPS.
static HEADERS: &str = const_block!(SecurityHeaders::API.over(Scheme::Http));
static PAGE: Template<'_> = const_template!(SecurityHeaders::STRICT.over(Scheme::Http).content_security_policy(Some(
    ContentSecurityPolicy::new(&[Directive::default_src(&[Source::SELF]), Directive::script_src(&[Source::NONCE])]),
)));

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:8000"))?;
    println!("listening on http://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let _ = connection(&stream?); // a client that goes away is its own affair
    }
    Ok(())
}

fn connection(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    let _ = serve(&mut FromStd::new(stream));
    // Closed with bytes unread, a socket resets, and the answer may be lost (RFC 9112 section 9.6).
    stream.shutdown(Shutdown::Write)?;
    std::io::copy(&mut std::io::Read::take(stream, 1 << 16), &mut std::io::sink()).map(drop)
}

type Outcome<C> = Result<(), WriteFmtError<<C as ErrorType>::Error>>;
fn serve<C: Read + Write>(client: &mut C) -> Outcome<C> {
    let (mut buf, mut filled) = ([0; 4096], 0);
    let head: RequestHead<'_> = loop {
        match client.read(&mut buf[filled..])? {
            0 if filled < buf.len() => return Ok(()), // it closed
            0 => return answer(client, 431, HEADERS.as_bytes(), "", "The head is longer than 4096 bytes"),
            more => filled += more,
        }
        match RequestHead::parse(&buf[..filled]) {
            Ok(Some(head)) => break head,
            Ok(None) => {}
            Err(error) => return answer(client, error.status(), HEADERS.as_bytes(), "", error.message()),
        }
    };
    if !PUBLIC.access(head.method(), &RequestPath::raw(head.path().as_bytes()), false).is_open() {
        let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_secs());
        if let Err(reason) = READ.verdict(&KEYS, &head, now) {
            eprintln!("refused: {reason}");
            let (refusal, mut field) = (reason.refusal(), heapless::String::<128>::new());
            if let Some(challenge) = READ.challenge(refusal) {
                write!(field, "{}: {challenge}\r\n", Challenge::FIELD).expect("the realm is short");
            }
            return answer(client, refusal.status(), HEADERS.as_bytes(), &field, refusal.detail());
        }
    }
    match (head.method(), head.path()) {
        ("GET", "/") => page(client),
        ("GET", "/health") => answer(client, 200, HEADERS.as_bytes(), "", "ok"),
        ("GET", "/items") => answer(client, 200, HEADERS.as_bytes(), "", "one item"),
        _ => answer(client, 404, HEADERS.as_bytes(), "", "Not found"),
    }
}

fn page<C: Write>(client: &mut C) -> Outcome<C> {
    let (mut entropy, mut buf) = ([0; NONCE_ENTROPY], [0; PAGE.len()]);
    getrandom::fill(&mut entropy).expect("the operating system has entropy");
    let nonce = Nonce::new(entropy);
    let headers = PAGE.write(&nonce, &mut buf).expect("the buffer has its size");
    let mut body = heapless::String::<128>::new();
    write!(body, "<!doctype html><script nonce={nonce}>document.write('hello')</script>").expect("it is short");
    answer(client, 200, headers, "content-type: text/html\r\n", &body)
}

/// RFC 9112 section 4: the reason phrase may be left out, the space before it may not.
fn answer<C: Write>(client: &mut C, status: u16, headers: &[u8], own: &str, body: &str) -> Outcome<C> {
    write!(client, "HTTP/1.1 {status} \r\nconnection: close\r\ncontent-length: {}\r\n{own}", body.len())?;
    client.write_all(headers)?;
    write!(client, "\r\n{body}")?;
    Ok(client.flush()?)
}
