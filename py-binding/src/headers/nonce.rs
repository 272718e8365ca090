//! Where nonces are drawn from.

use std::cell::{Cell, RefCell};

use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::IntoPyDict;
use sallet_core::{Nonce, NoncePool};

/// How many nonces one call to the operating system is for. More would save little, and lie in memory for longer.
const AT_ONCE: usize = 32;

thread_local! {
    static POOL: RefCell<NoncePool<AT_ONCE>> = const { RefCell::new(NoncePool::new()) };
    /// The process that has drawn what is in it.
    static OF: Cell<u32> = const { Cell::new(0) };
}

pub(super) fn draw() -> PyResult<Nonce> {
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
