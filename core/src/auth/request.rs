//! What authentication looks at in a request.

use crate::grammar;

/// A request, as far as authentication looks at it: what a host converts its own into.
///
/// Every scheme reads the lines of one field. The rest is only read by a [`Requirement`](super::Requirement) that needs it: the method,
/// `Sec-Fetch-Site`, `Origin` and `Host` under Basic, and the query and subprotocols where a token may be in them. A host that cannot
/// hand over all fields asks [`looks_at`](super::Requirement::looks_at) which matter.
///
/// Hand over **every** line of a field, in order, and do not join them: two `Authorization` lines must be seen as two. A host that
/// leaves out `Sec-Fetch-Site` or `Origin` switches off what protects Basic from pages of other sites.
///
/// ```
/// use sallet_core::auth::{AuthRequest, RequestFields};
///
/// let fields = [("Host", &b"a.example"[..]), ("Connection", b"Upgrade"), ("Upgrade", b"websocket")];
/// let request = RequestFields::new("GET", &fields);
/// assert!(request.lines("host").eq([b"a.example"]));
/// assert!(request.is_websocket());
/// ```
pub trait AuthRequest {
    /// The method, as it was sent.
    fn method(&self) -> &str;

    /// The values of all lines of a field, whose case does not matter, without the space around them. Those of `host` are the
    /// authority of the request where the protocol has one of its own, as HTTP/2 has.
    fn lines<'a>(&'a self, field: &str) -> impl Iterator<Item = &'a [u8]>;

    /// What follows the first `?` of the target.
    fn query(&self) -> Option<&[u8]> {
        None
    }

    /// Whether it opens a WebSocket. Read from `Upgrade` (RFC 6455 section 4.2.1), unless the host knows better, as of HTTP/2's extended
    /// CONNECT (RFC 8441).
    fn is_websocket(&self) -> bool {
        upgrades_to_websocket(self)
    }
}

/// Whether `Upgrade` says that the request opens a WebSocket: for a host that knows other ways as well.
pub fn upgrades_to_websocket<R: AuthRequest + ?Sized>(request: &R) -> bool {
    request.lines("upgrade").any(|line| elements(line).any(|name| name.eq_ignore_ascii_case(b"websocket")))
}

impl<R: AuthRequest + ?Sized> AuthRequest for &R {
    fn method(&self) -> &str {
        (**self).method()
    }

    fn lines<'a>(&'a self, field: &str) -> impl Iterator<Item = &'a [u8]> {
        (**self).lines(field)
    }

    fn query(&self) -> Option<&[u8]> {
        (**self).query()
    }

    fn is_websocket(&self) -> bool {
        (**self).is_websocket()
    }
}

/// A request of a method and some field lines, in order: for a server that keeps them so, and for tests.
///
/// `Debug` shows the method and the names, and no value.
#[derive(Clone, Copy)]
pub struct RequestFields<'a> {
    method: &'a str,
    fields: &'a [(&'a str, &'a [u8])],
    query: Option<&'a [u8]>,
}

impl<'a> RequestFields<'a> {
    /// `fields` are names, in any case, and values without the space around them.
    #[must_use]
    pub const fn new(method: &'a str, fields: &'a [(&'a str, &'a [u8])]) -> Self {
        Self { method, fields, query: None }
    }

    /// The same with what follows the `?` of the target.
    #[must_use]
    pub const fn with_query(self, query: &'a [u8]) -> Self {
        Self { query: Some(query), ..self }
    }
}

impl AuthRequest for RequestFields<'_> {
    fn method(&self) -> &str {
        self.method
    }

    fn lines<'a>(&'a self, field: &str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(field)).map(|&(_, value)| value)
    }

    fn query(&self) -> Option<&[u8]> {
        self.query
    }
}

impl core::fmt::Debug for RequestFields<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut list = f.debug_list();
        list.entry(&self.method).entries(self.fields.iter().map(|(name, _)| name)).finish_non_exhaustive()
    }
}

#[cfg(feature = "httparse")]
impl<const FIELDS: usize> AuthRequest for crate::RequestHead<'_, FIELDS> {
    fn method(&self) -> &str {
        self.method()
    }

    fn lines<'a>(&'a self, field: &str) -> impl Iterator<Item = &'a [u8]> {
        self.field_lines(field)
    }

    fn query(&self) -> Option<&[u8]> {
        self.query().map(str::as_bytes)
    }
}

/// The elements of a line that is a list of tokens, without the empty ones (RFC 9110 section 5.6.1).
pub(super) fn elements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&byte| byte == b',').map(grammar::trim_bytes).filter(|element| !element.is_empty())
}
