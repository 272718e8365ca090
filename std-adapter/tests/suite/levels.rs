//! Where the policy of a response comes from: its handler, a layer on its route, a rule, a function of the request, the layer.

use std::convert::Infallible;
use std::future::ready;

use axum::response::Html;
use axum::routing::get;
use axum::{Router, body::Body};
use http::header::{CONTENT_SECURITY_POLICY, IF_NONE_MATCH};
use http::{HeaderMap, Request, Response};
use sallet_core::{ContentSecurityPolicy, CustomField, Directive, Scheme, SecurityHeaders, Source};
use sallet_hyper::{Layer, RequestNonce, ResponsePolicy, SecurityHeadersLayer};
use tower::{ServiceBuilder, ServiceExt, service_fn};

/// A policy that says where it was given.
const fn from(place: &'static [CustomField<'static>; 1]) -> SecurityHeaders<'static> {
    SecurityHeaders::EMPTY.custom(place)
}

const LAYER: SecurityHeaders<'_> = from(&[CustomField::new("x-from", "layer")]);
const FUNCTION: SecurityHeaders<'_> = from(&[CustomField::new("x-from", "function")]);
const RULE: SecurityHeaders<'_> = from(&[CustomField::new("x-from", "rule")]);
const LONGER_RULE: SecurityHeaders<'_> = from(&[CustomField::new("x-from", "longer rule")]);
const ROUTE: SecurityHeaders<'_> = from(&[CustomField::new("x-from", "route")]);
const HANDLER: SecurityHeaders<'_> = from(&[CustomField::new("x-from", "handler")]);

const NONCE: ContentSecurityPolicy<'_> = ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])]);
const WITH_NONCE: SecurityHeaders<'_> = SecurityHeaders::EMPTY.content_security_policy(Some(NONCE));

fn levels() -> SecurityHeadersLayer {
    let function = ResponsePolicy::new(&FUNCTION);
    SecurityHeadersLayer::new(&LAYER).path("/rule/*", &RULE).path("GET /rule/longer", &LONGER_RULE).policy_by(
        move |request| request.uri.query().is_some_and(|query| query.contains("function")).then(|| function.clone()),
    )
}

/// A handler that chooses the policy of its response if it is asked to.
async fn chooses(request: Request<()>) -> Result<Response<()>, Infallible> {
    let mut response = Response::new(());
    if request.uri().query().is_some_and(|query| query.contains("handler")) {
        response.extensions_mut().insert(ResponsePolicy::new(&HANDLER));
    }
    Ok(response)
}

fn all<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn the_nearest_place_speaks() {
    let service = levels().layer(service_fn(chooses));
    for (target, expected) in [
        ("/", "layer"),
        ("/?function", "function"),
        ("/rule/x", "rule"),
        ("/rule/x?function", "rule"),
        ("/rule/longer?function", "longer rule"),
        ("/?handler", "handler"),
        ("/?function&handler", "handler"),
        ("/rule/longer?function&handler", "handler"),
    ] {
        let response = service.clone().oneshot(Request::get(target).body(()).unwrap()).await.unwrap();
        assert_eq!(all(response.headers(), "x-from"), [expected], "{target}");
    }
}

#[tokio::test]
async fn a_policy_that_a_handler_chose_is_seen_by_every_layer() {
    const OTHERS: SecurityHeaders<'_> = SecurityHeaders::CLASSIC;
    for layer in [SecurityHeadersLayer::new(&OTHERS), SecurityHeadersLayer::overriding(&OTHERS)] {
        let service = ServiceBuilder::new()
            .layer(layer.clone().path("/rule/*", &RULE))
            .layer(SecurityHeadersLayer::new(&SecurityHeaders::API))
            .layer(layer)
            .service(service_fn(chooses));
        let response = service.oneshot(Request::get("/rule/x?handler").body(()).unwrap()).await.unwrap();
        assert_eq!(response.headers().len(), 1, "{:?}", response.headers());
        assert_eq!(response.headers()["x-from"], "handler");
    }
}

#[tokio::test]
async fn no_headers_is_said_as_empty() {
    let none = ResponsePolicy::new(&SecurityHeaders::EMPTY);
    let inner = service_fn(move |_: Request<()>| {
        let mut response = Response::builder().header("x-own", "stays").body(()).unwrap();
        response.extensions_mut().insert(none.clone());
        ready(Ok::<_, Infallible>(response))
    });
    let service = SecurityHeadersLayer::overriding(&SecurityHeaders::STRICT).layer(inner);
    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!((response.headers().len(), all(response.headers(), "x-own")), (1, vec!["stays"]));
}

#[tokio::test]
async fn the_scheme_holds_for_every_place() {
    let inner = service_fn(|_: Request<()>| {
        let mut response = Response::new(());
        response.extensions_mut().insert(ResponsePolicy::new(&SecurityHeaders::STRICT));
        ready(Ok::<_, Infallible>(response))
    });
    for (scheme, expected) in [(Scheme::Http, false), (Scheme::Https, true)] {
        let service = SecurityHeadersLayer::new(&SecurityHeaders::EMPTY).scheme(scheme).layer(inner);
        let response = service.oneshot(Request::new(())).await.unwrap();
        assert_eq!(response.headers().contains_key("strict-transport-security"), expected);
    }
}

/// A page whose handler chooses a policy with a nonce: that of the request where there is one, or one of its own.
async fn page(request: Request<()>) -> Result<Response<String>, Infallible> {
    let drawn: Option<RequestNonce> = request.extensions().get().copied();
    let policy = ResponsePolicy::new(&WITH_NONCE);
    let (nonce, policy) = match drawn {
        Some(nonce) => (nonce, policy),
        None => {
            let nonce = RequestNonce::draw().expect("entropy");
            (nonce, policy.with_nonce(nonce))
        }
    };
    let status = if request.headers().contains_key(IF_NONE_MATCH) { 304 } else { 200 };
    let mut response = Response::builder().status(status).body(nonce.to_string()).unwrap();
    response.extensions_mut().insert(policy);
    Ok(response)
}

#[tokio::test]
async fn a_page_may_bring_a_policy_with_a_nonce() {
    let layers = [
        vec![SecurityHeadersLayer::new(&LAYER)],
        vec![SecurityHeadersLayer::new(&WITH_NONCE)],
        vec![SecurityHeadersLayer::overriding(&LAYER), SecurityHeadersLayer::new(&LAYER)],
        vec![SecurityHeadersLayer::overriding(&WITH_NONCE), SecurityHeadersLayer::new(&LAYER)],
        vec![SecurityHeadersLayer::new(&LAYER), SecurityHeadersLayer::new(&WITH_NONCE)],
        // The outer layer draws the nonce, and the inner one, which needs none, sends it.
        vec![SecurityHeadersLayer::new(&WITH_NONCE), SecurityHeadersLayer::new(&LAYER)],
        vec![SecurityHeadersLayer::adding(&WITH_NONCE), SecurityHeadersLayer::new(&LAYER)],
    ];
    for layers in layers {
        let ask = async |request: Request<()>| match &layers[..] {
            [one] => one.layer(service_fn(page)).oneshot(request).await.unwrap(),
            [outer, inner] => outer.layer(inner.layer(service_fn(page))).oneshot(request).await.unwrap(),
            _ => unreachable!(),
        };
        let response = ask(Request::new(())).await;
        let nonce = response.body();
        assert_eq!(all(response.headers(), "content-security-policy"), [format!("script-src 'nonce-{nonce}'")]);
        assert_eq!(all(response.headers(), "cache-control"), ["private"]);

        let again = ask(Request::builder().header(IF_NONE_MATCH, "*").body(()).unwrap()).await;
        assert!(!again.headers().contains_key(CONTENT_SECURITY_POLICY), "the stored page keeps its own");
    }
}

#[tokio::test]
async fn a_policy_chosen_by_a_function_has_its_nonce_in_the_request() {
    let with_nonce = ResponsePolicy::new(&WITH_NONCE);
    let layer = SecurityHeadersLayer::new(&LAYER).policy_by(move |_| Some(with_nonce.clone()));
    let service = layer.layer(service_fn(async |request: Request<()>| {
        let nonce: Option<RequestNonce> = request.extensions().get().copied();
        Ok::<_, Infallible>(Response::new(nonce.expect("drawn before the handler")))
    }));
    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.headers()["content-security-policy"], format!("script-src 'nonce-{}'", response.body()));
}

#[tokio::test]
async fn in_axum_a_policy_is_a_part_of_a_response_or_a_layer_of_a_route() {
    let chosen = ResponsePolicy::new(&HANDLER);
    let app: Router = Router::new()
        .route("/chosen", get(async move || (chosen, Html("<h1>chosen</h1>"))))
        .route("/route", get(async || "route").layer(SecurityHeadersLayer::new(&ROUTE)))
        .route(
            "/nonce",
            get(async |nonce: Option<RequestNonce>| {
                let nonce = nonce.or_else(RequestNonce::draw).expect("entropy");
                (ResponsePolicy::new(&WITH_NONCE).with_nonce(nonce), Html(nonce.to_string()))
            }),
        )
        .layer(levels().path("/route", &RULE));
    let ask = async |path: &str| app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    for (path, expected) in [("/chosen", "handler"), ("/route", "route"), ("/rule/missing", "rule"), ("/", "layer")] {
        assert_eq!(all(ask(path).await.headers(), "x-from"), [expected], "{path}");
    }
    let response = ask("/nonce").await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
    assert_eq!(policy, format!("script-src 'nonce-{}'", str::from_utf8(&page).unwrap()));
}

/// No page can have it: the handler has chosen the policy and not said a nonce, and no layer has drawn one.
#[tokio::test]
async fn a_policy_whose_nonce_nobody_knows_lets_no_script_run() {
    let chosen = ResponsePolicy::new(&WITH_NONCE);
    let inner = service_fn(move |_: Request<()>| {
        let mut response = Response::new(());
        response.extensions_mut().insert(chosen.clone());
        ready(Ok::<_, Infallible>(response))
    });
    let response = SecurityHeadersLayer::new(&LAYER).layer(inner).oneshot(Request::new(())).await.unwrap();
    assert_eq!(all(response.headers(), "content-security-policy"), ["script-src 'none'"]);
    assert!(!response.headers().contains_key("cache-control"), "it is the same for everyone");
}
