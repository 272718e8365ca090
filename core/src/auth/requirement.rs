//! What a request must show.

use super::{AuthScheme, Challenge, Realm, Reason, Refusal, Scopes};

/// What a route asks of a request: credentials of a scheme, for a realm, good for some scopes.
///
/// A host holds one, fetches the lines of the [`field`](Requirement::field) it names, and sends what it says. It never needs
/// to know which scheme it is.
///
/// ```
/// use sallet_core::auth::{AuthScheme, Realm, Refusal, Requirement, Scopes};
///
/// const READ: Requirement =
///     Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::new("items:read"));
/// assert_eq!(READ.field(), "authorization");
/// assert_eq!(
///     READ.challenge(Refusal::InsufficientScope).unwrap().to_string(),
///     r#"Bearer realm="items", error="insufficient_scope", scope="items:read""#,
/// );
/// ```
///
/// `S` is the kind of string, as of [`Scopes`]: a host that reads its configuration holds a `Requirement<String>`, and
/// [`borrowed`](Requirement::borrowed) has the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement<S = &'static str> {
    scheme: AuthScheme,
    realm: Realm<S>,
    scopes: Scopes<S>,
}

impl<S> Requirement<S> {
    /// Asks for credentials of `scheme`, good for all of `scopes`; `realm` names what they open.
    pub const fn new(scheme: AuthScheme, realm: Realm<S>, scopes: Scopes<S>) -> Self {
        Self { scheme, realm, scopes }
    }

    /// The scheme.
    pub const fn scheme(&self) -> AuthScheme {
        self.scheme
    }

    /// The field whose lines are read, in lower case.
    pub const fn field(&self) -> &str {
        self.scheme.field()
    }
}

impl<S: AsRef<str>> Requirement<S> {
    /// The same with borrowed texts.
    pub fn borrowed(&self) -> Requirement<&str> {
        Requirement { scheme: self.scheme, realm: self.realm.borrowed(), scopes: self.scopes.borrowed() }
    }
}

impl<'a> Requirement<&'a str> {
    /// The same for other scopes.
    #[must_use]
    pub const fn with_scopes(self, scopes: Scopes<&'a str>) -> Self {
        Self { scopes, ..self }
    }

    /// The name of what is protected.
    pub const fn realm(&self) -> Realm<&'a str> {
        self.realm
    }

    /// The scopes that a request needs.
    pub const fn scopes(&self) -> Scopes<&'a str> {
        self.scopes
    }

    /// Reads the field lines, and hands what was presented to `then`: for a host that verifies in another way than by a
    /// [`Keyring`](super::Keyring).
    ///
    /// It goes to a function and is not returned, because a scheme may have decoded it into memory of its own.
    ///
    /// ```
    /// # use sallet_core::auth::{AuthScheme, CredentialsError, Realm, Reason, Requirement, Scopes};
    /// let need = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::EMPTY);
    /// let read = |lines: &[&'static [u8]]| need.read(lines.iter().copied(), str::to_owned);
    /// assert_eq!(read(&[b"bearer mF_9.B5f-4.1JqM"]).unwrap(), "mF_9.B5f-4.1JqM");
    /// assert_eq!(read(&[]), Err(Reason::Missing));
    /// assert_eq!(read(&[b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]), Err(Reason::Missing));
    /// assert_eq!(read(&[b"Bearer "]), Err(Reason::Malformed(CredentialsError::NoToken)));
    /// ```
    ///
    /// # Errors
    /// [`Reason::Missing`] when there is no line, or one of another scheme: the client has not tried yet.
    /// [`Reason::Malformed`] when there is more than one line, or it breaks the grammar, or has no token.
    #[inline]
    pub fn read<'t, R>(
        &self,
        lines: impl IntoIterator<Item = &'t [u8]>,
        then: impl FnOnce(&str) -> R,
    ) -> Result<R, Reason> {
        self.scheme.read(lines, then)
    }

    /// The challenge that goes with a refusal; `None` where asking for other credentials would not help.
    pub const fn challenge(&self, refusal: Refusal) -> Option<Challenge<'a>> {
        match refusal {
            Refusal::Unavailable => None,
            _ => Some(Challenge::new(*self, refusal)),
        }
    }
}
