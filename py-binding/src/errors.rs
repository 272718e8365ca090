//! One exception tree for the whole package, and the one place where core errors become exceptions.

use crate::near;
use pyo3::create_exception;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use sallet_core::auth;
use sallet_core::paths::PathRuleError;
use sallet_core::secret::{DigestError, TokenError};

create_exception!(sallet, SalletError, PyValueError, "Base of every error Sallet raises.");
create_exception!(sallet, PolicyError, SalletError, "A header policy is wrong; the message names the fix.");
create_exception!(sallet, CredentialsError, SalletError, "Credentials cannot be read.");
create_exception!(sallet, KeyringError, SalletError, "A key, keyring or keyring file is wrong.");
create_exception!(sallet, StoreError, SalletError, "A place that keeps keys cannot be read or written.");

create_exception!(
    sallet,
    NotAUser,
    PyTypeError,
    "A function of the app's own returned what is no user. Its message names a class, and never shows a value."
);

/// A refused header value: what was given and where, the near name if it is a typo, and the core's sentence, which names the fix.
pub(crate) fn policy_error(place: &str, error: sallet_core::PolicyError) -> PyErr {
    PolicyError::new_err(format!("{place}: {}", near::sentence(place, error)))
}

pub(crate) fn key(id: &str, error: auth::KeyringError) -> PyErr {
    about_key(id, error.message())
}

pub(crate) fn key_digest(id: &str, error: DigestError) -> PyErr {
    about_key(id, error.message())
}

pub(crate) fn key_token(id: &str, error: TokenError) -> PyErr {
    if error == TokenError::Characters {
        // What no Bearer can send may be a key of another scheme's.
        let other = "; what Basic or ApiKey take besides is given as its SHA-256: write \
                     digest=hashlib.sha256(b\"user:password\").hexdigest()";
        return about_key(id, &format!("{}{other}", error.message()));
    }
    about_key(id, error.message())
}

/// A sentence about one key. Ids are no secrets; they are what logs name keys by.
pub(crate) fn about_key(id: &str, message: &str) -> PyErr {
    KeyringError::new_err(format!("key {id:?}: {message}"))
}

pub(crate) fn ring(error: auth::KeyringError) -> PyErr {
    KeyringError::new_err(error.message())
}

pub(crate) fn blob(error: auth::KeyBlobError) -> PyErr {
    KeyringError::new_err(error.message())
}

pub(crate) fn token(error: TokenError) -> PyErr {
    KeyringError::new_err(error.message())
}

pub(crate) fn credentials(error: auth::CredentialsError) -> PyErr {
    CredentialsError::new_err(error.message())
}

pub(crate) fn realm(error: auth::RealmError) -> PyErr {
    PolicyError::new_err(error.message())
}

/// A sentence about what a scheme or a route was told to ask for.
pub(crate) fn policy(message: &str) -> PyErr {
    PolicyError::new_err(message.to_owned())
}

pub(crate) fn path_rule(place: &str, error: PathRuleError) -> PyErr {
    PolicyError::new_err(format!("{place}: {error}"))
}

/// For values that hold or lead to a secret: a pickle ends up on disks and in queues.
pub(crate) fn no_pickle(class: &str, instead: &str) -> PyErr {
    PyTypeError::new_err(format!("{class} is not pickled, it would carry secrets: {instead}"))
}

/// Adds the exceptions to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    m.add("SalletError", py.get_type::<SalletError>())?;
    m.add("PolicyError", py.get_type::<PolicyError>())?;
    m.add("CredentialsError", py.get_type::<CredentialsError>())?;
    m.add("KeyringError", py.get_type::<KeyringError>())?;
    m.add("StoreError", py.get_type::<StoreError>())?;
    crate::add_internal(m, py.get_type::<NotAUser>())
}
