//! What a layer was told, shared by all its services.

use std::sync::Arc;
use std::{fmt, mem};

use http::request::Parts;
use http::{HeaderName, Request, Response};
use sallet_core::Scheme;
use sallet_core::paths::{ByPath, PathRule};

use super::field_set::{NonceFields, Plan};
use super::merge::{Rules, merge};
use crate::Nonce;
use crate::request_path::{Paths, Place};

#[derive(Debug, Clone)]
pub(super) struct Config {
    /// The first is for every path without a rule.
    plans: Vec<Plan>,
    paths: ByPath<Vec<(PathRule<String>, usize)>>,
    /// Whether rules are of the path inside the nest.
    pub(super) nested: bool,
    pub(super) scheme: SchemeOf,
    pub(super) rules: Rules,
}

/// Who says how a request travelled.
#[derive(Clone)]
pub(super) enum SchemeOf {
    All(Scheme),
    Each(Arc<dyn Fn(&Parts) -> Scheme + Send + Sync>),
}

impl fmt::Debug for SchemeOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(scheme) => scheme.fmt(f),
            Self::Each(_) => f.write_str("by a function of the request"),
        }
    }
}

impl Config {
    pub(super) fn new(plan: Plan, overriding: bool) -> Self {
        Self {
            plans: vec![plan],
            paths: ByPath::new(Vec::new()),
            nested: false,
            scheme: SchemeOf::All(Scheme::Http),
            rules: Rules { overriding, remove: vec![http::header::SERVER, HeaderName::from_static("x-powered-by")] },
        }
    }

    pub(super) fn set_path(&mut self, rule: PathRule<String>, plan: Plan) {
        self.plans.push(plan);
        let plan = self.plans.len() - 1;
        let mut paths = self.paths.entries().to_vec();
        paths.retain(|(known, _)| known.as_str() != rule.as_str());
        paths.push((rule, plan));
        self.paths = ByPath::new(paths);
    }

    /// What is to be done before the inner service is called.
    pub(super) fn begin<B>(self: &Arc<Self>, request: &mut Request<B>, place: Place) -> Pending {
        let plan = self.plan_for(request, place);
        let scheme = match &self.scheme {
            SchemeOf::All(scheme) => *scheme,
            SchemeOf::Each(scheme) => with_parts(request, |parts| scheme(parts)),
        };
        let nonce = if self.plans[plan].over(scheme).needs_nonce() { nonce_of(request) } else { None };
        Pending { config: Arc::clone(self), plan, scheme, nonce }
    }

    fn plan_for<B>(&self, request: &Request<B>, place: Place) -> usize {
        if self.paths.entries().is_empty() {
            return 0;
        }
        let path = Paths::of(request, place, self.nested).judged();
        self.paths.matching(request.method().as_str(), &path).next().copied().unwrap_or(0)
    }
}

/// Lends the head of a request to a function that shall not have to know the type of its body.
fn with_parts<B, R>(request: &mut Request<B>, lend: impl FnOnce(&Parts) -> R) -> R {
    fn swap<B>(request: &mut Request<B>, parts: &mut Parts) {
        mem::swap(request.method_mut(), &mut parts.method);
        mem::swap(request.uri_mut(), &mut parts.uri);
        mem::swap(request.version_mut(), &mut parts.version);
        mem::swap(request.headers_mut(), &mut parts.headers);
        mem::swap(request.extensions_mut(), &mut parts.extensions);
    }

    let (mut parts, ()) = Request::new(()).into_parts();
    swap(request, &mut parts);
    let lent = lend(&parts);
    swap(request, &mut parts);
    lent
}

/// One nonce for each request, however many layers ask for it.
fn nonce_of<B>(request: &mut Request<B>) -> Option<Nonce> {
    if let Some(nonce) = request.extensions().get() {
        return Some(*nonce);
    }
    let nonce = Nonce::draw()?;
    request.extensions_mut().insert(nonce);
    Some(nonce)
}

/// The fields that were left off a 304, for the layers around.
#[derive(Debug, Clone, Default)]
struct LeftOff(Vec<HeaderName>);

/// What is to be done when the inner service has answered.
#[derive(Debug)]
pub(super) struct Pending {
    config: Arc<Config>,
    plan: usize,
    scheme: Scheme,
    nonce: Option<Nonce>,
}

impl Pending {
    pub(super) fn finish<B>(&self, response: &mut Response<B>) {
        let status = response.status();
        if status.is_informational() {
            return;
        }
        let nonce = match &self.nonce {
            _ if !sallet_core::Nonce::fits(status.as_u16()) => NonceFields::LeftOff,
            Some(nonce) => NonceFields::Filled(nonce),
            None => NonceFields::Unfilled,
        };
        let (set, rules) = (self.config.plans[self.plan].over(self.scheme), &self.config.rules);
        if !matches!(nonce, NonceFields::LeftOff) {
            return merge(response.headers_mut(), set, nonce, rules);
        }
        // What a layer further in has left off is what the stored page has from it: it stays, unless this layer's won there.
        let mut left = response.extensions_mut().remove::<LeftOff>().unwrap_or_default().0;
        let headers = response.headers_mut();
        left.retain(|name| {
            !(headers.contains_key(name) || rules.remove.contains(name) || rules.overriding && set.contains(name))
        });
        merge(headers, set, nonce, rules);
        for name in &left {
            headers.remove(name);
        }
        left.extend(set.with_nonce.iter().map(|field| field.name.clone()).filter(|name| !headers.contains_key(name)));
        if !left.is_empty() {
            response.extensions_mut().insert(LeftOff(left));
        }
    }
}
