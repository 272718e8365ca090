//! What this device serves, to whom, and under which policy.

use sallet_core::auth::{Challenge, CredentialsError, Key, Keyring, PathRule, PathRules, Realm, Refusal, Scopes};
use sallet_core::{
    ContentSecurityPolicy, Directive, HeadError, Scheme, SecurityHeaders, Source, Template, const_block,
    const_template, digest_hex,
};

use crate::answer::{Answer, Policy, answer, const_text};
use crate::entropy::Entropy;

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

const REALM: Realm<'_> = Realm::new("device");
const PUBLIC: PathRules = PathRules::new(&[PathRule::new("GET /"), PathRule::new("GET /health")]);
const READ: Scopes<'_> = Scopes::new("readings:read");
const WRITE: Scopes<'_> = Scopes::new("led:write");

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

/// The longest body that is read, in bytes.
pub const BODY_ROOM: usize = 64;

/// The state of the device.
#[derive(Debug)]
pub struct App {
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

impl App {
    /// The device as it starts.
    pub const fn new(entropy: Entropy) -> Self {
        Self { entropy, led: false }
    }

    /// Which route a request may use, as whom; or the answer that says why not.
    ///
    /// What is not public answers 401 to strangers before it answers 404, so that they cannot find out what exists.
    ///
    /// # Errors
    /// The answer.
    pub fn route<'t>(
        &self,
        method: &str,
        path: &str,
        authorization: impl IntoIterator<Item = &'t [u8]>,
        now: u64,
    ) -> Result<(Route, Option<&'static str>), Answer> {
        let required = match (method, path) {
            ("PUT", "/led") => WRITE,
            _ => READ,
        };
        let mut key = None;
        if !PUBLIC.is_public(method, path, None) {
            match KEYS.admit(authorization, required, now) {
                Ok(found) => key = Some(found.id),
                Err(refusal) => return Err(refused(refusal, required)),
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

    /// Does what the route is for.
    pub fn answer(&mut self, route: Route, body: &[u8]) -> Answer {
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

    const fn set_led(&mut self, on: bool) -> Answer {
        self.led = on;
        self.led()
    }

    const fn led(&self) -> Answer {
        if self.led { LED_ON } else { LED_OFF }
    }
}

const JSON: &str = "content-type: application/json\r\n";
const CLOSE: &str = "content-type: application/json\r\nconnection: close\r\n";

/// RFC 9110 section 10.1.1: an interim answer has no fields.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

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

// From here on the rest of the request is unread or unreadable, so the line is said to be closed.

/// The peer stopped in the middle.
pub const TIMEOUT: Answer = answer!(408 "Request Timeout", API, CLOSE, "{\"detail\":\"The request stopped halfway\"}");
/// A body without a length.
pub const LENGTH_REQUIRED: Answer =
    answer!(411 "Length Required", API, CLOSE, "{\"detail\":\"Send a Content-Length\"}");
/// More than [`BODY_ROOM`].
pub const TOO_LARGE: Answer =
    answer!(413 "Content Too Large", API, CLOSE, "{\"detail\":\"The body may have 64 bytes\"}");
/// More than the server's buffer, or too many fields.
pub const HEAD_TOO_LARGE: Answer =
    answer!(431 "Request Header Fields Too Large", API, CLOSE, "{\"detail\":\"The request head is too long\"}");
const BAD_REQUEST: Answer = answer!(400 "Bad Request", API, CLOSE, "{\"detail\":\"This is not a proper request\"}");
const VERSION: Answer = answer!(505 "HTTP Version Not Supported", API, CLOSE, "{\"detail\":\"Use HTTP/1.1\"}");

/// The answer to a head that cannot be used.
pub const fn unusable(error: HeadError) -> Answer {
    match error.status() {
        431 => HEAD_TOO_LARGE,
        505 => VERSION,
        _ => BAD_REQUEST,
    }
}

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
};

/// Status line, challenge and body of a refusal, rendered by the compiler. `API` already says `no-store`.
macro_rules! refusal {
    ($reason:literal, $refusal:expr, $required:expr) => {{
        const REFUSAL: Refusal = $refusal;
        const BODY_LEN: usize = REFUSAL.body_len();
        Answer::fixed(
            REFUSAL.status(),
            const_text!(out => {
                out.put(b"HTTP/1.1 ");
                out.put_decimal(REFUSAL.status() as u64);
                out.put(b" ");
                out.put($reason.as_bytes());
                out.put(b"\r\n");
                out.put(Challenge::FIELD.as_bytes());
                out.put(b": ");
                Challenge::new(REALM, REFUSAL, $required).render(out);
                out.put(b"\r\ncontent-type: application/json\r\ncontent-length: ");
                out.put_decimal(BODY_LEN as u64);
                out.put(b"\r\n");
            }),
            API,
            const_text!(out => REFUSAL.render_body(out)),
        )
    }};
}

fn refused(refusal: Refusal, required: Scopes<'_>) -> Answer {
    use CredentialsError as E;
    macro_rules! malformed {
        ($($cause:ident)*) => {
            match refusal {
                Refusal::Missing => const { refusal!("Unauthorized", Refusal::Missing, Scopes::EMPTY) },
                Refusal::InvalidToken => const { refusal!("Unauthorized", Refusal::InvalidToken, Scopes::EMPTY) },
                Refusal::InsufficientScope if required == WRITE => {
                    const { refusal!("Forbidden", Refusal::InsufficientScope, WRITE) }
                }
                Refusal::InsufficientScope => const { refusal!("Forbidden", Refusal::InsufficientScope, READ) },
                $( Refusal::Malformed(E::$cause) => {
                    const { refusal!("Bad Request", Refusal::Malformed(E::$cause), Scopes::EMPTY) }
                } )*
                Refusal::Malformed(_) => BAD_REQUEST,
            }
        };
    }
    malformed!(Repeated TooLong Scheme Separator Value DuplicateParam TooManyParams NoToken)
}
