//! What a layer was told, shared by all its services, and the judgement.

use std::sync::Arc;

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, Entry, ORIGIN, UPGRADE};
use http::{HeaderMap, Request, Response};
use sallet_core::auth::Refusal;
use sallet_core::paths::{Access, PathRule, PathRules, is_preflight};

use super::answer::{Answers, Protocol};
use super::token::presented;
use super::{Bearer, Denied, Keys};
use crate::events::{self, Said};
use crate::request_path::{Paths, Place};

#[derive(Debug, Clone)]
pub(super) struct Guard<V> {
    pub(super) bearer: Bearer<V>,
    pub(super) answers: Arc<Answers>,
    pub(super) rules: PathRules<Vec<PathRule<String>>>,
    /// Whether rules are of the path inside the nest.
    pub(super) nested: bool,
    said: Said,
}

impl<V> Guard<V> {
    pub(super) fn new(bearer: Bearer<V>) -> Self {
        let answers = Answers::new(bearer.realm_needed(), bearer.scopes_needed());
        let rules = PathRules::try_new(vec![], None, vec![]).expect("no rule is no wrong rule");
        Self { bearer, answers: Arc::new(answers), rules, nested: false, said: Said::default() }
    }

    /// Whether the request needs no credentials. Those it carries are marked in any case.
    pub(super) fn is_open<B>(&self, request: &mut Request<B>, place: Place) -> bool {
        mark_sensitive(request.headers_mut());
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

    /// The answer to a request that is not let in.
    pub(super) fn answer<B>(&self, denied: Denied, request: &Request<B>) -> Response<&'static [u8]> {
        self.answers.answer(denied, Protocol::of(request))
    }
}

impl<K: Keys> Guard<K> {
    /// Lets the request pass, with its principal if it needs one.
    pub(super) fn judge<B>(&self, request: &mut Request<B>, place: Place) -> Result<(), Denied> {
        if self.is_open(request, place) {
            return Ok(());
        }
        let refused = |request: &_, refusal: Refusal, reason: &dyn std::fmt::Display| {
            events::denied(request, refusal.into(), reason);
            Denied::Refused(refusal)
        };
        let token = presented(request.headers()).map_err(|refusal| refused(request, refusal, &refusal))?;
        let who = self.bearer.lookup.current().verify(token, (self.bearer.now)());
        let who = who.map_err(|rejection| refused(request, Refusal::InvalidToken, &rejection))?;
        if !who.key().grants(self.bearer.scopes_needed()) {
            return Err(refused(request, Refusal::InsufficientScope, &Refusal::InsufficientScope));
        }
        events::admitted(request, Some(&who));
        request.extensions_mut().insert(who);
        Ok(())
    }
}

fn mark_sensitive(headers: &mut HeaderMap) {
    // Asking for the entry makes room for a field that is not there.
    if headers.contains_key(AUTHORIZATION)
        && let Ok(Entry::Occupied(mut lines)) = headers.try_entry(AUTHORIZATION)
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
