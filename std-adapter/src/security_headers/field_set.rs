//! A policy made ready for responses: everything that can be rendered once is.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use sallet_core::merge::{PolicyFields, is_caching};
use sallet_core::{Field, FieldKind, NonceForm, NonceSlots, PolicyError, Scheme};

use super::interned::interned;
use crate::RequestNonce;

/// The fields of one policy, over HTTP and over HTTPS, with a nonce and without.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Whether it tells caches something, but that a page with a nonce is private.
    pub(super) tells_caches: bool,
    http: Forms,
    https: Forms,
}

#[derive(Debug, Clone)]
struct Forms {
    whole: FieldSet,
    /// `None` where the policy has no nonce.
    without_nonce: Option<FieldSet>,
}

impl Plan {
    pub(super) fn new(policy: &sallet_core::SecurityHeaders<'_>) -> Result<Self, PolicyError> {
        let policy = policy.check()?;
        let tells = |field: Field<'_, '_>| field.kind() != FieldKind::Private && is_caching(field.name().as_bytes());
        Ok(Self {
            tells_caches: policy.fields().any(tells),
            http: Forms::new(policy.over(Scheme::Http)),
            https: Forms::new(policy.over(Scheme::Https)),
        })
    }

    pub(super) const fn needs_nonce(&self, scheme: Scheme) -> bool {
        self.over(scheme).without_nonce.is_some()
    }

    pub(super) fn fields(&self, scheme: Scheme, form: NonceForm) -> &FieldSet {
        match self.over(scheme) {
            Forms { without_nonce: Some(set), .. } if form == NonceForm::WithoutNonce => set,
            Forms { whole, .. } => whole,
        }
    }

    const fn over(&self, scheme: Scheme) -> &Forms {
        match scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        }
    }
}

impl Forms {
    fn new(policy: sallet_core::SecurityHeaders<'_>) -> Self {
        let without_nonce = policy.needs_nonce().then(|| FieldSet::new(policy.without_nonce()));
        Self { whole: FieldSet::new(policy), without_nonce }
    }
}

/// The fields of one policy over one scheme, in the order in which they are sent.
#[derive(Debug, Clone)]
pub(super) struct FieldSet {
    fields: Vec<(HeaderName, Value, FieldKind)>,
    /// Those that are the same in every response, to be copied at once.
    pub(super) fixed: HeaderMap,
    /// The same, with a place for each of [`USUAL`] and for each field with a nonce.
    with_places: HeaderMap,
}

#[derive(Debug, Clone)]
enum Value {
    Fixed(HeaderValue),
    /// Where the nonce goes stands a text that no browser takes for one.
    WithNonce(Vec<u8>, NonceSlots),
}

const ROOM_FOR_THE_APP: usize = 12;

/// What nearly every app sends. Neither is ever a policy's field or removed ([`removable`](sallet_core::removable)).
static USUAL: [HeaderName; 2] = [CONTENT_TYPE, CONTENT_LENGTH];

impl FieldSet {
    fn new(policy: sallet_core::SecurityHeaders<'_>) -> Self {
        let fields: Vec<_> =
            policy.fields().map(|field| (header_name(field.name()), Value::of(field), field.kind())).collect();
        // A copy has as many slots as the original: enough that an app's few fields fit without another table.
        let mut fixed = HeaderMap::with_capacity(fields.len() + ROOM_FOR_THE_APP);
        for (name, value, _) in &fields {
            if let Value::Fixed(value) = value {
                fixed.insert(name, value.clone());
            }
        }
        let with_nonce = fields.iter().map(|(name, ..)| name).filter(|name| !fixed.contains_key(*name));
        let places = USUAL.iter().chain(with_nonce).map(|name| (name.clone(), HeaderValue::from_static("")));
        let mut with_places = fixed.clone();
        with_places.extend(places);
        Self { fields, fixed, with_places }
    }

    /// A copy of the fixed fields to put the app's and the nonce into. A copied list is full, and for one field more a longer one
    /// is allocated: so where the app has all that are usual, they and the nonce find a place in it, which each of them takes.
    pub(super) fn copy_for(&self, own: &HeaderMap) -> HeaderMap {
        let has_usual = USUAL.iter().all(|usual| own.keys().any(|name| name == usual));
        if has_usual { self.with_places.clone() } else { self.fixed.clone() }
    }

    pub(super) fn needs_nonce(&self) -> bool {
        self.fixed.len() < self.fields.len()
    }

    pub(super) fn name(&self, at: usize) -> &HeaderName {
        &self.fields[at].0
    }

    /// The value for one response. Without a nonce, for want of entropy, it is one that no script matches.
    pub(super) fn value(&self, at: usize, nonce: Option<&RequestNonce>) -> HeaderValue {
        match &self.fields[at].1 {
            Value::Fixed(value) => value.clone(),
            Value::WithNonce(text, slots) => {
                let mut text = text.clone();
                if let Some(nonce) = nonce {
                    slots.fill(nonce.core(), &mut text);
                }
                HeaderValue::try_from(text).expect("a policy and a nonce are visible ASCII")
            }
        }
    }
}

impl PolicyFields for FieldSet {
    fn count(&self) -> usize {
        self.fields.len()
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        self.fields.iter().position(|(known, ..)| known.as_str().as_bytes().eq_ignore_ascii_case(name))
    }

    fn kind(&self, at: usize) -> FieldKind {
        self.fields[at].2
    }
}

impl Value {
    fn of(field: Field<'_, '_>) -> Self {
        let mut text = vec![0; field.value_len()];
        let Ok((value, slots)) = field.write_value(&mut text) else { unreachable!("value_len is exact") };
        if slots.is_empty() { Self::Fixed(header_value(value)) } else { Self::WithNonce(text, slots) }
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
