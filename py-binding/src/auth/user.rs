//! What is a user, and what is a mistake of the function that should have returned one.

use pyo3::exceptions::PyBaseException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyMapping, PyString, PyType};

use super::principal::Principal;
use crate::errors::NotAUser;

/// Whose answer is looked at, for the message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    Authenticate,
    Identify,
}

/// A user: what `authenticate` or `identify` returned, once it is sure that it says who somebody is.
#[derive(Debug)]
pub(super) struct User<'py>(Bound<'py, PyAny>);

impl<'py> User<'py> {
    /// Takes a value for a user, or says why it is none.
    ///
    /// A list of what is a user and not of mistakes, because a mistake here lets everybody in: the object that a function
    /// returns in place of `None` is there whether or not the token is good. The whole list:
    ///
    /// - a [`Principal`];
    /// - a mapping that has no key `error` and no true `errors`, `detail` or `message`, as the bodies of refused requests have, whose
    ///   `active`, `ok`, `valid` and `success` are neither `False` nor 0, is not empty, and has something in it that is true;
    /// - an instance of a class of somebody's own: not of Python's (built in or in its library, but for `SimpleNamespace`)
    ///   nor of Sallet's, not derived from a builtin, and neither a member of an enum, a number, an exception, a response, a callable nor
    ///   something to await or to iterate over, unless its class declares fields.
    ///
    /// Classes of Starlette's and FastAPI's are not one's own, but for users; a pydantic `RootModel` is what its root is; an
    /// attribute `error` is not true.
    ///
    /// Whatever it is, it is true, and `is_authenticated`, if there is one, is exactly `True`.
    pub(super) fn of(value: Bound<'py, PyAny>, source: Source) -> PyResult<Self> {
        if value.is_exact_instance_of::<Principal>() {
            return Ok(Self(value));
        }
        match mistake(&value)? {
            None => Ok(Self(value)),
            Some(mistake) => Err(refused(&value.get_type(), source, mistake)),
        }
    }

    pub(super) const fn value(&self) -> &Bound<'py, PyAny> {
        &self.0
    }

    pub(super) fn into_value(self) -> Bound<'py, PyAny> {
        self.0
    }
}

/// The value is not shown, for it may be a token or hold one; its class says enough.
fn refused(kind: &Bound<'_, PyType>, source: Source, mistake: &str) -> PyErr {
    let name = kind.qualname().map_or_else(|_| "?".to_owned(), |name| name.to_string_lossy().into_owned());
    let (function, nobody) = match source {
        Source::Authenticate => ("authenticate", "None"),
        Source::Identify => ("identify", "the Refusal of super().identify(...)"),
    };
    NotAUser::new_err(format!(
        "{function} returned an instance of {name}, which is not a user: {mistake}; write return Principal(id, scopes=[...]) \
         or return an object of your own class; to refuse, return {nobody}"
    ))
}

fn mistake(value: &Bound<'_, PyAny>) -> PyResult<Option<&'static str>> {
    let (py, kind) = (value.py(), value.get_type());
    let has = |name| class_has(&kind, name);
    // Tortoise's models give themselves when awaited; like other models, and unlike queries, their class has a _meta.
    let is_awaitable = has(intern!(py, "__await__"))? && !has(intern!(py, "_meta"))?;
    if is_awaitable || has(intern!(py, "add_done_callback"))? {
        return Ok(Some("it is to be awaited: write return await ..."));
    }
    if value.is_instance_of::<PyBaseException>() {
        return Ok(Some("it is an exception: raise it instead"));
    }
    if value.is_instance(ENUM.import(py, "enum", "Enum")?)? {
        return Ok(Some("it is a member of an enum, such as a status"));
    }
    let shows = |name| value.hasattr(name);
    // Starlette's, Django's, httpx's and requests' have the first, aiohttp's and urllib's the others.
    if shows(intern!(py, "status_code"))?
        || shows(intern!(py, "raw_headers"))?
        || (shows(intern!(py, "headers"))? && shows(intern!(py, "status"))?)
    {
        return Ok(Some("it is a response"));
    }
    if value.is_callable() {
        return Ok(Some("it can be called: a class, a function or a response"));
    }
    if is_frameworks(&kind, value)? {
        return Ok(Some("an object of a class of Starlette's or FastAPI's own does not say who the user is"));
    }
    if has(intern!(py, "__pydantic_root_model__"))?
        && kind.getattr(intern!(py, "__pydantic_root_model__"))?.is_truthy()?
    {
        let root = value.getattr(intern!(py, "root"))?;
        return if root.is_exact_instance_of::<Principal>() { Ok(None) } else { mistake(&root) };
    }
    if let Ok(mapping) = value.cast::<PyMapping>() {
        return mapping_mistake(mapping);
    }
    if let Some(mistake) = class_mistake(&kind)? {
        return Ok(Some(mistake));
    }
    if value.getattr_opt(intern!(py, "error"))?.is_some_and(|error| error.is_truthy().unwrap_or(true)) {
        return Ok(Some("its error is true, so it reports a failure"));
    }
    if !value.is_truthy().unwrap_or(false) {
        return Ok(Some("it is empty, false or a query not yet run"));
    }
    authenticated(value.getattr_opt(intern!(py, "is_authenticated"))?, has(intern!(py, "is_authenticated"))?)
}

fn mapping_mistake(mapping: &Bound<'_, PyMapping>) -> PyResult<Option<&'static str>> {
    let py = mapping.py();
    if mapping.contains(intern!(py, "error"))? {
        return Ok(Some("it has the key \"error\", so it reports a failure"));
    }
    // The body that an endpoint has answered, its status not looked at: GraphQL's, FastAPI's and RFC 9457's, GitHub's and Discord's.
    for name in ["errors", "detail", "message"] {
        if mapping.contains(name)? && mapping.get_item(name)?.is_truthy().unwrap_or(true) {
            return Ok(Some("it has errors, a detail or a message, so it reports a failure"));
        }
    }
    for name in ["active", "ok", "valid", "success"] {
        // SQLite and MySQL write it 0. What cannot be compared is not taken for good.
        if mapping.contains(name)? && mapping.get_item(name)?.eq(PyBool::new(py, false)).unwrap_or(true) {
            return Ok(Some("its active, ok, valid or success is False or 0, so it reports a failure"));
        }
    }
    // RFC 7662 section 2.2: {"active": false} is the whole answer about a bad token.
    let mut any = false;
    for value in mapping.values()? {
        any |= value.is_truthy().unwrap_or(true);
    }
    if !any {
        return Ok(Some("all its values are empty or false, as in {\"active\": False}"));
    }
    let name = intern!(py, "is_authenticated");
    let said = if mapping.contains(name)? { Some(mapping.get_item(name)?) } else { mapping.getattr_opt(name)? };
    authenticated(said, class_has(&mapping.get_type(), name)?)
}

/// `declared`: its class has the attribute, and reading it may have failed.
fn authenticated(said: Option<Bound<'_, PyAny>>, declared: bool) -> PyResult<Option<&'static str>> {
    Ok(match said {
        None if declared => Some("its is_authenticated cannot be read"),
        None => None,
        Some(said) if said.is(PyBool::new(said.py(), true).as_any()) => None,
        Some(said) if said.is_callable() => {
            Some("its is_authenticated is a method, which is true for everybody: make it a property")
        }
        Some(_) => Some("its is_authenticated is not True"),
    })
}

fn class_mistake(kind: &Bound<'_, PyType>) -> PyResult<Option<&'static str>> {
    let py = kind.py();
    let module = module_of(kind);
    let top = module.split('.').next().unwrap_or_default();
    if top == "sallet" {
        return Ok(Some("of Sallet's own classes only a Principal is a user"));
    }
    let is_namespace = kind.is(NAMESPACE.import(py, "types", "SimpleNamespace")?);
    if (STDLIB.import(py, "sys", "stdlib_module_names")?.contains(top)? || module == "builtins") && !is_namespace {
        return Ok(Some("an object of a class of Python's own does not say who the user is"));
    }
    for base in kind.mro() {
        let base = base.cast_into::<PyType>()?;
        if module_of(&base) == "builtins" && !base.is(py.get_type::<PyAny>()) {
            return Ok(Some("its class is derived from a builtin, such as str, int or tuple"));
        }
    }
    let has = |name| class_has(kind, name);
    if has(intern!(py, "__int__"))? && has(intern!(py, "__float__"))? {
        return Ok(Some("it is a number"));
    }
    if has(intern!(py, "__next__"))? || has(intern!(py, "__anext__"))? || has(intern!(py, "__aiter__"))? {
        return Ok(Some("it is an iterator, and not read yet: return what it yields"));
    }
    if has(intern!(py, "__iter__"))? && !declares_fields(kind)? {
        return Ok(Some("it is a collection or a row: return one item of it, or dict(row)"));
    }
    Ok(None)
}

/// A request, a form or credentials, which are there whoever sent them. Users of Starlette's are known by what they say;
/// its mappings such as `Headers` are mappings like others.
fn is_frameworks(kind: &Bound<'_, PyType>, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = kind.py();
    let is_mapping = value.cast::<PyMapping>().is_ok();
    for base in kind.mro() {
        let module = module_of(&base.cast_into::<PyType>()?);
        let top = module.split('.').next().unwrap_or_default();
        if matches!(top, "starlette" | "fastapi") && !(is_mapping && module == "starlette.datastructures") {
            let said = value.getattr_opt(intern!(py, "is_authenticated")).ok().flatten();
            return Ok(!said.is_some_and(|said| said.is(PyBool::new(py, true).as_any())));
        }
    }
    Ok(false)
}

/// Pydantic's models can be iterated over, for the sake of `dict(model)`, and are users all the same. What they, documents
/// of MongoEngine and a dataclass with an `__iter__` have in common is a class that declares its fields; a collection has
/// none.
fn declares_fields(kind: &Bound<'_, PyType>) -> PyResult<bool> {
    let py = kind.py();
    for name in [
        intern!(py, "__pydantic_fields__"),
        intern!(py, "model_fields"),
        intern!(py, "__fields__"),
        intern!(py, "__dataclass_fields__"),
        intern!(py, "__attrs_attrs__"),
        intern!(py, "__mapper__"),
        intern!(py, "_meta"),
    ] {
        if class_has(kind, name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether instances have the attribute from their class. `hasattr` would find those of a metaclass too: that members of an
/// enum can be counted makes none of them a collection.
fn class_has(kind: &Bound<'_, PyType>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    for base in kind.mro() {
        if base.getattr(intern!(kind.py(), "__dict__"))?.contains(name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn module_of(kind: &Bound<'_, PyType>) -> String {
    kind.module().map_or_else(|_| String::new(), |name| name.to_string_lossy().into_owned())
}

static ENUM: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static STDLIB: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static NAMESPACE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
