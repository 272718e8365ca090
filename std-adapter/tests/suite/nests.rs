//! Routers inside routers, rewriters and clones: a rule holds for the path as the client sent it, or it opens nothing.

use axum::Router;
use axum::routing::{any, get};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_util::service::TowerToHyperService;
use sallet_core::auth::{Key, Keyring};
use sallet_core::{SecurityHeaders, digest_hex};
use sallet_hyper::{Bearer, Layer, RequireAuthLayer, SecurityHeadersLayer};
use tower::util::MapRequestLayer;
use tower::{ServiceBuilder, ServiceExt};
use tower_http::normalize_path::NormalizePathLayer;

use super::client::get as ask_raw;
use super::log::Log;
use super::server::serve;

static KEYS: Keyring =
    Keyring::new(&[Key::new("k", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))]);

type Auth = RequireAuthLayer<&'static Keyring>;

fn public<const N: usize>(rules: [&str; N]) -> Auth {
    RequireAuthLayer::new(Bearer::new(&KEYS)).public(rules)
}

/// What runs for a stranger, and where.
async fn ask(app: &Router, method: Method, path: &str) -> String {
    let request = Request::builder().method(method).uri(path).body(axum::body::Body::empty()).expect("a request");
    let response = app.clone().oneshot(request).await.expect("a response");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    match status {
        200 => String::from_utf8(body.to_vec()).expect("text"),
        _ => status.to_string(),
    }
}

/// Two public routes, and one for all the rest that is not.
fn inner(auth: Auth) -> Router {
    Router::new()
        .route("/health", get(async || "health"))
        .route("/public/{*file}", get(async || "file"))
        .route("/{*object}", any(async || "PROTECTED"))
        .layer(auth)
}

fn inner_with_a_fallback(auth: Auth) -> Router {
    Router::new()
        .route("/health", get(async || "health"))
        .route("/public/{*file}", get(async || "file"))
        .fallback(async || "PROTECTED")
        .layer(auth)
}

/// Each shape, and the path under which its inner router is.
fn shapes(make: fn(Auth) -> Router, auth: &Auth) -> Vec<(&'static str, Router)> {
    let inner = || make(auth.clone());
    vec![
        ("/v1", Router::new().nest("/v1", inner())),
        ("/a/v1", Router::new().nest("/a", Router::new().nest("/v1", inner()))),
        ("/t/x", Router::new().nest("/t/{tenant}", inner())),
        ("/admin", Router::new().nest("/admin/", inner())),
        ("/s", Router::new().nest_service("/s", inner())),
        ("/m", Router::new().nest("/m", inner()).layer(NormalizePathLayer::trim_trailing_slash())),
    ]
}

const PREFIXES: [&str; 5] = ["/v1", "/a/v1", "/t/x", "/admin", "/s"];

#[tokio::test]
async fn an_extra_slash_opens_nothing_inside_a_nest() {
    let full: Vec<String> =
        PREFIXES.iter().flat_map(|prefix| [format!("{prefix}/health"), format!("{prefix}/public/*")]).collect();
    let full = RequireAuthLayer::new(Bearer::new(&KEYS)).public(&full);
    let nested = public(["/health", "/public/*"]).nested();
    for make in [inner, inner_with_a_fallback] {
        for auth in [&full, &nested] {
            for (prefix, app) in shapes(make, auth) {
                if prefix != "/m" {
                    assert_eq!(ask(&app, Method::GET, &format!("{prefix}/health")).await, "health", "{prefix}");
                    assert_eq!(ask(&app, Method::GET, &format!("{prefix}/public/a/b")).await, "file", "{prefix}");
                }
                for path in [
                    "//health",
                    "///health",
                    "////health",
                    "//public/a/b/c",
                    "///public/a",
                    "/public//a",
                    "/%2fhealth",
                    "/./health",
                    "/x/../health",
                    "/%68ealth",
                    "/health/",
                    "//health/",
                    "/health//",
                    "/x//health",
                    "/health;x",
                    "//public/",
                    "/%70ublic/a",
                    "/",
                    "",
                    "//",
                    "/secret",
                ] {
                    for method in [Method::GET, Method::DELETE] {
                        let ran = ask(&app, method.clone(), &format!("{prefix}{path}")).await;
                        assert_ne!(ran, "PROTECTED", "{method} {prefix}{path}");
                    }
                }
            }
        }
    }
}

/// The router compares what was sent, so that a second spelling of a public path is another one to it.
#[tokio::test]
async fn a_spelling_that_the_router_does_not_know_opens_nothing() {
    let app = Router::new()
        .route("/caf%C3%A9/{*file}", get(async || "file"))
        .route("/{*object}", any(async || "PROTECTED"))
        .layer(public(["/café/*", "/a b"]));
    assert_eq!(ask(&app, Method::GET, "/caf%C3%A9/a").await, "file");
    for path in ["/caf%c3%a9/a", "/caf%C3%a9/a", "/%63af%C3%A9/a", "/caf\u{e9}/a"] {
        assert_eq!(ask(&app, Method::DELETE, path).await, "401", "{path}");
    }
}

/// `/me` of one is not `/{id}` of the other.
#[tokio::test]
async fn one_layer_in_two_nests_opens_neither_by_accident() {
    fn app(auth: &Auth) -> Router {
        let accounts = Router::new().route("/me", get(async || "me")).layer(auth.clone());
        let items = Router::new().route("/{id}", any(async || "PROTECTED")).layer(auth.clone());
        Router::new().nest("/accounts", accounts).nest("/items", items)
    }

    for (auth, me) in [(public(["/accounts/me"]), "me"), (public(["/me"]), "401")] {
        let app = app(&auth);
        assert_eq!(ask(&app, Method::GET, "/accounts/me").await, me);
        assert_eq!(ask(&app, Method::DELETE, "/items/me").await, "401");
    }
    // It can be said.
    assert_eq!(ask(&app(&public(["/me"]).nested()), Method::DELETE, "/items/me").await, "PROTECTED");
}

/// Whichever path a rule was meant for, it guards; public rules still open exceptions.
#[tokio::test]
async fn protected_paths_are_so_in_either_reading() {
    let auth = RequireAuthLayer::new(Bearer::new(&KEYS));
    let app = |auth: Auth| {
        let inner = Router::new()
            .route("/items/{id}", get(async || "item"))
            .route("/help", get(async || "help"))
            .route("/{*rest}", get(async || "rest"))
            .layer(auth);
        Router::new().nest("/api", inner)
    };
    for rules in [["/items"], ["/api/items"]] {
        for auth in [auth.clone(), auth.clone().nested()] {
            let app = app(auth.protected(rules));
            for path in ["/api/items/1", "/api/ITEMS/1", "/api//items/1", "/api/%69tems/1"] {
                assert_eq!(ask(&app, Method::GET, path).await, "401", "{rules:?} {path}");
            }
            assert_eq!(ask(&app, Method::GET, "/api/help").await, "help", "{rules:?}");
        }
    }
    for rules in [["/*"], ["/api"]] {
        let app = app(auth.clone().protected(rules).public(["/api/help"]));
        assert_eq!(ask(&app, Method::GET, "/api/help").await, "help", "{rules:?}");
        assert_eq!(ask(&app, Method::GET, "/api/items/1").await, "401", "{rules:?}");
    }
}

/// Inside of the check it makes `/docs` of `/docs/`, or the other way.
#[tokio::test]
async fn a_slash_that_is_taken_off_or_put_there_opens_nothing() {
    let routes = || Router::new().route("/docs", get(async || "without")).route("/docs/", get(async || "with"));
    for (normalize, ran) in
        [(NormalizePathLayer::trim_trailing_slash(), "without"), (NormalizePathLayer::append_trailing_slash(), "with")]
    {
        let app = |auth: Auth| -> Router {
            let service = auth.layer(normalize.clone().layer(routes()));
            // A fallback takes no prefix off, and tells the layer inside nothing either.
            Router::new().fallback_service(service)
        };
        for rule in ["/docs/", "/docs", "/docs/*"] {
            for path in ["/docs", "/docs/"] {
                assert_eq!(ask(&app(public([rule])), Method::GET, path).await, "401", "{rule} {path}");
            }
        }
        for path in ["/docs", "/docs/"] {
            assert_eq!(ask(&app(public(["/docs", "/docs/"])), Method::GET, path).await, ran, "{path}");
        }
        // Between a router and the check it changes what was sent, which opens nothing either.
        let (same, other) = if ran == "with" { ("/docs/", "/docs") } else { ("/docs", "/docs/") };
        let app = Router::new().fallback_service(normalize.clone().layer(public(["/docs", "/docs/"]).layer(routes())));
        assert_eq!(
            (ask(&app, Method::GET, same).await, ask(&app, Method::GET, other).await),
            (ran.into(), "401".into())
        );
    }
}

/// On plain hyper nobody keeps what was sent, and there is no need to.
#[tokio::test]
async fn normalized_outside_of_the_check() {
    let routes = Router::new().route("/docs", get(async || "docs"));
    let stack =
        ServiceBuilder::new().layer(NormalizePathLayer::trim_trailing_slash()).layer(public(["/docs"])).service(routes);
    let addr = serve(TowerToHyperService::new(stack)).await;
    for path in ["/docs", "/docs/", "//docs//"] {
        assert_eq!(ask_raw(addr, path, "").await.status, 200, "{path}");
    }
}

/// What rewrites the path between a router and the check hides from it what the client sent.
#[tokio::test(flavor = "current_thread")]
async fn a_path_that_was_rewritten_is_not_open() {
    fn rewrite<B>(mut request: Request<B>) -> Request<B> {
        *request.uri_mut() = Uri::from_static("/health");
        request
    }

    let (log, _guard) = Log::listen();
    for auth in [public(["/health"]), public(["/secret", "/health"]), public(["/health"]).nested()] {
        let app = Router::new().fallback_service(MapRequestLayer::new(rewrite).layer(inner(auth)));
        assert_eq!(ask(&app, Method::GET, "/secret").await, "401");
    }
    let told = log.lines();
    let doubts: Vec<_> = told.iter().filter(|line| line.contains("does not open it")).collect();
    let doubt = r#"INFO sallet: a rule for this path does not open it method=GET path="/health" sent="/secret" reason="it has an unusual spelling (`//`, `;`, `%68`), or a middleware has rewritten it""#;
    assert_eq!(doubts, [doubt, doubt], "{told:#?}");
}

/// A path may be an end of the one that was sent, or `/`, without being what a nest leaves of it.
#[tokio::test]
async fn a_path_that_was_rewritten_to_an_end_of_it_is_not_open() {
    for to in ["/", "/secret", "/b/secret"] {
        let rewrite = move |mut request: Request<axum::body::Body>| {
            *request.uri_mut() = Uri::from_static(to);
            request
        };
        let inner = || Router::new().fallback(async || "PROTECTED").layer(public(["/public/*", "/v1/public/*"]));
        let app = Router::new()
            .nest_service("/v1", MapRequestLayer::new(rewrite).layer(inner()))
            .fallback_service(MapRequestLayer::new(rewrite).layer(inner()));
        for path in ["/public/b/secret", "/public/", "/v1/public/b/secret", "/v1/public/"] {
            assert_eq!(ask(&app, Method::GET, path).await, "401", "{path} {to}");
        }
    }
    // The prefix itself, where there is nothing else to see.
    for (nest, rules, path) in [("/v1", ["/v1"], "/v1"), ("/t/{tenant}", ["/t/x"], "/t/x"), ("/v1/", ["/v1/"], "/v1/")]
    {
        let routes = Router::new().route("/", get(async || "root")).layer(public(rules));
        assert_eq!(ask(&Router::new().nest(nest, routes), Method::GET, path).await, "root", "{nest}");
    }
}

/// A rule of the path inside is the mistake of a newcomer, so it is named.
#[tokio::test(flavor = "current_thread")]
async fn a_rule_for_the_path_inside_is_told() {
    let (log, _guard) = Log::listen();
    let app = Router::new().nest("/v1", inner(public(["/health"])));
    for _ in 0..2 {
        assert_eq!(ask(&app, Method::GET, "/v1/health").await, "401");
    }
    let lines = log.lines();
    let warned: Vec<_> = lines.iter().filter(|line| line.starts_with("WARN")).collect();
    assert!(warned.len() == 1 && warned[0].contains(r#"write "/v1/health", or call .nested()"#), "{lines:#?}");
    let denied =
        lines.iter().filter(|line| line.contains("not admitted")).all(|line| line.contains(r#"sent="/v1/health""#));
    assert!(denied, "{lines:#?}");
}

/// A router that keeps nothing, as one of another version of axum: what was sent is unknown, so nothing is open.
#[tokio::test(flavor = "current_thread")]
async fn where_nobody_tells_what_was_sent_nothing_is_open() {
    fn forget<B>(mut request: Request<B>) -> Request<B> {
        request.extensions_mut().remove::<axum::extract::OriginalUri>();
        request
    }

    let (log, _guard) = Log::listen();
    let routes = Router::new().route("/health", get(async || "health"));
    let app = routes.layer(ServiceBuilder::new().map_request(forget).layer(public(["/health"])));
    // Any client can ask again, so the error comes once.
    for _ in 0..3 {
        assert_eq!(ask(&app, Method::GET, "/health").await, "401");
    }
    // Inside of the path of nobody, rules for one say nothing.
    let hyper = public(["/health"]).nested().layer(tower::service_fn(async |_: Request<Empty<&'static [u8]>>| {
        Ok::<_, std::convert::Infallible>(http::Response::new(Empty::<&'static [u8]>::new()))
    }));
    let response = hyper.oneshot(Request::get("/health").body(Empty::new()).expect("a request")).await;
    assert_eq!(response.expect("a response").status(), 401);
    let errors: Vec<_> = log.lines().into_iter().filter(|line| line.starts_with("ERROR")).collect();
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert!(errors.iter().all(|line| line.contains("the feature `axum`")), "{errors:#?}");
}

/// A policy is of the whole path as well, and no spelling shakes it off.
#[tokio::test]
async fn policies_inside_a_nest() {
    let whole = SecurityHeadersLayer::new(&SecurityHeaders::STRICT).path("/v1/api/*", &SecurityHeaders::API);
    let nested = SecurityHeadersLayer::new(&SecurityHeaders::STRICT).path("/api/*", &SecurityHeaders::API).nested();
    for layer in [whole, nested] {
        let routes = Router::new().fallback(async || "").layer(layer);
        let addr = serve(TowerToHyperService::new(Router::new().nest("/v1", routes))).await;
        for (path, api) in [("/v1/api/x", true), ("/v1/%61pi//x", true), ("/v1/api;v=1/x", true), ("/v1/page", false)] {
            let raw = ask_raw(addr, path, "").await;
            assert_eq!(raw.all("cross-origin-embedder-policy").len(), usize::from(api), "{path}");
            assert_eq!(raw.all("x-frame-options").len(), 1, "{path}");
        }
    }
}
