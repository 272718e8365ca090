//! The guard as users make it, and guards with a fault, so that the fuzz can be seen to find it.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::OriginalUri;
use axum::response::Response;
use axum::routing::MethodRouter;
use http::Request;
use sallet_core::auth::{Key, Keyring, Refusal};
use sallet_core::digest_hex;
use sallet_hyper::require_auth::{self, Lookup, RequireAuth};
use sallet_hyper::{Bearer, Layer, PresentedToken, RequireAuthLayer, User};
use tower::util::{BoxCloneSyncService, MapResponseLayer};
use tower::{Service, ServiceBuilder};

use super::oracle::{Rules, covers, decoded, matches, plain};

pub(crate) const TOKEN: &str = "abc";

type Keys = &'static Keyring;
static KEYS: Keyring =
    Keyring::new(&[Key::new("k", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))]);

#[derive(Clone)]
pub(crate) struct Anyone;

impl User for Anyone {}

type Find = fn(PresentedToken) -> Ready<Result<Anyone, Refusal>>;

fn find(token: PresentedToken) -> Ready<Result<Anyone, Refusal>> {
    ready(if token.as_str() == TOKEN { Ok(Anyone) } else { Err(Refusal::InvalidToken) })
}

pub(crate) type App = BoxCloneSyncService<Request<Body>, Response, Infallible>;

#[derive(Clone)]
pub(crate) enum Auth {
    Keyring(RequireAuthLayer<Keys>),
    Lookup(RequireAuthLayer<Lookup<Find>>),
    Planted(PlantedLayer),
}

impl Auth {
    pub(crate) fn keyring(rules: &Rules) -> Self {
        Self::Keyring(ruled(Bearer::new(&KEYS), rules))
    }

    pub(crate) fn lookup(rules: &Rules) -> Self {
        Self::Lookup(ruled(Bearer::from_fn(find as Find), rules))
    }

    pub(crate) fn planted(rules: &Rules, fault: usize) -> Self {
        let layer = ruled(Bearer::new(&KEYS), rules);
        Self::Planted(PlantedLayer { layer, rules: Arc::new(rules.clone()), passes: FAULTS[fault].1 })
    }

    pub(crate) fn on(&self, routes: Router) -> Router {
        match self {
            Self::Keyring(layer) => routes.layer(layer.clone()),
            Self::Lookup(layer) => routes.layer(layer.clone()),
            Self::Planted(layer) => routes.layer(layer.clone()),
        }
    }

    pub(crate) fn on_routes(&self, routes: Router) -> Router {
        match self {
            Self::Keyring(layer) => routes.route_layer(layer.clone()),
            Self::Lookup(layer) => routes.route_layer(layer.clone()),
            Self::Planted(layer) => routes.route_layer(layer.clone()),
        }
    }

    pub(crate) fn on_one(&self, route: MethodRouter) -> MethodRouter {
        match self {
            Self::Keyring(layer) => route.layer(layer.clone()),
            Self::Lookup(layer) => route.layer(layer.clone()),
            Self::Planted(layer) => route.layer(layer.clone()),
        }
    }

    /// Around a service, which is no longer seen from outside.
    pub(crate) fn over<S>(&self, service: S) -> App
    where
        S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        let builder = ServiceBuilder::new();
        match self {
            Self::Keyring(layer) => {
                let body = MapResponseLayer::new(|response: http::Response<_>| response.map(Body::new));
                BoxCloneSyncService::new(builder.layer(body).layer(layer.clone()).service(service))
            }
            Self::Lookup(layer) => {
                let body = MapResponseLayer::new(|response: http::Response<_>| response.map(Body::new));
                BoxCloneSyncService::new(builder.layer(body).layer(layer.clone()).service(service))
            }
            Self::Planted(layer) => BoxCloneSyncService::new(layer.layer(service)),
        }
    }
}

fn ruled<V: Clone>(auth: require_auth::Auth<V>, rules: &Rules) -> RequireAuthLayer<V> {
    let mut layer = RequireAuthLayer::new(auth).public(&rules.public).preflights(&rules.preflights);
    if !rules.protected.is_empty() {
        layer = layer.protected(&rules.protected);
    }
    if rules.nested { layer.nested() } else { layer }
}

/// What a guard knows of a request.
pub(crate) struct Known {
    sent: String,
    inner: String,
    method: String,
    websocket: bool,
    preflight: bool,
}

/// A guard that also lets pass what its fault does.
#[derive(Clone)]
pub(crate) struct PlantedLayer {
    layer: RequireAuthLayer<Keys>,
    rules: Arc<Rules>,
    passes: Passes,
}

impl<S: Clone> Layer<S> for PlantedLayer {
    type Service = Planted<S>;

    fn layer(&self, inner: S) -> Planted<S> {
        Planted { open: inner.clone(), guarded: self.layer.layer(inner), planted: self.clone() }
    }
}

#[derive(Clone)]
pub(crate) struct Planted<S> {
    open: S,
    guarded: RequireAuth<S, Keys>,
    planted: PlantedLayer,
}

impl<S> Service<Request<Body>> for Planted<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        match self.open.poll_ready(cx) {
            Poll::Ready(Ok(())) => self.guarded.poll_ready(cx),
            other => other,
        }
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let inner = request.uri().path().to_owned();
        let sent = request.extensions().get().map_or_else(|| inner.clone(), |OriginalUri(uri)| uri.path().to_owned());
        let has = |name: &str| request.headers().contains_key(name);
        let known = Known {
            sent,
            inner,
            method: request.method().to_string(),
            websocket: has("upgrade"),
            preflight: has("origin") && request.method() == "OPTIONS",
        };
        if (self.planted.passes)(&self.planted.rules, &known) {
            Box::pin(self.open.call(request))
        } else {
            let answer = self.guarded.call(request);
            Box::pin(async { Ok(answer.await?.map(Body::new)) })
        }
    }
}

type Passes = fn(&Rules, &Known) -> bool;

fn names(rules: &Rules, known: &Known, path: &str) -> bool {
    rules.protected.is_empty() && !known.websocket && rules.public.iter().any(|rule| matches(rule, &known.method, path))
}

fn text(path: &str) -> String {
    decoded(path).unwrap_or_default()
}

pub(crate) const FAULTS: [(&str, Passes); 11] = [
    ("rules are of what the nest has left of the path", |rules, known| names(rules, known, &text(&known.inner))),
    ("a rule of one nest is a rule of each", |rules, known| {
        !rules.nested && plain(&known.sent).is_some() && names(rules, known, &text(&known.inner))
    }),
    ("a path need not be plain", |rules, known| !rules.nested && names(rules, known, &text(&known.sent))),
    ("dots are resolved", |rules, known| !rules.nested && names(rules, known, &text(&known.sent).replace("/../", "/"))),
    ("an encoding may be in small letters", |rules, known| {
        let sent = &known.sent;
        sent.contains("%c3%a9")
            && plain(&sent.replace("%c3%a9", "%C3%A9")).is_some_and(|path| !rules.nested && names(rules, known, &path))
    }),
    ("a slash at the end is a subtree", |rules, known| {
        let below = |path: String| rules.public.iter().any(|rule| rule.ends_with('/') && path.starts_with(&**rule));
        !rules.nested && rules.protected.is_empty() && plain(&known.sent).is_some_and(below)
    }),
    ("a WebSocket is a GET", |rules, known| {
        !rules.nested
            && known.websocket
            && rules.protected.is_empty()
            && plain(&known.sent).is_some_and(|path| rules.public.iter().any(|rule| matches(rule, "GET", &path)))
    }),
    ("every preflight passes", |_, known| known.preflight),
    ("upper and lower case differ", |rules, known| {
        let covered =
            |path: String| rules.protected.iter().any(|rule| covers(rule, &path) && path.contains(stem(rule)));
        !rules.protected.is_empty() && plain(&known.sent).is_some_and(|path| !covered(path))
    }),
    ("a path in doubt is not protected", |rules, known| {
        !rules.protected.is_empty() && !rules.protected.iter().any(|rule| covers(rule, &text(&known.sent)))
    }),
    ("any public rule wins over a protected one", |rules, known| {
        let public = |path: String| rules.public.iter().any(|rule| matches(rule, &known.method, &path));
        !rules.protected.is_empty() && !rules.nested && plain(&known.sent).is_some_and(public)
    }),
];

fn stem(rule: &str) -> &str {
    rule.trim_end_matches('*').trim_end_matches('/')
}
