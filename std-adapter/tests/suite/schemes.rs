//! Basic, API keys, other words and places, and several schemes at once.

use std::convert::Infallible;
use std::future::ready;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{OriginalUri, RawQuery};
use axum::routing::any;
use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::service::TowerToHyperService;
use sallet_core::auth::{AuthScheme, Key, Keyring, Reason, Refusal, Scopes};
use sallet_core::{CacheControl, CustomField, SecurityHeaders, digest_hex};
use sallet_hyper::require_auth::{Decision, Refused, ResponseBody, Verify};
use sallet_hyper::{
    ApiKey, Basic, Bearer, Layer, PresentedToken, Principal, RequireAuthLayer, ResponsePolicy, SecurityHeadersLayer,
    User,
};
use tower::{ServiceExt, service_fn};

use super::client::{Raw, one};
use super::log::Log;
use super::server::{Answer, serve, text};

/// The token and the key are `abc`, and so are user and password: `a:bc`.
static KEYS: Keyring = Keyring::new(&[
    Key::new("token", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")).scopes("a"),
    Key::new("login", digest_hex!("c140f47475217ae947569d11406e72b36f774f7b5694693b21cddd3282e20439")).scopes("a"),
]);

type Fields<'f> = &'f [(&'f str, &'f str)];

const BEARER: (&str, &str) = ("authorization", "Bearer abc");
const BASIC: (&str, &str) = ("authorization", "Basic YTpiYw==");
const KEY: (&str, &str) = ("x-api-key", "abc");

/// Says who asked, and what is left of the credential.
async fn inside(request: Request<()>) -> Answer {
    let who = request.extensions().get::<Principal>().map_or("nobody", Principal::id);
    Ok(text(who.to_owned()))
}

async fn ask<V: Verify>(
    layer: &RequireAuthLayer<V>,
    method: Method,
    fields: Fields<'_>,
) -> Response<ResponseBody<Full<Bytes>>> {
    let mut request = Request::builder().method(method).uri("/items");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    layer.layer(service_fn(inside)).oneshot(request.body(()).expect("a request")).await.expect("an answer")
}

async fn status<V: Verify>(layer: &RequireAuthLayer<V>, fields: Fields<'_>) -> u16 {
    ask(layer, Method::GET, fields).await.status().as_u16()
}

fn lines<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    headers.get_all(name).iter().map(|line| line.to_str().expect("ASCII")).collect()
}

#[tokio::test]
async fn each_scheme_reads_its_own_and_asks_for_it() {
    let bearer = RequireAuthLayer::new(Bearer::new(&KEYS));
    let basic = RequireAuthLayer::new(Basic::new(&KEYS));
    let key = RequireAuthLayer::new(ApiKey::new(&KEYS));
    let token = RequireAuthLayer::new(Bearer::new(&KEYS).word("Token"));
    let own = RequireAuthLayer::new(ApiKey::new(&KEYS).header("X-Items-Key"));
    for (layer, good, challenge) in [
        (&bearer, BEARER, r#"Bearer realm="api""#),
        (&basic, BASIC, r#"Basic realm="api", charset="UTF-8""#),
        (&key, KEY, r#"ApiKey realm="api", header="X-API-Key""#),
        (&token, ("authorization", "Token abc"), r#"Token realm="api""#),
        (&own, ("x-items-key", "abc"), r#"ApiKey realm="api", header="X-Items-Key""#),
    ] {
        for (at, fields) in
            [BEARER, BASIC, KEY, ("authorization", "Token abc"), ("x-items-key", "abc")].iter().enumerate()
        {
            let response = ask(layer, Method::GET, &[*fields]).await;
            let expected = if *fields == good { 200 } else { 401 };
            assert_eq!(response.status(), expected, "{challenge} {at}");
            if expected == 401 {
                assert_eq!(lines(response.headers(), "www-authenticate"), [challenge]);
            }
        }
    }
}

#[tokio::test]
async fn the_first_whose_credential_is_there_decides_alone() {
    let layers = [
        RequireAuthLayer::new(Bearer::new(&KEYS)).or(ApiKey::new(&KEYS)),
        RequireAuthLayer::new(ApiKey::new(&KEYS)).or(Bearer::new(&KEYS)),
    ];
    let bad = [("authorization", "Bearer no"), ("x-api-key", "no")];
    for (at, layer) in layers.iter().enumerate() {
        let first_is_bearer = at == 0;
        assert_eq!(status(layer, &[BEARER]).await, 200);
        assert_eq!(status(layer, &[KEY]).await, 200);
        assert_eq!(status(layer, &[BEARER, KEY]).await, 200);
        assert_eq!(status(layer, &[bad[0], KEY]).await, if first_is_bearer { 401 } else { 200 });
        assert_eq!(status(layer, &[BEARER, bad[1]]).await, if first_is_bearer { 200 } else { 401 });
        // Nobody's credential, and two lines that somebody may read otherwise.
        assert_eq!(status(layer, &[BASIC]).await, 401);
        assert_eq!(status(layer, &[BASIC, KEY]).await, 200);
        assert_eq!(status(layer, &[BEARER, BEARER, KEY]).await, 400);
        let missing = ask(layer, Method::GET, &[]).await;
        assert_eq!(missing.status(), 401);
        let mut challenges = [r#"Bearer realm="api""#, r#"ApiKey realm="api", header="X-API-Key""#];
        if !first_is_bearer {
            challenges.reverse();
        }
        assert_eq!(lines(missing.headers(), "www-authenticate"), challenges);
        let malformed = ask(layer, Method::GET, &[("authorization", "Bearer a b")]).await;
        assert_eq!((malformed.status().as_u16(), lines(malformed.headers(), "www-authenticate").len()), (400, 1));
    }
}

/// Verifiers of every kind side by side, each with scopes of its own; the extension is the user's own type.
#[tokio::test]
async fn schemes_of_different_verifiers() {
    #[derive(Clone)]
    struct Login(String);

    impl User for Login {
        fn scopes(&self) -> Scopes<&str> {
            Scopes::new("b")
        }
    }

    let basic = Basic::from_fn(async |login: PresentedToken| {
        tokio::task::yield_now().await;
        match login.user_and_password() {
            Some((user, "b:c")) => Ok(Login(user.to_owned())),
            _ => Err(Refusal::InvalidToken),
        }
    });
    let layer = RequireAuthLayer::new(Bearer::new(&KEYS).scopes("a"))
        .or(basic.scopes("b"))
        .or(ApiKey::new(&KEYS).scopes("c"))
        .on_decision(|decision, _| {
            if let Decision::Admitted { scheme, .. } = decision {
                assert!(matches!(scheme, Some(AuthScheme::Bearer | AuthScheme::Basic)));
            }
        });
    let service = layer.layer(service_fn(async |request: Request<()>| {
        let login = request.extensions().get::<Login>().map(|login| login.0.clone());
        let principal = request.extensions().get::<Principal>().map(|who| who.id().to_owned());
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(format!("{login:?} {principal:?}"))))
    }));
    for (fields, status, refused) in [
        (BEARER, 200, None),
        // `a:b:c`
        (("authorization", "Basic YTpiOmM="), 200, None),
        (("authorization", "Basic YTpi"), 401, Some((Reason::App(Refusal::InvalidToken), AuthScheme::Basic))),
        (KEY, 403, Some((Reason::InsufficientScope, AuthScheme::ApiKey))),
    ] {
        let request = Request::get("/").header(fields.0, fields.1).body(()).expect("a request");
        let response = service.clone().oneshot(request).await.expect("an answer");
        assert_eq!(response.status(), status, "{fields:?}");
        let refusal: Option<&Refused> = response.extensions().get();
        assert_eq!(refusal.map(|refused| (refused.reason(), refused.scheme().expect("a scheme"))), refused);
    }
}

/// RFC 9111 section 3.5: caches that obey it keep off by themselves, but only where there is `Authorization`.
#[tokio::test]
async fn what_was_admitted_is_private() {
    let either = RequireAuthLayer::new(Bearer::new(&KEYS)).or(ApiKey::new(&KEYS)).public(["/open"]);
    for (path, fields, said, expected) in [
        ("/", BEARER, None, Some("private")),
        ("/", BEARER, Some("max-age=60"), Some("private, max-age=60")),
        ("/", BEARER, Some("max-age=60, must-revalidate"), Some("private, max-age=60, must-revalidate")),
        ("/", BEARER, Some("public, max-age=60"), Some("public, max-age=60")),
        ("/", KEY, None, Some("private")),
        ("/", KEY, Some("public, max-age=60"), Some("private, public, max-age=60")),
        ("/open", KEY, Some("public, max-age=60"), Some("private, public, max-age=60")),
        ("/open", ("x-api-key", "no"), Some("max-age=60"), Some("max-age=60")),
        ("/open", ("authorization", "Bearer no"), None, None),
    ] {
        let cached = service_fn(move |_: Request<()>| ready(Answer::Ok(saying(said))));
        let request = Request::get(path).header(fields.0, fields.1).body(()).expect("a request");
        let response = either.layer(cached).oneshot(request).await.expect("an answer");
        assert_eq!(lines(response.headers(), "cache-control"), Vec::from_iter(expected), "{path} {fields:?} {said:?}");
    }
}

fn saying(caching: Option<&'static str>) -> Response<Full<Bytes>> {
    let mut response = text("");
    response.headers_mut().extend(caching.map(|value| (CACHE_CONTROL, HeaderValue::from_static(value))));
    response
}

/// The policy of a layer around is the last word: its `no-store` is sent, and its `max-age` lets no cache in.
#[tokio::test]
async fn what_a_policy_around_says_to_caches_is_made_private_too() {
    static CDN: SecurityHeaders<'_> =
        SecurityHeaders::EMPTY.custom(&[CustomField::new("cdn-cache-control", "max-age=60")]);
    static AGED: SecurityHeaders<'_> =
        SecurityHeaders::EMPTY.cache_control(Some(CacheControl::new("public, max-age=60")));
    let cdn_private = "max-age=60, private";
    for (policy, fields, said, expected, cdn) in [
        (&SecurityHeaders::API, BEARER, None, "no-store", None),
        (&SecurityHeaders::API, KEY, None, "no-store", None),
        (&SecurityHeaders::API, BEARER, Some("max-age=9"), "private, max-age=9", None),
        // The app's own, though it is the same that would have been added.
        (&SecurityHeaders::API, BEARER, Some("private, max-age=9"), "private, max-age=9", None),
        (&AGED, KEY, None, "private, public, max-age=60", None),
        (&AGED, BEARER, None, "public, max-age=60", None),
        (&CDN, KEY, None, "private", Some(cdn_private)),
        (&CDN, BEARER, Some("no-store"), "no-store", Some(cdn_private)),
    ] {
        let guarded = RequireAuthLayer::new(Bearer::new(&KEYS))
            .or(ApiKey::new(&KEYS))
            .layer(service_fn(move |_: Request<()>| ready(Answer::Ok(saying(said)))));
        let chosen = ResponsePolicy::new(policy);
        let by_the_handler =
            RequireAuthLayer::new(Bearer::new(&KEYS)).or(ApiKey::new(&KEYS)).layer(service_fn(move |_: Request<()>| {
                let mut response = saying(said);
                response.extensions_mut().insert(chosen.clone());
                ready(Answer::Ok(response))
            }));
        let request = || Request::get("/").header(fields.0, fields.1).body(()).expect("a request");
        let empty = SecurityHeadersLayer::new(&SecurityHeaders::EMPTY);
        let own = SecurityHeadersLayer::new(policy);
        for response in [
            own.layer(guarded.clone()).oneshot(request()).await,
            empty.layer(own.layer(guarded)).oneshot(request()).await,
            empty.layer(by_the_handler).oneshot(request()).await,
        ] {
            let headers = response.expect("an answer").into_parts().0.headers;
            assert_eq!(lines(&headers, "cache-control"), [expected], "{fields:?} {said:?}");
            assert_eq!(lines(&headers, "cdn-cache-control"), Vec::from_iter(cdn), "{fields:?} {said:?}");
        }
    }
}

/// Each layer around tells caches something anew, or takes away what they were told.
#[tokio::test]
async fn what_is_for_one_stays_so_under_any_number_of_layers() {
    static CDN: SecurityHeaders<'_> =
        SecurityHeaders::EMPTY.custom(&[CustomField::new("cdn-cache-control", "public, max-age=60")]);
    static SURROGATE: SecurityHeaders<'_> =
        SecurityHeaders::EMPTY.custom(&[CustomField::new("surrogate-control", "max-age=60")]);
    static NO_STORE: SecurityHeaders<'_> = SecurityHeaders::EMPTY.cache_control(Some(CacheControl::NO_STORE));
    let policies = [&CDN, &SURROGATE, &NO_STORE, &SecurityHeaders::STRICT];
    for (outer, inner) in policies.iter().flat_map(|outer| policies.map(|inner| (*outer, inner))) {
        for make in [SecurityHeadersLayer::new, SecurityHeadersLayer::overriding] {
            for removed in [vec![], vec![CACHE_CONTROL]] {
                let chosen = ResponsePolicy::new(inner);
                let by_the_handler = service_fn(move |request: Request<()>| {
                    let mut response = saying(None);
                    if request.uri().path() == "/chosen" {
                        response.extensions_mut().insert(chosen.clone());
                    }
                    ready(Answer::Ok(response))
                });
                let service = RequireAuthLayer::new(ApiKey::new(&KEYS)).layer(by_the_handler);
                let service = make(outer).remove(removed.clone()).layer(make(inner).layer(service));
                for path in ["/", "/chosen"] {
                    let request = Request::get(path).header(KEY.0, KEY.1).body(()).expect("a request");
                    let headers = service.clone().oneshot(request).await.expect("an answer").into_parts().0.headers;
                    let said = |name, words: [&str; 2]| {
                        let lines = lines(&headers, name);
                        lines.iter().all(|line| words.iter().any(|word| line.contains(word))) && lines.len() < 2
                    };
                    assert!(
                        headers.contains_key("cache-control")
                            && said("cache-control", ["private", "no-store"])
                            && said("cdn-cache-control", ["private", "no-store"])
                            && said("surrogate-control", ["no-store", "no-store"]),
                        "{path} {removed:?} {headers:?}"
                    );
                }
            }
        }
    }
}

/// What an API key admitted is no less private for a token that was asked for as well.
#[tokio::test]
async fn of_two_guards_the_stricter_keeps_caches_off() {
    static CDN: SecurityHeaders<'_> =
        SecurityHeaders::EMPTY.custom(&[CustomField::new("cdn-cache-control", "public, max-age=60")]);
    let around = SecurityHeadersLayer::overriding(&CDN);
    let (key, token) = (RequireAuthLayer::new(ApiKey::new(&KEYS)), RequireAuthLayer::new(Bearer::new(&KEYS)));
    let app = service_fn(|_: Request<()>| ready(Answer::Ok(saying(None))));
    let request = || Request::get("/").header(KEY.0, KEY.1).header(BEARER.0, BEARER.1).body(()).expect("a request");
    for response in [
        around.layer(key.layer(token.layer(app))).oneshot(request()).await.expect("an answer").map(drop),
        around.layer(token.layer(key.layer(app))).oneshot(request()).await.expect("an answer").map(drop),
    ] {
        assert_eq!(lines(response.headers(), "cdn-cache-control"), ["public, max-age=60, private"]);
    }
    // The policy's `no-store` is sent under two guards as under one.
    let around = SecurityHeadersLayer::new(&SecurityHeaders::API);
    let response = around.layer(token.layer(key.layer(app))).oneshot(request()).await.expect("an answer");
    assert_eq!(lines(response.headers(), "cache-control"), ["no-store"]);
}

/// Browsers send Basic by themselves, for pages of other sites too.
#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let basic = RequireAuthLayer::new(Basic::new(&KEYS));
    let lenient = RequireAuthLayer::new(Basic::new(&KEYS).cross_site(true));
    let cross = ("sec-fetch-site", "cross-site");
    let origin = [("origin", "https://evil.example"), ("host", "items.example")];
    for (fields, method, expected) in [
        (vec![BASIC, cross], Method::POST, 403),
        (vec![BASIC, cross], Method::GET, 200),
        (vec![BASIC, ("sec-fetch-site", "same-origin")], Method::POST, 200),
        (vec![BASIC, origin[0], origin[1]], Method::DELETE, 403),
        (vec![BASIC, ("origin", "https://items.example"), origin[1]], Method::DELETE, 200),
        (vec![BASIC], Method::POST, 200),
    ] {
        let refused = ask(&basic, method.clone(), &fields).await;
        assert_eq!(refused.status(), expected, "{fields:?} {method}");
        assert_eq!(lines(refused.headers(), "www-authenticate").len(), 0, "another password would not help");
        assert_eq!(ask(&lenient, method, &fields).await.status(), 200);
    }
}

#[tokio::test]
async fn how_much_is_read_and_where_to_learn_more() {
    const URL: &str = "https://api.example/.well-known/oauth-protected-resource";

    #[derive(Clone)]
    struct Anyone;

    impl User for Anyone {}

    let long = format!("Bearer {}", "a".repeat(12_000));
    let any = || Bearer::from_fn(async |_: PresentedToken| Ok::<_, Refusal>(Anyone)).resource_metadata(URL).scopes("");
    assert_eq!(status(&RequireAuthLayer::new(any()), &[("authorization", &long)]).await, 400);
    let layer = RequireAuthLayer::new(any().max_length(16_384));
    assert_eq!(status(&layer, &[("authorization", &long)]).await, 200);
    let missing = ask(&layer, Method::GET, &[]).await;
    let expected = format!(r#"Bearer realm="api", resource_metadata="{URL}""#);
    assert_eq!(lines(missing.headers(), "www-authenticate"), [expected]);
}

async fn handshake(path: &str, fields: &str) -> Raw {
    let told = async |upgrade: WebSocketUpgrade, headers: HeaderMap| {
        let seen = headers.get("sec-websocket-protocol").map_or("-", |value| value.to_str().expect("ASCII")).to_owned();
        let mut response = upgrade.protocols(["chat"]).on_upgrade(async |_| {});
        response.headers_mut().insert("x-seen", seen.parse().expect("a value"));
        response
    };
    let bearer = Bearer::new(&KEYS).websocket_subprotocol("bearer").query("access_token");
    let app = Router::new()
        .route("/ws", any(told))
        .route("/open", any(told))
        .route(
            "/query",
            any(async |RawQuery(query): RawQuery, uri: Uri, OriginalUri(sent): OriginalUri| {
                format!("{} {uri} {sent}", query.unwrap_or_default())
            }),
        )
        .layer(RequireAuthLayer::new(bearer).public(["/open"]));
    let addr = serve(TowerToHyperService::new(app)).await;
    let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\n{fields}\r\n");
    one(addr, head.as_bytes()).await
}

const SOCKET: &str = "connection: upgrade, close\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                      sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[tokio::test]
async fn a_token_among_the_subprotocols_is_not_seen_inside_and_not_echoed() {
    for (path, offered, status, seen, chosen) in [
        ("/ws", "bearer, abc", 101, "bearer", &["bearer"][..]),
        ("/ws", "chat, bearer, abc", 101, "chat, bearer", &["chat"]),
        ("/ws", "bearer, no", 401, "", &[]),
        ("/ws", "chat", 401, "", &[]),
        ("/ws", "bearer", 400, "", &[]),
        // A public path: anonymous or not, nothing is left of the token.
        ("/open", "bearer, no", 101, "bearer", &["bearer"]),
        ("/open", "chat", 101, "chat", &["chat"]),
    ] {
        let raw = handshake(path, &format!("{SOCKET}sec-websocket-protocol: {offered}\r\n")).await;
        assert_eq!(raw.status, status, "{offered}");
        if status == 101 {
            assert_eq!((raw.all("x-seen"), &*raw.all("sec-websocket-protocol")), (vec![seen], chosen), "{offered}");
        }
    }
}

#[tokio::test]
async fn a_token_in_the_query_is_not_seen_inside() {
    let (log, listening) = Log::listen();
    for (path, status, seen) in [
        ("/query?access_token=abc", 200, " /query /query"),
        ("/query?a=1&access%5Ftoken=abc&b=%20", 200, "a=1&b=%20 /query?a=1&b=%20 /query?a=1&b=%20"),
        ("/query?access_token=no", 401, ""),
        ("/query?access_token=abc&access_token=abc", 400, ""),
        ("/query", 401, ""),
    ] {
        let raw = handshake(path, "connection: close\r\n").await;
        assert_eq!(raw.status, status, "{path}");
        if status == 200 {
            assert_eq!(String::from_utf8_lossy(&raw.body), seen);
            assert_eq!(raw.all("cache-control"), ["private"]);
        }
    }
    drop(listening);
    let told = log.lines();
    assert!(told.iter().any(|line| line.contains("sallet: admitted scheme=\"Bearer\" key=\"token\"")), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("access_token") || line.contains("abc")), "{told:?}");
}

#[tokio::test]
async fn what_is_hidden_is_every_schemes() {
    let layer = RequireAuthLayer::new(Bearer::new(&KEYS)).or(ApiKey::new(&KEYS)).hide();
    let service =
        layer.layer(service_fn(async |request: Request<()>| Answer::Ok(text(request.headers().len().to_string()))));
    let request = Request::get("/").header(BEARER.0, BEARER.1).header(KEY.0, KEY.1).body(()).expect("a request");
    let seen = service.oneshot(request).await.expect("an answer").into_body().collect().await.expect("a body");
    assert_eq!(seen.to_bytes(), "0");
}
