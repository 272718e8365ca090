//! An exception that is an answer: Starlette's `HTTPException`, or any class with what that has.

use pyo3::exceptions::{PyException, PyUnicodeEncodeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBytes, PyInt, PyMapping, PyString};
use sallet_core::auth::{Challenge, Refusal as Answer};

/// A status, a body and fields that the app's own function has chosen by raising them.
#[derive(Debug)]
pub(super) struct Raised {
    pub(super) status: u16,
    pub(super) detail: Py<PyAny>,
    pub(super) body: Py<PyBytes>,
    pub(super) fields: Vec<(String, String)>,
    pub(super) error: Py<PyAny>,
}

impl Raised {
    /// The answer that an exception is, or `None` for any other: that one is an error of the server, as always.
    ///
    /// It has `status_code`, which is at least 400, `detail`, which JSON can hold, and `headers`, a mapping of text or `None`. A
    /// value that could end its line is an error of the server too: it may have come from the client.
    pub(super) fn of(py: Python<'_>, error: &PyErr) -> PyResult<Option<Self>> {
        let value = error.value(py);
        if !value.is_instance_of::<PyException>() {
            return Ok(None);
        }
        let (Some(status), Some(detail), Some(headers)) = (
            value.getattr_opt(intern!(py, "status_code"))?,
            value.getattr_opt(intern!(py, "detail"))?,
            value.getattr_opt(intern!(py, "headers"))?,
        ) else {
            return Ok(None);
        };
        let status = status.cast::<PyInt>().ok().and_then(|status| status.extract().ok());
        let Some(status) = status.filter(|status| (400..600).contains(status)) else { return Ok(None) };
        let (Some(body), Some(fields)) = (body(&detail)?, fields(&headers)?) else { return Ok(None) };
        let error = value.clone().into_any();
        // It is an answer now: the frames in which it was raised hold the credentials.
        error.setattr(intern!(py, "__traceback__"), py.None())?;
        Ok(Some(Self { status, detail: detail.unbind(), body, fields, error: error.unbind() }))
    }

    pub(super) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            status: self.status,
            detail: self.detail.clone_ref(py),
            body: self.body.clone_ref(py),
            fields: self.fields.clone(),
            error: self.error.clone_ref(py),
        }
    }

    /// What its 401 must have as well, unless it brings its own (RFC 9110 section 15.5.2).
    pub(super) fn challenged(&self) -> Option<Answer> {
        let has = self.fields.iter().any(|(name, _)| name == Challenge::FIELD);
        (self.status == 401 && !has).then_some(Answer::InvalidToken)
    }
}

/// As FastAPI writes it. What JSON cannot hold is no answer.
fn body(detail: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyBytes>>> {
    let py = detail.py();
    let options = [("ensure_ascii", false.into_pyobject(py)?.to_owned().into_any())].into_py_dict(py)?;
    options.set_item("allow_nan", false)?;
    options.set_item("separators", (",", ":"))?;
    let content = [(intern!(py, "detail"), detail)].into_py_dict(py)?;
    let dumps = py.import(intern!(py, "json"))?.getattr(intern!(py, "dumps"))?;
    let encoded = dumps.call((content,), Some(&options)).and_then(|text| text.call_method0(intern!(py, "encode")));
    Ok(encoded.ok().and_then(|bytes| bytes.cast_into::<PyBytes>().ok()).map(Bound::unbind))
}

/// Those that are not the answer's own, their names in lower case.
fn fields(headers: &Bound<'_, PyAny>) -> PyResult<Option<Vec<(String, String)>>> {
    let mut fields = Vec::new();
    if headers.is_none() {
        return Ok(Some(fields));
    }
    let Ok(headers) = headers.cast::<PyMapping>() else { return Ok(None) };
    for item in headers.items()?.iter() {
        let (name, value) = (item.get_item(0)?, item.get_item(1)?);
        let (Ok(name), Ok(value)) = (name.cast::<PyString>(), value.cast::<PyString>()) else { return Ok(None) };
        let (name, value) = match (name.to_str(), value.to_str()) {
            (Ok(name), Ok(value)) => (name.to_ascii_lowercase(), value.to_owned()),
            (Err(error), _) | (_, Err(error)) if error.is_instance_of::<PyUnicodeEncodeError>(headers.py()) => {
                return Ok(None);
            }
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        if !is_name(&name) || !is_value(&value) {
            return Ok(None);
        }
        if !is_set_by_us(name.as_bytes()) {
            fields.push((name, value));
        }
    }
    Ok(Some(fields))
}

/// Fields of a response of the app's own that a refusal has its own of: framing, which follows from the body, and what caches may do.
fn is_set_by_us(name: &[u8]) -> bool {
    Answer::overrides(name) || name == b"content-type"
}

/// A token (RFC 9110 section 5.6.2).
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// No control character, and nothing beyond the one byte that ASGI's servers and Starlette make of each.
pub(super) fn is_value(value: &str) -> bool {
    value.chars().all(|one| one == '\t' || (!one.is_control() && u32::from(one) < 0x100))
}
