//! `WWW-Authenticate`, RFC 9110 section 11.6.1 and RFC 6750 section 3.

use super::{Refusal, Requirement};
use crate::cursor::Cursor;
use crate::dialect::valid;

/// The name of what is protected, shown to people by clients that ask for credentials.
///
/// Visible ASCII and spaces, at least one character. Quotes and backslashes are fine: they are escaped.
///
/// ```
/// use sallet_core::auth::Realm;
/// const REALM: Realm = Realm::new("items");
/// assert!(Realm::parse("two\r\nlines").is_err());
/// ```
///
/// ```compile_fail,E0080
/// # use sallet_core::auth::Realm;
/// const REALM: Realm = Realm::new("two\r\nlines");
/// // error[E0080]: evaluation panicked: a realm holds visible ASCII characters and spaces only: take out line
/// //               breaks, control characters and accents
/// ```
///
/// `S` is the kind of string: `&'static str` for a constant, `String` or `Box<str>` for a name that a host holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Realm<S = &'static str>(S);

impl<S: AsRef<str>> Realm<S> {
    /// The realm called `name`.
    ///
    /// # Errors
    /// [`RealmError`] when the name is empty or could not stand in a header.
    pub fn parse(name: S) -> Result<Self, RealmError> {
        check(name.as_ref()).map(|()| Self(name))
    }

    /// The same realm with a borrowed name.
    pub fn borrowed(&self) -> Realm<&str> {
        Realm(self.0.as_ref())
    }

    /// The same realm with a string of its own, such as a `String`.
    pub fn owned<T: for<'t> From<&'t str>>(&self) -> Realm<T> {
        Realm(self.0.as_ref().into())
    }
}

impl<'a> Realm<&'a str> {
    /// The realm called `name`.
    ///
    /// # Panics
    /// When the name is not usable; in a `const` that is a compile error. For a name that is not a literal there is
    /// [`Realm::parse`].
    #[track_caller]
    pub const fn new(name: &'a str) -> Self {
        valid!(check(name));
        Self(name)
    }

    /// The name, unescaped.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

const fn check(name: &str) -> Result<(), RealmError> {
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        return Err(RealmError::Empty);
    }
    let mut i = 0;
    while i < bytes.len() {
        if !matches!(bytes[i], b' '..=b'~') {
            return Err(RealmError::Character);
        }
        i += 1;
    }
    Ok(())
}

/// Why a text is not a realm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RealmError {
    /// Nothing in it.
    Empty,
    /// A control character or one outside ASCII.
    Character,
}

impl RealmError {
    /// What is wrong and how to mend it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Empty => "a realm needs a name: say what is protected, as in \"items\"",
            Self::Character => {
                "a realm holds visible ASCII characters and spaces only: take out line breaks, control characters and \
                 accents"
            }
        }
    }
}

crate::dialect::error!(RealmError);

/// The challenge that goes with a [`Refusal`]: what [`Requirement::challenge`] gives.
///
/// It always has a parameter, the realm: RFC 6750 section 3 requires one, and a bare `Bearer` has none. What follows is the
/// scheme's: Bearer says what was wrong, which scopes are needed, and where to learn how to get a token; Basic its charset; `ApiKey` its
/// header.
///
/// ```
/// use sallet_core::auth::{AuthScheme, Realm, Refusal, Requirement, Scopes};
///
/// let need = Requirement::new(AuthScheme::Bearer, Realm::new("example"), Scopes::EMPTY);
/// let challenge = |refusal| need.challenge(refusal).map(|challenge| challenge.to_string());
/// // RFC 6750 section 3, both examples (the second there has a description as well)
/// assert_eq!(challenge(Refusal::Missing).unwrap(), r#"Bearer realm="example""#);
/// assert_eq!(challenge(Refusal::InvalidToken).unwrap(), r#"Bearer realm="example", error="invalid_token""#);
/// // The client may send the same token again.
/// assert_eq!(challenge(Refusal::Unavailable), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge<'a> {
    need: Requirement<&'a str>,
    refusal: Refusal,
}

impl<'a> Challenge<'a> {
    /// The name of the field, in lower case.
    pub const FIELD: &'static str = "www-authenticate";

    pub(super) const fn new(need: Requirement<&'a str>, refusal: Refusal) -> Self {
        Self { need, refusal }
    }

    pub(super) const fn need(&self) -> &Requirement<&'a str> {
        &self.need
    }

    pub(super) const fn refusal(&self) -> Refusal {
        self.refusal
    }

    /// Writes the field value.
    pub const fn render(&self, out: &mut Cursor<'_>) {
        out.put(self.need.word().as_bytes());
        out.put(b" realm=\"");
        let realm = self.need.realm().0.as_bytes();
        let mut i = 0;
        while i < realm.len() {
            // RFC 9110 section 5.6.4: only these two need, and should have, a backslash.
            if matches!(realm[i], b'"' | b'\\') {
                out.put(b"\\");
            }
            out.put(&[realm[i]]);
            i += 1;
        }
        out.put(b"\"");
        self.need.scheme().put_params(out, self);
    }
}

crate::dialect::display_by_render!(Challenge<'_>);

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::{String, ToString as _};

    use super::*;
    use crate::auth::{AuthScheme, CredentialsError, PlaceName, ResourceMetadata, Scopes};

    #[test]
    fn realms() {
        assert_eq!(Realm::parse(""), Err(RealmError::Empty));
        for bad in ["a\r\nset-cookie: x", "a\0", "a\u{7f}", "caf\u{e9}", "tab\t"] {
            assert_eq!(Realm::parse(bad), Err(RealmError::Character), "{bad:?}");
        }
    }

    fn challenge(realm: &'static str, refusal: Refusal, scopes: &'static str) -> String {
        let need = Requirement::new(AuthScheme::Bearer, Realm::new(realm), Scopes::new(scopes));
        need.challenge(refusal).unwrap().to_string()
    }

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        assert_eq!(challenge(r#"a "b" \c"#, Refusal::Missing, ""), r#"Bearer realm="a \"b\" \\c""#);
    }

    #[test]
    fn scopes_and_metadata_are_named_where_they_help() {
        let text = r#"Bearer realm="items", error="insufficient_scope", scope="a b""#;
        assert_eq!(challenge("items", Refusal::InsufficientScope, "a b"), text);
        assert_eq!(challenge("items", Refusal::Missing, "a b"), r#"Bearer realm="items", scope="a b""#);
        let malformed = Refusal::Malformed(CredentialsError::Repeated);
        assert_eq!(challenge("items", malformed, "a b"), r#"Bearer realm="items", error="invalid_request""#);
        const URL: ResourceMetadata = ResourceMetadata::new("https://a.example/.well-known/oauth-protected-resource");
        let need = Requirement::new(AuthScheme::Bearer, Realm::new("mcp"), Scopes::EMPTY).resource_metadata(URL);
        assert_eq!(
            need.challenge(Refusal::Missing).unwrap().to_string(),
            r#"Bearer realm="mcp", resource_metadata="https://a.example/.well-known/oauth-protected-resource""#
        );
    }

    #[test]
    fn each_scheme_has_its_own() {
        let of = |scheme| Requirement::new(scheme, Realm::new("items"), Scopes::new("a"));
        let text = |need: Requirement| need.challenge(Refusal::InvalidToken).unwrap().to_string();
        assert_eq!(text(of(AuthScheme::Basic)), r#"Basic realm="items", charset="UTF-8""#);
        assert_eq!(text(of(AuthScheme::ApiKey)), r#"ApiKey realm="items", header="X-API-Key""#);
        assert_eq!(
            text(of(AuthScheme::ApiKey).in_field(PlaceName::new("X-Token"))),
            r#"ApiKey realm="items", header="X-Token""#
        );
        assert_eq!(
            text(of(AuthScheme::Bearer).by_word(PlaceName::new("Token"))),
            r#"Token realm="items", error="invalid_token", scope="a""#
        );
    }
}
