//! The extension module `sallet._sallet`: conversion between Python and `sallet-core`, nothing more.

use pyo3::prelude::*;

mod asgi;
mod auth;
mod errors;
mod headers;

/// Sallet's native half; import `sallet` instead.
#[pymodule]
mod _sallet {
    use super::*;

    /// What the package builds upon, and does not take over with `from sallet._sallet import *`.
    const INTERNAL: [&str; 10] = [
        "Anonymous",
        "AuthCredentials",
        "AuthMiddleware",
        "ByPath",
        "Keyring",
        "Scheme",
        "SecurityHeadersMiddleware",
        "can_deny_websocket",
        "url_origin",
        "url_source",
    ];

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        asgi::register(m)?;
        errors::register(m)?;
        headers::register(m)?;
        auth::register(m)?;
        let all = m.index()?;
        INTERNAL.iter().try_for_each(|name| all.call_method1("remove", (*name,)).map(drop))
    }
}
