//! The one place where the core's authentication errors become exceptions.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use sallet_core::auth::{CredentialsError, KeyringError, RealmError};
use sallet_core::paths::PathRuleError;
use sallet_core::secret::{DigestError, TokenError};

use crate::errors;

pub(super) fn key(id: &str, error: KeyringError) -> PyErr {
    about_key(id, error.message())
}

pub(super) fn key_digest(id: &str, error: DigestError) -> PyErr {
    about_key(id, error.message())
}

pub(super) fn key_token(id: &str, error: TokenError) -> PyErr {
    about_key(id, error.message())
}

/// A sentence about one key. Ids are no secrets; they are what logs name keys by.
pub(super) fn about_key(id: &str, message: &str) -> PyErr {
    errors::KeyringError::new_err(format!("key {id:?}: {message}"))
}

pub(super) fn ring(error: KeyringError) -> PyErr {
    errors::KeyringError::new_err(match error {
        KeyringError::Empty => "the keyring is empty: add a key, or leave authentication off",
        other => other.message(),
    })
}

pub(super) fn token(error: TokenError) -> PyErr {
    errors::KeyringError::new_err(error.message())
}

pub(super) fn credentials(error: CredentialsError) -> PyErr {
    errors::CredentialsError::new_err(error.message())
}

pub(super) fn realm(error: RealmError) -> PyErr {
    errors::PolicyError::new_err(error.message())
}

/// A sentence about what a scheme or a route was told to ask for.
pub(super) fn policy(message: &str) -> PyErr {
    errors::PolicyError::new_err(message.to_owned())
}

pub(super) fn path_rule(place: &str, error: PathRuleError) -> PyErr {
    errors::PolicyError::new_err(format!("{place}: {error}"))
}

/// For values that hold or lead to a secret: a pickle ends up on disks and in queues.
pub(super) fn no_pickle(class: &str, instead: &str) -> PyErr {
    PyTypeError::new_err(format!("{class} is not pickled, it would carry secrets: {instead}"))
}
