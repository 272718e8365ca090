//! A header that Sallet has no type for, and the names that no policy may set.

use super::PolicyError;
use crate::dialect::{ok, valid};
use crate::grammar;
use crate::unchecked::{own_word, unchecked};

/// A field of your own: its name and value are checked, what it means is yours.
///
/// ```
/// use sallet_core::CustomField;
/// const ROBOTS: CustomField = CustomField::new("x-robots-tag", "noindex");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomField<'a> {
    name: &'a str,
    value: &'a str,
}

impl<'a> CustomField<'a> {
    /// A field from its name, in lower case, and value.
    ///
    /// # Panics
    /// When [`parse`](Self::parse) refuses it; in a `const` that is a compile error.
    #[track_caller]
    pub const fn new(name: &'a str, value: &'a str) -> Self {
        valid!(Self::parse(name, value))
    }

    /// Checks a field.
    ///
    /// # Errors
    /// [`BadFieldName`](PolicyError::BadFieldName) unless the name is a token in lower case,
    /// [`NotForAPolicy`](PolicyError::NotForAPolicy) where the field belongs to the connection, to one response or to a
    /// request (as `content-length`, `set-cookie`, `host`), [`BadFieldValue`](PolicyError::BadFieldValue) unless the value is visible ASCII with inner white space
    /// (RFC 9110, section 5.5).
    pub const fn parse(name: &'a str, value: &'a str) -> Result<Self, PolicyError> {
        ok!(name_is_valid(name));
        if is_one_of(name, OF_THE_MESSAGE) || is_one_of(name, OF_ONE_RESPONSE) || is_one_of(name, OF_REQUESTS) {
            return Err(PolicyError::NotForAPolicy);
        }
        // It is unchecked as it is; one that comes marked all the same is sent without the mark.
        let value = match unchecked(value) {
            Some(value) => value,
            None => value,
        };
        if !grammar::is_field_value(value) {
            return Err(PolicyError::BadFieldValue);
        }
        ok!(own_word(value));
        Ok(Self { name, value })
    }

    /// The name.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The value.
    pub const fn value(&self) -> &'a str {
        self.value
    }
}

/// Checks a name, in lower case, of a field that is to be taken off every response.
///
/// ```
/// use sallet_core::{PolicyError, removable};
/// assert_eq!(removable("x-powered-by"), Ok(()));
/// assert_eq!(removable("content-length"), Err(PolicyError::NotForAPolicy));
/// ```
///
/// # Errors
/// [`BadFieldName`](PolicyError::BadFieldName) unless it is a token in lower case,
/// [`NotForAPolicy`](PolicyError::NotForAPolicy) where no client could read the response without the field.
pub const fn removable(name: &str) -> Result<(), PolicyError> {
    ok!(name_is_valid(name));
    if is_one_of(name, OF_THE_MESSAGE) { Err(PolicyError::NotForAPolicy) } else { Ok(()) }
}

/// What says where a message ends, what becomes of its connection, and how its content is to be read: the server and the
/// app know, and a client that is told something else cuts the response short or cannot decode it.
const OF_THE_MESSAGE: &[&str] = &[
    // RFC 9112 section 6, RFC 9110 section 6.6.2
    "content-length",
    "transfer-encoding",
    "trailer",
    // RFC 9110 section 7.6.1, which names the obsolete ones too; RFC 9113 section 8.2.2 forbids them in HTTP/2
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "upgrade",
    "http2-settings",
    "close", // RFC 9110 section 18.4 reserves it
    // RFC 6455 section 11.3
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    // RFC 9110 sections 8.3, 8.4 and 14.4
    "content-type",
    "content-encoding",
    "content-range",
    // gRPC over HTTP/2, "Responses": a client takes an answer without them for a broken one
    "grpc-encoding",
    "grpc-message",
    "grpc-status",
    "grpc-status-details-bin",
];

/// What only the code that makes a response can know. The same for every response it is wrong for most, and with
/// `override` it takes the right one away: all cookies, say.
const OF_ONE_RESPONSE: &[&str] = &[
    // RFC 6265 section 4.1
    "set-cookie",
    "set-cookie2",
    // Lists that each layer adds its part to, where one value for all would take the place of the others', or be dropped for them.
    // RFC 9110 section 12.5.5: a cache that misses a name serves one user's response to another
    "vary",
    // RFC 8288 section 3, RFC 9110 section 7.6.3, Server Timing, RFC 9211 section 2, RFC 9209 section 2, RFC 7234 section 5.5
    "link",
    "via",
    "server-timing",
    "cache-status",
    "proxy-status",
    "warning",
    // RFC 9110 section 11: of the 401 and the 407
    "www-authenticate",
    "authentication-info",
    "proxy-authenticate",
    "proxy-authentication-info",
    // RFC 8053 sections 3 and 4, RFC 8555 section 6.5.1, RFC 9449 section 8
    "optional-www-authenticate",
    "authentication-control",
    "replay-nonce",
    "dpop-nonce",
    // RFC 9110 sections 10.2.1, 10.2.2, 10.2.3, 8.7, 8.8.2, 8.8.3 and 6.6.1, and 12.5.1 to 12.5.3 where a 415 has them
    "allow",
    "location",
    "retry-after",
    "content-location",
    "last-modified",
    "etag",
    "date",
    "accept",
    "accept-encoding",
    // What one resource takes: RFC 5789 section 3.1, LDP section 7.1, the QUERY method, RFC 9110 section 14.3
    "accept-patch",
    "accept-post",
    "accept-query",
    "accept-ranges",
    // HTML and ECMA-426: of one page and of one script
    "refresh",
    "sourcemap",
    "x-sourcemap",
    // RFC 7240 section 3, RFC 9218 section 5, RFC 3229 section 10, RFC 7089 section 2.1.1, RFC 4918 section 10.5
    "preference-applied",
    "priority",
    "im",
    "delta-base",
    "memento-datetime",
    "lock-token",
    // RFC 9421 section 4, RFC 9842 section 2.1
    "signature",
    "signature-input",
    "use-as-dictionary",
    // Sign-in and storage: of the one user and response
    "set-login",
    "activate-storage-access",
    "secure-session-challenge",
    "secure-session-registration",
    // RFC 9111 section 5.1
    "age",
    // RFC 9530 sections 2 and 3, and what came before
    "content-digest",
    "repr-digest",
    "unencoded-digest",
    "digest",
    "content-md5",
];

/// What a client sends; in a response it means nothing, and stands there for something else that was meant.
const OF_REQUESTS: &[&str] = &[
    // RFC 9110 sections 7.2, 7.6.2, 10.1, 11.6.2, 11.7.2, 13.1 and 14.2
    "host",
    "max-forwards",
    "expect",
    "from",
    "referer",
    "user-agent",
    "authorization",
    "proxy-authorization",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "if-range",
    "range",
    "accept-charset",
    "accept-language",
    // RFC 6265 section 4.2, RFC 6454 section 7
    "cookie",
    "origin",
    // Fetch section 3.3.2, Fetch Metadata, Upgrade Insecure Requests section 3.2.1
    "access-control-request-headers",
    "access-control-request-method",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "upgrade-insecure-requests",
    // RFC 7239 section 4, and what came before
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    // RFC 7240 section 2, RFC 8470 section 5.1, HTML (server-sent events), and the idempotency of a POST
    "prefer",
    "early-data",
    "last-event-id",
    "idempotency-key",
];

const fn is_one_of(name: &str, names: &[&str]) -> bool {
    let mut i = 0;
    while i < names.len() {
        if grammar::eq(name, names[i]) {
            return true;
        }
        i += 1;
    }
    false
}

const fn name_is_valid(name: &str) -> Result<(), PolicyError> {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i].is_ascii_uppercase() {
            return Err(PolicyError::BadFieldName);
        }
        i += 1;
    }
    if grammar::is_token(name) { Ok(()) } else { Err(PolicyError::BadFieldName) }
}
