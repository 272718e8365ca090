//! What a layer was told, shared by all its services, and what it does with a request.

use std::ops::ControlFlow;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{HeaderName, HeaderValue, Request, Response};
use sallet_core::auth::{Alternatives, AuthRequest as _, AuthScheme, Reason, Refusal, RequestFields, Requirement};
use sallet_core::merge::Privacy;
use sallet_core::paths::{Access, PathRule, PathRules, is_preflight};

use super::after::After;
use super::answer::{Answers, Protocol, answer, challenges_for};
use super::asked::{Asked, is_extended_connect};
use super::auth::Terms;
use super::decision::Hooks;
use super::denied::No;
use super::document::Document;
use super::places::Places;
use super::scopes::{Nobody, Wanted};
#[cfg(feature = "throttle")]
use super::throttle::FailureThrottle;
use super::verify::{Judged, granted};
use super::{Auth, Decision, Denied, Refused, User, Verify};
use crate::events::{self, Said};
use crate::for_one;
use crate::parts::with_parts;
use crate::request_path::{Paths, Place};

/// All but what verifies, so that a response future need not name the type of that.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    needs: Alternatives<Vec<Requirement<String>>>,
    /// Of each of the needs.
    schemes: Vec<Scheme>,
    places: Places,
    answers: Answers,
    pub(super) rules: PathRules<Vec<PathRule<String>>>,
    /// Whether rules are of the path inside the nest.
    pub(super) nested: bool,
    /// Whether what looks like gRPC is.
    pub(super) grpc: bool,
    /// Whether the service inside gets requests without their credentials.
    pub(super) hides: bool,
    pub(super) hooks: Hooks,
    /// What the layer serves by itself.
    documents: Vec<Document>,
    #[cfg(feature = "throttle")]
    pub(super) throttle: Option<FailureThrottle>,
    said: Said,
}

#[derive(Debug, Clone)]
struct Scheme {
    field: HeaderName,
    /// How responses that it admits are kept from caches, where that is the same for every request.
    privacy: Option<Privacy>,
    now: fn() -> u64,
}

/// What is known of a request before its verdict.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Case {
    /// The number of the scheme whose credential it has.
    at: Option<usize>,
    /// Whether it needs none.
    open: bool,
}

impl Guard {
    #[track_caller]
    pub(super) fn new<V>(auth: &Auth<V>) -> Self {
        let rules = PathRules::try_new(vec![], None, vec![]).expect("no rule is no wrong rule");
        let needs = alternatives(vec![auth.need.clone()]);
        let answers = Answers::new(&needs);
        let (hooks, said) = (Hooks::default(), Said::default());
        let mut guard = Self {
            needs,
            schemes: vec![],
            places: Places::default(),
            answers,
            rules,
            nested: false,
            grpc: false,
            hides: false,
            hooks,
            documents: vec![],
            #[cfg(feature = "throttle")]
            throttle: None,
            said,
        };
        guard.see_last(auth);
        guard
    }

    /// Takes credentials of another scheme too, and says how many were known.
    #[track_caller]
    pub(super) fn add<V>(&mut self, auth: &Auth<V>) -> usize {
        let known = self.needs.needs().to_vec();
        let count = known.len();
        self.needs = alternatives([known, vec![auth.need.clone()]].concat());
        self.answers = Answers::new(&self.needs);
        self.see_last(auth);
        count
    }

    fn see_last<V>(&mut self, auth: &Auth<V>) {
        let need = self.needs.needs().last().expect("alternatives are not empty").borrowed();
        let field: HeaderName = need.field().parse().expect("a checked name is one");
        let privacy = need.is_in_field().then(|| need.privacy(&RequestFields::new("GET", &[])));
        self.places.add(need, &field);
        self.schemes.push(Scheme { field, privacy, now: auth.now });
        self.documents.extend(auth.document.clone());
    }

    pub(super) fn needs(&self) -> &[Requirement<String>] {
        self.needs.needs()
    }

    fn scheme(&self, case: Case) -> Option<AuthScheme> {
        Some(self.needs().get(case.at?)?.scheme())
    }

    /// Whether the request needs no credentials. Those it carries are marked in any case.
    fn is_open<B>(&self, request: &mut Request<B>, place: Place) -> bool {
        self.places.mark(request.headers_mut());
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
    fn refuse<B>(&self, no: &No, case: Case, challenges: &[HeaderValue], request: &mut Request<B>) -> Response<Bytes> {
        let refused = Refused { reason: no.reason(), scheme: self.scheme(case), own: no.status() };
        events::refused(request, refused);
        self.tell(|| Decision::Refused(refused), request);
        let protocol = Protocol::of(request, self.grpc);
        let own = match &self.hooks.on_refusal {
            Some(answer) if !protocol.is_grpc() => with_parts(request, |parts| answer(refused, parts)),
            _ => None,
        };
        let own = own.filter(|own| {
            let refuses = Refusal::is_answered_by(own.status().as_u16());
            if !refuses {
                events::no_refusal(request, own.status());
            }
            refuses
        });
        let mut response = answer(no, refused, challenges, own, protocol);
        response.extensions_mut().insert(refused);
        response
    }

    /// Answers for a [`RequireScopes`](super::RequireScopes) further in, which has refused a request that this guard let through.
    pub(super) fn refuse_scopes(&self, wanted: Wanted, case: Case) -> Response<Bytes> {
        let Wanted { scopes, no, parts } = wanted;
        let challenges = challenges_for(self.needs(), &no, case.at, scopes.borrowed());
        self.refuse(&no, case, &challenges, &mut Request::from_parts(*parts, ()))
    }

    fn hide<B>(&self, request: &mut Request<B>) {
        if self.hides {
            self.places.remove_fields(request.headers_mut());
        }
    }

    fn tell<'d, B>(&self, decision: impl FnOnce() -> Decision<'d>, request: &mut Request<B>) {
        if let Some(tell) = &self.hooks.on_decision {
            with_parts(request, |parts| tell(decision(), parts));
        }
    }

    /// Judges the request, or says what has to be waited for.
    pub(super) fn begin<V: Verify, B>(&self, verifier: &V, request: &mut Request<B>, place: Place) -> Step<V> {
        if let Some(document) = self.documents.iter().find(|document| document.is_asked_for(request)) {
            self.places.mark(request.headers_mut());
            self.places.take_out(request);
            self.hide(request);
            self.tell(|| Decision::Anonymous { reason: None }, request);
            return Step::Answered(document.answer(request.method()));
        }
        let open = self.is_open(request, place);
        let at = match &*self.schemes {
            [_] => Some(0),
            [first, ..] => self.needs.which(&Asked::new(request, &first.field)),
            [] => None,
        };
        let case = Case { at, open };
        #[cfg(feature = "throttle")]
        if let Some(wait) = self.throttled(case, request) {
            return self.ended(Err::<V::User, _>(No::Throttled(wait)), case, request);
        }
        let judged = match at {
            Some(at) => {
                let Scheme { field, now, .. } = &self.schemes[at];
                verifier.judge(&Terms { at, need: self.needs()[at].borrowed(), field, now: *now }, request)
            }
            None => Judged::Now(Err(No::Found(Reason::Missing))),
        };
        match judged {
            Judged::Now(verdict) => self.ended(verdict, case, request),
            Judged::Later(later) => Step::Wait(later, case),
        }
    }

    fn ended<V: Verify<User = U>, U: User, B>(
        &self,
        verdict: Result<U, No>,
        case: Case,
        request: &mut Request<B>,
    ) -> Step<V> {
        match self.end(verdict, case, request) {
            ControlFlow::Continue(after) => Step::On(after),
            ControlFlow::Break(refused) => Step::Answered(refused),
        }
    }

    /// Compares the scopes of a user who was waited for, and ends.
    pub(super) fn end_later<U: User, B>(
        &self,
        verdict: Result<U, Denied>,
        case: Case,
        request: &mut Request<B>,
    ) -> ControlFlow<Response<Bytes>, After> {
        let verdict = verdict.map_err(No::Said);
        let verdict = match case.at {
            Some(at) => granted(verdict, &self.needs()[at].borrowed()),
            None => verdict,
        };
        self.end(verdict, case, request)
    }

    /// If the request is admitted and has a user, it has one in its extensions now.
    fn end<U: User, B>(
        &self,
        verdict: Result<U, No>,
        case: Case,
        request: &mut Request<B>,
    ) -> ControlFlow<Response<Bytes>, After> {
        #[cfg(feature = "throttle")]
        let verdict = self.counted(verdict, case, request);
        let privacy = if verdict.is_ok() { self.privacy(case, request) } else { None };
        let asked = for_one::is_asked(request);
        let mut after = After { privacy, asked, case, ..After::default() };
        if !self.places.are_fields() {
            let name = self.needs.offered_subprotocol(&Asked::new(request, &SEC_WEBSOCKET_PROTOCOL));
            after.subprotocol = name.and_then(|name| HeaderValue::from_str(name).ok()).map(Box::new);
            after.is_connect = is_extended_connect(request);
            // What is called from here on is the app's.
            self.places.take_out(request);
        }
        self.hide(request);
        match verdict {
            Ok(user) => {
                let scheme = self.scheme(case);
                events::admitted(request, scheme, &user);
                self.tell(|| Decision::Admitted { scheme, id: user.id(), name: user.name() }, request);
                user.enter(request.extensions_mut());
            }
            // Nobody is turned away from a public path. Where there is no credential there is nothing to log.
            Err(no) if case.open => {
                let reason = Some(no.reason()).filter(|&reason| reason != Reason::Missing);
                if let Some(reason) = reason {
                    events::anonymous(request, self.scheme(case), reason);
                }
                self.tell(|| Decision::Anonymous { reason }, request);
                // A route further in may ask for more.
                request.extensions_mut().insert(Nobody(no));
            }
            Err(no) => {
                let challenges = self.answers.challenges(&no, case.at);
                return ControlFlow::Break(self.refuse(&no, case, challenges, request));
            }
        }
        ControlFlow::Continue(after)
    }

    /// How long credentials from this client are not looked at. Where there are none, there is nothing to wait for.
    #[cfg(feature = "throttle")]
    fn throttled<B>(&self, case: Case, request: &mut Request<B>) -> Option<std::time::Duration> {
        let (throttle, at) = (self.throttle.as_ref()?, case.at?);
        let Scheme { field, .. } = &self.schemes[at];
        self.needs.which(&Asked::new(request, field))?;
        throttle.wait(self.needs()[at].borrowed(), field, request)
    }

    /// Counts a wrong credential. What ends after the limit was reached is refused, right or wrong: it was judged while others guessed.
    #[cfg(feature = "throttle")]
    fn counted<U, B>(&self, verdict: Result<U, No>, case: Case, request: &mut Request<B>) -> Result<U, No> {
        let (Some(throttle), Some(at)) = (&self.throttle, case.at) else { return verdict };
        if matches!(verdict, Err(No::Throttled(_))) {
            return verdict;
        }
        if let Some(wait) = self.throttled(case, request) {
            return Err(No::Throttled(wait));
        }
        if verdict.as_ref().is_err_and(|no| no.reason().refusal().is_guess()) {
            let Scheme { field, .. } = &self.schemes[at];
            throttle.count(self.needs()[at].borrowed(), field, request);
        }
        verdict
    }

    /// Counts a credential whose client went away before its verdict, or nobody who guesses would wait for one.
    #[cfg(feature = "throttle")]
    pub(super) fn abandoned<B>(&self, case: Case, request: &mut Request<B>) {
        if let (Some(throttle), Some(at)) = (&self.throttle, case.at) {
            throttle.count(self.needs()[at].borrowed(), &self.schemes[at].field, request);
        }
    }

    fn privacy<B>(&self, case: Case, request: &Request<B>) -> Option<Privacy> {
        let at = case.at?;
        let Scheme { field, privacy, .. } = &self.schemes[at];
        Some(privacy.unwrap_or_else(|| self.needs()[at].borrowed().privacy(&Asked::new(request, field))))
    }
}

#[track_caller]
fn alternatives(needs: Vec<Requirement<String>>) -> Alternatives<Vec<Requirement<String>>> {
    match Alternatives::try_new(needs) {
        Ok(needs) => needs,
        Err(error) => panic!("{error}"),
    }
}

/// How far a request has come.
pub(super) enum Step<V: Verify> {
    /// It goes on to the service inside.
    On(After),
    /// It does not: a refusal, or what the layer serves by itself.
    Answered(Response<Bytes>),
    Wait(V::Later, Case),
}

/// The method as a public path means it: a WebSocket handshake is opened only by a rule without one, because `GET /feed`
/// speaks of a response and not of a conversation.
fn method<B>(request: &Request<B>) -> &str {
    if Asked::new(request, &UPGRADE).is_websocket() { "" } else { request.method().as_str() }
}
