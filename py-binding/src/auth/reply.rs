//! The `send` that an app is given where its response depends on how the request was admitted.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use pyo3::{PyTraverseError, PyVisit};

use sallet_core::merge::Privacy;

use crate::{asgi, headers};

/// `send`, for one request.
#[pyclass(frozen)]
#[derive(Debug)]
pub(super) struct Reply {
    send: Py<PyAny>,
    /// How shared caches are to be kept off the response.
    privacy: Option<Privacy>,
    /// What a handshake is answered with if the app chooses none.
    subprotocol: Option<Py<PyString>>,
}

impl Reply {
    pub(super) fn new(send: &Bound<'_, PyAny>, privacy: Option<Privacy>, subprotocol: Option<&str>) -> Self {
        let subprotocol = subprotocol.map(|name| PyString::new(send.py(), name).unbind());
        Self { send: send.clone().unbind(), privacy, subprotocol }
    }

    /// A changed copy, for the app may keep its own; `None` where nothing changes.
    fn changed<'py>(&self, message: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let py = message.py();
        let Some(kind) = message.get_item(intern!(py, "type"))? else { return Ok(None) };
        let is = |known: &Bound<'py, PyString>| asgi::is(&kind, known);
        if let Some(privacy) = self.privacy
            && (is(intern!(py, "http.response.start")) || is(intern!(py, "websocket.http.response.start")))
        {
            let (changed, key) = (message.copy()?, intern!(py, "headers"));
            changed.set_item(key, headers::made_private(py, message.get_item(key)?, privacy)?)?;
            return Ok(Some(changed));
        }
        if let Some(name) = &self.subprotocol
            && is(intern!(py, "websocket.accept"))
        {
            let key = intern!(py, "subprotocol");
            if message.get_item(key)?.is_none_or(|chosen| chosen.is_none()) {
                let changed = message.copy()?;
                changed.set_item(key, name)?;
                return Ok(Some(changed));
            }
        }
        Ok(None)
    }
}

#[pymethods]
impl Reply {
    fn __call__<'py>(&self, py: Python<'py>, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let changed = message.cast::<PyDict>().ok().map(|message| self.changed(message)).transpose()?.flatten();
        self.send.bind(py).call1((changed.as_ref().map_or(message, Bound::as_any),))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.send)
    }
}
