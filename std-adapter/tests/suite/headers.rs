//! What the headers layer does beyond the shared table.

use std::convert::Infallible;
use std::future::ready;
use std::panic::catch_unwind;

use http::{Request, Response, StatusCode};
use sallet_core::{
    CacheControl, ContentSecurityPolicy, CustomField, Directive, PolicyError, Scheme, SecurityHeaders, Source,
};
use sallet_hyper::{Layer, RequestNonce, ResponsePolicy, SecurityHeadersLayer};
use tower::{ServiceBuilder, ServiceExt, service_fn};

const NONCE: ContentSecurityPolicy<'static> = ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])]);
const ENFORCED: SecurityHeaders<'static> = SecurityHeaders::EMPTY.content_security_policy(Some(NONCE)).checked();
const REPORTED: SecurityHeaders<'static> =
    SecurityHeaders::EMPTY.content_security_policy_report_only(Some(NONCE)).checked();

async fn hello(_: Request<()>) -> Result<Response<()>, Infallible> {
    Ok(Response::new(()))
}

/// The nonce that the handler saw is what it answers.
async fn nonce(request: Request<()>) -> Result<Response<Option<RequestNonce>>, Infallible> {
    Ok(Response::new(request.extensions().get().copied()))
}

#[tokio::test]
async fn each_request_has_a_nonce_of_its_own() {
    let service = SecurityHeadersLayer::new(&ENFORCED).layer(service_fn(nonce));
    let mut seen = Vec::new();
    for _ in 0..100 {
        let response = service.clone().oneshot(Request::new(())).await.unwrap();
        let nonce = response.body().expect("a nonce in the extensions");
        assert_eq!(response.headers()["content-security-policy"], format!("script-src 'nonce-{nonce}'"));
        assert!(!seen.contains(&nonce.to_string()));
        seen.push(nonce.to_string());
    }
}

/// A bit that is alike in 64 nonces is not drawn. Chance makes one so in one of 2^56 runs.
#[tokio::test]
async fn every_bit_of_a_nonce_is_drawn() {
    const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// The last of the 22 characters carries two bits (RFC 4648 section 3.5).
    fn bits(nonce: &RequestNonce) -> u128 {
        nonce.as_str().bytes().enumerate().fold(0, |bits, (at, char)| {
            let six = BASE64URL.iter().position(|&known| known == char).expect("base64url") as u128;
            if at < 21 { bits << 6 | six } else { bits << 2 | six >> 4 }
        })
    }

    assert_eq!(
        bits(&RequestNonce::new(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210_u128.to_be_bytes())),
        0x0123_4567_89ab_cdef_fedc_ba98_7654_3210
    );
    let service = SecurityHeadersLayer::new(&ENFORCED).layer(service_fn(nonce));
    let (mut ever, mut always) = (0, u128::MAX);
    for _ in 0..64 {
        let response = service.clone().oneshot(Request::new(())).await.unwrap();
        let bits = bits(response.body().as_ref().expect("a nonce"));
        ever |= bits;
        always &= bits;
    }
    assert_eq!((ever, always), (u128::MAX, 0), "{ever:032x} {always:032x}");
}

#[tokio::test]
async fn two_layers_agree_on_the_nonce() {
    let service = ServiceBuilder::new()
        .layer(SecurityHeadersLayer::new(&ENFORCED))
        .layer(SecurityHeadersLayer::new(&REPORTED))
        .service(service_fn(nonce));
    let response = service.oneshot(Request::new(())).await.unwrap();
    let expected = format!("script-src 'nonce-{}'", response.body().expect("a nonce"));
    assert_eq!(response.headers()["content-security-policy"], expected);
    assert_eq!(response.headers()["content-security-policy-report-only"], expected);
    assert_eq!(response.headers().get_all("cache-control").iter().count(), 1);
}

#[tokio::test]
async fn no_nonce_where_no_policy_asks_for_one() {
    let layer = SecurityHeadersLayer::new(&ENFORCED)
        .path("/api/*", &SecurityHeaders::API)
        .path("/raw", &SecurityHeaders::EMPTY);
    let service = layer.layer(service_fn(nonce));
    for (path, expected) in [("/", true), ("/api/x", false), ("/raw", false)] {
        let response = service.clone().oneshot(Request::get(path).body(()).unwrap()).await.unwrap();
        assert_eq!(response.body().is_some(), expected, "{path}");
    }
}

#[tokio::test]
async fn a_layer_on_a_route_is_the_policy_of_that_route() {
    let service = ServiceBuilder::new()
        .layer(SecurityHeadersLayer::new(&SecurityHeaders::API))
        .layer(SecurityHeadersLayer::new(&SecurityHeaders::CLASSIC))
        .service(service_fn(hello));
    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.headers()["content-security-policy"], "default-src 'self'");
    assert_eq!(response.headers()["cross-origin-embedder-policy"], "require-corp");
    assert_eq!(response.headers().len(), response.headers().keys_len());
}

#[tokio::test]
async fn the_scheme_is_what_the_host_says() {
    #[derive(Clone)]
    struct OverTls;

    let hsts = async |layer: SecurityHeadersLayer, request: Request<()>| {
        let response = layer.layer(service_fn(hello)).oneshot(request).await.unwrap();
        response.headers().contains_key("strict-transport-security")
    };
    let layer = SecurityHeadersLayer::new(&SecurityHeaders::STRICT);
    let forwarded = || Request::get("https://x/").header("x-forwarded-proto", "https").body(()).unwrap();
    assert!(!hsts(layer.clone(), forwarded()).await, "nobody has said so");
    assert!(!hsts(layer.clone().scheme(Scheme::Http), forwarded()).await);
    assert!(hsts(layer.clone().scheme(Scheme::Https), Request::new(())).await);

    let layer = layer.scheme_by(|request| match request.extensions.get::<OverTls>() {
        Some(_) if request.uri.path() == "/" => Scheme::Https,
        _ => Scheme::Http,
    });
    assert!(!hsts(layer.clone(), forwarded()).await);
    let mut request = forwarded();
    request.extensions_mut().insert(OverTls);
    assert!(hsts(layer.clone(), request).await);

    // The request that was looked at goes on whole.
    let whole = service_fn(async |request: Request<()>| {
        let (parts, ()) = request.into_parts();
        let tls = parts.extensions.get::<OverTls>().is_some();
        Ok::<_, Infallible>(Response::new(format!("{} {} {:?} {tls}", parts.method, parts.uri, parts.headers)))
    });
    let mut request = Request::put("/x").header("a", "b").body(()).unwrap();
    request.extensions_mut().insert(OverTls);
    let response = layer.layer(whole).oneshot(request).await.unwrap();
    assert_eq!(response.into_body(), r#"PUT /x {"a": "b"} true"#);
}

#[tokio::test]
async fn interim_responses_are_left_alone() {
    for status in [StatusCode::SWITCHING_PROTOCOLS, StatusCode::from_u16(103).unwrap()] {
        let inner =
            service_fn(move |_: Request<()>| ready(Response::builder().status(status).header("server", "x").body(())));
        let response = SecurityHeadersLayer::overriding(&SecurityHeaders::STRICT).layer(inner);
        let response = response.oneshot(Request::new(())).await.unwrap();
        assert_eq!((response.headers().len(), &response.headers()["server"]), (1, &"x".parse().unwrap()));
    }
}

/// The fields of a 304 replace those of the stored page (RFC 9111 section 3.2), whose scripts have the nonce that it was
/// sent with.
#[tokio::test]
async fn a_304_leaves_a_stored_page_its_nonce() {
    const PAGES: SecurityHeaders<'static> =
        SecurityHeaders::STRICT.content_security_policy(Some(NONCE)).content_security_policy_report_only(Some(NONCE));
    let inner = service_fn(|request: Request<()>| {
        let status = if request.headers().contains_key("if-none-match") { 304 } else { 200 };
        let mut response = Response::builder().status(status).header("cache-control", "max-age=60");
        let more: usize = request.uri().path()[1..].parse().unwrap();
        for at in 0..more {
            response = response.header(format!("x-{at}"), "more");
        }
        ready(response.body(()))
    });
    for layer in [SecurityHeadersLayer::new(&PAGES), SecurityHeadersLayer::overriding(&PAGES)] {
        for path in ["/0", "/30"] {
            let service = layer.clone().layer(inner);
            let page = service.clone().oneshot(Request::get(path).body(()).unwrap()).await.unwrap();
            let again = Request::get(path).header("if-none-match", "*").body(()).unwrap();
            let again = service.oneshot(again).await.unwrap();
            for name in ["content-security-policy", "content-security-policy-report-only"] {
                assert!(page.headers()[name].to_str().unwrap().contains("'nonce-"), "{path}");
                assert!(!again.headers().contains_key(name), "{path}");
            }
            let lines = |response: &Response<()>| -> Vec<_> {
                response.headers().get_all("cache-control").iter().cloned().collect()
            };
            // What the app says to caches stays, or goes as the page's did: the stored page has what it was sent with.
            let replaced = lines(&page) == ["private"];
            assert!(replaced || lines(&page) == ["private, max-age=60"], "{path}");
            assert_eq!(lines(&again), if replaced { vec![] } else { vec!["max-age=60"] }, "{path}");
            let gone = if replaced { 3 } else { 2 };
            assert_eq!(again.headers().len() + gone, page.headers().len(), "all the others are there");
        }
    }
}

#[tokio::test]
async fn an_outer_policy_does_not_fill_what_was_left_off() {
    const PAGES: SecurityHeaders<'static> = SecurityHeaders::EMPTY.content_security_policy(Some(NONCE));
    for (outer, overriding) in [
        (SecurityHeadersLayer::new(&SecurityHeaders::STRICT), false),
        (SecurityHeadersLayer::overriding(&SecurityHeaders::STRICT), true),
    ] {
        let inner = service_fn(|_: Request<()>| ready(Response::builder().status(304).body(())));
        let service = outer.layer(SecurityHeadersLayer::new(&PAGES).layer(inner));
        let response = service.oneshot(Request::get("/").body(()).unwrap()).await.unwrap();
        // Under override the page was sent with the outer one's too.
        assert_eq!(response.headers().contains_key("content-security-policy"), overriding);
        assert_eq!(response.headers()["x-frame-options"], "DENY");
    }
}

/// It took the inner one's off the page as well, and sent its own there.
#[tokio::test]
async fn an_outer_layer_that_removes_what_was_left_off_sends_its_own() {
    let outer = SecurityHeadersLayer::new(&SecurityHeaders::CLASSIC).remove([http::header::CONTENT_SECURITY_POLICY]);
    for status in [200, 304] {
        let inner = service_fn(move |_: Request<()>| ready(Response::builder().status(status).body(())));
        let service = outer.layer(SecurityHeadersLayer::new(&ENFORCED).layer(inner));
        let response = service.oneshot(Request::get("/").body(()).unwrap()).await.unwrap();
        let policy = response.headers().get("content-security-policy").map(|value| value.to_str().unwrap());
        assert_eq!(policy, Some("default-src 'self'"), "{status}");
    }
}

#[tokio::test]
async fn a_rule_given_twice_counts_as_given_last() {
    let layer = SecurityHeadersLayer::new(&SecurityHeaders::EMPTY)
        .path("/a", &SecurityHeaders::STRICT)
        .path("/a", &SecurityHeaders::EMPTY)
        .path("/a", &SecurityHeaders::API);
    let response = layer.layer(service_fn(hello)).oneshot(Request::get("/a").body(()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
}

/// More texts than are kept for the life of the program are sent all the same.
#[tokio::test]
async fn any_number_of_policies() {
    for at in 0..600 {
        let (name, value) = (format!("x-policy-{at}"), format!("value {at}"));
        let fields = [CustomField::parse(&name, &value).unwrap()];
        let layer = SecurityHeadersLayer::new(&SecurityHeaders::EMPTY.try_custom(&fields).unwrap());
        let response = layer.layer(service_fn(hello)).oneshot(Request::new(())).await.unwrap();
        assert_eq!(response.headers()[&name], value);
    }
}

#[test]
fn mistakes_are_told_when_the_layer_is_made() {
    let told = |make: fn() -> SecurityHeadersLayer| {
        let panic = catch_unwind(make).expect_err("a mistake");
        panic.downcast_ref::<String>().cloned().unwrap_or_default()
    };
    const SHARED: SecurityHeaders<'static> =
        SecurityHeaders::EMPTY.content_security_policy(Some(NONCE)).cache_control(Some(CacheControl::new("public")));
    assert!(told(|| SecurityHeadersLayer::new(&SHARED)).contains("shared cache"));
    assert!(told(|| SecurityHeadersLayer::overriding(&SHARED)).contains("shared cache"));
    assert!(told(|| SecurityHeadersLayer::new(&ENFORCED).path("/a", &SHARED)).contains("shared cache"));
    assert!(told(|| SecurityHeadersLayer::adding(&SHARED)).contains("shared cache"));
    assert_eq!(ResponsePolicy::try_new(&SHARED).err(), Some(PolicyError::SharedNonce));
    let pattern = told(|| SecurityHeadersLayer::new(&ENFORCED).path("/items/{id}", &ENFORCED));
    assert!(pattern.contains("\"/items/{id}\"") && pattern.contains("no wildcards"), "{pattern}");
    assert!(
        told(|| SecurityHeadersLayer::new(&ENFORCED).path("items", &SecurityHeaders::EMPTY))
            .contains("starts with `/`")
    );
    let framing = told(|| SecurityHeadersLayer::new(&ENFORCED).remove([http::header::TRANSFER_ENCODING]));
    assert!(framing.contains("\"transfer-encoding\"") && framing.contains("leave it to the server"), "{framing}");
    let _ = SecurityHeadersLayer::new(&ENFORCED).remove([http::header::ETAG, http::header::SET_COOKIE]);
}
