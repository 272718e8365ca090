//! Scopes of single routes, under a guard around the app.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use sallet_core::auth::{Key, Keyring, Reason, Refusal, Scopes};
use sallet_core::digest_hex;
use sallet_hyper::require_auth::{Decision, OneOf, Refused};
use sallet_hyper::{ApiKey, Bearer, Layer, Missing, PresentedToken, Principal, RequireAuthLayer, RequireScopes, User};
use tower::limit::ConcurrencyLimitLayer;
use tower::{Service as _, ServiceExt, service_fn};

use super::log::Log;
use super::server::{Answer, text};

/// The token and the key are `abc`.
static KEYS: Keyring =
    Keyring::new(&[
        Key::new("k", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")).scopes("read")
    ]);

fn routes() -> Router {
    Router::new()
        .route("/read", get(async || "read").layer(RequireScopes::new("read")))
        .route("/write", get(async || "written").post(async || "written").layer(RequireScopes::new("read write")))
        .route("/any", get(async || "any"))
}

async fn ask(app: &Router, path: &str, credential: Option<(&str, &str)>) -> Response<Body> {
    let mut request = Request::get(path);
    if let Some((name, value)) = credential {
        request = request.header(name, value);
    }
    app.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer")
}

fn challenges(response: &Response<Body>) -> Vec<&str> {
    response.headers().get_all("www-authenticate").iter().map(|line| line.to_str().expect("ASCII")).collect()
}

async fn body(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.expect("a body").to_bytes().to_vec()).expect("text")
}

const TOKEN: (&str, &str) = ("authorization", "Bearer abc");
const KEY: (&str, &str) = ("x-api-key", "abc");

#[tokio::test]
async fn a_route_asks_for_more_than_its_app() {
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let hears = Arc::clone(&told);
    let guard = RequireAuthLayer::new(Bearer::new(&KEYS).realm("items"))
        .or(ApiKey::new(&KEYS).realm("items"))
        .hide()
        .on_decision(move |decision, request| {
            let words = match decision {
                Decision::Admitted { .. } => "admitted".to_owned(),
                Decision::Refused(refused) => format!("{:?} {:?}", refused.reason(), refused.scheme()),
                _ => unreachable!(),
            };
            hears.lock().expect("no panic").push(format!("{} {words}", request.uri.path()));
        });
    let app = Router::new().nest("/v1", routes()).layer(guard);
    for (credential, scheme, challenge) in [
        (TOKEN, "Bearer", r#"Bearer realm="items", error="insufficient_scope", scope="read write""#),
        (KEY, "ApiKey", r#"ApiKey realm="items", header="X-API-Key""#),
    ] {
        assert_eq!(body(ask(&app, "/v1/read", Some(credential)).await).await, "read");
        told.lock().expect("no panic").clear();
        let (log, listening) = Log::listen();
        let refused = ask(&app, "/v1/write", Some(credential)).await;
        drop(listening);
        assert_eq!((refused.status(), challenges(&refused)), (StatusCode::FORBIDDEN, vec![challenge]));
        assert_eq!(refused.headers()["cache-control"], "no-store");
        assert_eq!(
            refused.extensions().get::<Refused>().map(|refused| refused.reason()),
            Some(Reason::InsufficientScope)
        );
        assert_eq!(body(refused).await, r#"{"detail":"The credentials do not have the required scope"}"#);
        let expected = ["/v1/write admitted".to_owned(), format!("/write InsufficientScope Some({scheme})")];
        assert_eq!(*told.lock().expect("no panic"), expected);
        let lines = log.lines();
        assert!(
            lines.iter().any(|line| line.contains("not admitted") && line.contains("sent=\"/v1/write\"")),
            "{lines:?}"
        );
    }
    assert_eq!(ask(&app, "/v1/write", Some(("x-api-key", "no"))).await.status(), 401);
}

/// Under a public path the route wants somebody all the same, and answers as the guard would have elsewhere.
#[tokio::test]
async fn a_public_path_does_not_open_it() {
    let guard = RequireAuthLayer::new(Bearer::new(&KEYS).realm("items")).public(["/read", "/write", "/any"]);
    let app = routes().layer(guard);
    assert_eq!(body(ask(&app, "/any", None).await).await, "any");
    assert_eq!(body(ask(&app, "/read", Some(TOKEN)).await).await, "read");
    for (credential, status, challenge) in [
        (None, 401, r#"Bearer realm="items", scope="read write""#),
        (
            Some(("authorization", "Bearer no")),
            401,
            r#"Bearer realm="items", error="invalid_token", scope="read write""#,
        ),
        (Some(("authorization", "Bearer a b")), 400, r#"Bearer realm="items", error="invalid_request""#),
        (Some(TOKEN), 403, r#"Bearer realm="items", error="insufficient_scope", scope="read write""#),
    ] {
        let refused = ask(&app, "/write", credential).await;
        assert_eq!((refused.status().as_u16(), challenges(&refused)), (status, vec![challenge]), "{credential:?}");
    }
    // What a look-up could not say.
    let away = Bearer::from_fn(async |_: PresentedToken| Err::<Principal, _>(Refusal::Unavailable));
    let app = routes().layer(RequireAuthLayer::new(away).public(["/read"]));
    assert_eq!(ask(&app, "/read", Some(TOKEN)).await.status(), 503);
}

#[tokio::test]
async fn without_a_guard_it_is_shut() {
    for route in ["/read", "/write"] {
        let (log, listening) = Log::listen();
        let refused = ask(&routes(), route, Some(TOKEN)).await;
        drop(listening);
        assert_eq!(refused.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(refused.extensions().get(), Some(&Missing::Verdict));
        assert_eq!(body(refused).await, "");
        let told = log
            .lines()
            .iter()
            .any(|line| line.starts_with("ERROR") && line.contains("put a RequireAuthLayer around it"));
        assert!(told, "{:?}", log.lines());
    }
    // A guard of another route is none of this one.
    let inside = Router::new().route("/a", get(async || "a").layer(RequireAuthLayer::new(Bearer::new(&KEYS))));
    assert_eq!(ask(&inside.merge(routes()), "/read", Some(TOKEN)).await.status(), 500);
    // A test without a guard puts the user there, and gets a bare refusal.
    let app = routes().layer(axum::Extension(Principal::new("t", "kim", Scopes::new("read"))));
    assert_eq!(body(ask(&app, "/read", None).await).await, "read");
    let refused = ask(&app, "/write", None).await;
    assert_eq!((refused.status(), challenges(&refused).len()), (StatusCode::FORBIDDEN, 0));
}

#[tokio::test]
async fn users_of_ones_own() {
    #[derive(Clone)]
    struct Account;

    impl User for Account {
        fn scopes(&self) -> Scopes<&str> {
            Scopes::new("write")
        }
    }

    let guard = || RequireAuthLayer::new(Bearer::from_fn(async |_: PresentedToken| Ok::<_, Refusal>(Account)));
    let app = Router::new()
        .route("/mine", post(async || "").get(async || "mine").layer(RequireScopes::of::<Account>("write")))
        .route("/more", get(async || "more").layer(RequireScopes::of::<Account>("write all")))
        .route("/principal", get(async || "principal").layer(RequireScopes::new("")));
    let alone = app.clone().layer(guard());
    assert_eq!(body(ask(&alone, "/mine", Some(TOKEN)).await).await, "mine");
    assert_eq!(ask(&alone, "/more", Some(TOKEN)).await.status(), 403);
    // It asks for another type of user, which nobody is.
    assert_eq!(ask(&alone, "/principal", Some(TOKEN)).await.status(), 500);
    // Of two schemes.
    type Either = OneOf<Account, Principal>;
    let app = Router::new()
        .route("/write", get(async || "write").layer(RequireScopes::of::<Either>("write")))
        .route("/read", get(async || "read").layer(RequireScopes::of::<Either>("read")))
        .layer(guard().or(ApiKey::new(&KEYS)));
    for (path, credential, status) in
        [("/write", TOKEN, 200), ("/write", KEY, 403), ("/read", TOKEN, 403), ("/read", KEY, 200)]
    {
        assert_eq!(ask(&app, path, Some(credential)).await.status().as_u16(), status, "{path} {credential:?}");
    }
}

#[tokio::test]
async fn the_guard_answers_in_its_own_way() {
    let guard = RequireAuthLayer::new(Bearer::new(&KEYS)).on_refusal(|refused, request| {
        Response::builder()
            .status(303)
            .header("location", "/login")
            .body(format!("{refused} {}", request.uri.path()))
            .ok()
    });
    let refused = ask(&routes().layer(guard), "/write", Some(TOKEN)).await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["location"]), (303, &"/login".parse().expect("a value")));
    assert_eq!(challenges(&refused).len(), 1);
    assert!(body(refused).await.ends_with(" /write"));
}

/// A refusal gives back what the service inside took to be ready, and a hyper service needs no tower.
#[tokio::test]
async fn a_refusal_takes_nothing() {
    let guard = RequireAuthLayer::new(Bearer::new(&KEYS));
    let inner = service_fn(async |_: Request<()>| Answer::Ok(text("in")));
    let limited = ConcurrencyLimitLayer::new(1).layer(inner);
    let mut service = guard.layer(RequireScopes::new("write").layer(limited));
    let request = || Request::get("/").header(TOKEN.0, TOKEN.1).body(()).expect("a request");
    for _ in 0..3 {
        let answer = service.ready().await.expect("ready").call(request()).await.expect("an answer");
        assert_eq!(answer.status(), 403);
    }
    let inner = hyper::service::service_fn(async |_: Request<Empty<Bytes>>| Answer::Ok(text("in")));
    for (scopes, status) in [("read", 200), ("write", 403)] {
        let service = guard.layer(RequireScopes::new(scopes).layer(inner));
        let answer =
            hyper::service::Service::call(&service, request().map(|()| Empty::new())).await.expect("an answer");
        assert_eq!(answer.status(), status);
    }
}
