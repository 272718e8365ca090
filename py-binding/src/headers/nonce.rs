//! Where nonces are drawn from.

use std::cell::RefCell;

use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::IntoPyDict;
use sallet_core::{Nonce, NoncePool};

/// How many nonces one call to the operating system is for. More would save little, and lie in memory for longer.
const AT_ONCE: usize = 32;

thread_local! {
    static POOL: RefCell<NoncePool<AT_ONCE>> = const { RefCell::new(NoncePool::new()) };
}

pub(super) fn draw() -> PyResult<Nonce> {
    POOL.with_borrow_mut(|pool| pool.draw(getrandom::fill))
        .map_err(|error| PyOSError::new_err(format!("no entropy for a nonce: {error}")))
}

/// Wipes what the parent process may hand out too. Only the thread that forks goes on in a child, and it calls this before
/// anything else of Sallet's.
#[pyfunction]
fn _forget_nonces() {
    POOL.with_borrow_mut(NoncePool::clear);
}

/// Has the pool wiped in each child that Python forks: by `os.fork`, `multiprocessing`, gunicorn, uWSGI. (Windows has no fork.)
pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let (py, name) = (m.py(), intern!(m.py(), "register_at_fork"));
    if let Some(register) = py.import("os")?.getattr_opt(name)? {
        let hook = [("after_in_child", wrap_pyfunction!(_forget_nonces, m)?)].into_py_dict(py)?;
        register.call((), Some(&hook))?;
    }
    Ok(())
}
