//! The nonce of a request: drawn by the first layer that needs one, and the same for all.

use std::cell::{Cell, RefCell};

use crate::asgi;
use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};
use sallet_core::{Nonce, NoncePool};

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

/// How many nonces one call to the operating system is for. More would save little, and lie in memory for longer.
const AT_ONCE: usize = 32;

thread_local! {
    static POOL: RefCell<NoncePool<AT_ONCE>> = const { RefCell::new(NoncePool::new()) };
    /// The process that has drawn what is in it.
    static OF: Cell<u32> = const { Cell::new(0) };
}

fn draw() -> PyResult<Nonce> {
    // A fork behind Python's back calls no hook of Python's: uWSGI's, unless it is told to, and that of a C library.
    let process = std::process::id();
    if OF.replace(process) != process {
        _forget_nonces();
    }
    POOL.with_borrow_mut(|pool| pool.draw(getrandom::fill))
        .map_err(|error| PyOSError::new_err(format!("no entropy for a nonce: {error}")))
}

/// Wipes what the parent process may hand out too. Only the thread that forks goes on in a child, and it calls this before
/// anything else of Sallet's.
#[pyfunction]
fn _forget_nonces() {
    POOL.with_borrow_mut(NoncePool::clear);
}

/// Has the pool wiped at once in each child that Python forks: by `os.fork`, `multiprocessing`, gunicorn. (Windows has no fork.)
pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let (py, name) = (m.py(), intern!(m.py(), "register_at_fork"));
    if let Some(register) = py.import("os")?.getattr_opt(name)? {
        let hook = [("after_in_child", wrap_pyfunction!(_forget_nonces, m)?)].into_py_dict(py)?;
        register.call((), Some(&hook))?;
    }
    Ok(())
}
