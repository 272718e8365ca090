//! What a layer was told, shared by all its services, and what it does with a request.

use std::ops::ControlFlow;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, Entry, ORIGIN, UPGRADE};
use http::{HeaderMap, HeaderName, Request, Response};
use sallet_core::auth::Reason;
use sallet_core::paths::{Access, PathRule, PathRules, is_preflight};

use super::answer::{self, Answers, Protocol};
use super::auth::{Needs, Terms};
use super::decision::Hooks;
use super::denied::No;
use super::verify::{Judged, granted};
use super::{Decision, Denied, Refused, User, Verify};
use crate::events::{self, Said};
use crate::parts::with_parts;
use crate::request_path::{Paths, Place};

/// All but what verifies, so that a response future need not name the type of that.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    pub(super) needs: Needs,
    /// The one that credentials are read from.
    field: HeaderName,
    answers: Answers,
    pub(super) rules: PathRules<Vec<PathRule<String>>>,
    /// Whether rules are of the path inside the nest.
    pub(super) nested: bool,
    /// Whether what looks like gRPC is.
    pub(super) grpc: bool,
    /// Whether the service inside gets requests without their credentials.
    pub(super) hides: bool,
    pub(super) hooks: Hooks,
    said: Said,
}

impl Guard {
    pub(super) fn new(needs: Needs) -> Self {
        let answers = Answers::new(needs.need());
        let field = needs.need().field().parse().expect("a scheme is read from a field");
        let rules = PathRules::try_new(vec![], None, vec![]).expect("no rule is no wrong rule");
        let (hooks, said) = (Hooks::default(), Said::default());
        Self { needs, field, answers, rules, nested: false, grpc: false, hides: false, hooks, said }
    }

    /// Whether the request needs no credentials. Those it carries are marked in any case.
    fn is_open<B>(&self, request: &mut Request<B>, place: Place) -> bool {
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

    /// Logs the reason, and answers.
    fn refuse<B>(&self, no: &No, request: &mut Request<B>) -> Response<Bytes> {
        let refused = Refused::new(no.reason());
        events::refused(request, refused.reason());
        self.tell(Decision::Refused(refused), request);
        let protocol = Protocol::of(request, self.grpc);
        let own = match &self.hooks.on_refusal {
            Some(answer) if !protocol.is_grpc() => with_parts(request, |parts| answer(refused, parts)),
            _ => None,
        };
        let own = own.filter(|own| {
            let refuses = own.status().as_u16() >= answer::LOWEST_STATUS;
            if !refuses {
                events::no_refusal(request, own.status());
            }
            refuses
        });
        let mut response = match own {
            Some(own) => self.answers.own(own, refused.refusal(), protocol),
            None => self.answers.answer(no, protocol),
        };
        response.extensions_mut().insert(refused);
        response
    }

    /// The last thing before the service inside is called.
    fn admit<B>(&self, decision: Decision<'_>, request: &mut Request<B>) {
        self.tell(decision, request);
        if self.hides {
            request.headers_mut().remove(&self.field);
        }
    }

    fn tell<B>(&self, decision: Decision<'_>, request: &mut Request<B>) {
        if let Some(tell) = &self.hooks.on_decision {
            with_parts(request, |parts| tell(decision, parts));
        }
    }

    /// Judges the request, or says what has to be waited for.
    pub(super) fn begin<V: Verify, B>(&self, verifier: &V, request: &mut Request<B>, place: Place) -> Step<V> {
        let open = self.is_open(request, place);
        let terms = Terms { need: self.needs.need(), field: &self.field, now: self.needs.now };
        match verifier.judge(&terms, request) {
            Judged::Now(verdict) => match self.end(verdict, open, request) {
                ControlFlow::Continue(()) => Step::On,
                ControlFlow::Break(refused) => Step::Refused(refused),
            },
            Judged::Later(later) => Step::Wait(later, open),
        }
    }

    /// Compares the scopes of a user who was waited for, and ends.
    pub(super) fn end_later<U: User, B>(
        &self,
        verdict: Result<U, Denied>,
        open: bool,
        request: &mut Request<B>,
    ) -> ControlFlow<Response<Bytes>> {
        self.end(granted(verdict.map_err(No::Said), self.needs.need()), open, request)
    }

    /// If the request is admitted and has a user, it has one in its extensions now.
    fn end<U: User, B>(
        &self,
        verdict: Result<U, No>,
        open: bool,
        request: &mut Request<B>,
    ) -> ControlFlow<Response<Bytes>> {
        match verdict {
            Ok(user) => {
                events::admitted(request, user.id(), user.name());
                self.admit(Decision::Admitted { id: user.id(), name: user.name() }, request);
                user.enter(request.extensions_mut());
                ControlFlow::Continue(())
            }
            // Nobody is turned away from a public path. Who has no credential there is nothing to log.
            Err(no) if open => {
                let reason = Some(no.reason()).filter(|&reason| reason != Reason::Missing);
                if let Some(reason) = reason {
                    events::anonymous(request, reason);
                }
                self.admit(Decision::Anonymous { reason }, request);
                ControlFlow::Continue(())
            }
            Err(no) => ControlFlow::Break(self.refuse(&no, request)),
        }
    }
}

/// How far a request has come.
pub(super) enum Step<V: Verify> {
    /// It goes on to the service inside.
    On,
    Refused(Response<Bytes>),
    /// It waits. Whether its path is open is known.
    Wait(V::Later, bool),
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
