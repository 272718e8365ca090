//! A policy made ready for requests: everything that can be rendered once is.

use super::SecurityHeaders;
use super::content_security_policy::refused;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use sallet_core::merge::{MergeRules, PolicyFields, is_caching};
use sallet_core::{FieldKind, Nonce, NonceForm, NonceSlots, Scheme};
use std::sync::Arc;

pub(super) type Rules = MergeRules<Vec<String>>;

/// One policy, over HTTP and over HTTPS, with a nonce and without, and how it meets the app's own headers.
#[derive(Debug)]
pub(super) struct Plan {
    http: Forms,
    https: Forms,
    /// What it was made of.
    pub(super) headers: Py<SecurityHeaders>,
    pub(super) rules: Arc<Rules>,
}

#[derive(Debug)]
pub(super) struct Forms {
    /// With a nonce, where the policy has one.
    pub(super) whole: FieldSet,
    /// `None` where the policy has no nonce.
    without_nonce: Option<FieldSet>,
}

impl Plan {
    pub(super) fn new(headers: &Bound<'_, SecurityHeaders>, rules: &Arc<Rules>) -> PyResult<Arc<Self>> {
        let (py, policy) = (headers.py(), headers.get());
        Ok(Arc::new(Self {
            http: Forms::new(py, policy, Scheme::Http, rules)?,
            https: Forms::new(py, policy, Scheme::Https, rules)?,
            headers: headers.clone().unbind(),
            rules: Arc::clone(rules),
        }))
    }

    pub(super) const fn over(&self, scheme: Scheme) -> &Forms {
        match scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        }
    }

    /// Whether a response may take one: what is left out over HTTP has none.
    pub(super) const fn needs_nonce(&self) -> bool {
        self.https.without_nonce.is_some()
    }
}

impl Forms {
    fn new(py: Python<'_>, headers: &SecurityHeaders, scheme: Scheme, rules: &Rules) -> PyResult<Self> {
        headers.with_core(|policy| {
            let policy = policy.over(scheme);
            let without_nonce = policy.needs_nonce().then(|| FieldSet::new(py, policy.without_nonce(), rules));
            Ok(Self { whole: FieldSet::new(py, policy, rules)?, without_nonce: without_nonce.transpose()? })
        })?
    }

    pub(super) fn form(&self, form: NonceForm) -> &FieldSet {
        match &self.without_nonce {
            Some(set) if form == NonceForm::WithoutNonce => set,
            _ => &self.whole,
        }
    }
}

/// The fields of one policy over one scheme.
#[derive(Debug)]
pub(super) struct FieldSet {
    pub(super) fields: Vec<PlannedField>,
    /// All pairs, for responses that set none of these headers themselves.
    pub(super) pairs: Py<PyList>,
    /// Those of them that a nonce makes differ.
    pub(super) with_nonce: Vec<usize>,
    /// For `python -m sallet check`, which sees no marks: each field that has one as `(name, value as sent, value with its marks)`.
    pub(super) marked: Vec<(String, String, String)>,
    watch: Watch,
}

#[derive(Debug)]
pub(super) struct PlannedField {
    name: Vec<u8>,
    kind: FieldKind,
    pair: Pair,
}

#[derive(Debug)]
enum Pair {
    Ready(Py<PyTuple>),
    WithNonce { name: Py<PyBytes>, text: Vec<u8>, slots: NonceSlots },
}

impl FieldSet {
    fn new(py: Python<'_>, policy: sallet_core::SecurityHeaders<'_>, rules: &Rules) -> PyResult<Self> {
        let fields = policy.fields().map(|field| PlannedField::new(py, field)).collect::<PyResult<Vec<_>>>()?;
        let pairs = fields.iter().map(|field| field.pair(py, None)).collect::<PyResult<Vec<_>>>()?;
        let pairs = PyList::new(py, pairs)?.unbind();
        let texts =
            policy.fields().map(|field| (field.name().to_owned(), field.to_string(), field.marked().to_string()));
        let marked = texts.filter(|(_, sent, marked)| sent != marked).collect();
        let with_nonce = (0..fields.len()).filter(|&at| fields[at].kind == FieldKind::Nonce).collect();
        let names = fields.iter().map(|field| field.name.as_slice());
        let removed = rules.remove().iter().map(String::as_bytes);
        let watch = Watch::new(names.chain(removed).chain(POLICIES));
        Ok(Self { fields, pairs, with_nonce, marked, watch })
    }

    /// Whether a header of this name is one of the policy's, one that is removed, a policy of the app's own, or where there is a nonce
    /// one that tells caches what to keep. What only looks
    /// like one at a glance (`x-request-id` is as long as `x-powered-by`) is looked up.
    pub(super) fn watches(&self, name: &[u8], rules: &Rules) -> bool {
        self.watch.may_hold(name) && {
            let name = name.trim_ascii();
            self.position(name).is_some() || rules.removes(name) || is_policy(name)
        } || self.needs_nonce() && is_caching(name.trim_ascii())
    }

    pub(super) const fn needs_nonce(&self) -> bool {
        !self.with_nonce.is_empty()
    }

    /// Never `false` for a header that matters; a glance. In a response without a nonce, what is said to caches does not.
    pub(super) fn may_matter(&self, name: &[u8], may_have_nonce: bool) -> bool {
        self.watch.may_hold(name) || may_have_nonce && is_caching(name.trim_ascii())
    }
}

/// What an app may have written itself with the placeholder of a nonce, or with the nonce.
const POLICIES: [&[u8]; 2] = [b"content-security-policy", b"content-security-policy-report-only"];

pub(super) fn is_policy(name: &[u8]) -> bool {
    POLICIES.iter().any(|policy| name.eq_ignore_ascii_case(policy))
}

impl PolicyFields for FieldSet {
    fn count(&self) -> usize {
        self.fields.len()
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        self.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name))
    }

    fn kind(&self, at: usize) -> FieldKind {
        self.fields[at].kind
    }
}

/// Names by length and first letter: tells at once that most of what an app sends is none of the policy's business.
#[derive(Debug)]
struct Watch([u32; 64]);

impl Watch {
    fn new<'n>(names: impl Iterator<Item = &'n [u8]>) -> Self {
        let mut letters = [0; 64];
        for name in names {
            letters[Self::row(name)] |= name.first().map_or(0, |&first| Self::bit(first));
        }
        Self(letters)
    }

    /// Never `false` for a name that is watched, in whatever case and with blanks around it.
    fn may_hold(&self, name: &[u8]) -> bool {
        let ([first, ..], [.., last]) = (name, name) else { return false };
        *first <= b' ' || *last <= b' ' || self.0[Self::row(name)] & Self::bit(*first) != 0
    }

    fn row(name: &[u8]) -> usize {
        name.len().min(63)
    }

    /// The same for both cases of a letter.
    const fn bit(first: u8) -> u32 {
        1 << (first & 31)
    }
}

impl PlannedField {
    fn new(py: Python<'_>, field: sallet_core::Field<'_, '_>) -> PyResult<Self> {
        let name = field.name().as_bytes().to_vec();
        let mut text = vec![0; field.value_len()];
        let slots = field.write_value(&mut text).map(|(_, slots)| slots).map_err(|error| refused(error.to_string()))?;
        let py_name = PyBytes::new(py, &name);
        let pair = if slots.is_empty() {
            Pair::Ready(PyTuple::new(py, [&py_name, &PyBytes::new(py, &text)])?.unbind())
        } else {
            Pair::WithNonce { name: py_name.unbind(), text, slots }
        };
        Ok(Self { name, kind: field.kind(), pair })
    }

    pub(super) fn name(&self) -> &[u8] {
        &self.name
    }

    /// The pair for one response. Without a nonce its value is one that no script matches.
    pub(super) fn pair<'py>(&self, py: Python<'py>, nonce: Option<&Nonce>) -> PyResult<Bound<'py, PyTuple>> {
        match &self.pair {
            Pair::Ready(pair) => Ok(pair.bind(py).clone()),
            Pair::WithNonce { name, text, slots } => {
                let value = PyBytes::new_with(py, text.len(), |out| {
                    out.copy_from_slice(text);
                    if let Some(nonce) = nonce {
                        slots.fill(nonce, out);
                    }
                    Ok(())
                })?;
                PyTuple::new(py, [name.bind(py), &value])
            }
        }
    }
}
