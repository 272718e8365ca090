//! What a layer was told, shared by all its services, and what it does with a request.

use std::sync::Arc;

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, Entry, ORIGIN, UPGRADE};
use http::{HeaderMap, HeaderName, Request, Response};
use sallet_core::auth::Reason;
use sallet_core::paths::{Access, PathRule, PathRules, is_preflight};

use super::answer::{Answers, Protocol};
use super::asked::Asked;
use super::presented_token::PresentedToken;
use super::{Auth, Keys};
use crate::events::{self, Said};
use crate::request_path::{Paths, Place};

#[derive(Debug, Clone)]
pub(super) struct Guard<V> {
    pub(super) auth: Auth<V>,
    /// The one that credentials are read from.
    field: HeaderName,
    pub(super) answers: Arc<Answers>,
    pub(super) rules: PathRules<Vec<PathRule<String>>>,
    /// Whether rules are of the path inside the nest.
    pub(super) nested: bool,
    said: Said,
}

impl<V> Guard<V> {
    pub(super) fn new(auth: Auth<V>) -> Self {
        let answers = Arc::new(Answers::new(auth.need()));
        let field = auth.need().field().parse().expect("a scheme is read from a field");
        let rules = PathRules::try_new(vec![], None, vec![]).expect("no rule is no wrong rule");
        Self { auth, field, answers, rules, nested: false, said: Said::default() }
    }

    /// Whether the request needs no credentials. Those it carries are marked in any case.
    pub(super) fn is_open<B>(&self, request: &mut Request<B>, place: Place) -> bool {
        mark_sensitive(request.headers_mut(), &self.field);
        if self.has_no_rules() {
            return false;
        }
        let headers = request.headers();
        let preflight = is_preflight(
            request.method().as_str(),
            headers.contains_key(ORIGIN),
            headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD),
        );
        let paths = Paths::of(request, place, self.nested);
        let access = paths.access(|path| self.rules.access(method(request), path, preflight));
        if access == Access::Doubtful {
            events::doubtful(request, &paths, &self.said);
        }
        #[cfg(feature = "tracing")]
        if access == Access::Guarded
            && let Some(path) = paths.inside()
            && self.rules.access(method(request), &path, preflight) == Access::Open
        {
            events::inside(request, &paths, &self.said);
        }
        access.is_open()
    }

    fn has_no_rules(&self) -> bool {
        let rules = &self.rules;
        rules.public_rules().is_empty() && rules.protected_rules().is_none() && rules.preflight_rules().is_empty()
    }

    /// What the request presents.
    pub(super) fn presented<B>(&self, request: &Request<B>) -> Result<PresentedToken, Reason> {
        PresentedToken::of(self.auth.need(), request, &self.field)
    }

    /// Logs the reason, and answers.
    pub(super) fn refuse<B>(&self, reason: Reason, request: &Request<B>) -> Response<&'static [u8]> {
        refuse(&self.answers, reason, request)
    }
}

impl<K: Keys> Guard<K> {
    /// The verdict on the request. If it is admitted and needs a principal, it has one now.
    pub(super) fn verdict<B>(&self, request: &mut Request<B>, place: Place) -> Result<(), Reason> {
        if self.is_open(request, place) {
            return Ok(());
        }
        let (ring, now) = (self.auth.verifier.current(), (self.auth.now)());
        let who = ring.verdict(self.auth.need(), &Asked(request), now)?;
        events::admitted(request, Some((who.id(), who.name())));
        request.extensions_mut().insert(who);
        Ok(())
    }
}

/// Logs the reason, and answers.
pub(super) fn refuse<B>(answers: &Answers, reason: Reason, request: &Request<B>) -> Response<&'static [u8]> {
    events::refused(request, reason);
    answers.answer(reason.refusal(), Protocol::of(request))
}

fn mark_sensitive(headers: &mut HeaderMap, field: &HeaderName) {
    // Asking for the entry makes room for a field that is not there.
    if headers.contains_key(field)
        // By value, as the headers layer asks, so that the code for it is not there twice, and inlined nowhere.
        && let Ok(Entry::Occupied(mut lines)) = headers.try_entry(field.clone())
    {
        for line in lines.iter_mut() {
            line.set_sensitive(true);
        }
    }
}

/// The method as a public path means it: a WebSocket handshake is opened only by a rule without one, because `GET /feed`
/// speaks of a response and not of a conversation.
fn method<B>(request: &Request<B>) -> &str {
    let is_websocket = request.headers().get_all(UPGRADE).iter().any(|line| {
        line.as_bytes().split(|&byte| byte == b',').any(|name| name.trim_ascii().eq_ignore_ascii_case(b"websocket"))
    });
    if is_websocket { "" } else { request.method().as_str() }
}
