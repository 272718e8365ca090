//! `credentials = auth-scheme [ 1*SP ( token68 / #auth-param ) ]`, RFC 9110 section 11.4.

use super::Params;
use crate::grammar;

/// One `Authorization` field value, split but not judged.
///
/// The parser takes exactly the grammar of RFC 9110, with these decisions where the text leaves room:
///
/// - spaces and tabs around the whole value are dropped (section 5.5); between scheme and token only spaces count;
/// - a value that fits both as token68 and as a parameter with an empty value (`foo=`) is a token68;
/// - empty list elements are skipped, as section 5.6.1.2 asks of recipients; a list of nothing else is refused;
/// - a parameter named twice is refused (section 11.2), as are more than [`Credentials::MAX_PARAMS`];
/// - a value longer than [`Credentials::MAX_LEN`] is refused before any other work.
///
/// `Debug` shows the scheme and nothing else.
///
/// ```
/// use sallet_core::auth::Credentials;
///
/// // RFC 6750 section 2.1
/// let bearer = Credentials::parse(b"Bearer mF_9.B5f-4.1JqM").unwrap();
/// assert!(bearer.is("bearer"));
/// assert_eq!(bearer.token68(), Some("mF_9.B5f-4.1JqM"));
/// assert_eq!(format!("{bearer:?}"), r#"Credentials { scheme: "Bearer", .. }"#);
///
/// let digest = Credentials::parse(br#"Digest username="Mufasa", qop=auth"#).unwrap();
/// let names: Vec<_> = digest.params().map(|(name, _)| name).collect();
/// assert_eq!(names, ["username", "qop"]);
/// ```
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    scheme: &'a str,
    value: Value<'a>,
}

#[derive(Clone, Copy)]
enum Value<'a> {
    None,
    Token68(&'a str),
    /// Checked: every element is a parameter or empty.
    Params(&'a [u8]),
}

impl<'a> Credentials<'a> {
    /// The longest field value that is looked at, in bytes, unless a [`Requirement`](super::Requirement::with_max_length) says otherwise.
    pub const MAX_LEN: usize = 8 * 1024;

    /// The most parameters that are read.
    pub const MAX_PARAMS: usize = 16;

    /// Parses one field value.
    ///
    /// # Errors
    /// [`CredentialsError`] when the value is not credentials. The error never holds a part of the value.
    pub fn parse(value: &'a [u8]) -> Result<Self, CredentialsError> {
        Self::parse_within(value, Self::MAX_LEN)
    }

    fn parse_within(value: &'a [u8], max_len: usize) -> Result<Self, CredentialsError> {
        if value.len() > max_len {
            return Err(CredentialsError::TooLong);
        }
        let value = grammar::trim_bytes(value);
        let end = value.iter().position(|&byte| !grammar::is_tchar(byte)).unwrap_or(value.len());
        let (scheme, rest) = value.split_at(end);
        let scheme = core::str::from_utf8(scheme).map_err(|_| CredentialsError::Scheme)?;
        if scheme.is_empty() {
            return Err(CredentialsError::Scheme);
        }
        let value = match rest {
            [] => Value::None,
            [b' ', rest @ ..] => {
                let mut value = rest;
                while let [b' ', rest @ ..] = value {
                    value = rest;
                }
                Value::parse(value)?
            }
            _ => return Err(CredentialsError::Separator),
        };
        Ok(Self { scheme, value })
    }

    /// Parses the field lines of one request, of which there may be one at most.
    ///
    /// Two lines are refused even when they are the same (RFC 9110 section 5.3 forbids sending them): which one
    /// counts is what a guard and the handler behind it would disagree about.
    ///
    /// # Errors
    /// [`CredentialsError::Repeated`] for a second line, else what [`Credentials::parse`] says.
    pub fn single(lines: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<Self>, CredentialsError> {
        Self::single_within(lines, Self::MAX_LEN)
    }

    pub(super) fn single_within(
        lines: impl IntoIterator<Item = &'a [u8]>,
        max_len: usize,
    ) -> Result<Option<Self>, CredentialsError> {
        let mut lines = lines.into_iter();
        let Some(line) = lines.next() else { return Ok(None) };
        if lines.next().is_some() {
            return Err(CredentialsError::Repeated);
        }
        Self::parse_within(line, max_len).map(Some)
    }

    /// The scheme as it was written; compare it with [`Credentials::is`].
    pub const fn scheme(&self) -> &'a str {
        self.scheme
    }

    /// Whether this is the scheme; the case does not matter (RFC 9110 section 11.1), the whole name does.
    pub const fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The token, for schemes that have one.
    pub const fn token68(&self) -> Option<&'a str> {
        match self.value {
            Value::Token68(token) => Some(token),
            _ => None,
        }
    }

    /// The parameters, for schemes that have them, in order.
    pub const fn params(&self) -> Params<'a> {
        Params::new(match self.value {
            Value::Params(list) => list,
            _ => b"",
        })
    }
}

impl core::fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Credentials").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

impl<'a> Value<'a> {
    fn parse(text: &'a [u8]) -> Result<Self, CredentialsError> {
        if grammar::is_token68(text) {
            return match core::str::from_utf8(text) {
                Ok(token) => Ok(Self::Token68(token)),
                Err(_) => Err(CredentialsError::Value),
            };
        }
        // `#auth-param` begins with a parameter or with `OWS ","`: only a space may stand before a parameter.
        if text.starts_with(b"\t") && !grammar::trim_bytes(text).starts_with(b",") {
            return Err(CredentialsError::Value);
        }
        let mut seen = [""; Credentials::MAX_PARAMS];
        let mut count = 0;
        let mut params = Params::new(text);
        while let Some((name, _)) = params.step()? {
            if seen.iter().take(count).any(|earlier| earlier.eq_ignore_ascii_case(name)) {
                return Err(CredentialsError::DuplicateParam);
            }
            *seen.get_mut(count).ok_or(CredentialsError::TooManyParams)? = name;
            count += 1;
        }
        if count == 0 { Err(CredentialsError::Value) } else { Ok(Self::Params(text)) }
    }
}

/// Why credentials cannot be read. Each of these is answered 400 `invalid_request`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialsError {
    /// In more than one line, or in more than one place (RFC 6750 section 2).
    Repeated,
    /// Longer than is looked at: [`Credentials::MAX_LEN`], unless the host says otherwise; 1024 bytes of `user:password`.
    TooLong,
    /// Does not start with the name of a scheme.
    Scheme,
    /// Something other than a space after the scheme.
    Separator,
    /// What follows the scheme is neither a token nor a list of parameters; or a key has a space or another character that none has.
    Value,
    /// A parameter stands there twice.
    DuplicateParam,
    /// More than [`Credentials::MAX_PARAMS`] parameters.
    TooManyParams,
    /// No token is where one should be.
    NoToken,
    /// Not base64, padded and without a bit too many (RFC 7617 section 2).
    Base64,
    /// Decoded, not UTF-8, which the challenge asks for (RFC 7617 section 2.1).
    Charset,
    /// Decoded, without a colon between user and password.
    Colon,
    /// Decoded, with a control character.
    Control,
}

impl CredentialsError {
    /// Every cause, for tests and tables.
    pub const ALL: [Self; 12] = [
        Self::Repeated,
        Self::TooLong,
        Self::Scheme,
        Self::Separator,
        Self::Value,
        Self::DuplicateParam,
        Self::TooManyParams,
        Self::NoToken,
        Self::Base64,
        Self::Charset,
        Self::Colon,
        Self::Control,
    ];

    /// What is wrong and how to mend it; it is sent to the client and so holds no quotes or backslashes.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Repeated => "There are credentials more than once: send one field line, in one place",
            Self::TooLong => "The credentials are longer than this server reads: send shorter ones",
            Self::Scheme => "The Authorization field must start with the name of a scheme, such as Bearer or Basic",
            Self::Separator => "The scheme in the Authorization field must be followed by a space",
            Self::Value => "The credentials cannot be read: look for a space, a comma or a missing quote in them",
            Self::DuplicateParam => "A parameter of the Authorization field is repeated: send it once",
            Self::TooManyParams => "The Authorization field holds more than 16 parameters",
            Self::NoToken => "The credentials are empty: no token, key or password follows the name",
            Self::Base64 => "Basic credentials are base64 of user:password, padded with =",
            Self::Charset => "Basic credentials are in UTF-8 before they are written in base64",
            Self::Colon => "Basic credentials have a colon between user and password",
            Self::Control => "Basic credentials have no control characters, such as a line break",
        }
    }
}

crate::dialect::error!(CredentialsError);

#[cfg(test)]
mod tests {
    use super::*;

    fn token(value: &[u8]) -> Result<Option<&str>, CredentialsError> {
        Credentials::parse(value).map(|credentials| credentials.token68())
    }

    #[test]
    fn the_examples_of_the_rfcs() {
        // RFC 9110 section 11.4 refers to RFC 7617 section 2 for this one.
        let basic = Credentials::parse(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").unwrap();
        assert!(basic.is("basic") && !basic.is("bas") && !basic.is("basicx"));
        assert_eq!(basic.token68(), Some("QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert_eq!(token(b"Bearer mF_9.B5f-4.1JqM"), Ok(Some("mF_9.B5f-4.1JqM")));
        // RFC 7616 section 3.9.1, shortened.
        let digest = Credentials::parse(br#"Digest username="Mufasa", uri="/dir/index.html", nc=00000001, qop=auth"#);
        assert_eq!(digest.unwrap().params().count(), 4);
    }

    #[test]
    fn spaces() {
        assert_eq!(token(b"Bearer    a"), Ok(Some("a")));
        assert_eq!(token(b" \tBearer a\t "), Ok(Some("a")));
        assert_eq!(token(b"Bearer\ta"), Err(CredentialsError::Separator));
        assert_eq!(token(b"Bearer \ta"), Err(CredentialsError::Value));
        // Found by fuzzing. An empty element may have the tab before its comma.
        assert_eq!(token(b"X \ta=b"), Err(CredentialsError::Value));
        assert_eq!(token(b"X \t,a=b"), Ok(None));
        assert_eq!(token(b"Bearer a b"), Err(CredentialsError::Value));
        assert_eq!(token(b"Bearer "), Ok(None));
        assert_eq!(token(b"Bearer"), Ok(None));
    }

    #[test]
    fn token68_or_parameter() {
        assert_eq!(token(b"X foo="), Ok(Some("foo=")));
        assert_eq!(token(b"X foo=="), Ok(Some("foo==")));
        // The grammar has no most for the padding.
        assert_eq!(token(b"Bearer a===="), Ok(Some("a====")));
        assert_eq!(token(b"X foo=bar"), Ok(None));
        assert_eq!(Credentials::parse(b"X foo=bar").unwrap().params().count(), 1);
        assert_eq!(token(b"X ="), Err(CredentialsError::Value));
        assert_eq!(token(b"X foo==bar"), Err(CredentialsError::Value));
        assert_eq!(token(b"X foo=bar="), Err(CredentialsError::Value));
        assert_eq!(token(b"X a, b"), Err(CredentialsError::Value));
    }

    #[test]
    fn lists_and_quotes() {
        let list = Credentials::parse(b"X ,, a = \"1\\\"2\\\\3\" ,\t, b\t=c, ").unwrap();
        let mut params = list.params();
        let (name, value) = params.next().unwrap();
        assert_eq!(name, "a");
        assert!(value.bytes().eq(*b"1\"2\\3"));
        let (name, value) = params.next().unwrap();
        assert_eq!(name, "b");
        assert!(value.bytes().eq(*b"c"));
        assert!(params.next().is_none());

        for bad in [
            &b"X a=\"open"[..],
            b"X a=\"open\\",
            b"X a=\"b\"c",
            b"X a=b c=d",
            b"X a=\"\x7f\"",
            b"X a=\"\\\x01\"",
            b"Digest a=\"\\\x7f\"",
            b"X a=b;c=d",
            b"X ,,",
            b"X \"a\"=b",
        ] {
            assert_eq!(token(bad), Err(CredentialsError::Value), "{bad:?}");
        }
        assert_eq!(token(b"X a=1, A=2"), Err(CredentialsError::DuplicateParam));
        assert_eq!(
            token(b"X a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,n=1,o=1,p=1,q=1"),
            Err(CredentialsError::TooManyParams)
        );
    }

    #[test]
    fn schemes() {
        assert_eq!(token(b""), Err(CredentialsError::Scheme));
        assert_eq!(token(b"  "), Err(CredentialsError::Scheme));
        assert_eq!(token(b"\"Bearer\" a"), Err(CredentialsError::Scheme));
        assert_eq!(token(b"Bearer, a"), Err(CredentialsError::Separator));
        assert_eq!(token(b"Bear\xc3\xa9r a"), Err(CredentialsError::Separator));
        assert_eq!(token(b"Bearer\0a"), Err(CredentialsError::Separator));
        assert!(!Credentials::parse(b"BearerToken a").unwrap().is("Bearer"));
    }

    #[test]
    fn one_line_only() {
        let line = &b"Bearer a"[..];
        assert!(Credentials::single([]).unwrap().is_none());
        assert_eq!(Credentials::single([line]).unwrap().unwrap().token68(), Some("a"));
        assert_eq!(Credentials::single([line, line]).unwrap_err(), CredentialsError::Repeated);
        // What a proxy makes of two lines.
        assert_eq!(Credentials::single([&b"Bearer a, Bearer b"[..]]).unwrap_err(), CredentialsError::Value);
    }

    #[test]
    fn the_cap_is_on_the_whole_line() {
        let mut line = [b'a'; Credentials::MAX_LEN + 1];
        line[..7].copy_from_slice(b"Bearer ");
        assert_eq!(token(&line), Err(CredentialsError::TooLong));
        assert!(token(&line[..Credentials::MAX_LEN]).is_ok());
    }
}
