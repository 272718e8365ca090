//! The hook of `sallet.testing.signed_in`: the user that a test has signed in.
//!
//! Outside tests it costs one load of a counter that is zero. Nothing in a request can change that: the counter is raised
//! by a `with` block of this process, and the block's context variable says which requests it is about.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::intern;
use pyo3::prelude::*;

use crate::add_internal;

/// How many `signed_in` blocks are open in this process.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// The user of the `signed_in` block that this request belongs to, if there is one. `owner` is the guard or the dependency
/// that would otherwise judge the request.
#[pyfunction(name = "signed_in_user")]
pub(super) fn user<'py>(owner: &Bound<'py, PyAny>, scope: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    // A request of the block was handed over by its thread, so that it sees the counter as the block has left it.
    if OPEN.load(Ordering::Relaxed) == 0 { Ok(None) } else { ask(owner, scope) }
}

#[cold]
#[inline(never)]
fn ask<'py>(owner: &Bound<'py, PyAny>, scope: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = owner.py();
    let user =
        py.import(intern!(py, "sallet.testing._signed_in"))?.call_method1(intern!(py, "user"), (owner, scope))?;
    Ok(Some(user).filter(|user| !user.is_none()))
}

/// Counts a block that opens, or one that closes.
#[pyfunction]
fn count_signed_in(opens: bool) {
    if opens {
        OPEN.fetch_add(1, Ordering::Relaxed);
    } else {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Adds what `sallet.testing` and the dependency call.
pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    add_internal(m, wrap_pyfunction!(user, m)?)?;
    add_internal(m, wrap_pyfunction!(count_signed_in, m)?)
}
