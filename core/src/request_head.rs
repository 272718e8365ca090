//! The head of a request, for servers that have only bytes. Feature `httparse`.

use core::fmt;

use crate::auth::{Credentials, CredentialsError};
use crate::grammar;

/// Method, target and fields of an HTTP/1 request, all of them borrowed from the bytes that came in.
///
/// [`httparse`](https://docs.rs/httparse) splits the head. What it lets pass, and what a guard in front and a handler
/// behind could read in two ways, is refused here:
///
/// - a line that ends with LF alone (RFC 9112 section 2.2 leaves it to the recipient);
/// - a target with a byte that is not visible ASCII, or with a fragment (section 3.2);
/// - HTTP/1.1 without exactly one `Host` (section 3.2);
/// - a body length that is not exactly one number: two `Content-Length` lines, even the same, a list, a sign, or
///   `Transfer-Encoding` beside it (sections 6.1 and 6.3).
///
/// `FIELDS` is how many field lines fit. They are kept in the value itself, at four words each: 512 bytes on a 32-bit
/// machine for the usual 32. `Debug` shows the method and the path, and no field.
///
/// ```
/// use sallet_core::{BodyLength, RequestHead};
///
/// let bytes = b"GET /items?page=2 HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer abc\r\n\r\nbody";
/// assert!(RequestHead::<16>::parse(&bytes[..40])?.is_none()); // go on reading
///
/// let head: RequestHead<'_, 16> = RequestHead::parse(bytes)?.unwrap();
/// assert_eq!((head.method(), head.path(), head.query()), ("GET", "/items", Some("page=2")));
/// assert_eq!(head.authorization().unwrap().unwrap().token68(), Some("abc"));
/// assert_eq!((head.body(), &bytes[head.len()..]), (BodyLength::Bytes(0), &b"body"[..]));
///
/// assert!(head.field_lines("Authorization").eq([b"Bearer abc"]));
/// # Ok::<(), sallet_core::HeadError>(())
/// ```
#[derive(Clone, Copy)]
pub struct RequestHead<'b, const FIELDS: usize = 32> {
    method: &'b str,
    target: &'b str,
    fields: [httparse::Header<'b>; FIELDS],
    count: usize,
    len: usize,
    body: BodyLength,
}

impl<'b, const FIELDS: usize> RequestHead<'b, FIELDS> {
    /// Reads the head at the start of `bytes`; `None` when it does not end there yet.
    ///
    /// Each call starts over, so ask when the bytes end with an empty line, or after each read that brought many.
    ///
    /// # Errors
    /// [`HeadError`]. After one, where the next request begins is not known: answer, then close the connection.
    pub fn parse(bytes: &'b [u8]) -> Result<Option<Self>, HeadError> {
        // In place from the start: the array is the largest thing on the stack, and moves are copies.
        let mut head = Self {
            method: "",
            target: "",
            fields: [httparse::EMPTY_HEADER; FIELDS],
            count: 0,
            len: 0,
            body: BodyLength::Bytes(0),
        };
        let mut request = httparse::Request::new(&mut head.fields);
        let len = match request.parse(bytes) {
            Ok(httparse::Status::Complete(len)) => len,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return Err(HeadError::TooManyFields),
            Err(httparse::Error::Version) => return Err(HeadError::Version),
            Err(_) => return Err(HeadError::Syntax),
        };
        let (Some(method), Some(target), Some(minor)) = (request.method, request.path, request.version) else {
            return Err(HeadError::Syntax);
        };
        if has_bare_lf(bytes.get(..len).unwrap_or_default()) {
            return Err(HeadError::Syntax);
        }
        if !target.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b'#') {
            return Err(HeadError::Target);
        }
        (head.method, head.target, head.count, head.len) = (method, target, request.headers.len(), len);
        let hosts = head.field_lines("host").count();
        if hosts > 1 || (minor == 1 && hosts == 0) {
            return Err(HeadError::Host);
        }
        head.body = head.body_length(minor)?;
        Ok(Some(head))
    }

    fn body_length(&self, minor: u8) -> Result<BodyLength, HeadError> {
        let mut lengths = self.field_lines("content-length");
        let length = match lengths.next() {
            Some(line) => BodyLength::Bytes(grammar::decimal(line).ok_or(HeadError::BodyLength)?),
            None => BodyLength::Bytes(0),
        };
        if lengths.next().is_some() {
            return Err(HeadError::BodyLength);
        }
        if self.field_lines("transfer-encoding").next().is_none() {
            return Ok(length);
        }
        // RFC 9112 section 6.1: both at once is how requests are smuggled, and HTTP/1.0 had no codings.
        if minor == 0 || self.field_lines("content-length").next().is_some() {
            return Err(HeadError::BodyLength);
        }
        Ok(BodyLength::Coded)
    }

    /// The method, as it was sent.
    pub const fn method(&self) -> &'b str {
        self.method
    }

    /// The whole target, as it was sent.
    pub const fn target(&self) -> &'b str {
        self.target
    }

    /// The path of the target, as it was sent: not decoded, and without the query.
    ///
    /// Of a target in absolute form, `http://a.example/items`, it is the path that a server must use
    /// (RFC 9112 section 3.2.2). `*` and the authority of a CONNECT stay as they are and match no path rule.
    pub fn path(&self) -> &'b str {
        self.split_target().0
    }

    /// What follows the first `?` of the target.
    pub fn query(&self) -> Option<&'b str> {
        self.split_target().1
    }

    // By bytes: the searchers of `str` would be 2 KiB of a microcontroller's flash.
    fn split_target(&self) -> (&'b str, Option<&'b str>) {
        let end = self.target.bytes().position(|byte| byte == b'?').unwrap_or(self.target.len());
        let path = self.target.get(..end).unwrap_or_default();
        let query = self.target.get(end + 1..);
        if path.starts_with('/') {
            return (path, query);
        }
        let Some(authority) = path.as_bytes().windows(3).position(|three| three == b"://") else {
            return (path, query);
        };
        let authority = path.get(authority + 3..).unwrap_or_default();
        let slash = authority.bytes().position(|byte| byte == b'/').unwrap_or(authority.len());
        let path = authority.get(slash..).unwrap_or_default();
        (if path.is_empty() { "/" } else { path }, query)
    }

    /// The values of all lines of one field, whose case does not matter, without the space around them.
    pub fn field_lines<'n>(&self, name: &'n str) -> impl Iterator<Item = &'b [u8]> + use<'_, 'b, 'n, FIELDS> {
        self.fields
            .iter()
            .take(self.count)
            .filter(|field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value)
    }

    /// The one `Authorization` line, parsed; `None` when there is none.
    ///
    /// # Errors
    /// [`CredentialsError`], also when there are two lines.
    pub fn authorization(&self) -> Result<Option<Credentials<'b>>, CredentialsError> {
        Credentials::single(self.field_lines("authorization"))
    }

    /// How long the body is that follows.
    pub const fn body(&self) -> BodyLength {
        self.body
    }

    /// How many bytes the head takes; the body starts behind them.
    #[expect(clippy::len_without_is_empty, reason = "a head is never empty")]
    pub const fn len(&self) -> usize {
        self.len
    }
}

impl<const FIELDS: usize> fmt::Debug for RequestHead<'_, FIELDS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead").field("method", &self.method).field("path", &self.path()).finish_non_exhaustive()
    }
}

/// How long a request's body is (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    /// So many bytes. None at all when the request does not say.
    Bytes(u64),
    /// In a transfer coding, which ends by itself: chunked, mostly.
    Coded,
}

/// Why a request head cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadError {
    /// Not the head of an HTTP/1 request.
    Syntax,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    Version,
    /// The target has a byte that no target has.
    Target,
    /// No `Host`, or more than one.
    Host,
    /// More field lines than there is room for.
    TooManyFields,
    /// The length of the body is not said in exactly one way.
    BodyLength,
}

impl HeadError {
    /// Every cause, for tests and tables.
    pub const ALL: [Self; 6] =
        [Self::Syntax, Self::Version, Self::Target, Self::Host, Self::TooManyFields, Self::BodyLength];

    /// The status code of the answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::TooManyFields => 431,
            Self::Version => 505,
            _ => 400,
        }
    }

    /// What is wrong and how to mend it; it may be sent to the client and so holds no quotes or backslashes.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Syntax => "This is not an HTTP/1 request: send a request line and fields, each ending with CR LF",
            Self::Version => "This server speaks HTTP/1.0 and HTTP/1.1 only",
            Self::Target => "The request target holds visible ASCII characters only: percent-encode the others",
            Self::Host => "The request must have exactly one Host field",
            Self::TooManyFields => "The request has too many fields: send fewer",
            Self::BodyLength => "The length of the body must be said once: one Content-Length, or Transfer-Encoding",
        }
    }
}

crate::dialect::error!(HeadError);

fn has_bare_lf(head: &[u8]) -> bool {
    let before = [0].iter().chain(head);
    before.zip(head).any(|(&before, &byte)| byte == b'\n' && before != b'\r')
}
