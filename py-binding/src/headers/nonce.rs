//! The nonce of a request: drawn by the first layer that needs one, and the same for all.

use crate::asgi;
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
pub(super) struct RequestNonce(Nonce);

#[pymethods]
impl RequestNonce {
    /// Itself: some middlewares copy a scope deeply, as hypercorn's `ProxyFixMiddleware` does.
    const fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }
}

impl RequestNonce {
    pub(super) const fn nonce(&self) -> &Nonce {
        &self.0
    }
}

/// The nonce that an outer layer drew for this request, or else a fresh one; the app finds it as
/// `request.state.csp_nonce`.
#[inline(never)]
pub(super) fn request_nonce(scope: &Bound<'_, PyDict>) -> PyResult<Py<RequestNonce>> {
    let (py, place) = (scope.py(), intern!(scope.py(), "sallet.nonce"));
    let nonce = match scope.get_item(place)?.map(Bound::cast_into::<RequestNonce>) {
        Some(Ok(drawn)) => drawn,
        _ => {
            let drawn = Bound::new(py, RequestNonce(draw()?))?;
            scope.set_item(place, &drawn)?;
            drawn
        }
    };
    asgi::own_state(scope)?.set_item(intern!(py, "csp_nonce"), nonce.get().0.as_str())?;
    Ok(nonce.unbind())
}

/// The one of the request, if some layer has drawn it.
pub(super) fn drawn<'py>(scope: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, RequestNonce>>> {
    let drawn = scope.get_item(intern!(scope.py(), "sallet.nonce"))?;
    Ok(drawn.and_then(|drawn| drawn.cast_into().ok()))
}

fn draw() -> PyResult<Nonce> {
    let mut entropy = [0; NONCE_ENTROPY];
    getrandom::fill(&mut entropy).map_err(|error| PyOSError::new_err(format!("no entropy for a nonce: {error}")))?;
    Ok(Nonce::new(entropy))
}
