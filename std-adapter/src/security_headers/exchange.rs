//! One request and its response.

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{Request, Response};
use sallet_core::merge::Precedence;
use sallet_core::{NonceForm, Scheme};

use super::ResponsePolicy;
use super::config::{Config, SchemeOf};
use super::field_set::Plan;
use super::merge::{Start, Told, merge};
use crate::RequestNonce;
use crate::for_one;
use crate::parts::with_parts;
use crate::request_path::{Paths, Place};

/// What is to be done when the inner service has answered.
#[derive(Debug)]
pub(super) struct Exchange {
    config: Arc<Config>,
    chosen: Chosen,
    scheme: Scheme,
    nonce: Option<RequestNonce>,
    asked: bool,
}

/// In the extensions of a request: a layer around adds its policy to the app's own and wants to know which is a layer's. Only then
/// is it worth an extension of the response.
#[derive(Debug, Clone, Copy)]
struct Asked;

/// The policy of a request, unless its response brings one.
#[derive(Debug)]
enum Chosen {
    /// By a rule, or by none.
    Plan(usize),
    /// By a function.
    Given(ResponsePolicy),
}

impl Chosen {
    fn plan<'c>(&'c self, config: &'c Config) -> &'c Plan {
        match self {
            Self::Plan(at) => &config.plans[*at],
            Self::Given(policy) => policy.plan(),
        }
    }
}

impl Exchange {
    /// What is to be done before the inner service is called.
    pub(super) fn begin<B>(config: &Arc<Config>, request: &mut Request<B>, place: Place) -> Self {
        let chosen = chosen(config, request, place);
        let scheme = match &config.scheme {
            SchemeOf::All(scheme) => *scheme,
            SchemeOf::Each(scheme) => with_parts(request, |parts| scheme.ask(parts)),
        };
        let drawn = request.extensions().get().copied();
        // One that a layer around has drawn may be in the page and in a policy that the handler chooses, whatever this one's is.
        let nonce = if chosen.plan(config).needs_nonce(scheme) { drawn.or_else(|| nonce_of(request)) } else { drawn };
        let asked = request.extensions().get::<Asked>().is_some();
        if config.rules.precedence() == Precedence::Add {
            request.extensions_mut().insert(Asked);
        }
        if config.tells_caches(chosen.plan(config)) {
            for_one::ask(request);
        }
        Self { config: Arc::clone(config), chosen, scheme, nonce, asked }
    }

    pub(super) fn finish<B>(&self, response: &mut Response<B>) {
        let status = response.status();
        if status.is_informational() {
            return;
        }
        let told: Option<Told> = response.extensions_mut().remove();
        let handlers = ResponsePolicy::of(response).cloned();
        // A layer further in has put its own there, where this one has no need for one.
        let inner = || response.extensions().get().copied();
        let nonce = handlers.as_ref().and_then(ResponsePolicy::nonce).or(self.nonce).or_else(inner);
        let plan = handlers.as_ref().map_or_else(|| self.chosen.plan(&self.config), ResponsePolicy::plan);
        let privacy = if self.config.tells_caches(plan) { for_one::undo(response) } else { None };
        let start = Start {
            plan,
            rules: &self.config.rules,
            scheme: self.scheme,
            form: form_of(response, nonce.is_some()),
            nonce: nonce.as_ref(),
            asked: self.asked,
        };
        let told = merge(response.headers_mut(), &start, told);
        for_one::again(response, privacy);
        if let Some(nonce) = nonce {
            response.extensions_mut().insert(nonce);
        }
        if let Some(told) = told {
            response.extensions_mut().insert(told);
        }
    }
}

/// Without a nonce, for want of entropy or because no layer has drawn one, there is none to send.
fn form_of<B>(response: &Response<B>, has_nonce: bool) -> NonceForm {
    let status = response.status().as_u16();
    if has_nonce {
        return NonceForm::of(status, response.headers().get_all(CONTENT_TYPE));
    }
    match NonceForm::of(status, [""; 0]) {
        NonceForm::Fresh => NonceForm::WithoutNonce,
        form => form,
    }
}

fn chosen<B>(config: &Config, request: &mut Request<B>, place: Place) -> Chosen {
    if !config.paths.entries().is_empty() {
        let path = Paths::of(request, place, config.nested).judged();
        if let Some(&plan) = config.paths.matching(request.method().as_str(), &path).next() {
            return Chosen::Plan(plan);
        }
    }
    let given = config.policy_by.as_ref().and_then(|choose| with_parts(request, |parts| choose.ask(parts)));
    given.map_or(Chosen::Plan(0), Chosen::Given)
}

/// One nonce for each request, however many layers ask for it: called where none was drawn yet.
fn nonce_of<B>(request: &mut Request<B>) -> Option<RequestNonce> {
    let nonce = RequestNonce::draw()?;
    request.extensions_mut().insert(nonce);
    Some(nonce)
}
