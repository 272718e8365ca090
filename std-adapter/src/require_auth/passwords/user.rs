//! One user of Basic, and what can be wrong with one.

use std::{error, fmt};

use argon2::password_hash::phc::PasswordHash;
use argon2::{ARGON2ID_IDENT, Params};
use sallet_core::auth::{Key, KeyringError, Scopes};
use sallet_core::secret::Digest;
use unicode_normalization::UnicodeNormalization;

use crate::checked::Checked;

/// A user of Basic: a name, the hash of a password, and what a key has too.
#[derive(Clone)]
#[must_use = "a user can do nothing until Passwords has them"]
pub struct PasswordUser {
    pub(super) stored: PasswordHash,
    /// The text of the stored hash.
    pub(super) token: String,
    pub(super) key: Key<String>,
}

impl PasswordUser {
    /// A user without scopes, at any time, whose principal is called like the user.
    ///
    /// # Errors
    /// [`PasswordsError::Name`], [`PasswordsError::Hash`].
    pub fn new(name: impl AsRef<str>, hash: impl Into<String>) -> Result<Self, PasswordsError> {
        let (name, token): (String, String) = (name.as_ref().nfc().collect(), hash.into());
        if name.is_empty() || name.contains(|one: char| one == ':' || one.is_control()) {
            return Err(PasswordsError::Name);
        }
        let stored = PasswordHash::new(&token).map_err(|_| PasswordsError::Hash)?;
        let whole = stored.salt.is_some() && stored.hash.is_some() && Params::try_from(&stored).is_ok();
        if !whole || stored.algorithm != ARGON2ID_IDENT || stored.version != Some(19) {
            return Err(PasswordsError::Hash);
        }
        let (principal, digest) = (name.clone(), Digest::of(token.as_bytes()));
        let key = Key { id: name, principal, scopes: String::new(), not_before: None, not_after: None, digest };
        Ok(Self { stored, token, key })
    }

    /// Says whom the name belongs to.
    pub fn principal(mut self, name: impl Into<String>) -> Self {
        self.key.principal = name.into();
        self
    }

    /// Says what the user may do.
    ///
    /// # Panics
    /// When it is a text that [`Scopes::parse`] refuses. The panic names the line of the caller.
    #[track_caller]
    pub fn scopes(mut self, scopes: impl Checked<Scopes<String>>) -> Self {
        self.key.scopes = scopes.checked().borrowed().as_str().to_owned();
        self
    }

    /// Says from which second on, counted from 1970, the user is admitted.
    pub const fn not_before(mut self, unix: u64) -> Self {
        self.key.not_before = Some(unix);
        self
    }

    /// Says until which second, counted from 1970, the user is admitted; that second is included.
    pub const fn not_after(mut self, unix: u64) -> Self {
        self.key.not_after = Some(unix);
        self
    }
}

impl fmt::Debug for PasswordUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordUser").field("name", &self.key.id).finish_non_exhaustive()
    }
}

/// What is wrong with a user or a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordsError {
    /// The name is empty, or has a colon or a control character.
    Name,
    /// The hash is no whole one of Argon2id.
    Hash,
    /// Two users have one name.
    Duplicate,
    /// The principal or the time is none that a key may have.
    Key(KeyringError),
    /// The password is empty, longer than 1024 bytes, or has a character that Basic cannot send or Unicode does not know.
    Password,
    /// There was no memory or no randomness to make a hash with.
    Unhashed,
}

impl PasswordsError {
    /// What to do about it.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Name => {
                "a user's name has at least one character, and no colon or control character: Basic cannot send those"
            }
            Self::Hash => "this is no Argon2id hash, $argon2id$v=19$...: make it with Passwords::hash",
            Self::Duplicate => "two users have one name: give each a name of their own",
            Self::Key(why) => why.message(),
            Self::Password => {
                "a password has 1 to 1024 bytes, no control characters and no unassigned ones: leave them out"
            }
            Self::Unhashed => "there is no memory or randomness for a hash: try again",
        }
    }
}

impl fmt::Display for PasswordsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl error::Error for PasswordsError {}
