//! Authentication: what Python sees of the keyring, the schemes and the guard.
//!
//! Reading, matching and deciding is `sallet_core::auth`'s; what stands here turns ASGI scopes and Python values into
//! what the core takes, and its answers into Python values.

use crate::add_internal;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use sallet_core::secret::Token;

use crate::errors;

mod any_of;
mod credentials;
mod decision;
mod elsewhere;
mod field_lines;
mod hidden;
mod holders;
mod judges;
mod key;
mod key_iterator;
mod keyring;
mod middleware;
mod need;
mod options;
mod path_rules;
mod principal;
mod raised;
mod refusal;
mod reply;
mod request;
mod ring;
mod rows;
mod scheme;
mod scopes;
mod signed_in;
mod user;

pub(crate) use middleware::AuthMiddleware;

/// A fresh token: the prefix, `_`, 256 random bits in base62, and a checksum that catches typos.
#[pyfunction]
#[pyo3(signature = (prefix = Token::DEFAULT_PREFIX))]
fn generate_token(prefix: &str) -> PyResult<String> {
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy).map_err(|error| PyOSError::new_err(format!("no entropy for a token: {error}")))?;
    Ok(Token::mint(prefix, entropy).map_err(errors::token)?.as_str().to_owned())
}

/// Adds this module's classes and functions.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    add_internal(m, m.py().get_type::<principal::Anonymous>())?;
    add_internal(m, m.py().get_type::<any_of::Alternatives>())?;
    m.add_class::<credentials::Credentials>()?;
    m.add_class::<key::Key>()?;
    add_internal(m, m.py().get_type::<keyring::Keyring>())?;
    add_internal(m, m.py().get_type::<AuthMiddleware>())?;
    add_internal(m, m.py().get_type::<path_rules::ByPath>())?;
    m.add_class::<path_rules::PathRules>()?;
    add_internal(m, m.py().get_type::<principal::AuthCredentials>())?;
    m.add_class::<principal::Principal>()?;
    m.add_class::<refusal::Refusal>()?;
    add_internal(m, m.py().get_type::<scheme::Scheme>())?;
    signed_in::register(m)?;
    m.add_function(wrap_pyfunction!(generate_token, m)?)
}
