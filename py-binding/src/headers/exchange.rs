//! What the layers of Sallet know of one request together: its nonce, which policy the app has chosen for its response, and what
//! layers further in have told.
//!
//! It belongs to the `send` of the outermost layer, which is in the scope under `sallet.response` until the response starts. Then the
//! nonce is there instead, or `None`: the server's own `send` leads to the scope, and the two would keep each other alive. Middlewares
//! between the layers may copy the scope; the copy leads to the same `send`. What a server or a client writes into a scope is no such
//! object.

use super::SecurityHeaders;
use super::merge::Told;
use super::nonce;
use super::sender::Sender;
use crate::asgi;
use pyo3::exceptions::{PyException, PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyNone, PyString};
use pyo3::{PyTraverseError, PyVisit};
use sallet_core::Nonce;
use sallet_core::merge::Privacy;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

/// Of one request. Most need none of it, and pay for none.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    nonce: OnceLock<Nonce>,
    /// The response is for one client alone: nothing yet, or how firmly caches are to be kept off it.
    for_one: AtomicU8,
    more: OnceLock<Box<Mutex<More>>>,
}

#[derive(Debug, Default)]
struct More {
    /// What dependencies have said for their route, in order; each function sees what the ones before made of the policy.
    route: Vec<Said>,
    /// What the handler has said for this response, likewise.
    response: Vec<Said>,
    told: Told,
}

/// A policy, or a function of the one that would be sent otherwise.
#[derive(Debug)]
pub(super) enum Said {
    Policy(Py<SecurityHeaders>),
    Function(Py<PyAny>),
}

impl Said {
    /// `None` has no opinion.
    pub(super) fn read(value: &Bound<'_, PyAny>, place: &str) -> PyResult<Option<Self>> {
        if value.is_none() {
            return Ok(None);
        }
        if let Ok(policy) = value.cast::<SecurityHeaders>() {
            return Ok(Some(Self::Policy(policy.clone().unbind())));
        }
        if !value.is_callable() {
            return Err(PyTypeError::new_err(format!(
                "{place}: give a SecurityHeaders (SecurityHeaders.EMPTY for no headers), or a function of the policy that would be sent \
                 otherwise, as lambda policy: policy.replace(x_frame_options=None)"
            )));
        }
        super::arguments::check_function(value, place)?;
        Ok(Some(Self::Function(value.clone().unbind())))
    }

    /// Adds it to what was said before, of which a policy leaves nothing. What falls out is the caller's to drop, out of the lock: it may
    /// be a function that calls back.
    fn add_to(self, before: &mut Vec<Self>) -> Vec<Self> {
        match self {
            Self::Function(_) => {
                before.push(self);
                Vec::new()
            }
            Self::Policy(_) => std::mem::replace(before, vec![self]),
        }
    }

    fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Policy(policy) => Self::Policy(policy.clone_ref(py)),
            Self::Function(function) => Self::Function(function.clone_ref(py)),
        }
    }

    fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Policy(policy) => visit.call(policy),
            Self::Function(function) => visit.call(function),
        }
    }
}

impl Exchange {
    pub(super) fn nonce(&self) -> Option<&Nonce> {
        self.nonce.get()
    }

    /// The nonce of the request, drawn if it was not yet; the app finds it as `request.state.csp_nonce`.
    pub(super) fn draw<'py>(&self, scope: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyString>> {
        let nonce = match self.nonce.get() {
            Some(nonce) => nonce,
            None => {
                let drawn = nonce::draw()?;
                self.nonce.get_or_init(|| drawn)
            }
        };
        let text = PyString::new(scope.py(), nonce.as_str());
        asgi::own_state(scope)?.set_item(intern!(scope.py(), "csp_nonce"), &text)?;
        Ok(text)
    }

    /// Draws it where the policy that was said has one, so that the page finds it as any other does.
    fn draw_for(&self, said: &Said, scope: &Bound<'_, PyDict>) -> PyResult<()> {
        if let Said::Policy(policy) = said
            && policy.get().has_nonce()
        {
            self.draw(scope)?;
        }
        Ok(())
    }

    /// Says that shared caches are to be kept off the response. Of several the strictest counts.
    pub(super) fn keep_for_one(&self, privacy: Privacy) {
        self.for_one.fetch_max(1 + privacy as u8, Ordering::Relaxed);
    }

    pub(super) fn privacy(&self) -> Option<Privacy> {
        const UNLESS_SHARED: u8 = 1 + Privacy::UnlessShared as u8;
        match self.for_one.load(Ordering::Relaxed) {
            0 => None,
            UNLESS_SHARED => Some(Privacy::UnlessShared),
            _ => Some(Privacy::Always),
        }
    }

    /// Whether something may have been said of this response; a glance.
    pub(super) fn may_have_said(&self) -> bool {
        self.more.get().is_some() || DECORATED.load(Ordering::Relaxed)
    }

    /// What was said of the route and then of the response, and by what.
    pub(super) fn said(&self, scope: &Bound<'_, PyDict>) -> PyResult<Vec<(&'static str, Said)>> {
        let py = scope.py();
        let copied = |said: &[Said]| said.iter().map(|said| said.clone_ref(py)).collect();
        let (route, response): (Vec<_>, Vec<_>) = match self.more.get() {
            Some(more) => {
                let more = lock(more);
                (copied(&more.route), copied(&more.response))
            }
            None => Default::default(),
        };
        let endpoint = match route.first() {
            Some(Said::Policy(_)) => None,
            _ => of_endpoint(scope)?,
        };
        let route = endpoint.into_iter().chain(route).map(|said| ("policy", said));
        Ok(route.chain(response.into_iter().map(|said| ("set_policy", said))).collect())
    }

    /// Whether layers further in have left nothing off.
    pub(super) fn left_nothing_off(&self) -> bool {
        self.more.get().is_none_or(|more| lock(more).told.left_off.is_empty())
    }

    pub(super) fn told(&self) -> Told {
        self.more.get().map(|more| lock(more).told.clone()).unwrap_or_default()
    }

    pub(super) fn tell(&self, told: Told) {
        self.more().told = told;
    }

    fn more(&self) -> MutexGuard<'_, More> {
        lock(self.more.get_or_init(Box::default))
    }

    pub(super) fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Some(more) = self.more.get() else { return Ok(()) };
        let more = match more.try_lock() {
            Ok(more) => more,
            Err(TryLockError::Poisoned(more)) => more.into_inner(),
            // It is in use, and so no garbage.
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        more.route.iter().chain(&more.response).try_for_each(|said| said.visit(visit))
    }
}

fn lock(more: &Mutex<More>) -> MutexGuard<'_, More> {
    more.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The `send` of the outermost layer, if this request has one.
pub(super) fn of<'py>(scope: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, Sender>>> {
    let found = scope.get_item(intern!(scope.py(), "sallet.response"))?;
    Ok(found.and_then(|found| found.cast_into().ok()))
}

/// Puts it there, if this is the outermost layer; an inner one is told of the outermost.
pub(super) fn begin(scope: &Bound<'_, PyDict>, sender: &Bound<'_, Sender>) -> PyResult<()> {
    let key = intern!(scope.py(), "sallet.response");
    // One look-up from Python 3.13 on.
    if scope.set_default(key, sender)? {
        return Ok(());
    }
    match of(scope)? {
        // One with the same `send` is not around this one: its app has failed, and a middleware tries once more.
        Some(outermost) if !outermost.get().has_same_send(sender.get()) => sender.get().is_inside(outermost),
        _ => scope.set_item(key, sender)?,
    }
    Ok(())
}

/// Takes it away again, as the response starts. A body that is streamed asks for the nonce later.
pub(super) fn end(scope: &Bound<'_, PyDict>, exchange: &Exchange) -> PyResult<()> {
    let py = scope.py();
    let key = intern!(py, "sallet.response");
    match exchange.nonce() {
        Some(nonce) => scope.set_item(key, nonce.as_str()),
        None => scope.set_item(key, PyNone::get(py)),
    }
}

/// Whether any route has a policy of its own by the decorator; until then no response looks.
static DECORATED: AtomicBool = AtomicBool::new(false);

/// What the decorator has said of the route that the scope names.
fn of_endpoint(scope: &Bound<'_, PyDict>) -> PyResult<Option<Said>> {
    if !DECORATED.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let py = scope.py();
    let Some(endpoint) = scope.get_item(intern!(py, "endpoint"))? else { return Ok(None) };
    // What the decorator has put there can be read. An endpoint may be any object, as one that is mounted is: a proxy or a mock
    // answers to every name, or fails.
    let said = endpoint.getattr_opt(intern!(py, "__sallet_policy__")).and_then(|policy| match policy {
        Some(policy) => Said::read(&policy, "policy"),
        None => Ok(None),
    });
    match said {
        Err(error) if error.is_instance_of::<PyException>(py) => Ok(None),
        said => said,
    }
}

/// The scope of a request, a WebSocket, or the scope itself.
fn scope_of<'py>(request: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let py = request.py();
    if let Ok(scope) = request.cast::<PyDict>() {
        return Ok(scope.clone());
    }
    let scope = request.getattr_opt(intern!(py, "scope"))?;
    scope.and_then(|scope| scope.cast_into().ok()).ok_or_else(|| {
        PyTypeError::new_err(
            "give the request first (a Starlette Request, HTTPConnection or WebSocket), or its ASGI scope",
        )
    })
}

/// The outermost layer's `send`, or why there is none to say anything to.
fn unstarted<'py>(scope: &Bound<'py, PyDict>, what: &str) -> PyResult<Bound<'py, Sender>> {
    match of(scope)? {
        Some(sender) if !sender.get().has_started() => Ok(sender),
        Some(_) => Err(started(what)),
        None if scope.contains(intern!(scope.py(), "sallet.response"))? => Err(started(what)),
        None => Err(PyRuntimeError::new_err(format!(
            "{what}: no SecurityHeadersMiddleware is around this request: add one, or call protect(app)"
        ))),
    }
}

#[cold]
fn started(what: &str) -> PyErr {
    PyRuntimeError::new_err(format!(
        "{what}: the response has started, so its headers are sent: call it before (a StreamingResponse starts before its body runs)"
    ))
}

/// Chooses the policy of this response, in a handler, a dependency or a middleware.
///
///     set_policy(request, SecurityHeaders.EMPTY)  # no headers
///     set_policy(request, lambda policy: policy.replace(x_frame_options=None))  # one header dropped
///
/// `policy` is a SecurityHeaders, or a plain function of the policy that would be sent otherwise. Every Sallet layer around
/// sends it. Raises RuntimeError when the response has started, or where no Sallet layer is around.
#[pyfunction]
#[pyo3(signature = (request, policy, /))]
pub(super) fn set_policy(request: &Bound<'_, PyAny>, policy: &Bound<'_, PyAny>) -> PyResult<()> {
    let said = Said::read(policy, "set_policy")?;
    let scope = scope_of(request)?;
    let sender = unstarted(&scope, "set_policy")?;
    let exchange = sender.get().exchange();
    let before = match said {
        Some(said) => {
            exchange.draw_for(&said, &scope)?;
            said.add_to(&mut exchange.more().response)
        }
        None => std::mem::take(&mut exchange.more().response),
    };
    drop(before);
    Ok(())
}

/// Chooses the policy of the route of this request: `policy` as a dependency.
#[pyfunction]
#[pyo3(signature = (request, policy, /))]
pub(super) fn set_route_policy(request: &Bound<'_, PyAny>, policy: &Bound<'_, PyAny>) -> PyResult<()> {
    let said = Said::read(policy, "policy")?;
    let scope = scope_of(request)?;
    let sender = unstarted(&scope, "policy")?;
    let exchange = sender.get().exchange();
    if let Some(said) = said {
        exchange.draw_for(&said, &scope)?;
        let before = said.add_to(&mut exchange.more().route);
        drop(before);
    }
    Ok(())
}

/// Checks a policy of a route, and sees to it that responses look for such: `policy` as a decorator.
#[pyfunction]
#[pyo3(signature = (policy, /))]
pub(super) fn check_route_policy(policy: &Bound<'_, PyAny>) -> PyResult<()> {
    if Said::read(policy, "policy")?.is_none() {
        return Err(PyTypeError::new_err("policy: None is no policy; no headers is SecurityHeaders.EMPTY"));
    }
    DECORATED.store(true, Ordering::Relaxed);
    Ok(())
}

/// The nonce of this request, for the `nonce` attribute of its scripts and styles.
///
/// It is the same as `request.state.csp_nonce`; in Jinja2, see `sallet.templates`. The policy has it where it says NONCE. Raises
/// RuntimeError where no Sallet layer is around.
#[pyfunction]
#[pyo3(signature = (request, /))]
pub(super) fn csp_nonce<'py>(request: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    let scope = scope_of(request)?;
    let there = scope.get_item(intern!(request.py(), "sallet.response"))?;
    if let Some(there) = there {
        match there.cast_into::<PyString>() {
            Ok(nonce) => return Ok(nonce),
            // In a copy of the scope it is still there.
            Err(other) => {
                if let Ok(sender) = other.into_inner().cast_into::<Sender>()
                    && let Some(nonce) = sender.get().exchange().nonce()
                {
                    return Ok(PyString::new(request.py(), nonce.as_str()));
                }
            }
        }
    }
    unstarted(&scope, "csp_nonce")?.get().exchange().draw(&scope)
}
