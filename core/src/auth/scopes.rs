//! Scopes, RFC 6749 section 3.3.

use crate::dialect::valid;
use crate::grammar;

/// A list of scopes in one string, separated by single spaces; it may be empty.
///
/// ```
/// use sallet_core::auth::Scopes;
///
/// const GRANTED: Scopes = Scopes::new("items:read items:write");
/// assert!(GRANTED.contains_all(Scopes::new("items:write items:read")));
/// assert!(GRANTED.contains_all(Scopes::EMPTY));
/// assert!(!GRANTED.contains_all(Scopes::new("items")));
/// ```
///
/// A bad one does not compile:
///
/// ```compile_fail,E0080
/// # use sallet_core::auth::Scopes;
/// const TYPO: Scopes = Scopes::new("items:read  items:write");
/// // error[E0080]: evaluation panicked: scopes are separated by exactly one space, with none at either end
/// ```
///
/// `S` is the kind of string: `&'static str` for a constant, `String` or `Box<str>` for a list that a host reads from its
/// configuration and holds. Once it is one of these it is a list of scopes, so nobody parses it again, and nothing falls
/// back to "no scope needed":
///
/// ```
/// # use sallet_core::auth::{Scopes, ScopesError};
/// let required: Scopes<String> = Scopes::parse("items:read items:write".to_owned())?;
/// assert!(!Scopes::new("items:read").contains_all(required.borrowed()));
/// # Ok::<(), ScopesError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes<S = &'static str>(S);

impl<S: AsRef<str>> Scopes<S> {
    /// The scopes in `text`.
    ///
    /// # Errors
    /// [`ScopesError`] when the text is not a list of scopes.
    pub fn parse(text: S) -> Result<Self, ScopesError> {
        check(text.as_ref()).map(|()| Self(text))
    }

    /// The same scopes as a borrowed text, which is what has all the questions.
    pub fn borrowed(&self) -> Scopes<&str> {
        Scopes(self.0.as_ref())
    }

    /// The same scopes with a string of its own, such as a `String`.
    pub fn owned<T: for<'t> From<&'t str>>(&self) -> Scopes<T> {
        Scopes(self.0.as_ref().into())
    }
}

impl<'a> Scopes<&'a str> {
    /// No scope at all.
    pub const EMPTY: Self = Self("");

    /// The scopes in `text`.
    ///
    /// # Panics
    /// When the text is not a list of scopes; in a `const` that is a compile error. For text that is not a literal
    /// there is [`Scopes::parse`].
    #[track_caller]
    pub const fn new(text: &'a str) -> Self {
        valid!(check(text));
        Self(text)
    }

    /// The list as it is written in a challenge.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.0.split(' ').filter(|scope| !scope.is_empty())
    }

    /// Whether `scope` is one of these, whole and in the same case.
    pub fn contains(&self, scope: &str) -> bool {
        Self::includes(self.0.as_bytes(), scope.as_bytes())
    }

    /// Whether each of `required` is one of these.
    pub fn contains_all(&self, required: Scopes<&str>) -> bool {
        required.is_empty()
            || required.0.as_bytes().split(is_space).all(|scope| Self::includes(self.0.as_bytes(), scope))
    }

    // By bytes: the splitter of `str` would be 1 KiB of a microcontroller's flash.
    fn includes(granted: &[u8], scope: &[u8]) -> bool {
        !scope.is_empty() && granted.split(is_space).any(|one| one == scope)
    }
}

/// Whether this is a list of scopes.
pub(super) const fn check(text: &str) -> Result<(), ScopesError> {
    let bytes = text.as_bytes();
    // A space may stand neither first, nor last, nor behind another.
    let (mut i, mut before) = (0, b' ');
    while i < bytes.len() {
        match bytes[i] {
            b' ' if before == b' ' => return Err(ScopesError::Separator),
            b' ' => {}
            byte if !grammar::is_scope_char(byte) => return Err(ScopesError::Character),
            _ => {}
        }
        before = bytes[i];
        i += 1;
    }
    if !bytes.is_empty() && before == b' ' {
        return Err(ScopesError::Separator);
    }
    Ok(())
}

const fn is_space(byte: &u8) -> bool {
    *byte == b' '
}

/// Why a text is not a list of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopesError {
    /// A character that RFC 6749 section 3.3 does not allow.
    Character,
    /// A space too many.
    Separator,
}

impl ScopesError {
    /// What is wrong and how to mend it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Character => {
                "a scope holds visible ASCII characters other than the double quote and the backslash (RFC 6749 \
                 section 3.3)"
            }
            Self::Separator => "scopes are separated by exactly one space, with none at either end",
        }
    }
}

crate::dialect::error!(ScopesError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar() {
        for good in ["", "a", "a b", "items:read https://example.com/x!#[]^~"] {
            assert_eq!(Scopes::parse(good).map(|scopes| scopes.as_str()), Ok(good));
        }
        for bad in [" ", " a", "a ", "a  b"] {
            assert_eq!(Scopes::parse(bad), Err(ScopesError::Separator), "{bad:?}");
        }
        for bad in ["a\"b", "a\\b", "a\tb", "a\r\nb", "a\u{e9}", "\u{7f}"] {
            assert_eq!(Scopes::parse(bad), Err(ScopesError::Character), "{bad:?}");
        }
    }

    #[test]
    fn whole_names_only() {
        let granted = Scopes::new("items:read itemsx");
        assert!(granted.contains("items:read"));
        for other in ["items", "items:rea", "Items:read", "", "items:read itemsx"] {
            assert!(!granted.contains(other), "{other:?}");
        }
        assert!(!Scopes::EMPTY.contains_all(granted));
        assert!(Scopes::EMPTY.contains_all(Scopes::EMPTY));
    }
}
