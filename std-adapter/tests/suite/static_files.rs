//! tower-http's `ServeDir` under a policy with a nonce: only pages have one, and everything else stays as cacheable as it was.

use std::fs;
use std::path::PathBuf;

use axum::Router;
use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, IF_MODIFIED_SINCE, LAST_MODIFIED, RANGE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use sallet_core::{ContentSecurityPolicy, Directive, SecurityHeaders, Source};
use sallet_hyper::SecurityHeadersLayer;
use tower::{ServiceBuilder, ServiceExt};
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

const PAGES: SecurityHeaders<'static> = SecurityHeaders::STRICT
    .content_security_policy(Some(ContentSecurityPolicy::new(&[
        Directive::default_src(&[Source::SELF]),
        Directive::script_src(&[Source::SELF, Source::NONCE]),
        Directive::style_src(&[Source::NONCE]),
    ])))
    .checked();

const WITHOUT: &str = "default-src 'self'; script-src 'self'; style-src 'none'";

/// A folder that is removed with its files.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("sallet-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        for (name, text) in files {
            fs::write(path.join(name), text).expect("a file");
        }
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const FILES: &[(&str, &str)] = &[
    ("app.js", "start()"),
    ("module.mjs", "export {}"),
    ("style.css", "b{}"),
    ("data.json", "{}"),
    ("app.webmanifest", "{}"),
    ("app.js.map", "{}"),
    ("logo.png", "png"),
    ("photo.jpg", "jpg"),
    ("favicon.ico", "ico"),
    ("font.woff2", "font"),
    ("code.wasm", "wasm"),
    ("robots.txt", "User-agent: *"),
    ("film.mp4", "film"),
    ("paper.pdf", "pdf"),
    // Sent as octets.
    ("no-type-known", "?"),
];

/// What may run a script of its own.
const DOCUMENTS: &[(&str, &str)] =
    &[("index.html", "<h1>Hello</h1>"), ("drawing.svg", "<svg/>"), ("feed.xml", "<feed/>")];

#[tokio::test]
async fn only_documents_of_a_folder_have_a_nonce() {
    let folder = Folder::with("files", &[FILES, DOCUMENTS].concat());
    let files = ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")))
        .service(ServeDir::new(&folder.0));
    let app: Router = Router::new().fallback_service(files).layer(SecurityHeadersLayer::new(&PAGES));
    let ask = async |request: Request<Body>| {
        let response = app.clone().oneshot(request).await.unwrap();
        (response.status(), response.into_parts().0.headers)
    };
    let get = |name: &str| Request::get(format!("/{name}"));

    for (name, _) in FILES {
        let (status, headers) = ask(get(name).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{name}");
        assert_eq!(one(&headers, "content-security-policy"), WITHOUT, "{name} {:?}", headers.get(CONTENT_TYPE));
        assert_eq!(one(&headers, "cache-control"), "public, max-age=3600", "{name}");
        assert_eq!(one(&headers, "x-frame-options"), "DENY");
        let again = ask(get(name).body(Body::empty()).unwrap()).await;
        assert_eq!(again, (status, headers.clone()), "{name}: a cache keeps what the next reader would get");
        let head = ask(get(name).method(Method::HEAD).body(Body::empty()).unwrap()).await;
        assert_eq!(head, (status, headers), "{name}");
    }
    for (name, _) in DOCUMENTS {
        for method in [Method::GET, Method::HEAD] {
            let (_, headers) = ask(get(name).method(method).body(Body::empty()).unwrap()).await;
            assert!(one(&headers, "content-security-policy").contains("'nonce-"), "{name}");
            assert_eq!(one(&headers, "cache-control"), "private, public, max-age=3600", "{name}");
        }
    }
}

#[tokio::test]
async fn a_part_of_a_page_and_a_304_have_none() {
    let folder = Folder::with("parts", DOCUMENTS);
    let app: Router = Router::new().fallback_service(ServeDir::new(&folder.0)).layer(SecurityHeadersLayer::new(&PAGES));
    let ask = async |name: http::HeaderName, value: HeaderValue| {
        let request = Request::get("/index.html").header(name, value).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        (response.status(), response.into_parts().0.headers)
    };
    let (status, headers) = ask(RANGE, HeaderValue::from_static("bytes=0-3")).await;
    assert_eq!((status, one(&headers, "content-security-policy")), (StatusCode::PARTIAL_CONTENT, WITHOUT));
    assert!(!headers.contains_key(CACHE_CONTROL));

    let modified = headers[LAST_MODIFIED].clone();
    let (status, headers) = ask(IF_MODIFIED_SINCE, modified).await;
    assert_eq!((status, headers.contains_key("content-security-policy")), (StatusCode::NOT_MODIFIED, false));
    assert_eq!(one(&headers, "x-frame-options"), "DENY");
}

fn one<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    let all: Vec<_> = headers.get_all(name).iter().collect();
    assert_eq!(all.len(), 1, "{name}: {all:?}");
    all[0].to_str().unwrap()
}
