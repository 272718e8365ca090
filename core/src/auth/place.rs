//! Where in a request a credential is, and by which name it is known there.

use crate::dialect::valid;
use crate::grammar;

/// A name in the places where credentials are looked for: the word of a scheme, the field, a subprotocol or a parameter of the
/// query.
///
/// A token of RFC 9110 section 5.6.2, and not `Cookie`: browsers send cookies by themselves, for pages of other sites too.
///
/// ```
/// use sallet_core::auth::{PlaceError, PlaceName};
/// const HEADER: PlaceName = PlaceName::new("X-API-Key");
/// assert_eq!(PlaceName::parse("X API Key"), Err(PlaceError::Character));
/// assert_eq!(PlaceName::parse("cookie"), Err(PlaceError::Cookie));
/// ```
///
/// `S` is the kind of string, as of [`Realm`](super::Realm).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceName<S = &'static str>(S);

impl<S: AsRef<str>> PlaceName<S> {
    /// The name.
    ///
    /// # Errors
    /// [`PlaceError`] when no request could have it.
    pub fn parse(name: S) -> Result<Self, PlaceError> {
        check(name.as_ref()).map(|()| Self(name))
    }

    /// The same with a borrowed text.
    pub fn borrowed(&self) -> PlaceName<&str> {
        PlaceName(self.0.as_ref())
    }

    /// The same with a string of its own, such as a `String`.
    pub fn owned<T: for<'t> From<&'t str>>(&self) -> PlaceName<T> {
        PlaceName(self.0.as_ref().into())
    }
}

impl<'a> PlaceName<&'a str> {
    /// The name.
    ///
    /// # Panics
    /// When it is not usable; in a `const` that is a compile error. For a name that is not a literal there is
    /// [`PlaceName::parse`].
    #[track_caller]
    pub const fn new(name: &'a str) -> Self {
        valid!(check(name));
        Self(name)
    }

    /// The name, as it was given.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

const fn check(name: &str) -> Result<(), PlaceError> {
    if name.is_empty() {
        Err(PlaceError::Empty)
    } else if !grammar::is_token(name) {
        Err(PlaceError::Character)
    } else if name.eq_ignore_ascii_case("cookie") {
        Err(PlaceError::Cookie)
    } else {
        Ok(())
    }
}

/// Why a text cannot be the name of a place for credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaceError {
    /// Nothing in it.
    Empty,
    /// A character that no name has.
    Character,
    /// Cookies go along by themselves.
    Cookie,
}

impl PlaceError {
    /// What is wrong and how to mend it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Empty => "the name of a place for credentials is empty: write it, as in \"X-API-Key\" or \"Token\"",
            Self::Character => {
                "the name of a place for credentials holds letters, digits and !#$%&'*+-.^_`|~ only, as in \"X-API-Key\" or \"Token\""
            }
            Self::Cookie => {
                "browsers send cookies by themselves, also for pages of other sites: have clients send the key in a header \
                 of its own, such as X-API-Key"
            }
        }
    }
}

crate::dialect::error!(PlaceError);

/// Where in a request the credentials are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the field of the scheme.
    Field,
    /// Among the subprotocols of a WebSocket handshake.
    Subprotocol,
    /// In the query.
    Query,
}
