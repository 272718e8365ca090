//! A policy's headers on every response.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http::{Request, Response};
//! use sallet_core::{Scheme, SecurityHeaders};
//! use sallet_hyper::SecurityHeadersLayer;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Infallible> {
//! let service = ServiceBuilder::new()
//!     .layer(SecurityHeadersLayer::new(&SecurityHeaders::STRICT).scheme(Scheme::Https))
//!     .service(service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new("hello"))));
//!
//! let response = service.oneshot(Request::new(())).await?;
//! assert_eq!(response.headers()["x-frame-options"], "DENY");
//! assert!(response.headers().contains_key("strict-transport-security"));
//! # Ok(())
//! # }
//! ```
//!
//! # Where to put it
//!
//! Outside everything that makes a response: outside
//! [`RequireAuthLayer`](crate::RequireAuthLayer), CORS, timeouts, body limits and tower-http's `CatchPanicLayer`, so that
//! a refusal, a 404 and the 500 of a panic carry the headers too. With `tower::ServiceBuilder` that is the *first*
//! layer; with axum's `Router::layer`, which wraps what is there so far, the *last* one. What is merged into the router
//! afterwards is outside, and can bring a fallback that is outside too: merge and nest first, then add layers.
//!
//! An error of the inner service passes through as it is. If it is turned into a response further out, this layer has
//! not seen that response: put the layer outside of whatever turns errors into responses.
//!
//! # Where a policy comes from
//!
//! The first of these that has something to say:
//!
//! 1. the handler, which puts a [`ResponsePolicy`] into the extensions of its response; every layer around then sends that one,
//!    [`overriding`](SecurityHeadersLayer::overriding) or not,
//! 2. the route, by a layer of its own (next section),
//! 3. the most exact [`path`](SecurityHeadersLayer::path) rule,
//! 4. the function given as [`policy_by`](SecurityHeadersLayer::policy_by), unless it returns `None`,
//! 5. the policy that the layer was made with.
//!
//! Rules and the function look at the request as it comes to the layer, before the inner service is called.
//! [`SecurityHeaders::EMPTY`](sallet_core::SecurityHeaders::EMPTY) says no headers, everywhere.
//!
//! ```
//! use axum::{Router, response::Html, routing::get};
//! use sallet_core::{SecurityHeaders, XFrameOptions};
//! use sallet_hyper::{ResponsePolicy, SecurityHeadersLayer};
//!
//! const FRAMED: SecurityHeaders = SecurityHeaders::CLASSIC.x_frame_options(Some(XFrameOptions::SameOrigin)).checked();
//!
//! let framed = ResponsePolicy::new(&FRAMED);
//! let app: Router = Router::new()
//!     // Of a handler: it may decide as it goes.
//!     .route("/player", get(async move || (framed.clone(), Html("<h1>player</h1>"))))
//!     // Of a route.
//!     .route("/widget", get(async || Html("<h1>widget</h1>")).layer(SecurityHeadersLayer::new(&FRAMED)))
//!     // Of paths, and of everything else.
//!     .layer(SecurityHeadersLayer::new(&SecurityHeaders::STRICT).path("/api/*", &SecurityHeaders::API));
//! # let _ = app;
//! ```
//!
//! # Who wins
//!
//! A header that the app sets itself stays as it is, and never stands there twice; with
//! [`overriding`](SecurityHeadersLayer::overriding) the policy wins, and with [`adding`](SecurityHeadersLayer::adding) both
//! Content-Security-Policies are sent, which browsers intersect. All other headers of the app stay, every `Set-Cookie`
//! included; `Server` and `X-Powered-By` are removed (see [`remove`](SecurityHeadersLayer::remove)).
//!
//! A layer on one route is the app to the layers around it: they leave its headers alone, and **add those that it does not
//! send**. So it can change a header, and cannot drop one; and it needs its own [`scheme`](SecurityHeadersLayer::scheme).
//! A [`ResponsePolicy`] or a [`path`](SecurityHeadersLayer::path) rule replaces the whole policy:
//!
//! ```
//! use axum::{Router, body::Body, http::Request, response::Html, routing::get};
//! use sallet_core::{ContentSecurityPolicy, Scheme, SecurityHeaders};
//! use sallet_hyper::{ResponsePolicy, SecurityHeadersLayer};
//! use tower::ServiceExt;
//!
//! // For a partner's page to frame. X-Frame-Options cannot name it, so that header is left out.
//! const CSP: ContentSecurityPolicy =
//!     ContentSecurityPolicy::from_text("default-src 'self'; frame-ancestors https://partner.example");
//! const FRAMED: SecurityHeaders =
//!     SecurityHeaders::STRICT.content_security_policy(Some(CSP)).x_frame_options(None).checked();
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let framed = ResponsePolicy::new(&FRAMED);
//! let app: Router = Router::new()
//!     .route("/by-handler", get(async move || (framed.clone(), Html("<h1>widget</h1>"))))
//!     .route("/by-layer", get(async || Html("<h1>widget</h1>")).layer(SecurityHeadersLayer::new(&FRAMED)))
//!     .layer(SecurityHeadersLayer::new(&SecurityHeaders::STRICT).scheme(Scheme::Https).path("/by-path", &FRAMED));
//!
//! for (path, is_there) in [("/by-handler", false), ("/by-path", false), ("/by-layer", true)] {
//!     let response = app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
//!     assert!(response.headers()["content-security-policy"].to_str().unwrap().ends_with("https://partner.example"));
//!     assert_eq!(response.headers().contains_key("x-frame-options"), is_there, "{path}");
//! }
//! # }
//! ```
//!
//! # What it does not touch
//!
//! Interim responses and `101 Switching Protocols` (RFC 9110 section 15.2): a WebSocket that is accepted has no page.
//! Responses to refused handshakes are ordinary responses and get the headers.
//!
//! # HTTPS
//!
//! What is for HTTPS alone ([`SecurityHeaders::over`](sallet_core::SecurityHeaders::over): `Strict-Transport-Security`,
//! `upgrade-insecure-requests`, `Reporting-Endpoints` and `report-to`) is sent only to requests that came over HTTPS, which the layer cannot know: TLS ends in the acceptor, or in a proxy. Say so with [`scheme`](SecurityHeadersLayer::scheme), or
//! for each request with [`scheme_by`](SecurityHeadersLayer::scheme_by). Until told otherwise it is
//! [`Scheme::Http`](sallet_core::Scheme::Http), and none of it is sent.
//!
//! # Nonces
//!
//! When the policy has a [`Source::NONCE`](sallet_core::Source::NONCE), a fresh [`RequestNonce`](crate::RequestNonce) is in the request
//! extensions before the inner service is called. A page that is sent with it is for one reader: it says `cache-control: private`
//! unless policy or app keep shared caches out already.
//!
//! Responses in which no script runs, by their `Content-Type` or because they are a part of one (206), are sent the policy
//! [without its nonce](sallet_core::SecurityHeaders::without_nonce), and what the app says of caching stays
//! ([`NonceForm`](sallet_core::NonceForm) has the list). So the assets of tower-http's `ServeDir` are as fit for a shared cache as
//! they were, and its pages are not. If the operating system ever has no entropy to give, there is no nonce in the extensions, and pages
//! too are sent the policy without it.
//!
//! A 304 carries none: its fields replace those of the page that the client has stored (RFC 9111 section 3.2), and a fresh
//! nonce would shut out that page's scripts. The policy fields with a nonce are left off, and all others are sent.
//!
//! # Memory
//!
//! Header text is rendered when the layer is made and kept for the life of the program, as if it were a literal: copying
//! it into a response then counts no references, which cores would fight over. Equal texts are kept once, and no more
//! than 256 of them; further ones are reference-counted. So make layers at start, but nothing breaks if you make many.

mod config;
mod exchange;
mod field_set;
mod future;
mod interned;
mod layer;
mod merge;
mod response_policy;
mod service;

pub use future::ResponseFuture;
pub use layer::SecurityHeadersLayer;
pub use response_policy::ResponsePolicy;
pub use service::SecurityHeadersService;
