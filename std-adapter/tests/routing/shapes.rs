//! The apps under test: what people build from axum's and tower-http's parts, with handlers that say where they were reached.
//!
//! Left out is what no layer can see: a rewriter inside of the check that is hidden by a route of axum or by a box.

use std::cell::RefCell;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::OnceLock;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, OriginalUri, RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodRouter, any, get};
use http::Uri;
use sallet_hyper::Layer;
use tower::Service;
use tower::util::{BoxCloneSyncService, MapRequestLayer, ServiceExt};
use tower_http::cors::CorsLayer;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::services::ServeDir;

use super::guards::{App, Auth};
use super::oracle::{Reached, decoded};

thread_local! {
    static REACHED: RefCell<Vec<Reached>> = const { RefCell::new(Vec::new()) };
}

/// Where the last request got to.
pub(crate) fn reached() -> Vec<Reached> {
    REACHED.take()
}

pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// What is in front of its paths, as a client sends it.
    pub(crate) prefixes: &'static [&'static str],
    pub(crate) paths: &'static [&'static str],
    pub(crate) build: fn(&Auth) -> App,
    pub(crate) is: Is,
}

/// What must be known of a shape to judge an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Is {
    /// Something in front of the guard answers as well.
    Behind,
    /// Nothing is in front of the guard: all but its own answers are of what it let pass.
    Outermost,
    /// The same, and no router outside keeps what was sent: rules of the path inside a nest open nothing.
    Bare,
    /// A normalizer or a rewriter inside, or between router and guard, for which a named path may be refused.
    Rewritten,
    /// A normalizer in front of everything: what it makes of a path is what was sent.
    Normalized,
}

const SITE: &[&str] = &[
    "/",
    "/health",
    "/docs",
    "/docs/",
    "/static/app.js",
    "/static/",
    "/caf%C3%A9",
    "/items/me",
    "/items/42",
    "/a%20b",
    "/other",
];
const PAIRS: &[&str] =
    &["/health", "/static/app.js", "/caf%C3%A9/x", "/acme/admin", "/items/health", "/docs/", "/other/x/y"];
const FILES: &[&str] =
    &["/app.js", "/health", "/docs/", "/docs", "/secret/key.txt", "/caf%C3%A9.txt", "/static/app.js"];
const OLD: &[&str] = &["/old/42", "/old/me", "/old/health", "/items/42", "/items/me", "/health"];

const TRIM: fn() -> NormalizePathLayer = NormalizePathLayer::trim_trailing_slash;
const APPEND: fn() -> NormalizePathLayer = NormalizePathLayer::append_trailing_slash;

macro_rules! shapes {
    ($($name:literal, $prefixes:expr, $paths:expr, $is:ident, $build:expr;)*) => {
        pub(crate) const SHAPES: &[Shape] =
            &[$(Shape { name: $name, prefixes: $prefixes, paths: $paths, build: $build, is: Is::$is }),*];
    };
}

shapes! {
    "a router", &[""], SITE, Outermost, |auth| boxed(auth.on(site("")));
    "a router with pairs", &[""], PAIRS, Outermost, |auth| boxed(auth.on(pairs("")));
    "around a router", &[""], SITE, Bare, |auth| auth.over(site(""));
    "each route of a router", &[""], SITE, Behind, |auth| boxed(auth.on_routes(site("")));
    "a layer of one route", &[""], &["/items/me", "/items/42"], Behind, |auth| {
        boxed(Router::new().route("/items/{id}", auth.on_one(handler("", "/items/{id}", false))))
    };
    "nest", &["/v1"], SITE, Behind, |auth| boxed(Router::new().nest("/v1", auth.on(site("/v1"))));
    "nest with pairs", &["/v1"], PAIRS, Behind, |auth| boxed(Router::new().nest("/v1", auth.on(pairs("/v1"))));
    "nest with an outer fallback", &["/v1"], SITE, Behind, |auth| {
        boxed(Router::new().nest("/v1", auth.on(site("/v1"))).fallback(async || "outside"))
    };
    "nest under an outer layer", &["/v1", ""], SITE, Outermost, |auth| {
        boxed(auth.on(Router::new().nest("/v1", at("", "/v1", SITE_ROUTES)).route("/health", handler("", "/health", true))
            .fallback(fallback)))
    };
    "around a nest", &["/v1"], SITE, Bare, |auth| auth.over(Router::new().nest("/v1", at("", "/v1", SITE_ROUTES)));
    "nested nests", &["/a/v1"], SITE, Behind, |auth| {
        boxed(Router::new().nest("/a", Router::new().nest("/v1", auth.on(site("/a/v1")))))
    };
    "a layer between nests", &["/a/v1"], SITE, Behind, |auth| {
        boxed(Router::new().nest("/a", auth.on(Router::new().nest("/v1", at("/a", "/v1", SITE_ROUTES)))))
    };
    "nest with a parameter", &["/t/x", "/t/health", "/t/docs"], SITE, Behind, |auth| {
        boxed(Router::new().nest("/t/{tenant}", auth.on(site("/t/{tenant}"))))
    };
    "nests with parameters", &["/x/y", "/health/docs"], SITE, Behind, |auth| {
        boxed(Router::new().nest("/{one}", Router::new().nest("/{two}", auth.on(site("/{one}/{two}")))))
    };
    "nest with a slash", &["/admin"], SITE, Behind, |auth| boxed(Router::new().nest("/admin/", auth.on(site("/admin/"))));
    "nest_service", &["/s"], SITE, Behind, |auth| boxed(Router::new().nest_service("/s", auth.on(site("/s"))));
    "nest_service around", &["/s"], PAIRS, Behind, |auth| boxed(Router::new().nest_service("/s", auth.over(pairs("/s"))));
    "nest_service in a nest", &["/a/s"], SITE, Behind, |auth| {
        boxed(Router::new().nest("/a", Router::new().nest_service("/s", auth.on(site("/a/s")))))
    };
    "one layer in two nests", &["/accounts", "/items"], SITE, Behind, |auth| {
        let (accounts, items) = (auth.on(site("/accounts")), auth.on(pairs("/items")));
        boxed(Router::new().nest("/accounts", accounts).nest("/items", items))
    };
    "a fallback service", &[""], SITE, Outermost, |auth| boxed(Router::new().fallback_service(auth.over(site(""))));
    "files", &[""], FILES, Bare, |auth| auth.over(files("", ""));
    "files in a nest", &["/files"], FILES, Behind, |auth| boxed(Router::new().nest_service("/files", auth.over(files("/files", ""))));
    "files behind routes", &["", "/files"], FILES, Outermost, |auth| {
        let routes = Router::new().nest_service("/files", files("", "/files"));
        boxed(auth.on(routes.route("/health", handler("", "/health", true)).fallback_service(files("", ""))))
    };
    "trimmed inside", &[""], SITE, Rewritten, |auth| auth.over(TRIM().layer(site("")));
    "appended inside", &[""], SITE, Rewritten, |auth| auth.over(APPEND().layer(site("")));
    "trimmed inside of a fallback", &[""], SITE, Rewritten, |auth| {
        boxed(Router::new().fallback_service(auth.over(TRIM().layer(site("")))))
    };
    "appended inside of a nest", &["/n"], SITE, Rewritten, |auth| {
        boxed(Router::new().nest_service("/n", auth.over(APPEND().layer(site("/n")))))
    };
    "trimmed inside of a nest", &["/n"], SITE, Rewritten, |auth| {
        boxed(Router::new().nest_service("/n", auth.over(TRIM().layer(site("/n")))))
    };
    "trimmed in between", &[""], SITE, Rewritten, |auth| {
        boxed(Router::new().fallback_service(TRIM().layer(auth.over(site("")))))
    };
    "appended in between", &["/n"], SITE, Rewritten, |auth| {
        boxed(Router::new().nest_service("/n", APPEND().layer(auth.on(site("/n")))))
    };
    "trimmed before all", &[""], SITE, Normalized, |auth| boxed(TRIM().layer(auth.on(site(""))));
    "trimmed before a nest", &["/v1"], SITE, Normalized, |auth| {
        boxed(TRIM().layer(Router::new().nest("/v1", auth.on(site("/v1")))))
    };
    "appended before a nest", &["/v1"], SITE, Normalized, |auth| {
        boxed(APPEND().layer(Router::new().nest("/v1", auth.on(site("/v1")))))
    };
    "rewritten in between", &[""], OLD, Rewritten, |auth| {
        boxed(Router::new().fallback_service(MapRequestLayer::new(renamed).layer(auth.on(site("")))))
    };
    "CORS outside", &[""], SITE, Behind, |auth| boxed(auth.on(site("")).layer(CorsLayer::permissive()));
    "CORS inside", &["/v1"], SITE, Behind, |auth| {
        boxed(Router::new().nest("/v1", auth.on(site("/v1").layer(CorsLayer::permissive()))))
    };
    "CORS around a nest", &["/v1"], PAIRS, Behind, |auth| {
        boxed(CorsLayer::permissive().layer(Router::new().nest("/v1", auth.on(pairs("/v1")))))
    };
}

/// Public routes as the rules name them, and one for all the rest.
const SITE_ROUTES: &[&str] =
    &["/", "/health", "/docs", "/docs/", "/static/{*file}", "/caf%C3%A9", "/items/{id}", "/{*object}"];
const PAIR_ROUTES: &[&str] = &["/health", "/static/{*file}", "/caf%C3%A9/{*file}", "/{a}/{b}"];

fn site(prefix: &'static str) -> Router {
    at(prefix, "", SITE_ROUTES)
}

fn pairs(prefix: &'static str) -> Router {
    at(prefix, "", PAIR_ROUTES).fallback(fallback)
}

/// Routes of a router that is nested at `prefix` outside of the guard, and at `inside` behind it.
fn at(prefix: &'static str, inside: &'static str, routes: &[&'static str]) -> Router {
    routes.iter().fold(Router::new(), |router, &route| {
        let below = if route == "/" && !inside.is_empty() { inside.to_owned() } else { format!("{inside}{route}") };
        let only_get = matches!(route, "/health" | "/docs");
        router.route(route, handler(prefix, &below, only_get))
    })
}

/// A handler that notes where it was reached: its whole pattern, filled with what the router took from the path.
fn handler(prefix: &'static str, below: &str, only_get: bool) -> MethodRouter {
    let below = below.to_owned();
    let note = move |request: Request| {
        let below = below.clone();
        async move {
            let (mut parts, _) = request.into_parts();
            let params = RawPathParams::from_request_parts(&mut parts, &()).await;
            let fill = |pattern: &str| -> String {
                let mut filled = decoded(pattern).expect("patterns are text");
                for (name, value) in params.iter().flatten() {
                    filled = filled.replace(&format!("{{{name}}}"), value).replace(&format!("{{*{name}}}"), value);
                }
                filled
            };
            let full = match (prefix, &*below) {
                (_, "/") if !prefix.is_empty() => fill(prefix),
                _ => fill(&format!("{}{below}", prefix.trim_end_matches('/'))),
            };
            note(Reached::new(format!("{prefix} {below}"), sent(&parts), full, fill(&below)));
        }
    };
    if only_get { get(note) } else { any(note) }
}

/// It has no pattern, and stands for the path that it sees.
async fn fallback(request: Request) {
    let (parts, _) = request.into_parts();
    let (sent, inner) = (sent(&parts), decoded(parts.uri.path()).unwrap_or_default());
    note(Reached::new("a fallback".to_owned(), sent, decoded(sent).unwrap_or_default(), inner));
}

fn note(reached: Reached) {
    REACHED.with_borrow_mut(|all| all.push(reached));
}

/// As axum keeps it.
fn sent(parts: &http::request::Parts) -> &str {
    parts.extensions.get().map_or(parts.uri.path(), |OriginalUri(uri)| uri.path())
}

/// A folder whose files hold their own names, at `prefix` outside of the guard and `inside` behind it.
fn files(prefix: &'static str, inside: &'static str) -> App {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("routing");
        for name in
            ["app.js", "health", "docs/index.html", "secret/key.txt", "café.txt", "static/app.js", "static/health"]
        {
            let file = folder.join(name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, name).expect("a file");
        }
        folder
    });
    let files = ServeDir::new(folder);
    boxed(tower::service_fn(move |request: Request| {
        let files = files.clone();
        async move {
            let (parts, _) = request.into_parts();
            let sent = sent(&parts).to_owned();
            let response = files.oneshot(Request::from_parts(parts, Body::empty())).await?;
            let (parts, body) = response.into_parts();
            let body = http_body_util::BodyExt::collect(body).await.expect("a file").to_bytes();
            if parts.status.is_success() {
                // `HEAD` does not tell the name.
                let name = if body.is_empty() { None } else { Some(String::from_utf8_lossy(&body).into_owned()) };
                let under = match name {
                    // The page of a folder, which is at the folder.
                    Some(name) if sent.ends_with('/') => format!("/{}", name.trim_end_matches("index.html")),
                    Some(name) => format!("/{name}"),
                    None => decoded(&sent).unwrap_or_default()[prefix.len() + inside.len()..].to_owned(),
                };
                let inner = format!("{inside}{under}");
                note(Reached::new(format!("file {under}"), &sent, format!("{prefix}{inner}"), inner));
            }
            Ok::<_, Infallible>(Response::from_parts(parts, Body::empty()))
        }
    }))
}

fn boxed<S>(service: S) -> App
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    BoxCloneSyncService::new(service)
}

/// A rewriter of the user's own. One that only takes a prefix off is not told from a nest, and rules of the whole path open it.
fn renamed(mut request: Request) -> Request {
    if let Some(path) = request.uri().path().strip_prefix("/old/")
        && let Ok(uri) = format!("/items/{path}").parse::<Uri>()
    {
        *request.uri_mut() = uri;
    }
    request
}
