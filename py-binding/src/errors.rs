//! One exception tree for the whole package, and the one place where core errors become exceptions.

use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

create_exception!(sallet, SalletError, PyValueError, "Base of every error Sallet raises.");
create_exception!(sallet, PolicyError, SalletError, "A header policy is wrong; the message names the fix.");
create_exception!(sallet, CredentialsError, SalletError, "Credentials cannot be read.");
create_exception!(sallet, KeyringError, SalletError, "A key, keyring or keyring file is wrong.");

/// A refused header value: where it stands, and the core's sentence, which names the fix.
pub(crate) fn policy_error(place: &str, error: sallet_core::PolicyError) -> PyErr {
    PolicyError::new_err(format!("{place}: {error}"))
}

/// Adds the exceptions to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    m.add("SalletError", py.get_type::<SalletError>())?;
    m.add("PolicyError", py.get_type::<PolicyError>())?;
    m.add("CredentialsError", py.get_type::<CredentialsError>())?;
    m.add("KeyringError", py.get_type::<KeyringError>())
}
