//! A policy made ready for responses: everything that can be rendered once is.

use http::{HeaderMap, HeaderName, HeaderValue};
use sallet_core::{NonceSlots, PolicyError, Scheme};

use super::interned::interned;
use crate::Nonce;

/// The fields of one policy, over HTTP and over HTTPS.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    http: FieldSet,
    https: FieldSet,
}

impl Plan {
    pub(super) fn new(policy: &sallet_core::SecurityHeaders<'_>) -> Result<Self, PolicyError> {
        let policy = policy.check()?;
        Ok(Self { http: FieldSet::new(policy.over(Scheme::Http)), https: FieldSet::new(policy.over(Scheme::Https)) })
    }

    pub(super) const fn over(&self, scheme: Scheme) -> &FieldSet {
        match scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        }
    }
}

/// The fields of one policy over one scheme.
#[derive(Debug, Clone)]
pub(super) struct FieldSet {
    /// Those that are the same in every response.
    pub(super) fixed: HeaderMap,
    pub(super) with_nonce: Vec<NonceField>,
}

#[derive(Debug, Clone)]
pub(super) struct NonceField {
    pub(super) name: HeaderName,
    /// Where the nonce goes stands a text that no browser takes for one.
    text: Vec<u8>,
    slots: NonceSlots,
}

/// What becomes of the fields that have a nonce, in one response.
#[derive(Debug, Clone, Copy)]
pub(super) enum NonceFields<'n> {
    /// They are sent with the nonce of the response.
    Filled(&'n Nonce),
    /// They are sent without, since there was no entropy for one: no script runs.
    Unfilled,
    /// They are not sent: a nonce does not [fit](sallet_core::Nonce::fits) this response.
    LeftOff,
}

const ROOM_FOR_THE_APP: usize = 12;

impl FieldSet {
    fn new(policy: sallet_core::SecurityHeaders<'_>) -> Self {
        // A copy has as many slots as the original: enough that an app's few fields fit without another table.
        let mut fixed = HeaderMap::with_capacity(policy.fields().count() + ROOM_FOR_THE_APP);
        let mut with_nonce = Vec::new();
        for field in policy.fields() {
            let mut text = vec![0; field.value_len()];
            let Ok((value, slots)) = field.write_value(&mut text) else { unreachable!("value_len is exact") };
            let name = header_name(field.name());
            if slots.is_empty() {
                fixed.insert(name, header_value(value));
            } else {
                with_nonce.push(NonceField { name, text, slots });
            }
        }
        Self { fixed, with_nonce }
    }

    pub(super) const fn needs_nonce(&self) -> bool {
        !self.with_nonce.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.fixed.keys_len() + self.with_nonce.len()
    }

    pub(super) fn contains(&self, name: &HeaderName) -> bool {
        self.fixed.contains_key(name) || self.with_nonce.iter().any(|field| field.name == *name)
    }

    /// The fields for one response.
    pub(super) fn filled(&self, nonce: NonceFields<'_>) -> HeaderMap {
        let mut fields = self.fixed.clone();
        for field in &self.with_nonce {
            if let Some(value) = field.value(nonce) {
                fields.insert(field.name.clone(), value);
            }
        }
        fields
    }
}

impl NonceField {
    pub(super) fn value(&self, nonce: NonceFields<'_>) -> Option<HeaderValue> {
        let mut text = self.text.clone();
        match nonce {
            NonceFields::Filled(nonce) => self.slots.fill(nonce.core(), &mut text),
            NonceFields::Unfilled => {}
            NonceFields::LeftOff => return None,
        }
        Some(HeaderValue::try_from(text).expect("a policy and a nonce are visible ASCII"))
    }
}

fn header_name(name: &str) -> HeaderName {
    match interned(name) {
        Some(name) => HeaderName::from_static(name),
        None => HeaderName::from_bytes(name.as_bytes()).expect("the core has checked the name"),
    }
}

fn header_value(value: &str) -> HeaderValue {
    match interned(value) {
        Some(value) => HeaderValue::from_static(value),
        None => HeaderValue::from_str(value).expect("the core has checked the value"),
    }
}
