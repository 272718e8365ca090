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

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        asgi::register(m)?;
        errors::register(m)?;
        headers::register(m)?;
        auth::register(m)
    }
}
