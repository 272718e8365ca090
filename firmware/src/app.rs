//! What this device serves, to whom, and under which policy.

use sallet_core::auth::{AuthScheme, Key, Keyring, Realm, Requirement, Scopes};
use sallet_core::paths::{PathRule, PathRules, RequestPath};
use sallet_core::{
    ContentSecurityPolicy, Directive, Scheme, SecurityHeaders, Source, Template, const_block, const_template,
    digest_hex,
};

use crate::answer::{Answer, Policy};
use crate::entropy::Entropy;
use crate::server::{App, BODY_ROOM, Head, OwnAnswers};
use crate::{answer, const_text, refused};

/// The keys of the tests. Their tokens are in `harness/cases.py`; a device of yours has its own, made with
/// `python -m sallet token`, and holds nothing but these digests.
pub static KEYS: Keyring = Keyring::new(&[
    Key::new("sensor-7", digest_hex!("99d31de1401a217c282ac1bf8933243bd0a915c946d11fe69c05b7ce42a3c7e2"))
        .scopes("readings:read"),
    Key::new("operator", digest_hex!("77739d9fd9247781398463dfa0a4ab0b940f4f2214970a530f5392d4dbfbdf64"))
        .scopes("readings:read led:write"),
    Key::new("retired", digest_hex!("0f7e8e5b5222159b9cf77fdc51523ca33696950995bf013a074ce52423fa5a55"))
        .scopes("readings:read")
        .not_after(1_700_000_000),
    Key::new("next-year", digest_hex!("f83dae2a8e6eeb660f336225350ff7cfe9cc3c5d92a31ca2a3188f30164c4761"))
        .scopes("readings:read")
        .not_before(1_900_000_000),
]);

const PUBLIC: PathRules = PathRules::new(&[PathRule::new("GET /"), PathRule::new("GET /health")]);
/// What a request needs that is not public.
pub const READ: Requirement = Requirement::new(AuthScheme::Bearer, Realm::new("device"), Scopes::new("readings:read"));
const WRITE: Requirement = READ.with_scopes(Scopes::new("led:write"));

/// A UART has no TLS, so the policies leave out what is for HTTPS.
pub static API: &str = const_block!(SecurityHeaders::API.over(Scheme::Http));

/// The page's script carries a nonce; everything else must come from the device itself.
pub static PAGE: Template<'_> = const_template!(SecurityHeaders::STRICT.over(Scheme::Http).content_security_policy(
    Some(ContentSecurityPolicy::new(&[
        Directive::default_src(&[Source::SELF]),
        Directive::script_src(&[Source::NONCE]),
        Directive::base_uri(&[Source::NONE]),
        Directive::form_action(&[Source::SELF]),
        Directive::frame_ancestors(&[Source::NONE]),
    ]))
));

/// The state of the device.
#[derive(Debug)]
pub struct Device {
    entropy: Entropy,
    led: bool,
}

/// A route that exists and that the client may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The page.
    Page,
    /// Whether the device is alive.
    Health,
    /// What the sensor says.
    Readings,
    /// Whether the LED is on.
    Led,
    /// Turn it on or off.
    SetLed,
}

impl Device {
    /// The device as it starts.
    pub const fn new(entropy: Entropy) -> Self {
        Self { entropy, led: false }
    }

    const fn set_led(&mut self, on: bool) -> Answer {
        self.led = on;
        self.led()
    }

    const fn led(&self) -> Answer {
        if self.led { LED_ON } else { LED_OFF }
    }
}

impl App for Device {
    type Route = Route;

    const OWN_ANSWERS: &'static OwnAnswers = &OWN_ANSWERS;

    /// What is not public answers 401 to strangers before it answers 404, so that they cannot find out what exists.
    fn route(&self, head: &Head<'_>, now: u64) -> Result<(Route, Option<&'static str>), Answer> {
        let (method, path) = (head.method(), head.path());
        let (need, refused) = match (method, path) {
            ("PUT", "/led") => (WRITE, refused!(WRITE, REFUSED_FIELDS, API)),
            _ => (READ, refused!(READ, REFUSED_FIELDS, API)),
        };
        let mut key = None;
        if !PUBLIC.access(method, &RequestPath::raw(path.as_bytes()), false).is_open() {
            match need.verdict(&KEYS, head, now) {
                Ok(found) => key = Some(found.id),
                Err(reason) => {
                    let answer = refused::answer(refused, reason.refusal());
                    return Err(Answer { reason: Some(reason), ..answer });
                }
            }
        }
        let route = match (method, path) {
            ("GET" | "HEAD", "/") => Route::Page,
            ("GET" | "HEAD", "/health") => Route::Health,
            ("GET" | "HEAD", "/readings") => Route::Readings,
            ("GET" | "HEAD", "/led") => Route::Led,
            ("PUT", "/led") => Route::SetLed,
            (_, "/" | "/health" | "/readings") => return Err(Answer { key, ..READ_ONLY }),
            (_, "/led") => return Err(Answer { key, ..READ_OR_PUT }),
            _ => return Err(Answer { key, ..NOT_FOUND }),
        };
        Ok((route, key))
    }

    fn answer(&mut self, route: Route, body: &[u8]) -> Answer {
        match (route, body) {
            (Route::Page, _) => Answer { policy: Policy::Page(&PAGE, self.entropy.nonce()), ..PAGE_ANSWER },
            (Route::Health, _) => HEALTHY,
            (Route::Readings, _) => READINGS,
            (Route::SetLed, b"on") => self.set_led(true),
            (Route::SetLed, b"off") => self.set_led(false),
            (Route::SetLed, _) => NEITHER_ON_NOR_OFF,
            (Route::Led, _) => self.led(),
        }
    }
}

const JSON: &str = "content-type: application/json\r\n";
const CLOSE: &str = "content-type: application/json\r\nconnection: close\r\n";

const HEALTHY: Answer = answer!(200 "OK", API, JSON, "{\"status\":\"ok\"}");
const READINGS: Answer = answer!(200 "OK", API, JSON, "{\"celsius\":21.5}");
const LED_ON: Answer = answer!(200 "OK", API, JSON, "{\"led\":\"on\"}");
const LED_OFF: Answer = answer!(200 "OK", API, JSON, "{\"led\":\"off\"}");
const NEITHER_ON_NOR_OFF: Answer = answer!(400 "Bad Request", API, JSON, "{\"detail\":\"Send on or off\"}");
const NOT_FOUND: Answer = answer!(404 "Not Found", API, JSON, "{\"detail\":\"Not found\"}");
const READ_ONLY: Answer = answer!(
    405 "Method Not Allowed", API, "content-type: application/json\r\nallow: GET, HEAD\r\n",
    "{\"detail\":\"Use GET\"}"
);
const READ_OR_PUT: Answer = answer!(
    405 "Method Not Allowed", API, "content-type: application/json\r\nallow: GET, HEAD, PUT\r\n",
    "{\"detail\":\"Use GET or PUT\"}"
);

/// Where the rest of the request is unread or unreadable, so that the line is said to be closed.
static OWN_ANSWERS: OwnAnswers = OwnAnswers {
    timeout: answer!(408 "Request Timeout", API, CLOSE, "{\"detail\":\"The request stopped halfway\"}"),
    length_required: answer!(411 "Length Required", API, CLOSE, "{\"detail\":\"Send a Content-Length\"}"),
    too_large: answer!(413 "Content Too Large", API, CLOSE, "{\"detail\":\"The body may have 64 bytes\"}"),
    head_too_large: answer!(
        431 "Request Header Fields Too Large", API, CLOSE, "{\"detail\":\"The request head is too long\"}"
    ),
    bad_request: answer!(400 "Bad Request", API, CLOSE, "{\"detail\":\"This is not a proper request\"}"),
    version: answer!(505 "HTTP Version Not Supported", API, CLOSE, "{\"detail\":\"Use HTTP/1.1\"}"),
};
const _: () = assert!(BODY_ROOM == 64, "too_large says so");

const BEFORE_NONCE: &str = "<!doctype html><title>Device</title><h1>Device</h1><script nonce=\"";
const AFTER_NONCE: &str = "\">document.querySelector('h1').textContent += ' is up'</script>";
const PAGE_ANSWER: Answer = Answer {
    status: 200,
    start: const_text!(out => {
        out.put(b"HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: ");
        out.put_decimal((BEFORE_NONCE.len() + sallet_core::NONCE_LEN + AFTER_NONCE.len()) as u64);
        out.put(b"\r\n");
    }),
    policy: Policy::Block(""),
    body: BEFORE_NONCE.as_bytes(),
    rest: AFTER_NONCE.as_bytes(),
    key: None,
    reason: None,
};

// `API` already says `no-store`.
const REFUSED_FIELDS: &[(&str, &str)] = &[("content-type", "application/json")];
