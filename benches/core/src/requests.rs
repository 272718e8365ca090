//! What comes in with a request: tokens, credentials, paths, heads.

use sallet_core::auth::{AuthScheme, Credentials, Key, Keyring, Realm, Requirement, Scopes};
use sallet_core::paths::{PathRule, PathRules};
use sallet_core::secret::Digest;

/// As long as a minted token.
pub const TOKEN: &str = "slt_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI015x";

/// A time at which every key is good.
pub const NOW: u64 = 1_790_000_000;

pub const ANYBODY: Requirement = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::EMPTY);
pub const READ: Requirement = ANYBODY.with_scopes(Scopes::new("items:read"));

pub type Ring = Keyring<Vec<Key<String>>>;

/// A ring of `count` keys, whose last is that of [`TOKEN`].
pub fn ring(count: usize) -> Ring {
    let key = |at: usize| {
        let last = at + 1 == count;
        Key {
            id: format!("key-{at}"),
            principal: format!("principal-{at}"),
            scopes: "items:read items:write".to_owned(),
            not_before: Some(1_700_000_000),
            not_after: Some(1_893_456_000),
            digest: Digest::of(if last { TOKEN.to_owned() } else { format!("token-{at}") }.as_bytes()),
        }
    };
    Keyring::try_new((0..count).map(key).collect()).expect("good keys")
}

/// An `authorization` value with [`TOKEN`].
pub fn bearer() -> Vec<u8> {
    format!("Bearer {TOKEN}").into_bytes()
}

/// Credentials, by what is special about them.
pub fn credentials() -> Vec<(&'static str, Vec<u8>)> {
    let mut longest = b"Bearer ".to_vec();
    longest.resize(Credentials::MAX_LEN, b'a');
    let mut longer = longest.clone();
    longer.push(b'a');
    vec![
        ("short", b"Bearer abc".to_vec()),
        ("typical", bearer()),
        ("8 KiB", longest),
        ("malformed", format!("Bearer {TOKEN} {TOKEN}").into_bytes()),
        ("too long", longer),
        (
            "parameters",
            br#"Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", qop=auth, nc=00000001"#
                .to_vec(),
        ),
    ]
}

/// Public paths as an app has them.
pub const RULES: PathRules = PathRules::new(&[
    PathRule::new("/health"),
    PathRule::new("/ready"),
    PathRule::new("/favicon.ico"),
    PathRule::new("/robots.txt"),
    PathRule::new("GET /items"),
    PathRule::new("/docs"),
    PathRule::new("/openapi.json"),
    PathRule::new("/static/*"),
]);

/// Paths, by what is special about them, and whether they are public.
pub const PATHS: [(&str, &str, bool); 4] = [
    ("first rule", "/health", true),
    ("below the last rule", "/static/app/main-3f2a91.js", true),
    ("no rule", "/v1/customers/4711/orders/2026-11-22", false),
    ("encoded slash at the end", "/static/app/main-3f2a91.js%2f..", false),
];

/// Heads of requests: a sensor's, and a browser's.
pub const HEADS: [(&str, &[u8]); 2] = [
    (
        "4 fields",
        b"POST /v1/readings HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer \
          slt_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI015x\r\nContent-Type: application/json\r\n\
          Content-Length: 42\r\n\r\n",
    ),
    (
        "14 fields",
        b"GET /items?page=2&sort=name HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; \
          rv:140.0) Gecko/20100101 Firefox/140.0\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,\
          */*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nReferer: \
          https://shop.example/\r\nConnection: keep-alive\r\nCookie: theme=dark; session=9c2f7a51e0b84d36\r\n\
          Upgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: \
          same-origin\r\nSec-Fetch-User: ?1\r\nAuthorization: Bearer \
          slt_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI015x\r\n\r\n",
    ),
];
