//! Joining the app's own headers with the policy's, as the core decides.

use std::borrow::Cow;

use super::field_set::{FieldSet, Forms, Rules};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PySequence, PyTuple};
use sallet_core::merge::{Merge, Own, PRIVATE, PolicyFields, Sent, made_private};
use sallet_core::{ContentSecurityPolicy, FieldKind, Nonce, NonceForm, Scheme};

/// The start of a response, and what is to be joined with it.
pub(super) struct Start<'a, 'py> {
    pub(super) headers: Bound<'py, PyAny>,
    pub(super) status: u16,
    pub(super) forms: &'a Forms,
    pub(super) rules: &'a Rules,
    pub(super) scheme: Scheme,
    /// That of the request, if one was drawn.
    pub(super) nonce: Option<&'a Nonce>,
    /// What layers further in have told.
    pub(super) told: Told,
}

/// What a layer tells the ones around.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// The fields that it has left off a 304: what the stored page has stays.
    pub(super) left_off: Vec<Vec<u8>>,
    pub(super) sent: Sent,
}

impl<'py> Start<'_, 'py> {
    /// A new list: the app's headers in order, less what goes, then the policy's. The app's own list, whatever iterable it is,
    /// stays as it was.
    pub(super) fn merged(self) -> PyResult<(Bound<'py, PyAny>, Told)> {
        let py = self.headers.py();
        let own = match self.headers.cast_exact::<PyList>() {
            Ok(list) => {
                let set = &self.forms.whole;
                if let Some(pairs) = &set.pairs
                    && self.told.left_off.is_empty()
                    && is_unwatched(list, set, self.rules)
                {
                    // One allocation of the right size.
                    let merged = list.as_sequence().concat(pairs.bind(py).cast::<PySequence>()?)?.into_any();
                    return Ok((merged, Told { sent: Sent::all(set), ..Told::default() }));
                }
                list.clone()
            }
            // A tuple or a generator; a generator can be read only once.
            Err(_) => {
                self.headers.try_iter()?.collect::<PyResult<Vec<_>>>().and_then(|items| PyList::new(py, items))?
            }
        };
        self.joined(&own)
    }

    /// Asks the core of each.
    fn joined(self, own: &Bound<'py, PyList>) -> PyResult<(Bound<'py, PyAny>, Told)> {
        let py = own.py();
        let form = if self.forms.whole.pairs.is_none() || self.nonce.is_some() {
            NonceForm::of(self.status, ContentTypes(own.iter()))
        } else {
            // Which of the two, no policy minds.
            NonceForm::of(self.status, [""; 0])
        };
        let set = self.forms.form(form);
        let may_have_nonce = self.nonce.is_some() || set.pairs.is_none();
        let mut merge = Merge::new(set, self.rules, form).with_nonce(self.nonce).around(self.told.sent);
        let merged = PyList::empty(py);
        let (mut shared, mut left_off) = (Vec::new(), Vec::new());
        for item in own.iter() {
            let name = match item.cast_exact::<PyTuple>() {
                Ok(pair) => pair.get_item(0)?,
                Err(_) => item.get_item(0)?,
            };
            // What is no bytes at all is for the server to refuse.
            let Some(text) = bytes(&name).filter(|text| set.may_matter(text, may_have_nonce)) else {
                merged.append(item)?;
                continue;
            };
            let value = item.get_item(1).ok();
            let value = value.as_ref().and_then(bytes).unwrap_or_default();
            match merge.own(&text, &value) {
                Own::Keep => merged.append(item)?,
                Own::KeepShared => {
                    shared.push((merged.len(), text.trim_ascii().to_vec(), value.into_owned()));
                    merged.append(item)?;
                }
                Own::Fill => {
                    let filled = filled(&value, self.scheme, self.nonce.filter(|_| form == NonceForm::Fresh));
                    if !filled.is_empty() {
                        merged.append((name, PyBytes::new(py, &filled)))?;
                    }
                }
                Own::Drop => {}
                Own::LeaveOff => left_off.push(text.trim_ascii().to_ascii_lowercase()),
            }
        }
        left_off.extend(self.told.left_off.into_iter().filter(|name| merge.left_off(name)));
        for (at, name, value) in shared {
            if merge.makes_private(&name) {
                let value = PyBytes::new(py, &made_private(&name, &value).concat());
                merged.set_item(at, (merged.get_item(at)?.get_item(0)?, value))?;
            }
        }
        for at in merge.additions() {
            let field = &set.fields[at];
            let pair = field.pair(py, self.nonce)?;
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
        Ok((merged.into_any(), Told { left_off, sent: merge.sent() }))
    }
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
            let name = item.get_item(0).ok()?;
            let is_type = bytes(&name)?.trim_ascii().eq_ignore_ascii_case(b"content-type");
            is_type.then(|| item.get_item(1).ok().as_ref().and_then(bytes).unwrap_or_default().into_owned())
        })
    }
}

/// Whether no header of the app can matter, so that the policy's are simply added. Unusual shapes count as if they could.
fn is_unwatched(own: &Bound<'_, PyList>, set: &FieldSet, rules: &Rules) -> bool {
    own.iter().all(|item| {
        item.cast_exact::<PyTuple>().is_ok_and(|pair| {
            pair.get_borrowed_item(0)
                .is_ok_and(|name| name.cast_exact::<PyBytes>().is_ok_and(|name| !set.watches(name.as_bytes(), rules)))
        })
    })
}

/// Bytes, or a bytearray, which some servers take.
fn bytes<'a>(value: &'a Bound<'_, PyAny>) -> Option<Cow<'a, [u8]>> {
    match value.cast::<PyBytes>() {
        Ok(bytes) => Some(Cow::Borrowed(bytes.as_bytes())),
        Err(_) => value.extract().ok().map(Cow::Owned),
    }
}
