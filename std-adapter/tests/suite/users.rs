//! Users and answers of verifiers of the app's own.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use sallet_core::auth::{Refusal, Scopes};
use sallet_hyper::require_auth::{ResponseBody, Verdict, Verify};
use sallet_hyper::{Bearer, Denied, Layer, PresentedToken, Principal, RequireAuthLayer, User};
use tower::{ServiceExt, service_fn};

use super::server::{Answer, text};

/// A token is the scopes that it is good for.
#[derive(Clone, Debug, PartialEq)]
struct Account(Scopes<String>);

impl User for Account {
    fn id(&self) -> Option<&str> {
        Some("account")
    }

    fn scopes(&self) -> Scopes<&str> {
        self.0.borrowed()
    }
}

fn account(token: &PresentedToken) -> Result<Account, Denied> {
    match token.as_str() {
        "away" => Err(Refusal::Unavailable.into()),
        "many" => Err(Denied::status(StatusCode::TOO_MANY_REQUESTS).retry_after(Duration::from_millis(1500))),
        "absent" => Err(StatusCode::NOT_FOUND.into()),
        "banned" => {
            Err(Denied::status(StatusCode::FORBIDDEN).body(HeaderValue::from_static("text/plain"), "banned for life"))
        }
        "fine" => Err(Denied::status(StatusCode::OK)),
        "moved" => Err(Denied::status(StatusCode::FOUND)),
        "who" => Err(Denied::status(StatusCode::UNAUTHORIZED)),
        scopes => Scopes::parse(scopes.replace('.', " ")).map(Account).map_err(|_| Refusal::InvalidToken.into()),
    }
}

/// At once, or after a while.
#[derive(Clone)]
struct Verifier {
    waits: bool,
}

impl Verify for Verifier {
    type User = Account;
    type Later = Ready<Result<Account, Denied>>;

    fn verify(&self, token: PresentedToken, request: &Parts) -> Verdict<Self::User, Self::Later> {
        assert_eq!(request.uri.query(), Some("x"));
        let verdict = account(&token);
        if self.waits { Verdict::Later(ready(verdict)) } else { Verdict::Now(verdict) }
    }
}

async fn ask<V: Verify>(layer: &RequireAuthLayer<V>, token: &str) -> Response<ResponseBody<Full<Bytes>>> {
    let service = layer.layer(service_fn(async |request: Request<()>| -> Answer {
        Ok::<_, Infallible>(text(request.extensions().get::<V::User>().map_or("nobody", |_| "somebody").to_owned()))
    }));
    let request = Request::get("/?x").header("authorization", format!("Bearer {token}")).body(()).expect("a request");
    service.oneshot(request).await.expect("an answer")
}

async fn answers<V: Verify>(layer: RequireAuthLayer<V>) {
    for (token, status, challenge, retry, body) in [
        ("a.b", 200, None, None, "somebody"),
        (
            "a",
            403,
            Some(r#"Bearer realm="api", error="insufficient_scope", scope="a b""#),
            None,
            r#"{"detail":"The credentials do not have the required scope"}"#,
        ),
        ("away", 503, None, None, r#"{"detail":"Credentials cannot be checked just now, try again later"}"#),
        ("many", 429, None, Some("2"), r#"{"detail":"Too Many Requests"}"#),
        ("absent", 404, None, None, r#"{"detail":"Not Found"}"#),
        ("banned", 403, None, None, "banned for life"),
    ] {
        let response = ask(&layer, token).await;
        let field = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("ASCII"));
        assert_eq!((response.status().as_u16(), field("retry-after")), (status, retry), "{token}");
        assert_eq!(field("www-authenticate"), challenge, "{token}");
        assert_eq!(field("cache-control"), Some(if status == 200 { "private" } else { "no-store" }), "{token}");
        if body == "banned for life" {
            assert_eq!(field("content-type"), Some("text/plain"));
        }
        assert_eq!(response.into_body().collect().await.expect("a body").to_bytes(), body, "{token}");
    }
    // A status that is no refusal is not sent.
    for token in ["fine", "moved", "who"] {
        let response = ask(&layer, token).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{token}");
        assert!(response.headers()["www-authenticate"].to_str().expect("ASCII").contains("invalid_token"), "{token}");
    }
}

#[tokio::test]
async fn every_verifier_keeps_scopes_and_challenge() {
    for waits in [false, true] {
        answers(RequireAuthLayer::new(Bearer::verify_by(Verifier { waits }).scopes("a b"))).await;
    }
    let by_token = Bearer::from_fn(async |token: PresentedToken| account(&token).map(Arc::new));
    answers(RequireAuthLayer::new(by_token.scopes("a b"))).await;
    let by_request = Bearer::from_fn_with_request(|token: PresentedToken, request: &Parts| {
        assert_eq!((request.uri.query(), request.headers.len()), (Some("x"), 1));
        async move { account(&token) }
    });
    answers(RequireAuthLayer::new(by_request.scopes("a b"))).await;
}

/// A user that does not say what it may may nothing that takes a scope.
#[tokio::test]
async fn a_user_without_scopes_has_none() {
    #[derive(Clone)]
    struct Anyone;

    impl User for Anyone {}

    let bearer = || Bearer::from_fn(async |_: PresentedToken| Ok::<_, Refusal>(Anyone));
    assert_eq!(ask(&RequireAuthLayer::new(bearer()), "a").await.status(), StatusCode::OK);
    assert_eq!(ask(&RequireAuthLayer::new(bearer().scopes("a")), "a").await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn principals_of_ones_own() {
    let principal = Principal::new("k", "kim", Scopes::new("a b"));
    assert_eq!(format!("{principal:?}"), r#"Principal { id: "k", name: "kim", scopes: "a b" }"#);
    let bearer = Bearer::from_fn(move |_: PresentedToken| ready(Ok::<_, Refusal>(principal.clone())));
    let ok = ask(&RequireAuthLayer::new(bearer.scopes("b")), "x").await;
    assert_eq!(ok.into_body().collect().await.expect("a body").to_bytes(), "somebody");
}
