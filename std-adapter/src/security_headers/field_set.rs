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
    /// All of them. Where a nonce goes stands a text that no browser takes for one.
    fields: HeaderMap,
    with_nonce: Vec<NonceField>,
}

#[derive(Debug, Clone)]
struct NonceField {
    name: HeaderName,
    text: Vec<u8>,
    slots: NonceSlots,
}

const ROOM_FOR_THE_APP: usize = 12;

impl FieldSet {
    fn new(policy: sallet_core::SecurityHeaders<'_>) -> Self {
        // A copy has as many slots as the original: enough that an app's few fields fit without another table.
        let mut fields = HeaderMap::with_capacity(policy.fields().count() + ROOM_FOR_THE_APP);
        let mut with_nonce = Vec::new();
        for field in policy.fields() {
            let mut text = vec![0; field.value_len()];
            let Ok((value, slots)) = field.write_value(&mut text) else { unreachable!("value_len is exact") };
            let name = header_name(field.name());
            fields.insert(name.clone(), header_value(value));
            if !slots.is_empty() {
                with_nonce.push(NonceField { name, text, slots });
            }
        }
        Self { fields, with_nonce }
    }

    pub(super) const fn needs_nonce(&self) -> bool {
        !self.with_nonce.is_empty()
    }

    pub(super) const fn unfilled(&self) -> &HeaderMap {
        &self.fields
    }

    /// The fields for one response, with its nonce.
    pub(super) fn filled(&self, nonce: Option<&Nonce>) -> HeaderMap {
        let mut fields = self.fields.clone();
        if let Some(nonce) = nonce {
            for field in &self.with_nonce {
                fields.insert(field.name.clone(), field.filled(nonce));
            }
        }
        fields
    }
}

impl NonceField {
    fn filled(&self, nonce: &Nonce) -> HeaderValue {
        let mut text = self.text.clone();
        self.slots.fill(nonce.core(), &mut text);
        HeaderValue::try_from(text).expect("a policy and a nonce are visible ASCII")
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
