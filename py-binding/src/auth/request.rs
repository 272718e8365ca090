//! An ASGI scope, as authentication in the core reads it.

use std::cell::OnceCell;

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use sallet_core::auth::{AuthRequest, SUBPROTOCOL_FIELD};

use super::field_lines;
use super::hidden;
use crate::asgi;

/// A request: the lines that somebody asks for, and the scope for what is asked rarely.
///
/// It is made for each request, so it takes no memory of its own but for a third line.
#[derive(Debug)]
pub(super) struct Request<'py> {
    scope: Bound<'py, PyDict>,
    first: [Option<Line<'py>>; 2],
    more: Vec<Line<'py>>,
    method: OnceCell<Option<Bound<'py, PyAny>>>,
    query: OnceCell<Option<Bound<'py, PyAny>>>,
}

#[derive(Debug)]
struct Line<'py> {
    name: Bound<'py, PyBytes>,
    value: Bound<'py, PyAny>,
}

impl<'py> Request<'py> {
    /// Keeps the lines whose names `asks` wants. ASGI promises names in lower case; a server that breaks the promise must not
    /// thereby hide a second line.
    pub(super) fn of(scope: &Bound<'py, PyDict>, asks: impl Fn(&[u8]) -> bool) -> PyResult<Self> {
        let (first, more) = ([None, None], Vec::new());
        let mut this = Self { scope: scope.clone(), first, more, method: OnceCell::new(), query: OnceCell::new() };
        field_lines::each(&field_lines::of_scope(scope)?, |name, value| {
            if asks(name.as_bytes()) {
                this.keep(Line { name: name.to_owned(), value: value()? });
            }
            Ok(())
        })?;
        hidden::each(scope, |name, value| {
            if asks(name.bind(scope.py()).as_bytes()) {
                this.keep(Line { name: name.bind(scope.py()).clone(), value: value.bind(scope.py()).clone() });
            }
            Ok(())
        })?;
        if asks(SUBPROTOCOL_FIELD.as_bytes()) && this.lines(SUBPROTOCOL_FIELD).next().is_none() {
            this.keep_subprotocols()?;
        }
        Ok(this)
    }

    fn keep(&mut self, line: Line<'py>) {
        match self.first.iter_mut().find(|free| free.is_none()) {
            Some(free) => *free = Some(line),
            None => self.more.push(line),
        }
    }

    /// Some servers have the subprotocols for themselves in the scope, and no longer among the headers: uvicorn with wsproto.
    #[cold]
    fn keep_subprotocols(&mut self) -> PyResult<()> {
        let py = self.scope.py();
        let Some(names) = self.get(intern!(py, "subprotocols")).filter(|_| self.is_websocket()) else { return Ok(()) };
        for name in names.try_iter()? {
            let value = PyBytes::new(py, name?.cast::<PyString>()?.to_str()?.as_bytes()).into_any();
            self.keep(Line { name: PyBytes::new(py, SUBPROTOCOL_FIELD.as_bytes()), value });
        }
        Ok(())
    }

    pub(super) const fn scope(&self) -> &Bound<'py, PyDict> {
        &self.scope
    }

    fn get(&self, name: &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>> {
        self.scope.get_item(name).ok().flatten()
    }
}

impl AuthRequest for Request<'_> {
    /// A handshake is a GET (RFC 6455 section 4.1), and its scope has no method. A missing one is none that is safe.
    fn method(&self) -> &str {
        if self.is_websocket() {
            return "GET";
        }
        let method = self.method.get_or_init(|| self.get(intern!(self.scope.py(), "method"))).as_ref();
        method.and_then(|method| method.cast::<PyString>().ok()?.to_str().ok()).unwrap_or_default()
    }

    /// A value that is not `bytes` breaks ASGI, and reads as a line that cannot be parsed.
    fn lines<'a>(&'a self, field: &str) -> impl Iterator<Item = &'a [u8]> {
        let lines = self.first.iter().flatten().chain(&self.more);
        lines
            .filter(move |line| line.name.as_bytes().eq_ignore_ascii_case(field.as_bytes()))
            .map(|line| line.value.cast::<PyBytes>().map_or(&b""[..], |value| value.as_bytes()))
    }

    fn query(&self) -> Option<&[u8]> {
        let query = self.query.get_or_init(|| self.get(intern!(self.scope.py(), "query_string")));
        asgi::bytes(query.as_ref())
    }

    fn is_websocket(&self) -> bool {
        let py = self.scope.py();
        self.get(intern!(py, "type")).is_some_and(|kind| asgi::is(&kind, intern!(py, "websocket")))
    }
}

/// The scope that an `identify` was given. What is none was perhaps meant for the `identify` of before, which took headers.
pub(super) fn scope_of<'a, 'py>(scope: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyDict>> {
    scope.cast().map_err(|_| {
        PyTypeError::new_err(
            "identify takes the ASGI scope of the request, a dict: write await scheme.identify(request.scope)",
        )
    })
}
