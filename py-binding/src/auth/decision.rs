//! Whether anybody wants to hear of a decision: `on_decision`, or the log `sallet.auth`.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict};

/// Levels of Python's `logging`.
pub(super) const DEBUG: i32 = 10;
pub(super) const INFO: i32 = 20;

/// Python's logger, and where it remembers which levels it writes: asking the method costs a call for each request.
static LOG: PyOnceLock<(Py<PyAny>, Option<Py<PyDict>>)> = PyOnceLock::new();

/// Whether the log takes records of a level.
pub(super) fn is_logged(py: Python<'_>, level: i32) -> PyResult<bool> {
    let (log, known) = LOG.get_or_try_init(py, || {
        let log = py.import("logging")?.call_method1("getLogger", ("sallet.auth",))?;
        // `Logger._cache`, emptied whenever a level is set. A logger without one is asked each time.
        let known = log.getattr_opt("_cache")?.and_then(|known| known.cast_into::<PyDict>().ok());
        Ok::<_, PyErr>((log.unbind(), known.map(Bound::unbind)))
    })?;
    if let Some(known) = known
        && let Some(answer) = known.bind(py).get_item(level)?
        && answer.is(PyBool::new(py, false).as_any())
    {
        return Ok(false);
    }
    log.bind(py).call_method1(intern!(py, "isEnabledFor"), (level,))?.is_truthy()
}
