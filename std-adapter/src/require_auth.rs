//! Authentication, before the request body is read.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http::{Request, Response, StatusCode};
//! use http_body_util::{BodyExt, Full};
//! use sallet_core::auth::{Key, Keyring};
//! use sallet_core::digest_hex;
//! use sallet_hyper::{Bearer, Principal, RequireAuthLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! static KEYS: Keyring = Keyring::new(&[
//!     Key::new("ci-2026", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
//!         .principal("ci")
//!         .scopes("items:read"),
//! ]);
//!
//! async fn items(request: Request<()>) -> Result<Response<Full<bytes::Bytes>>, Infallible> {
//!     let who: Option<&Principal> = request.extensions().get();
//!     Ok(Response::new(Full::from(who.map_or("nobody", |who| who.name()).to_owned())))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Infallible> {
//! let service = ServiceBuilder::new()
//!     .layer(RequireAuthLayer::new(Bearer::new(&KEYS).realm("items").scopes("items:read")).public(["/health"]))
//!     .service(service_fn(items));
//!
//! let request = Request::builder().uri("/items").header("authorization", "Bearer abc").body(()).unwrap();
//! let response = service.clone().oneshot(request).await?;
//! assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "ci");
//!
//! let request = Request::builder().uri("/items").body(()).unwrap();
//! let response = service.oneshot(request).await?;
//! assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
//! assert_eq!(response.headers()["www-authenticate"], r#"Bearer realm="items", scope="items:read""#);
//! # Ok(())
//! # }
//! ```
//!
//! # Where to put it
//!
//! Inside [`SecurityHeadersLayer`](crate::SecurityHeadersLayer) and inside CORS, so that a refusal carries the headers of
//! both and a browser app can read it; inside `CatchPanicLayer` and tracing; outside everything that reads bodies or does
//! work for the client. With axum use `Router::layer`, which covers the fallback too: `route_layer` would answer 404 to
//! strangers and so tell them which routes exist. Merge and nest before: what is added to a router after a layer is
//! outside of it, **and open**. A layer on a router that is then nested covers its routes; paths that it does not know go to
//! the fallback of the outer router, unless it has one of its own.
//!
//! **Whatever rewrites the path goes outside of the whole app**, outside of this layer and of every router around it, such
//! as tower-http's `NormalizePathLayer` and a `MapRequestLayer` or `from_fn` of yours. Rules are compared with the path as the
//! client sent it, where a router of axum has kept it, else with the path that this layer sees. A rewriter inside this layer
//! makes another path of it, which no rule may have named. A rewriter must not be between a router and this layer either:
//! with the feature `axum` it is noticed where the path is not what the nests leave of the sent one, and then nothing is
//! public. Of rewriters inside only `NormalizePath` is known by its type, where nothing hides it (a route of axum does): a path is public
//! then if rules open it with a slash at its end and without.
//!
//! # What it does
//!
//! A scheme reads its credential from one place: [`Bearer`] and [`Basic`] from the `Authorization` field, [`ApiKey`] from a field of
//! its own, of which there may be one line; where a builder of [`Auth`] says so, from the subprotocols of a WebSocket handshake
//! or from the query as well, and then the service inside does not see it. It is matched with every key of the ring in constant
//! time ([`sallet_core::secret`] says what that means). An admitted request goes on with a [`Principal`] in its extensions. The
//! field is marked [sensitive](http::HeaderValue::set_sensitive) on every request, refused or not, so that it is printed nowhere
//! and HTTP/2 does not index it. Several schemes are said by [`RequireAuthLayer::or`].
//!
//! The response to an admitted request is made `Cache-Control: private`, unless the app says that or `no-store` itself. Where there is
//! `Authorization`, shared caches keep off by themselves (RFC 9111 section 3.5), but nginx's `proxy_cache` does not look at it. An app that
//! says `public` or `s-maxage` means every client: what `Authorization` admitted is sent as it says, what another field admitted is made
//! private all the same ([`Privacy`](sallet_core::merge::Privacy)). A policy around that says `no-store` itself is sent instead.
//!
//! A WebSocket is one over HTTP/1.1 (`Upgrade`) and over HTTP/2 or HTTP/3 (extended `CONNECT`, RFC 8441 and RFC 9220): tokens among the
//! subprotocols, what a page of another site may not do, and the rules of public paths are the same for both.
//!
//! Other requests get the response of RFC 6750 section 3.1, before the request body is polled once: 401, 400 or 403
//! with a challenge for each scheme, `cache-control: no-store`, and a JSON body of one sentence;
//! [`on_refusal`](RequireAuthLayer::on_refusal) answers in another way. Around a service that is said to be
//! [`grpc`](RequireAuthLayer::grpc) the answer to a gRPC request (`POST` over HTTP/2) is a response of trailers only with
//! `UNAUTHENTICATED`, `PERMISSION_DENIED` or `UNAVAILABLE`. Anything else with a media type of gRPC, such as gRPC-Web over
//! HTTP/1, gets the status of HTTP with the same `grpc-status` and `grpc-message` as fields and no body; it does not matter on
//! which side of the check tonic's `GrpcWebLayer` is.
//!
//! A refusal leaves the inner service as if it had not been called: what it took to be ready, such as a permit of tower's
//! `ConcurrencyLimit`, is given back. While a verifier of yours waits ([`Bearer::from_fn`]) the request keeps it,
//! so put limits on concurrency outside of the check, or strangers use them up.
//!
//! [`on_decision`](RequireAuthLayer::on_decision) is told what was decided. Layers further out find [`Refused`] in the
//! extensions of the response.
//!
//! # Scopes of single routes
//!
//! The layer around the whole app asks for a credential, and [`RequireScopes`] around a route for scopes. It compares what the layer has
//! found, and reads nothing anew.
//!
//! ```
//! use axum::{Router, routing::get, routing::post};
//! use http::{Request, StatusCode};
//! use sallet_core::auth::{Key, Keyring};
//! use sallet_core::digest_hex;
//! use sallet_hyper::{Bearer, RequireAuthLayer, RequireScopes};
//! use tower::ServiceExt;
//!
//! /// The token is `abc`.
//! static KEYS: Keyring = Keyring::new(&[
//!     Key::new("ci", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")).scopes("items:read"),
//! ]);
//!
//! let app: Router = Router::new()
//!     .route("/items", get(async || "helm").layer(RequireScopes::new("items:read")))
//!     .route("/items/new", post(async || "made").layer(RequireScopes::new("items:write")))
//!     .layer(RequireAuthLayer::new(Bearer::new(&KEYS).realm("items"))); // a good token for everything, the fallback included
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main_(app: Router) {
//! let ask = async |request: http::request::Builder, token: &str| {
//!     let request = request.header("authorization", format!("Bearer {token}")).body(String::new()).unwrap();
//!     app.clone().oneshot(request).await.unwrap().status()
//! };
//! assert_eq!(ask(Request::get("/items"), "abc").await, StatusCode::OK);
//! assert_eq!(ask(Request::post("/items/new"), "abc").await, StatusCode::FORBIDDEN);
//! assert_eq!(ask(Request::get("/nowhere"), "no").await, StatusCode::UNAUTHORIZED);
//! # }
//! # main_(app);
//! ```
//!
//! Where the scopes depend on more than the route, the handler asks: [`Principal::scopes`]. For a key of another ring put a second
//! [`RequireAuthLayer`] around the route: a request is judged by each that it passes, the innermost [`Principal`] is the one that the
//! handler sees, and rules of the outer layer do not open the inner one.
//!
//! # What is public
//!
//! What [`public`](RequireAuthLayer::public) says, and nothing else; or everything but what
//! [`protected`](RequireAuthLayer::protected) says. For services that answer CORS behind this layer there is
//! [`preflights`](RequireAuthLayer::preflights). A public request with a good credential has its [`Principal`] too: a handler
//! takes an `Option<Principal>`. One with a credential that is not good, or that nobody can check just now, is anonymous, and
//! the reason is logged.
//! A verifier of yours is asked there too, so give what it waits for a time limit of its own.
//!
//! Rules are of the path as the client sent it, also inside of axum's `Router::nest`, so that a layer which is cloned into
//! two nests does not open a path in one because of a rule that was meant for the other:
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! # use axum::{Router, routing::get};
//! # use sallet_core::auth::{Key, Keyring};
//! # use sallet_core::digest_hex;
//! # use sallet_hyper::{Bearer, RequireAuthLayer};
//! # static KEYS: Keyring = Keyring::new(&[
//! #     Key::new("ci", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
//! # ]);
//! let auth = RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/v1/health", "/v1/files/*"]);
//! let v1 = Router::new()
//!     .route("/health", get(async || "fine"))
//!     .route("/items", get(async || "helm"))
//!     .layer(auth);
//! let app: Router = Router::new().nest("/v1", v1);
//! # let _ = app;
//! # }
//! ```
//!
//! # Keys that change
//!
//! [`Bearer::new`] takes whatever is a [`Keys`]: a `&'static` ring, an [`Arc`](std::sync::Arc) of an
//! [`OwnedKeyring`] or of a [`KeyTable`](sallet_core::auth::KeyTable), with the feature `arc-swap` an `ArcSwap` of one that you replace while
//! requests run, or your own type. With the
//! feature `file` a `KeyFile` is one: the TOML that Python's `Keyring.from_file` reads, watched if you like.
//!
//! # Other verifiers
//!
//! For tokens in a database there is [`Bearer::from_fn`], for a JWT or anything with a state of its own [`Verify`], and for users with
//! passwords `Passwords` (feature `passwords`). Scopes are compared by Sallet whoever says whose a token is, and a [`Denied`] is never a
//! success.
//!
//! # Guessing
//!
//! Minted tokens are not guessed; passwords are. With the feature `throttle` a `FailureThrottle` answers 429 to a client that has shown
//! too many wrong credentials.
//!
//! # In tests
//!
//! For a handler put a [`Principal::new`] into the extensions. For a whole app give the layer a ring of a token that the
//! test knows, as the examples here do.

mod after;
mod answer;
mod asked;
mod auth;
mod body;
mod decision;
mod denied;
mod document;
mod future;
mod guard;
#[cfg(feature = "file")]
mod key_file;
mod keys;
mod layer;
mod lookup;
mod or;
#[cfg(feature = "passwords")]
mod passwords;
mod places;
mod presented_token;
mod principal;
mod protected_resource;
pub(crate) mod schemes;
mod scopes;
mod service;
#[cfg(feature = "throttle")]
mod throttle;
mod user;
mod verify;

pub use auth::Auth;
pub use body::ResponseBody;
pub use decision::{Decision, Refused};
pub use denied::{Denied, IntoDenied};
pub use future::ResponseFuture;
#[cfg(feature = "file")]
pub use key_file::{KeyFile, KeyFileCause, KeyFileError};
pub use keys::{Keys, OwnedKeyring, Ring};
pub use layer::RequireAuthLayer;
pub use lookup::{Lookup, LookupFuture, LookupWithRequest};
pub use or::{OneOf, OneOfLater, Or};
#[cfg(feature = "passwords")]
pub use passwords::{PasswordUser, Passwords, PasswordsError, PasswordsFuture};
pub use presented_token::PresentedToken;
pub use principal::Principal;
pub use protected_resource::ProtectedResource;
pub use schemes::*;
pub use scopes::{RequireScopes, Scoped, ScopedFuture};
#[cfg(feature = "hyper")]
pub use service::HyperService;
pub use service::RequireAuth;
#[cfg(feature = "throttle")]
pub use throttle::FailureThrottle;
pub use user::User;
pub use verify::{Verdict, Verify};
