//! The metadata of a protected resource, as the layer serves it: `cases/resource_metadata.json`, which Python serves byte for byte.

use axum::Router;
use axum::routing::{any, get};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use sallet_core::SecurityHeaders;
use sallet_core::auth::{Key, Keyring};
use sallet_core::digest_hex;
use sallet_hyper::{ApiKey, Bearer, Layer, ProtectedResource, RequireAuthLayer, SecurityHeadersLayer, protect};
use serde::Deserialize;
use tower::{Service, ServiceExt, service_fn};

use super::server::{Answer, text};

static KEYS: Keyring =
    Keyring::new(&[Key::new("k", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))]);

#[derive(Deserialize)]
struct Table {
    cases: Vec<Case>,
    refused: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    resource: String,
    authorization_servers: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    name: Option<String>,
    documentation: Option<String>,
    #[serde(default)]
    path: String,
    #[serde(default)]
    document: String,
}

fn table() -> Table {
    serde_json::from_str(include_str!("../../../cases/resource_metadata.json")).expect("a table")
}

fn described(case: &Case) -> ProtectedResource {
    let mut described =
        ProtectedResource::new(&case.resource, case.authorization_servers.clone()).scopes(case.scopes.join(" "));
    if let Some(name) = &case.name {
        described = described.name(name);
    }
    if let Some(url) = &case.documentation {
        described = described.documentation(url);
    }
    described
}

async fn ask<S, B>(app: &S, method: Method, path: &str) -> Response<String>
where
    S: Service<Request<String>, Response = Response<B>> + Clone,
    S::Error: std::fmt::Debug,
    B: http_body::Body,
    B::Error: std::fmt::Debug,
{
    let request = Request::builder().method(method).uri(path).body(String::new()).expect("a request");
    let (parts, body) = app.clone().oneshot(request).await.expect("an answer").into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Response::from_parts(parts, String::from_utf8(body.to_vec()).expect("text"))
}

fn field<'r>(response: &'r Response<String>, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().expect("ASCII"))
}

#[tokio::test]
async fn the_document_is_served_to_anybody_under_protect() {
    for case in table().cases {
        let routes = Router::new().route("/{*any}", any(async || "inside")).route("/", get(async || "inside"));
        let app = protect(
            routes,
            SecurityHeadersLayer::new(&SecurityHeaders::API),
            RequireAuthLayer::new(Bearer::new(&KEYS).resource(described(&case))).or(ApiKey::new(&KEYS)),
        );
        let served = ask(&app, Method::GET, &case.path).await;
        assert_eq!((served.status().as_u16(), &**served.body()), (200, &*case.document));
        assert_eq!(field(&served, "content-type"), Some("application/json"));
        assert_eq!(field(&served, "access-control-allow-origin"), Some("*"));
        assert_eq!(field(&served, "x-content-type-options"), Some("nosniff"), "the policy's");
        let head = ask(&app, Method::HEAD, &case.path).await;
        assert_eq!((head.status().as_u16(), &**head.body()), (200, ""));
        assert_eq!(field(&head, "content-length"), Some(&*case.document.len().to_string()));
        let preflight = ask(&app, Method::OPTIONS, &case.path).await;
        assert_eq!((preflight.status().as_u16(), &**preflight.body()), (200, ""));
        assert_eq!(field(&preflight, "access-control-allow-headers"), Some("mcp-protocol-version"));
        // Nothing else is open, and what is refused says where the document is.
        let near = [format!("{}/", case.path), case.path.to_uppercase(), format!("/{}", case.path), "/".to_owned()];
        for (method, path) in
            near.into_iter().map(|path| (Method::GET, path)).chain([(Method::POST, case.path.clone())])
        {
            let refused = ask(&app, method, &path).await;
            assert_eq!(refused.status(), 401, "{path}");
            let challenge = field(&refused, "www-authenticate").expect("a challenge");
            let ends = format!("{}\"", case.path);
            assert!(challenge.contains("resource_metadata=\"http") && challenge.ends_with(&ends), "{challenge}");
        }
    }
}

/// Without axum, in a bare service.
#[tokio::test]
async fn the_document_needs_no_router() {
    let mcp = ProtectedResource::new("https://api.example/mcp", ["https://login.example"]);
    let layer = RequireAuthLayer::new(Bearer::new(&KEYS).resource(mcp));
    let service = layer.layer(service_fn(async |_: Request<String>| Answer::Ok(text("inside"))));
    let served = ask(&service, Method::GET, "/.well-known/oauth-protected-resource/mcp").await;
    assert!(served.body().starts_with(r#"{"resource":"https://api.example/mcp","#), "{served:?}");
    assert_eq!(ask(&service, Method::GET, "/.well-known/oauth-protected-resource").await.status(), 401);
}

#[test]
fn a_resource_that_cannot_be_described() {
    for case in table().refused {
        assert!(ProtectedResource::parse(&case.resource, case.authorization_servers).is_err(), "{}", case.resource);
    }
}

/// Who asks for the document may show a credential, and hooks see it there no more than elsewhere.
#[tokio::test]
async fn credentials_are_hidden_beside_the_document() {
    let mcp = ProtectedResource::new("https://api.example/", ["https://login.example"]);
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let layer = RequireAuthLayer::new(Bearer::new(&KEYS).query("t").resource(mcp));
    for layer in [layer.clone(), layer.hide()] {
        let sees = std::sync::Arc::clone(&seen);
        let layer = layer.on_decision(move |_, parts| {
            sees.lock().expect("a lock").push(format!("{} {:?}", parts.uri, parts.headers));
        });
        for target in ["", "?t=abc"] {
            let request = Request::get(format!("/.well-known/oauth-protected-resource{target}"));
            let request = request.header("authorization", "Bearer abc").body(String::new()).expect("a request");
            let service = layer.layer(service_fn(async |_: Request<String>| Answer::Ok(text("inside"))));
            assert_eq!(service.oneshot(request).await.expect("an answer").status(), 200);
        }
    }
    let path = "/.well-known/oauth-protected-resource";
    let marked = format!("{path} {{\"authorization\": Sensitive}}");
    let hidden = format!("{path} {{}}");
    assert_eq!(*seen.lock().expect("a lock"), [marked.clone(), marked, hidden.clone(), hidden]);
}
