//! The nonce of a request: drawn by the first layer that needs one, and the same for all.

use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sallet_core::{NONCE_ENTROPY, Nonce};

/// What a layer leaves in the scope for the layers inside, so that every policy of a response names one nonce (a script
/// runs only if all of them allow it: CSP3 section 8.1).
///
/// A type of Sallet's own: no server or client can have put it there, as it can a text in `state`.
#[pyclass(frozen)]
#[derive(Debug)]
struct RequestNonce(Nonce);

#[pymethods]
impl RequestNonce {
    /// Itself: some middlewares copy a scope deeply, as hypercorn's `ProxyFixMiddleware` does.
    const fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }
}

/// The nonce that an outer layer drew for this request, or else a fresh one; the app finds it as
/// `request.state.csp_nonce`.
pub(super) fn request_nonce(scope: &Bound<'_, PyDict>, state: &Bound<'_, PyAny>) -> PyResult<Nonce> {
    let (py, place) = (scope.py(), intern!(scope.py(), "sallet.nonce"));
    let drawn = scope.get_item(place)?.and_then(|found| Some(found.cast::<RequestNonce>().ok()?.get().0));
    let nonce = match drawn {
        Some(nonce) => nonce,
        None => {
            let nonce = draw()?;
            scope.set_item(place, Bound::new(py, RequestNonce(nonce))?)?;
            nonce
        }
    };
    state.set_item(intern!(py, "csp_nonce"), nonce.as_str())?;
    Ok(nonce)
}

fn draw() -> PyResult<Nonce> {
    let mut entropy = [0; NONCE_ENTROPY];
    getrandom::fill(&mut entropy).map_err(|error| PyOSError::new_err(format!("no entropy for a nonce: {error}")))?;
    Ok(Nonce::new(entropy))
}
