//! Joining the app's own headers with the policy's, as the core decides.

use std::borrow::Cow;

use super::exchange::Exchange;
use super::field_set::{FieldSet, Plan, PlannedField, Rules, is_policy};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use sallet_core::merge::{Merge, Own, PRIVATE, PolicyFields, Sent, made_private};
use sallet_core::{ContentSecurityPolicy, FieldKind, Nonce, NonceForm, Scheme};

/// The start of a response, and what is to be joined with it.
pub(super) struct Start<'a, 'py> {
    pub(super) message: &'a Bound<'py, PyDict>,
    pub(super) scope: &'a Bound<'py, PyDict>,
    pub(super) exchange: &'a Exchange,
    pub(super) plan: &'a Plan,
    pub(super) scheme: Scheme,
}

/// What a layer tells the ones around.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// The fields that it has left off a 304: what the stored page has stays.
    pub(super) left_off: Vec<Vec<u8>>,
    sent: Sent,
    /// The policies in the response that it has sent. A middleware in between may answer with another response.
    policies: Vec<Vec<u8>>,
}

impl Told {
    fn new(left_off: Vec<Vec<u8>>, sent: Sent, merged: &Bound<'_, PyList>) -> PyResult<Self> {
        let policies = if sent == Sent::default() { Vec::new() } else { policies(merged.iter().map(Ok))? };
        Ok(Self { left_off, sent, policies })
    }

    /// What of it holds for a response with these fields.
    fn of(self, own: &Bound<'_, PyList>) -> PyResult<Self> {
        if self.sent == Sent::default() {
            return Ok(self);
        }
        let there = policies(own.iter().map(Ok))?;
        let sent = if self.policies.iter().all(|policy| there.contains(policy)) { self.sent } else { Sent::default() };
        Ok(Self { sent, ..self })
    }
}

/// The values of all Content-Security-Policies, those that only report too.
fn policies<'py>(fields: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>) -> PyResult<Vec<Vec<u8>>> {
    let mut values = Vec::new();
    for item in fields {
        let item = item?;
        let name = part(&item, 0)?;
        if bytes(&name).is_some_and(|name| is_policy(name.trim_ascii())) {
            values.extend(bytes(&part(&item, 1)?).map(Cow::into_owned));
        }
    }
    Ok(values)
}

impl<'py> Start<'_, 'py> {
    /// A new list: the app's headers in order, less what goes, then the policy's. The app's own list, whatever iterable it is,
    /// stays as it was. `tells`: there are layers around.
    pub(super) fn merged(&self, tells: bool) -> PyResult<Bound<'py, PyList>> {
        let py = self.scope.py();
        let headers = match self.message.get_item(intern!(py, "headers"))? {
            Some(headers) => headers,
            None => PyList::empty(py).into_any(),
        };
        if let Ok(list) = headers.cast_exact::<PyList>()
            && self.exchange.left_nothing_off()
            && is_unwatched(list, &self.plan.over(self.scheme).whole, &self.plan.rules)
            && let Some(merged) = self.added(list)?
        {
            if tells {
                let sent = Sent::all(&self.plan.over(self.scheme).whole);
                self.exchange.tell(Told::new(Vec::new(), sent, &merged)?);
            }
            return Ok(merged);
        }
        self.decided(&headers, tells)
    }

    // Out of the way of the above, as most responses go.
    #[cold]
    #[inline(never)]
    fn decided(&self, headers: &Bound<'py, PyAny>, tells: bool) -> PyResult<Bound<'py, PyList>> {
        let own = match headers.cast_exact::<PyList>() {
            Ok(list) => list.clone(),
            // A tuple or a generator; a generator can be read only once.
            Err(_) => {
                headers.try_iter()?.collect::<PyResult<Vec<_>>>().and_then(|items| PyList::new(headers.py(), items))?
            }
        };
        let (merged, left_off, sent) = self.joined(&own, self.exchange.told().of(&own)?)?;
        if tells {
            self.exchange.tell(Told::new(left_off, sent, &merged)?);
        }
        Ok(merged)
    }

    /// All of the policy behind what the app sends, where nothing of that matters: what the core would say, in less time. `None` on a 304
    /// that is to go without some.
    fn added(&self, own: &Bound<'py, PyList>) -> PyResult<Option<Bound<'py, PyList>>> {
        let (py, forms) = (own.py(), self.plan.over(self.scheme));
        let form = if forms.whole.needs_nonce() { self.form(own)? } else { NonceForm::Fresh };
        if form == NonceForm::LeftOff {
            return Ok(None);
        }
        let set = forms.form(form);
        self.report_marks(set)?;
        // One allocation of the right size.
        let merged = own.as_sequence().concat(set.pairs.bind(py).as_sequence())?.cast_into::<PyList>()?;
        if set.needs_nonce() {
            if self.exchange.nonce().is_none() {
                self.exchange.draw(self.scope)?;
            }
            for &at in &set.with_nonce {
                merged.set_item(own.len() + at, set.fields[at].pair(py, self.exchange.nonce())?)?;
            }
        }
        Ok(Some(merged))
    }

    fn form(&self, own: &Bound<'py, PyList>) -> PyResult<NonceForm> {
        Ok(NonceForm::of(status(self.message)?, ContentTypes(own.iter())))
    }

    /// Asks the core of each.
    fn joined(&self, own: &Bound<'py, PyList>, told: Told) -> PyResult<(Bound<'py, PyList>, Vec<Vec<u8>>, Sent)> {
        let (py, forms, rules) = (own.py(), self.plan.over(self.scheme), &*self.plan.rules);
        let form = self.form(own)?;
        if form == NonceForm::Fresh && forms.whole.needs_nonce() && self.exchange.nonce().is_none() {
            self.exchange.draw(self.scope)?;
        }
        let (set, nonce) = (forms.form(form), self.exchange.nonce());
        self.report_marks(set)?;
        let mut merge = Merge::new(set, rules, form).with_nonce(nonce).around(told.sent);
        let merged = PyList::empty(py);
        let (mut shared, mut left_off) = (Vec::new(), Vec::new());
        for item in own.iter() {
            let name = part(&item, 0)?;
            // What is no bytes at all is for the server to refuse.
            let Some(text) = bytes(&name).filter(|text| set.may_matter(text, nonce.is_some())) else {
                merged.append(item)?;
                continue;
            };
            let value = part(&item, 1).ok();
            let value = value.as_ref().and_then(bytes).unwrap_or_default();
            match merge.own(&text, &value) {
                Own::Keep => merged.append(item)?,
                Own::KeepShared => {
                    shared.push((merged.len(), text.trim_ascii().to_vec(), value.into_owned()));
                    merged.append(item)?;
                }
                Own::Fill => {
                    let filled = filled(&value, self.scheme, nonce.filter(|_| form == NonceForm::Fresh));
                    if !filled.is_empty() {
                        merged.append((name, PyBytes::new(py, &filled)))?;
                    }
                }
                Own::Drop => {}
                Own::LeaveOff => left_off.push(text.trim_ascii().to_ascii_lowercase()),
            }
        }
        left_off.extend(told.left_off.into_iter().filter(|name| merge.left_off(name)));
        for (at, name, value) in shared {
            if merge.makes_private(&name) {
                let value = PyBytes::new(py, &made_private(&name, &value).concat());
                merged.set_item(at, (merged.get_item(at)?.get_item(0)?, value))?;
            }
        }
        for at in merge.additions() {
            let field = &set.fields[at];
            let pair = field.pair(py, nonce)?;
            if set.kind(at) == FieldKind::Shared && merge.makes_private(field.name()) {
                let value = pair.get_item(1)?;
                let value = made_private(field.name(), bytes(&value).unwrap_or_default().as_ref()).concat();
                merged.append((pair.get_item(0)?, PyBytes::new(py, &value)))?;
            } else {
                merged.append(pair)?;
            }
        }
        if merge.adds_private() {
            merged.append((PyBytes::new(py, PRIVATE.0.as_bytes()), PyBytes::new(py, PRIVATE.1.as_bytes())))?;
        }
        left_off.extend(merge.leaves_off().map(|at| set.fields[at].name().to_vec()));
        self.report(merge.displaced().map(|at| &set.fields[at]))?;
        let sent = merge.sent();
        Ok((merged, left_off, sent))
    }

    /// Shows what the app's own headers have displaced to `python -m sallet check`, which has put a list for it there.
    fn report<'n>(&self, mut displaced: impl Iterator<Item = &'n PlannedField>) -> PyResult<()> {
        let Some(first) = displaced.next() else { return Ok(()) };
        let Some(list) = self.list_of_check("sallet.check")? else { return Ok(()) };
        [first].into_iter().chain(displaced).try_for_each(|field| list.append(field.pair(list.py(), None)?))
    }

    /// Shows it what is unchecked in the policy, which it could not tell from a mistake of the app's.
    fn report_marks(&self, set: &FieldSet) -> PyResult<()> {
        if set.marked.is_empty() {
            return Ok(());
        }
        let Some(list) = self.list_of_check("sallet.check.unchecked")? else { return Ok(()) };
        set.marked.iter().try_for_each(|texts| list.append(texts))
    }

    fn list_of_check(&self, key: &str) -> PyResult<Option<Bound<'py, PyList>>> {
        Ok(self.scope.get_item(key)?.and_then(|list| list.cast_into().ok()))
    }
}

/// One that is no number is for the server to refuse.
fn status(message: &Bound<'_, PyDict>) -> PyResult<u16> {
    let status = message.get_item(intern!(message.py(), "status"))?;
    Ok(status.and_then(|status| status.extract().ok()).unwrap_or_default())
}

/// An app's own policy with the nonce of the request; empty if nothing is left of it.
fn filled(value: &[u8], scheme: Scheme, nonce: Option<&Nonce>) -> Vec<u8> {
    let own = ContentSecurityPolicy::own(value, scheme, nonce);
    let mut text = vec![0; own.value_len()];
    let len = own.write(&mut text).map_or(0, <[u8]>::len);
    text.truncate(len);
    text
}

/// The values of the `Content-Type` lines.
struct ContentTypes<I>(I);

impl<'py, I: Iterator<Item = Bound<'py, PyAny>>> Iterator for ContentTypes<I> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        self.0.find_map(|item| {
            let name = part(&item, 0).ok()?;
            let is_type = bytes(&name)?.trim_ascii().eq_ignore_ascii_case(b"content-type");
            is_type.then(|| part(&item, 1).ok().as_ref().and_then(bytes).unwrap_or_default().into_owned())
        })
    }
}

/// Whether no header of the app can matter, so that the policy's are simply added. Unusual shapes count as if they could.
fn is_unwatched(own: &Bound<'_, PyList>, set: &FieldSet, rules: &Rules) -> bool {
    own.iter().all(|item| {
        item.cast_exact::<PyTuple>().is_ok_and(|pair| {
            pair.iter_borrowed()
                .next()
                .is_some_and(|name| name.cast_exact::<PyBytes>().is_ok_and(|name| !set.watches(name.as_bytes(), rules)))
        })
    })
}

/// The name or the value of a field.
pub(super) fn part<'py>(item: &Bound<'py, PyAny>, at: usize) -> PyResult<Bound<'py, PyAny>> {
    match item.cast_exact::<PyTuple>() {
        Ok(pair) => pair.get_item(at),
        Err(_) => item.get_item(at),
    }
}

/// Bytes, or a bytearray, which some servers take.
pub(super) fn bytes<'a>(value: &'a Bound<'_, PyAny>) -> Option<Cow<'a, [u8]>> {
    match value.cast::<PyBytes>() {
        Ok(bytes) => Some(Cow::Borrowed(bytes.as_bytes())),
        Err(_) => value.extract().ok().map(Cow::Owned),
    }
}
