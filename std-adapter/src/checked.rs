//! Values of a configuration.

use std::fmt::Display;

use sallet_core::auth::{PlaceName, Realm, ResourceMetadata, Scopes};
use sallet_core::paths::PathRule;

/// A checked `T`, or a text that becomes one.
///
/// Setters take both. Text is for literals: a mistake in it is a panic that names the line. What comes from a file or from the
/// environment is parsed where it is read, so that the error can be told there, and the setter then cannot fail:
///
/// ```
/// use sallet_core::auth::{Keyring, Realm, RealmError};
/// use sallet_hyper::{Bearer, RequireAuthLayer};
///
/// fn layer(keys: &'static Keyring, realm: &str) -> Result<RequireAuthLayer<&'static Keyring>, RealmError> {
///     Ok(RequireAuthLayer::new(Bearer::new(keys).realm(Realm::parse(realm)?)))
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `{T}` and not a text of one",
    note = "scopes are one text with spaces, `.scopes(\"items:read items:write\")`; path rules are a list, `.public([\"/health\"])`"
)]
pub trait Checked<T> {
    /// The value.
    ///
    /// # Panics
    /// When a text is none. The panic names the line of the caller.
    #[doc(hidden)]
    #[track_caller]
    fn checked(self) -> T;
}

macro_rules! checked {
    ($type:ident from $($text:ty)+) => {
        impl<S: AsRef<str>> Checked<$type<String>> for $type<S> {
            fn checked(self) -> $type<String> {
                self.owned()
            }
        }

        $(
            impl Checked<$type<String>> for $text {
                #[track_caller]
                fn checked(self) -> $type<String> {
                    valid(self.as_ref(), $type::parse(self.to_string()))
                }
            }
        )+
    };
}
checked!(PathRule from &str String &String);
checked!(PlaceName from &str String &String);
checked!(Realm from &str String &String);
checked!(ResourceMetadata from &str String &String);
checked!(Scopes from &str String &String);

/// Path rules: any list of [`PathRule`]s or of texts that become one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of path rules",
    label = "expected a list, as in `[\"/health\"]`",
    note = "write brackets around one rule: `.public([\"/health\"])`"
)]
pub trait RuleList {
    /// The rules.
    ///
    /// # Panics
    /// When a text is none. The panic names the line of the caller.
    #[doc(hidden)]
    #[track_caller]
    fn rules(self) -> Vec<PathRule<String>>;
}

#[diagnostic::do_not_recommend]
impl<I> RuleList for I
where
    I: IntoIterator,
    I::Item: Checked<PathRule<String>>,
{
    #[track_caller]
    fn rules(self) -> Vec<PathRule<String>> {
        let mut rules = Vec::new();
        // No closure: the caller's line would not get into one.
        for rule in self {
            rules.push(rule.checked());
        }
        rules
    }
}

/// What `text` was read as.
#[track_caller]
pub(crate) fn valid<T, E: Display>(text: &str, read: Result<T, E>) -> T {
    match read {
        Ok(value) => value,
        Err(error) => panic!("{text:?}: {error}"),
    }
}
